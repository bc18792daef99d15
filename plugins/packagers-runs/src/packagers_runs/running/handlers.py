"""What a run calls: a function, found by how it was named, and the name by which another process finds it again."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from attrs import frozen

from packagers_runs.errors import HandlerError
from packagers_runs.nearest import unknown_name

INIT_ARGUMENTS = "_init_args"
"""The parameter that holds what the class of a ``Class::method`` is built from."""
_METHOD = "::"


@frozen
class Handler:
    """A function that a run calls.

    Attributes:
        function: What is called; for ``Class::method`` the function of the class, before there is an instance.
        reference: The name by which another process finds it: ``pkg.mod:fn``, ``file.py:fn``, ``file.py:Class::method``. ``None`` for a
            lambda, a closure, a partial, an object: those travel by value or not at all.
        name: What a person calls it.
        owner: The class of a ``Class::method``.
    """

    function: Callable[..., Any]
    reference: str | None
    name: str
    owner: type | None = None

    def bound(self, init_args: Mapping[str, Any] | None = None) -> Callable[..., Any]:
        """Give what can be called: the method of a new instance, or the function itself.

        Args:
            init_args: What the class is built from.

        Raises:
            HandlerError: Where there is no class to be built, and there are arguments for it.
        """
        if self.owner is not None:
            method: Callable[..., Any] = getattr(self.owner(**(init_args or {})), self.function.__name__)
            return method
        if init_args:
            raise HandlerError(
                f"{self.name} is no method of a class that {INIT_ARGUMENTS} could build", remedy="Name it as 'Class::method'."
            )
        return self.function


def find_handler(given: Any, file: str | Path | None = None) -> Handler:
    """Find what is to be run.

    Args:
        given: A function or anything else that can be called; or its name: ``"pkg.mod:fn"``, ``"pkg.mod.fn"``, ``"file.py:fn"``,
            ``"Class::method"`` in place of ``fn``, or a bare ``"fn"`` of the file, or of the program that runs.
        file: Where bare names are looked for.

    Raises:
        HandlerError: Where there is no such thing, or it cannot be called.
    """
    if isinstance(given, str):
        return _named(given, file)
    if not callable(given):
        raise HandlerError(f"a {type(given).__qualname__} cannot be run", remedy="Give a function, or its name as 'module:function'.")
    return Handler(given, reference_of(given), _short_name(given))


def reference_of(function: Any) -> str | None:
    """Give the name by which another process finds a function, or ``None``.

    >>> reference_of(inspect.signature)
    'inspect:signature'
    >>> reference_of(lambda: None) is None
    True
    """
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str):
        return None
    loaded = sys.modules.get(module)
    found: Any = loaded
    for part in name.split("."):
        found = getattr(found, part, None)
    if found is not function:  # what is made inside of a function, bound to an object, or hidden by another of the same name
        return None
    if module != "__main__":
        return f"{module}:{name}"
    spec, path = getattr(loaded, "__spec__", None), getattr(loaded, "__file__", None)
    if spec is not None:  # python -m
        return f"{spec.name}:{name}"
    return f"{Path(path).resolve()}:{name}" if path else None


def _named(text: str, file: str | Path | None) -> Handler:
    head, _, method = text.partition(_METHOD)
    place, colon, name = head.rpartition(":")
    if not colon and file is not None:
        place, name = str(file), head
    if place.endswith(".py"):
        module: Any = import_file(Path(place))
        place = str(Path(place).resolve())
    elif place:
        module = _import(place, text)
    elif "." in head:
        place, module, name = _dotted(head)
    else:
        module, place, name = sys.modules["__main__"], "", head
    found = _attribute(module, name, text)
    if method:
        if not inspect.isclass(found):
            raise HandlerError(f"{name!r} of {text!r} is no class", remedy="In 'Class::method' a class stands before the colons.")
        return Handler(_checked(_attribute(found, method, text), text), _reference(place, found, f"{name}{_METHOD}{method}"), method, found)
    return Handler(_checked(found, text), _reference(place, found, name), _short_name(found))


def _reference(place: str, found: Any, name: str) -> str | None:
    if place:
        return f"{place}:{name}"
    main = reference_of(found)
    return main and f"{main.rpartition(':')[0]}:{name}"


def _dotted(text: str) -> tuple[str, ModuleType, str]:
    """Split ``pkg.mod.Class.fn`` where the module ends; gives its name, itself, and the rest."""
    parts = text.split(".")
    for end in range(len(parts) - 1, 0, -1):
        place = ".".join(parts[:end])
        try:
            is_there = importlib.util.find_spec(place) is not None
        except (ImportError, ValueError):
            is_there = False
        if is_there:
            return place, _import(place, text), ".".join(parts[end:])
    raise HandlerError(f"there is no module {'.'.join(parts[:-1])!r} for the handler {text!r}", remedy="Is its folder on sys.path?")


def _import(module: str, text: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise HandlerError(f"the module of the handler {text!r} needs {error.name!r}, which is not installed") from error
        raise HandlerError(f"there is no module {error.name!r} for the handler {text!r}", remedy="Is its folder on sys.path?") from error
    except Exception as error:
        raise HandlerError(f"the module of the handler {text!r} cannot be imported: {type(error).__name__}: {error}") from error


def import_file(path: Path) -> ModuleType:
    """Import a file under its own name, so that the classes that it defines are found by other processes.

    Its folder becomes importable, as with ``python file.py``. The file of the running program is that program.

    Args:
        path: The file.

    Raises:
        HandlerError: Where there is none, it cannot be imported, or another module has its name.
    """
    path = path.resolve()
    if not path.is_file():
        raise HandlerError("there is no such file", file=path, remedy="A relative path begins at the working directory.")
    for name in ("__main__", path.stem):
        loaded = sys.modules.get(name)
        where = getattr(loaded, "__file__", None)
        if where is not None and Path(where).resolve() == path:
            return sys.modules[name]
    if path.stem in sys.modules:
        raise HandlerError(f"another module is called {path.stem!r}", file=path, remedy="Rename the file.")
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise HandlerError("the file cannot be imported", file=path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[path.stem]
        raise HandlerError(f"the file cannot be imported: {type(error).__name__}: {error}", file=path) from error
    except BaseException:
        del sys.modules[path.stem]
        raise
    return module


def _attribute(owner: Any, name: str, text: str) -> Any:
    found = owner
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            known = [other for other in vars(found) if not other.startswith("_") and callable(getattr(found, other, None))]
            raise unknown_name("handler", part, known, owner=getattr(found, "__name__", text)) from None
    return found


def _checked(found: Any, text: str) -> Callable[..., Any]:
    if not callable(found):
        raise HandlerError(f"{text!r} is a {type(found).__qualname__} and cannot be run", remedy="Name a function.")
    function: Callable[..., Any] = found
    return function


def _short_name(function: Any) -> str:
    while isinstance(function, functools.partial):
        function = function.func
    name = getattr(function, "__name__", None)
    return name if isinstance(name, str) else type(function).__name__
