"""Digests of values and of code: the same in every process, whatever its hash seed, for what is the same.

A value is told by what ``copy`` and ``pickle`` would take of it, down to numbers and text. A function of the module in question is told by
its source, with its defaults, what it encloses, and the functions, classes and constants of that module that it names; one of another
module by its name, for the versions of libraries are told elsewhere. A handler that no name leads to is told by its compiled code, and so
is what it names: it travels by value, and whoever gets it has no source of it.
"""

from __future__ import annotations

import dis
import functools
import hashlib
import inspect
import uuid
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from pathlib import PurePath
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from packagers import LogHint
from packagers_runs.models.modelobj import ModelObj
from packagers_runs.running.handlers import Handler, reference_of

_SCALARS = (type(None), bool, int, float, complex, str, bytes, type(...))
_SHORT = 64


def value_digest(value: Any) -> str:
    """Give the digest of a value; that of one that cannot be told is never given again.

    Args:
        value: Anything.

    >>> value_digest({"a": 1, "b": {2, 3}}) == value_digest({"b": {3, 2}, "a": 1})
    True
    >>> value_digest([1, 2]) == value_digest((1, 2)), value_digest(1) == value_digest(True)
    (False, False)
    """
    return _Digesting().digest(value)


def handler_digest(handler: Handler) -> str:
    """Give the digest of what a run calls: of the function, and of the class of a ``Class::method``.

    Args:
        handler: What is called.
    """
    function: Any = handler.function
    while isinstance(function, functools.partial):
        function = function.func
    home = getattr(function, "__module__", None) or type(function).__module__
    return _Digesting(home, has_source=handler.reference is not None).digest((handler.function, handler.owner, type(function)))


