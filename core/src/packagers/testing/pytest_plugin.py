"""The pytest plugin: it comes with the core and is found by itself. Nothing of the core is imported before a fixture is used.

* ``registry``: a fresh :class:`packagers.Registry` of what is installed.
* ``installed``: ``installed(files)`` writes fake distributions and lets them be found until the test ends; the ``registry`` of the same
  test finds them too. See :mod:`packagers.testing.distributions` for what ``files`` may be.
"""

from __future__ import annotations

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
