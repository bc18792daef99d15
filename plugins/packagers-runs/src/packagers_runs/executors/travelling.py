"""Which code travels by value: that of modules that a worker would not find under their names."""

from __future__ import annotations

import importlib.machinery
import inspect
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import cloudpickle

from packagers_runs.running.handlers import reference_of

_OURS = ("packagers", "packagers_")
_turn = threading.Lock()


def travellers(roots: Iterable[Path], *, shares_files: bool) -> list[ModuleType]:
    """Give the modules whose functions and classes go by value.

    Args:
        roots: The folders of the project.
        shares_files: Whether the workers see the files here, and so find what is found here.
    """
    folders = [root.resolve() for root in roots]
    found: list[ModuleType] = []
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if not isinstance(file, str) or name == "__main__" or _is_ours(name):
            continue  # cloudpickle gives those of __main__ by value anyway
        path = Path(file)
        if "site-packages" in path.parts or str(path).startswith(_LIBRARY):
            continue
        is_of_project = any(folder in path.resolve().parents for folder in folders)
        if not _is_found(name, file) or (is_of_project and not shares_files):
            found.append(module)
    return found


@contextmanager
def by_value(modules: Iterable[ModuleType]) -> Iterator[None]:
    """Let functions and classes of modules be pickled by value inside of the block."""
    with _turn:
        mine = [module for module in modules if module.__name__ not in cloudpickle.list_registry_pickle_by_value()]
        for module in mine:
            cloudpickle.register_pickle_by_value(module)
        try:
            yield
        finally:
            for module in mine:
                cloudpickle.unregister_pickle_by_value(module)


def self_contained(function: Any, modules: Iterable[ModuleType]) -> Any:
    """Give a function that goes by value with the types that its annotations name, where they are text.

    A pickle of it leaves out what only they name.

    Args:
        function: Anything that can be called; what is no function, or does not go by value, stays as it is.
        modules: Those whose functions go by value.
    """
    if not isinstance(function, FunctionType) or not any(isinstance(each, str) for each in function.__annotations__.values()):
        return function
    names = {"__main__", *(module.__name__ for module in modules)}
    if function.__module__ not in names and reference_of(function) is not None:
        return function
    try:
        annotations = inspect.get_annotations(function, eval_str=True)
    except Exception:  # noqa: BLE001 - annotations are the user's own expressions, and who needs one will say what is wrong with it
        return function
    made = FunctionType(function.__code__, function.__globals__, function.__name__, function.__defaults__, function.__closure__)
    made.__dict__.update(function.__dict__)
    made.__kwdefaults__, made.__annotations__, made.__doc__ = function.__kwdefaults__, annotations, function.__doc__
    made.__qualname__, made.__module__ = function.__qualname__, function.__module__
    return made


_LIBRARY = str(Path(importlib.machinery.__file__).parents[1])


def _is_ours(name: str) -> bool:
    first = name.partition(".")[0]
    return first == _OURS[0] or first.startswith(_OURS[1])


def _is_found(name: str, file: str) -> bool:
    """Tell whether another process with this ``sys.path`` imports this very file under that name."""
    path: list[str] | None = None
    whole = ""
    for part in name.split("."):
        whole = f"{whole}.{part}" if whole else part
        spec = importlib.machinery.PathFinder.find_spec(whole, path)
        if spec is None:
            return _is_editable(name)
        path = list(spec.submodule_search_locations) if spec.submodule_search_locations is not None else []
    return spec is not None and spec.origin is not None and Path(spec.origin) == Path(file)


def _is_editable(name: str) -> bool:
    """Tell whether an installed distribution has put a finder of its own in, which finds the module."""
    first = name.partition(".")[0]
    for finder in sys.meta_path:
        if finder is not importlib.machinery.PathFinder and "editable" in getattr(finder, "__module__", "").lower():
            find = getattr(finder, "find_spec", None)
            if find is not None and find(first, None) is not None:
                return True
    return False