class _Digesting:
    """Tells one value.

    Args:
        home: The module whose functions and classes are told by what they do.
        has_source: Whether their source tells it, or their code.
    """

    def __init__(self, home: str = "", *, has_source: bool = False) -> None:
        self._home = home
        self._has_source = has_source
        self._known: dict[int, tuple[Any, bytes]] = {}
        """By the id of a value: it, so that no other gets its id, and what is told of it."""
        self._around: dict[int, int] = {}
        """The values that the one in question is in, by id, and how deep each is."""

    def digest(self, value: Any) -> str:
        """Give the digest of a value."""
        return hashlib.blake2b(self.told(value), digest_size=20).hexdigest()

    def told(self, value: Any) -> bytes:
        """Give what is told of a value, in a few bytes."""
        kind = type(value)
        if kind is str:
            return _text(value)
        if kind in _SCALARS:
            text = hex(value) if kind is int else repr(value)  # in decimals Python writes none of more than some thousand digits
            return _joined(kind.__name__, text)
        known = self._known.get(id(value))
        if known is not None:
            return known[1]
        depth = self._around.get(id(value))
        if depth is not None:
            return _joined("around", str(depth))
        self._around[id(value)] = len(self._around)
        try:
            found = self._of(value, kind)
        finally:
            del self._around[id(value)]
        self._known[id(value)] = value, found
        return found

    def _of(self, value: Any, kind: type) -> bytes:
        if kind in (list, tuple):
            return self._all(kind.__name__, value)
        if kind is dict:
            return _joined("dict", *sorted(self._all("item", item) for item in value.items()))
        if kind in (set, frozenset):
            return _joined(kind.__name__, *sorted(map(self.told, value)))
        if isinstance(value, FunctionType):
            return self._function(value)
        if isinstance(value, MethodType):
            return self._all("method", (value.__func__, value.__self__))
        if isinstance(value, functools.partial):
            return self._all("partial", (value.func, value.args, value.keywords))
        if isinstance(value, type):
            return self._class(value)
        if isinstance(value, ModuleType):
            return _joined("module", value.__name__)
        if isinstance(value, CodeType):
            return self._code(value)
        if isinstance(value, Enum):
            return self._all("enum", (kind, value.name))
        if isinstance(value, PurePath):
            return _joined("path", str(value))
        if isinstance(value, LogHint | ModelObj):
            return self._all(kind.__name__, [value.to_dict()])
        return self._reduced(value)

    def _all(self, name: str, items: Iterable[Any]) -> bytes:
        return _joined(name, *map(self.told, items))

    def _reduced(self, value: Any) -> bytes:
        """Tell what pickle would take."""
        try:
            reduced = value.__reduce_ex__(4)
            if isinstance(reduced, str):
                parts: list[Any] = [getattr(value, "__module__", None), reduced, getattr(value, "__wrapped__", None)]
            else:
                parts = [*reduced[:3], *(part if part is None or callable(part) else list(part) for part in reduced[3:])]
            return self._all("object", parts)
        except Exception:  # noqa: BLE001 - any type may refuse to be pickled, in its own way
            return _joined("unknown", uuid.uuid4().bytes)

    def _class(self, cls: type) -> bytes:
        if cls.__module__ != self._home:
            return _joined("class", cls.__module__, cls.__qualname__)
        members = {name: _plain(member) for name, member in vars(cls).items()}
        inside = {name: inspect.unwrap(member) for name, member in members.items() if isinstance(member, FunctionType)}
        text = _source(cls) if self._has_source else None
        told: Any = text
        if text is None:
            told = inside | {name: member for name, member in members.items() if type(member) in _SCALARS and not name.startswith("__")}
        return self._all("class", [cls.__name__, told, *cls.__bases__, self._named_by(inside.values())])

    def _function(self, function: FunctionType) -> bytes:
        is_own = function.__module__ == self._home
        if not is_own and reference_of(function) is not None:
            return _joined("function", function.__module__, function.__qualname__)
        text = _source(function.__code__) if is_own and self._has_source else None
        cells = [_content(cell) for cell in function.__closure__ or ()]
        inside = [function.__defaults__, function.__kwdefaults__, cells, self._named_by([function])]
        return self._all("function", [function.__code__ if text is None else text, *inside])

    def _named_by(self, functions: Iterable[FunctionType]) -> dict[str, Any]:
        """Give what functions name of the module in question: functions, classes, and constants that none of them sets."""
        found: dict[str, Any] = {}
        for function in functions:
            if function.__module__ != self._home:
                continue
            for name in _names(function.__code__):
                value = function.__globals__.get(name)
                is_own = isinstance(value, FunctionType | type) and value.__module__ == self._home
                if is_own or (value is not None and type(value) in _SCALARS):
                    found[name] = value
        return found

    def _code(self, code: CodeType) -> bytes:
        names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
        numbers = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
        return self._all("code", (code.co_name, code.co_code, code.co_consts, *names, *numbers))


@functools.lru_cache(maxsize=256)
def _text(value: str) -> bytes:
    return _joined("str", repr(value))


def _joined(name: str, *parts: bytes | str) -> bytes:
    """Give parts as one, in a few bytes: each with its length before it, so that no two lists of parts give the same."""
    whole = b""
    for part in (name, *parts):
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        whole += b"%d:%b" % (len(data), data)
    return whole if len(whole) <= _SHORT else hashlib.blake2b(whole, digest_size=20).digest()


@functools.lru_cache(maxsize=1024)
def _source(what: CodeType | type) -> str | None:
    """Give the source as it was when it was first asked for: what a process runs does not change with the file."""
    try:
        return inspect.cleandoc(inspect.getsource(what))
    except (OSError, TypeError, SyntaxError, IndentationError):
        return None


def _names(code: CodeType) -> Iterator[str]:
    """Give the names of globals in code, and in the functions inside of it, but those that it sets."""
    used = list(dis.get_instructions(code))
    is_set = {each.argval for each in used if each.opname in ("STORE_GLOBAL", "DELETE_GLOBAL")}
    yield from sorted({str(each.argval) for each in used if each.opname in ("LOAD_GLOBAL", "LOAD_NAME")} - is_set)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # of a name that has no value yet
        return ...


def _plain(member: Any) -> Any:
    """Give the function of a static, class or property member."""
    if isinstance(member, staticmethod | classmethod):
        return member.__func__
    found: Callable[..., Any] | None = member.fget if isinstance(member, property) else member
    return found
