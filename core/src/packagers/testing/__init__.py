"""The kit for plugin authors: a suite of tests to subclass, and fake distributions.

::

    from packagers.testing import PackagerSuite

    class TestGraphs(PackagerSuite):
        type_path = "networkx.Graph"

        def samples(self):
            return [networkx.Graph(), networkx.path_graph(3)]

pytest finds the fixtures ``registry`` and ``installed`` by itself; see :mod:`packagers.testing.pytest_plugin`. pytest starts with this
package, so its names are imported when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from packagers.testing.crossing import cross as cross
    from packagers.testing.distributions import installed as installed
    from packagers.testing.distributions import write_files as write_files
    from packagers.testing.likeness import alike as alike
    from packagers.testing.suite import PackagerSuite as PackagerSuite

_HOMES = {"PackagerSuite": "suite", "alike": "likeness", "cross": "crossing", "installed": "distributions", "write_files": "distributions"}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'packagers.testing' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"packagers.testing.{home}"), name)


def __dir__() -> list[str]:
    return __all__
