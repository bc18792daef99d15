"""What fits a type hint: live values, the classes of stored ones, and the classes that values may be rebuilt from.

A check refuses only what is certainly wrong. What it cannot look into without side effects (iterators, generic classes that Python does not
come with, protocols that are not checkable) is taken by its class, and an object that breaks while it is looked at is taken as it is.
"""

from __future__ import annotations

import collections
import collections.abc
import itertools
import keyword
import numbers
import typing
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any

from packagers.errors import UnpackError
from packagers.signatures import fields_of
from packagers.typehint import Alternative, alternatives, path_of_hint
from packagers.typepath import path_of

MOST_PARTS = 10_000
LONGEST_KEY = 40
UNIFORM = (str, bytes, bytearray, memoryview, range)
"""Sequences whose items all have one class."""
BUILT_IN: tuple[Any, ...] = (list, tuple, set, frozenset, collections.deque, dict)
"""Iterated by their own method, whatever a subclass does."""
COLLECTIONS: tuple[Any, ...] = (collections.abc.Sequence, collections.abc.Set, collections.abc.Mapping, collections.abc.MappingView)
"""What may be iterated without using it up."""


NUMBERS: tuple[tuple[Any, Any], ...] = ((int, numbers.Integral), (float, numbers.Real), (complex, numbers.Complex))
"""The classes of numbers, each with the ABC of what says of itself that it is such a number."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Where and why a value does not fit a hint.

    Attributes:
        path: The path of the part concerned, such as ``.layers[3]``; empty for the value itself.
        reason: Such as ``"expected int, found str"``.
    """

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}" if self.path else self.reason


def conforms(value: Any, hint: Any) -> Mismatch | None:
    """Check a live value against a hint, items included, in time linear in their number. Iterators are not consumed.

    As in PEP 484 an ``int`` is a ``float`` and a ``complex``, a ``float`` is a ``complex``, and a ``bool`` is an ``int``; and so is what
    says of itself that it is such a number (``numbers.Integral``, ``Real``, ``Complex``), as NumPy's scalars do. The values of a
    ``Literal`` count with their class. Records (dataclasses, named tuples) are checked by class, a ``TypedDict`` key by key; keys that it
    does not name are allowed.

    Returns:
        The first mismatch, or ``None`` where the value fits.

    Raises:
        UnpackError: For a hint that cannot be used, whatever the value.
    """
    try:
        check = _Check()
        return check.check(value, check.plan(hint))
    except RecursionError:
        return None


def accepts_class(alternative: Alternative, stored: type[Any]) -> bool:
    """Tell whether instances of a class fit an alternative of a hint, as far as the class tells.

    Subclasses and registered classes of ABCs do, ``int`` for ``float`` and ``complex``, ``float`` for ``complex``, and a class that is
    registered as a number of that kind, such as ``numpy.int64`` for ``int``. Protocols that a class cannot be checked against take any.
    """
    expected = alternative.type
    if expected is None or _is_open(expected) or _has_data(expected):
        return True
    try:
        return issubclass(stored, next((wide for cls, wide in NUMBERS if cls is expected), expected))
    except Exception:  # noqa: BLE001 - a class's own __subclasscheck__ or __subclasshook__
        return any(base is expected for base in stored.__mro__)


def classes_in(hint: Any) -> dict[str, type[Any]]:
    """Collect every class that a hint names, by type path.

    The classes of items, and of the fields of dataclasses, attrs classes, named tuples, typed dicts and pydantic models, are among them;
    parts that cannot be resolved are left out. Where two classes share a path (local classes may) the first one counts. At most ten
    thousand parts of the hint are looked at.
    """
    found: dict[str, type[Any]] = {}
    seen: dict[Any, Any] = {}  # holds the hints, for an id is only unique while its object lives
    pending = collections.deque([hint])
    while pending and len(seen) < MOST_PARTS:
        part = pending.popleft()
        # Recursive aliases and fields give a new hint each time, an equal one.
        key = _key(part)
        if key in seen:
            continue
        seen[key] = part
        try:
            members = alternatives(part)
        except UnpackError:
            continue
        for member in members:
            origin = typing.get_origin(member.hint) or member.hint
            for cls in (origin, member.type):
                if isinstance(cls, type) and member.type is not None:
                    found.setdefault(path_of(cls), cls)
            if isinstance(origin, type):
                pending.extend(fields_of(origin).values())
            if not member.literals:
                pending.extend(_flat(typing.get_args(member.hint)))
    return found


def _key(hint: Any) -> Any:
    """Give what tells a hint from others: itself, or its id where it has no hash, as with a dict in ``Annotated``."""
    try:
        hash(hint)
    except Exception:  # noqa: BLE001 - metadata's own __hash__
        return id(hint)
    return hint


