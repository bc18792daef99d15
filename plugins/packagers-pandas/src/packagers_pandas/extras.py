"""Libraries that only one format needs: they come with an extra of the distribution."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from packagers import PackError, UnpackError


def need(module: str, extra: str, error: type[PackError] | type[UnpackError]) -> Any:
    """Import a library, or say how to install it.

    Args:
        module: Its name.
        extra: The extra of this distribution that it comes with.
        error: The class of the error.

    Raises:
        PackError: Or what else ``error`` says, where it is missing.
    """
    try:
        return import_module(module)
    except ImportError as missing:
        what = f"the format needs {module.partition('.')[0]}, which is not installed"
        raise error(what, remedy=f'pip install "packagers-pandas[{extra}]"') from missing
