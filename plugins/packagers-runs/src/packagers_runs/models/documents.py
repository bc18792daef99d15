"""Plain documents: copies of values that share nothing with the original, their text forms, and when two are the same."""

from __future__ import annotations

import base64
import datetime
import json
import math
from collections.abc import Callable, Mapping, Set
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import PurePath
from typing import Any, NoReturn
from uuid import UUID

from packagers import LogHint
from packagers_runs.errors import FieldError

HIDDEN = "***"
"""What stands for a secret wherever it would be shown or kept."""


def as_document(value: Any, *, strip: bool = False) -> Any:
    """Copy a value into a document: models and hints become dicts, containers are new ones, all else stays what it is.

    Args:
        value: The value of a field.
        strip: Passed on to the models inside.

    Raises:
        FieldError: It contains itself, or is nested too deeply.
    """
    if value is None or isinstance(value, str | int | float):  # most fields are
        return value
    return _unless_endless(lambda: _as_document(value, strip))


def clone(value: Any) -> Any:
    """Copy models and containers; whatever is in them stays the same object.

    Raises:
        FieldError: It contains itself, or is nested too deeply.
    """
    return _unless_endless(lambda: _clone(value))


def _as_document(value: Any, strip: bool) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Mapping):
        return {key: _as_document(item, strip) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_as_document(item, strip) for item in value)
    if isinstance(value, LogHint):
        return value.to_dict()
    return value.to_dict(strip=strip) if hasattr(value, "STRIPPED") else value


def _clone(value: Any) -> Any:
    if type(value) is dict:
        return {key: _clone(item) for key, item in value.items()}
    if type(value) in (list, tuple, set):
        return type(value)(_clone(item) for item in value)
    return value.copy() if hasattr(value, "STRIPPED") else value


def _unless_endless(make: Callable[[], Any], where: str = "a value") -> Any:
    try:
        return make()
    except RecursionError:
        _refuse(where, "contains itself, or is nested too deeply", "Leave it out, or pass it to the handler as an input.")


def same(one: Any, other: Any) -> bool:
    """Tell whether two documents hold the same; ``nan`` is the same as ``nan``."""
    if one is other:
        return True
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list | tuple) and type(one) is type(other):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    if type(one) is not type(other) and (hasattr(one, "equals") or hasattr(other, "equals")):
        return False
    return _is_equal(one, other)


def _is_equal(one: Any, other: Any) -> bool:
    """Compare live objects: tables by their own rule, arrays item by item."""
    if hasattr(one, "equals"):
        return bool(one.equals(other))
    try:
        found = one == other
        return bool(found.all()) if hasattr(found, "all") else bool(found)
    except ValueError:  # arrays of other shapes
        return False


def as_plain(value: Any, where: str, *, nan: bool = False) -> Any:
    """Give a document as text formats have it: dicts with text as keys, lists, text, numbers, booleans and nothing.

    Args:
        value: The document.
        where: Its name, for messages.
        nan: Whether the format has numbers for ``nan`` and the infinities; otherwise they become text.

    Raises:
        FieldError: A value has no such form.
    """
    return _unless_endless(lambda: _plain(value, where, nan), where)


def yaml_text(document: Any) -> str:
    """Write a document of plain values as YAML; what is read from it is equal to it.

    Args:
        document: What :func:`as_plain` gave.
    """
    import yaml

    class Dumper(yaml.SafeDumper):  # type: ignore[misc]  # yaml ships no types
        """Quotes what YAML's own rules for line breaks would change, such as U+0085, and writes text of several lines as such."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

    def write_text(dumper: Any, text: str) -> Any:
        lines = text.replace("\n", "").replace("\t", "").isprintable()
        style = '"' if not lines else "|" if "\n" in text else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    Dumper.add_representer(str, write_text)
    return str(yaml.dump(document, Dumper=Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False))


def _plain(value: Any, where: str, nan: bool) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return _plain(value.value, where, nan)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if nan or math.isfinite(value):
            return float(value)
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, Mapping):
        return _plain_mapping(value, where, nan)
    if isinstance(value, list | tuple):
        return [_plain(item, f"{where}[{place}]", nan) for place, item in enumerate(value)]
    if isinstance(value, Set):
        return sorted((_plain(item, where, nan) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    return _plain_scalar(value, where, nan)


def _plain_mapping(value: Mapping[Any, Any], where: str, nan: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, item in value.items():
        name = _plain(key, where, False)
        if not isinstance(name, str):
            name = json.dumps(name)
        if name in found:
            _refuse(where, f"has two keys that are {name!r} as text", "Rename one of them.")
        found[name] = _plain(item, f"{where}.{name}", nan)
    return found


def _plain_scalar(value: Any, where: str, nan: bool) -> Any:
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, Decimal | Fraction | PurePath | UUID | complex):
        return str(value)
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    if getattr(value, "shape", None) == () and hasattr(value, "dtype") and hasattr(value, "item"):
        return _plain(value.item(), where, nan)  # a number of numpy's
    if callable(value):
        _refuse(
            where,
            "is a function without a name, which text cannot hold",
            "Give one by name: 'package.module:function' or 'file.py:function'.",
        )
    _refuse(where, f"is a {type(value).__qualname__}, which text cannot hold", "Give numbers, text, times, lists and dicts, or a path.")


def _refuse(where: str, problem: str, remedy: str) -> NoReturn:
    model, _, field = where.partition(".")
    raise FieldError(f"{where} {problem}", model=model, field=field, remedy=remedy)