def _flat(args: Iterable[Any]) -> Iterator[Any]:
    """Give the hints among the arguments of a generic; those of ``Callable`` stand in a list."""
    for arg in args:
        if isinstance(arg, list | tuple):
            yield from _flat(arg)
        elif arg is not Ellipsis and not isinstance(arg, str):
            yield arg


def _is_protocol(cls: type[Any]) -> bool:
    return bool(getattr(cls, "_is_protocol", False))


def _is_open(cls: type[Any]) -> bool:
    """Tell whether nothing can be checked against a class: a protocol that is not checkable, or ``typing.IO``."""
    if any(cls is other for other in (typing.IO, typing.TextIO, typing.BinaryIO)):
        return True
    return _is_protocol(cls) and not getattr(cls, "_is_runtime_protocol", False)


def _has_data(cls: type[Any]) -> bool:
    """Tell whether a class is a protocol with more than methods, which only an instance shows."""
    if not _is_protocol(cls):
        return False
    from typing_extensions import get_protocol_members

    return not all(callable(getattr(cls, name, None)) for name in get_protocol_members(cls))


class _Plan:
    """A hint in normal form, as one check needs it.

    Args:
        hint: The hint.
    """

    def __init__(self, hint: Any) -> None:
        self.hint = hint
        self.members = [(member, member.keys()) for member in alternatives(hint)]
        self.is_open = any(member.type is None for member, _ in self.members)
        self.has_items = any(_has_items(member) or keys is not None for member, keys in self.members)
        # The ids of the classes whose instances fit without a further look: a metaclass may leave its classes without a hash.
        plain = {id(member.type) for member, keys in self.members if keys is None and not (member.literals or _has_items(member))}
        for wide, narrow in ((float, (int, bool)), (complex, (float, int, bool))):
            plain.update(map(id, narrow if id(wide) in plain else ()))
        self.plain = frozenset(plain)
        self.has_literals = any(member.literals for member, _ in self.members)

    def refuse(self, value: Any) -> Mismatch:
        """Say that a value is of none of the classes."""
        expected = " | ".join(dict.fromkeys(_name(member) for member, _ in self.members))
        return Mismatch("", f"expected {expected}, found {_short(value) if self.has_literals else path_of(type(value))}")


@lru_cache(maxsize=1024)
def _plan_of_class(cls: type[Any]) -> _Plan:
    """Give the plan of a plain class, which says the same each time: it has no items, no text to be looked up, no metaclass."""
    return _Plan(cls)


class _Check:
    """One check of one value: what its hints mean, and which containers were looked at already."""

    def __init__(self) -> None:
        self.plans: dict[int, _Plan] = {}
        self.done: dict[tuple[int, int], tuple[Any, Mismatch | None]] = {}

    def plan(self, hint: Any) -> _Plan:
        """Give the plan of a hint. It keeps the hint alive, and so its id its own."""
        known = self.plans.get(id(hint))
        if known is None:
            known = self.plans[id(hint)] = _plan_of_class(hint) if type(hint) is type else _Plan(hint)
        return known

    def check(self, value: Any, plan: _Plan) -> Mismatch | None:
        """Check a value; a container only once for each hint, since parts may be shared and cycles have no end."""
        if plan.is_open or id(type(value)) in plan.plain:
            return None
        if not plan.has_items:
            return self.compare(value, plan)
        place = id(value), id(plan)
        if place not in self.done:
            self.done[place] = value, None
            self.done[place] = value, self.compare(value, plan)
        return self.done[place][1]

    def compare(self, value: Any, plan: _Plan) -> Mismatch | None:
        """Try the alternatives of a hint in order."""
        inner: Mismatch | None = None
        for member, keys in plan.members:
            if not _is_instance(value, member):
                continue
            try:
                found = self.compare_items(value, member, keys)
            except (RecursionError, UnpackError):
                raise
            except Exception:  # noqa: BLE001 - a collection's own methods; what breaks them is not for this check to say
                found = None
            if found is None:
                return None
            inner = inner or found
        return inner or plan.refuse(value)

    def compare_items(self, value: Any, member: Alternative, keys: dict[str, Any] | None) -> Mismatch | None:
        """Check the items of a value that is known to be an instance."""
        expected, args = member.type, member.args
        if keys is not None:
            return self.compare_keys(value, member, keys)
        if member.fixed:
            return self.compare_positions(value, args)
        if expected is None or not args:
            return None
        if expected is type:
            return None if _is_subclass(value, args[0]) else Mismatch("", f"expected type[{_text(args[0])}], found type[{path_of(value)}]")
        if issubclass(expected, collections.abc.Mapping):
            key_hint, value_hint = args if len(args) == 2 else (args[0], int)
            return self.compare_mapping(value, self.plan(key_hint), self.plan(value_hint))
        if len(args) == 1 and issubclass(expected, collections.abc.Iterable | collections.abc.Container):
            return self.compare_each(value, self.plan(args[0]))
        return None

    def compare_each(self, value: Any, plan: _Plan) -> Mismatch | None:
        """Check the items of a collection whose items have one hint."""
        if plan.is_open:
            return None
        for index, item in enumerate(_items(value)):
            if id(type(item)) not in plan.plain:
                found = self.check(item, plan)
                if found is not None:
                    step = f"{{{_short(item)}}}" if isinstance(value, collections.abc.Set) else f"[{index}]"
                    return Mismatch(step + found.path, found.reason)
        return None

    def compare_mapping(self, value: Any, keys: _Plan, values: _Plan) -> Mismatch | None:
        """Check the keys and values of a mapping."""
        if keys.is_open and values.is_open:
            return None
        for key, item in dict.items(value) if issubclass(type(value), dict) else value.items():
            if id(type(key)) not in keys.plain:
                found = self.check(key, keys)
                if found is not None:
                    return Mismatch(step(key), f"as a key: {found}")
            if id(type(item)) not in values.plain:
                found = self.check(item, values)
                if found is not None:
                    return Mismatch(step(key) + found.path, found.reason)
        return None

    def compare_positions(self, value: Any, args: tuple[Any, ...]) -> Mismatch | None:
        """Check a tuple that has a hint for each position."""
        if tuple.__len__(value) != len(args):
            return Mismatch("", f"expected {len(args)} items, found {tuple.__len__(value)}")
        for index, item in enumerate(tuple.__iter__(value)):
            found = self.check(item, self.plan(args[index]))
            if found is not None:
                return Mismatch(f"[{index}]{found.path}", found.reason)
        return None

    def compare_keys(self, value: Any, member: Alternative, keys: dict[str, Any]) -> Mismatch | None:
        """Check a dict against a ``TypedDict``."""
        required = member.required()
        for key, hint in keys.items():
            if dict.__contains__(value, key):
                found = self.check(dict.__getitem__(value, key), self.plan(hint))
                if found is not None:
                    return Mismatch(step(key) + found.path, found.reason)
            elif key in required:
                return Mismatch("", f"the key {key!r} of {_name(member)} is missing")
        return None


