"""The pytest plugin: it comes with the core and is found by itself. Nothing of the core is imported before a fixture is used.

* ``registry``: a fresh :class:`packagers.Registry` of what is installed.
* ``installed``: ``installed(files)`` writes fake distributions and lets them be found until the test ends; the ``registry`` of the same
  test finds them too. See :mod:`packagers.testing.distributions` for what ``files`` may be.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from packagers.registry import Registry


@pytest.fixture
def registry() -> Registry:
    """Give a fresh registry of what is installed."""
    from packagers.registry import Registry

    return Registry()


@pytest.fixture
def installed(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Mapping[str, Any]], Path]]:
    """Give ``installed(files)``: writes fake distributions, lets them be found until the test ends, and returns their folder."""
    from packagers.registry import Registry
    from packagers.testing import distributions

    with ExitStack() as stack:

        def install(files: Mapping[str, Any]) -> Path:
            place = stack.enter_context(distributions.installed(files, tmp_path_factory.mktemp("installed")))
            Registry.__init__(registry)
            return place

        yield install


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests of one suite in one process of pytest-xdist (``--dist=loadgroup``): they share what is expensive."""
    suite = sys.modules.get("packagers.testing.suite")
    if suite is None or not config.pluginmanager.hasplugin("xdist"):
        return
    for item in items:
        cls = getattr(item, "cls", None)
        if isinstance(cls, type) and issubclass(cls, suite.PackagerSuite):
            item.add_marker(pytest.mark.xdist_group(f"{cls.__module__}.{cls.__qualname__}"))
