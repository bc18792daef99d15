"""What stands for the packagers of a plugin that a worker lacks: who asks for one is told what to install.

The registration of a type names ``packagers_runs.executors.absent:<plugin>``, with ``_`` for what no name of Python has. So the value is
never packed in another form, as the fallback would do it, and the error comes only where such a value is to be packed.
"""

from __future__ import annotations

import re
from typing import NoReturn

from packagers import MissingPluginError

_missing: dict[str, str] = {}


def reference_for(distribution: str, version: str) -> str:
    """Give the reference to register in place of a packager of a plugin that is not installed here.

    Args:
        distribution: The plugin.
        version: That of the process of the run.
    """
    name = re.sub(r"\W", "_", distribution)
    _missing[name] = f"{distribution}=={version}" if version else distribution
    return f"{__name__}:{name}"


def __getattr__(name: str) -> NoReturn:
    wanted = _missing.get(name)
    if wanted is None:
        raise AttributeError(name)
    raise MissingPluginError(f"the plugin {wanted} is not installed in this worker: pip install {wanted}")