def _has_items(member: Alternative) -> bool:
    return bool(member.args) or member.fixed


def _is_instance(value: Any, member: Alternative) -> bool:
    """Tell whether a value is of the class of an alternative, or says it is (mocks and proxies have a ``__class__`` of their own)."""
    cls, expected = type(value), member.type
    if member.literals:
        return cls is expected and any(
            value is literal or (not isinstance(literal, Enum) and value == literal) for literal in member.literals
        )
    if expected is None or (not _is_protocol(expected) and accepts_class(member, cls)) or _is_open(expected):
        return True
    try:
        return isinstance(value, expected)
    except Exception:  # noqa: BLE001 - a class's own __instancecheck__, or the value's own __class__
        return type(expected) is not type


def _is_subclass(cls: Any, hint: Any) -> bool:
    return any(accepts_class(member, cls) for member in alternatives(hint))


def _items(value: Any) -> Iterator[Any]:
    """Iterate over a collection without side effects; what is no collection gives nothing."""
    for base in BUILT_IN:
        if issubclass(type(value), base):
            return base.__iter__(value)  # type: ignore[no-any-return]
    if isinstance(value, UNIFORM):
        return itertools.islice(value, 1)
    return iter(value) if isinstance(value, COLLECTIONS) else iter(())


def _name(member: Alternative) -> str:
    """Give an alternative as errors show it."""
    if member.literals:
        return " | ".join(_short(literal) for literal in member.literals)
    cls = typing.get_origin(member.hint) or member.hint
    return path_of(cls) if member.type is dict and isinstance(cls, type) and cls is not dict else path_of_hint(member)


def _text(hint: Any) -> str:
    return " | ".join(_name(member) for member in alternatives(hint))


def step(key: Any) -> str:
    """Give the step of a path that leads to the value of a key or position: ``.name``, ``[3]``."""
    is_name = type(key) is str and len(key) <= LONGEST_KEY and key.isidentifier() and not keyword.iskeyword(key)
    return f".{key}" if is_name else f"[{_short(key)}]"


def _short(value: Any) -> str:
    """Show a small value; of others the class."""
    cls = type(value)
    if cls is str or cls is bytes:
        return repr(value) if len(value) <= LONGEST_KEY else f"{value[:LONGEST_KEY]!r}…"
    if value is None or cls is bool or cls is float or (cls is int and value.bit_length() <= 128):
        return repr(value)
    return f"{path_of(cls)}.{value._name_}" if issubclass(cls, Enum) else path_of(cls)
