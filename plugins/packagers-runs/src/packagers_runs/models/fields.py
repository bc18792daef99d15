"""The kinds of fields that model classes are declared with; each is checked whenever it is set."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from functools import partial
from pathlib import PurePath
from typing import Any, NoReturn, TypeVar, dataclass_transform

import attrs

from packagers_runs.errors import FieldError
from packagers_runs.models.documents import clone
from packagers_runs.nearest import unknown_name

Check = Callable[[Any, str, str], Any]
"""Takes a value, the name of its field and the name of the model's class; gives what is stored."""

_Class = TypeVar("_Class", bound=type)


def stored(
    *,
    default: Any,
    alias: str | None = None,
    init: bool = True,
    check: Check | None = None,
    document: Callable[[Any], Any] | None = None,
) -> Any:
    """Declare a field as type checkers see it whole: the storage ``_name`` of a property, its parameter ``name``; or no parameter at all.

    Args:
        default: What it is if it is not given.
        alias: The name of its parameter and in documents, if it is another one.
        init: Whether it is a parameter.
        check: What checks and converts values.
        document: What gives the form in documents, if not the value itself.
    """
    metadata = {name: value for name, value in (("check", check), ("document", document)) if value is not None}
    return attrs.field(default=default, alias=alias, init=init, metadata=metadata)


@dataclass_transform(field_specifiers=(stored,))
def model(cls: _Class) -> _Class:
    """Make a class a model: its annotated fields are its parameters, in order."""
    define: Callable[[_Class], _Class] = attrs.define(slots=False, eq=False, repr=False, on_setattr=attrs.setters.NO_OP)
    return define(cls)


def anything(default: Any = None, *, init: bool = True, check: Check | None = None, document: Callable[[Any], Any] | None = None) -> Any:
    """Declare a field of any value.

    Args:
        default: What it is if it is not given.
        init: Whether it is a parameter of the class; otherwise it is an attribute that only documents and assignments set.
        check: What checks and converts values.
        document: What gives the form in documents, if not the value itself.
    """
    return stored(default=default, init=init, check=check, document=document)


def text(default: str | None = None, *, init: bool = True) -> Any:
    """Declare a field of text; a path becomes text."""
    return anything(default, init=init, check=partial(_text, default))


def integer(default: int | None = None, *, least: int | None = None, init: bool = True) -> Any:
    """Declare a field of a whole number, at least ``least``."""
    return anything(default, init=init, check=partial(_integer, default, least))


def flag(default: bool | None = None, *, init: bool = True) -> Any:
    """Declare a field that is true or false."""
    return anything(default, init=init, check=partial(_flag, default))


def mapping(*, check: Check | None = None, document: Callable[[Any], Any] | None = None, init: bool = True) -> Any:
    """Declare a field of a dict with text as keys; ``None`` is an empty one. ``check`` takes the dict that was made of what was given."""
    return anything(None, init=init, check=partial(_mapping, check), document=document)


def sequence(*, check: Check | None = None, document: Callable[[Any], Any] | None = None, init: bool = True) -> Any:
    """Declare a field of a list; ``None`` is an empty one. ``check`` takes the list that was made of what was given."""
    return anything(None, init=init, check=partial(_sequence, check), document=document)


def choice(what: str, known: Iterable[str], default: str | None = None) -> Any:
    """Declare a field that is one of some names.

    Args:
        what: What the names are, in one word, for messages.
        known: The names.
        default: What it is if it is not given.
    """
    return anything(default, check=partial(_choice, what, tuple(known), default))


def nested(cls: type[Any]) -> Any:
    """Declare a field of another model; ``None`` is its defaults, and a dict becomes one if it has no key that the model has not."""
    return attrs.field(default=None, metadata={"check": partial(_nested, cls), "model": cls})


def models(cls: type[Any]) -> Any:
    """Declare a field of a list of models; ``None`` is an empty one, and dicts become models as with :func:`nested`."""
    return attrs.field(default=None, metadata={"check": partial(_models, cls), "model": cls})


def refuse(field: str, owner: str, kind: str, value: Any, remedy: str = "") -> NoReturn:
    """Say that a field has a value of a wrong type.

    Raises:
        FieldError: Always.
    """
    shown = f"{value!r:.80}, of type " if isinstance(value, str | int | float) else "of type "
    found = f"{owner}.{field} cannot be {shown}{type(value).__name__}."
    raise FieldError(f"Parameter {field} must be {kind}", model=owner, field=field, remedy=f"{found} {remedy}".rstrip())


def _text(default: str | None, value: Any, field: str, owner: str) -> str | None:
    if value is None:
        return default
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, PurePath):
        return str(value)
    return str.__str__(value) if isinstance(value, str) else refuse(field, owner, "a string", value)


def _integer(default: int | None, least: int | None, value: Any, field: str, owner: str) -> int | None:
    if value is None:
        return default
    if isinstance(value, bool) or not hasattr(type(value), "__index__"):
        refuse(field, owner, "an integer", value)
    number = int(value.__index__())
    return number if least is None or number >= least else refuse(field, owner, f"an integer of at least {least}", value)


def _flag(default: bool | None, value: Any, field: str, owner: str) -> bool | None:
    if value is None:
        return default
    return value if isinstance(value, bool) else refuse(field, owner, "a boolean", value, "Write True or False.")


def _mapping(check: Check | None, value: Any, field: str, owner: str) -> Any:
    if value is not None and not isinstance(value, Mapping):
        refuse(field, owner, "a dict", value)
    made = clone(dict(value or {}))
    for key in made:
        if not isinstance(key, str):
            refuse(field, owner, "a dict with text as keys", key, "Write the key as text.")
    return check(made, field, owner) if check else made


def _sequence(check: Check | None, value: Any, field: str, owner: str) -> Any:
    if value is not None and not isinstance(value, list | tuple):
        refuse(field, owner, "a list", value, f"Write [{value!r}]." if isinstance(value, str) else "")
    made = clone(list(value or []))
    return check(made, field, owner) if check else made


def _choice(what: str, known: tuple[str, ...], default: str | None, value: Any, field: str, owner: str) -> str | None:
    found = _text(default, value, field, owner)
    if found is not None and found not in known:
        raise unknown_name(what, found, known)
    return found


def _nested(cls: Any, value: Any, field: str, owner: str) -> Any:
    if value is None or isinstance(value, Mapping):
        return cls.from_dict(value, strict=True)
    return value if isinstance(value, cls) else refuse(field, owner, f"a dict or a {cls.__name__}", value)


def _models(cls: Any, value: Any, field: str, owner: str) -> list[Any]:
    items = _sequence(None, value, field, owner)
    for place, item in enumerate(items):
        if item is None:
            refuse(f"{field}[{place}]", owner, f"a dict or a {cls.__name__}", item)
    return [_nested(cls, item, f"{field}[{place}]", owner) for place, item in enumerate(items)]
