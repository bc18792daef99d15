"""What values of Python's own types look like: a few facts and the first items, whatever their size, and without running their code."""

from __future__ import annotations

import codecs
import os
import stat
from collections import OrderedDict, deque
from collections.abc import Iterable
from enum import Enum
from itertools import islice
from pathlib import Path, PurePath
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from packagers.attributes import attributes_of
from packagers.previews import picture_of
from packagers.stdscalars import BY_PATH
from packagers.typepath import path_of

# So much that a summary stays below 64 KiB of ASCII, whatever the characters are.
ROWS, FIELDS, COLUMNS, COUNTED = 20, 40, 8, 1000
LENGTH, CELL, TEXT, PICTURE = 60, 30, 2000, 45_000
_LARGE_INT_BITS = 256
_LINE, _LINES = 16, 8
_SET = 5
_BINARY = (bytes, bytearray, memoryview)
_CONTAINERS = (OrderedDict, dict, list, tuple, set, frozenset, deque)
_BRACKETS: dict[type[Any], tuple[str, str]] = {tuple: ("(", ")"), **dict.fromkeys((list, deque), ("[", "]"))}
_NAMED = (type, FunctionType, BuiltinFunctionType, MethodType, ModuleType)


class Summarised:
    """The part of a packager that summarises Python's own values."""

    def describe(self, obj: Any) -> dict[str, Any]:
        """Give what is worth knowing of a value: its length, the types of its items, its fields."""
        return describe(obj)

    def preview(self, obj: Any) -> dict[str, Any]:
        """Give the first items as a table, or the beginning of a text or of bytes; nothing for a scalar, which is its own preview."""
        return preview(obj)


def describe(obj: Any) -> dict[str, Any]:
    """Give the description of a value."""
    if isinstance(obj, Enum):
        return {"member": short(obj), "value": short(obj._value_)}
    if isinstance(obj, str):
        return {"characters": str.__len__(obj)}
    if isinstance(obj, memoryview):
        return {"bytes": obj.nbytes, "items": obj.format, "shape": list(obj.shape or ())}
    if isinstance(obj, _BINARY):
        return {"bytes": len(obj)}
    if isinstance(obj, PurePath):
        return _describe_path(obj)
    base = _base_of(obj)
    if base is not None:
        return _describe_items(obj, base)
    if _is_scalar(obj):
        return {"text": short(obj, 200)}
    if isinstance(obj, _NAMED):
        return {"class": path_of(type(obj)), "name": cut(str(getattr(obj, "__qualname__", obj.__name__)), LENGTH)}
    fields = {cut(name, CELL): cut(path_of(type(value)), LENGTH) for name, value in islice(_fields_of(obj).items(), FIELDS)}
    return {"class": cut(path_of(type(obj)), LENGTH), "fields": fields}


def preview(obj: Any) -> dict[str, Any]:
    """Give the preview of a value."""
    if isinstance(obj, Enum) or _is_scalar(obj):
        return {}
    if isinstance(obj, str):
        return _text(cut(obj[:], TEXT)) if obj else {}
    if isinstance(obj, _BINARY):
        return _preview_bytes(obj)
    if isinstance(obj, PurePath):
        return _preview_path(obj) if isinstance(obj, Path) else {}
    base = _base_of(obj)
    if isinstance(obj, _NAMED):
        return {}
    if base is None:
        fields = _fields_of(obj)
        return _table(("field", "type", "value"), islice(fields.items(), ROWS), len(fields)) if fields else {}
    count = base.__len__(obj)
    if issubclass(base, dict):
        return _table(("key", "type", "value"), islice(base.items(obj), ROWS), count)
    items = list(islice(_in_order(obj, base), ROWS))
    if items and all(type(item) is dict for item in items):
        return _records(items, count)
    return _table(("", "type", "value"), enumerate(items), count) if items else {}


def short(obj: Any, length: int = LENGTH, depth: int = 2) -> str:
    """Write a value in few characters; one that is neither plain nor a container of Python's own by its class alone.

    >>> short([1, "a", {2: (3, 4)}]), short(2**999), short({2, 1}), short(object())
    ("[1, 'a', {2: (…)}]", '<int of 1000 bits>', '{1, 2}', '<object>')
    """
    cls = type(obj)
    if cls is str or cls is bytes:
        return cut(repr(obj[: length + 1]), length)
    if cls is int and obj.bit_length() > _LARGE_INT_BITS:
        return f"<int of {obj.bit_length()} bits>"
    if isinstance(obj, Enum):
        return cut(f"{cls.__qualname__}.{obj._name_}", length)
    if cls in (set, frozenset) and len(obj) > _SET:
        return f"{{{len(obj)} items}}"
    if cls in _CONTAINERS:
        return cut(_short_container(obj, length, depth), length)
    if cls is not memoryview and (_is_scalar(obj) or isinstance(obj, PurePath)):
        try:
            return cut(repr(obj), length)
        except ValueError:  # Python refuses to write very long integers in decimals
            pass
    return cut(f"<{path_of(cls)}>", length)


def cut(text: str, length: int) -> str:
    """Give a text, or its beginning."""
    return text if len(text) <= length else text[: length - 1] + "…"


def _short_container(obj: Any, length: int, depth: int) -> str:
    opening, closing = _BRACKETS.get(type(obj), ("{", "}"))
    if not depth:
        return f"{opening}…{closing}" if obj else opening + closing
    if isinstance(obj, dict):
        parts = [f"{short(key, length, depth - 1)}: {short(value, length, depth - 1)}" for key, value in islice(obj.items(), 6)]
    else:
        parts = [short(item, length, depth - 1) for item in islice(obj, 6)]
        parts = sorted(parts) if isinstance(obj, (set, frozenset)) else parts
    return f"{opening}{', '.join(parts[:5])}{', …' if len(parts) > 5 else ''}{closing}"


def _is_scalar(obj: Any) -> bool:
    cls = type(obj)
    return cls in (type(None), bool, int, float) or (cls not in _BINARY and f"{cls.__module__}.{cls.__qualname__}" in BY_PATH)


def _base_of(obj: Any) -> Any:
    """Give the container class of Python's own that an object descends from; its methods cannot be overridden."""
    return next((base for base in _CONTAINERS if isinstance(obj, base)), None)


def _in_order(obj: Any, base: Any) -> Iterable[Any]:
    """Give the items; those of a set in an order that is the same in every process, or, of many, none."""
    if not issubclass(base, (set, frozenset)):
        return base.__iter__(obj)  # type: ignore[no-any-return]
    return sorted(base.__iter__(obj), key=short) if base.__len__(obj) <= COUNTED else ()


def _describe_items(obj: Any, base: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"items": base.__len__(obj)}
    if type(obj) is not base:
        found["class"] = cut(path_of(type(obj)), LENGTH)
    if isinstance(obj, deque) and obj.maxlen is not None:
        found["maxlen"] = obj.maxlen
    is_dict = issubclass(base, dict)
    values = [value for _, value in islice(base.items(obj), COUNTED)] if is_dict else list(islice(_in_order(obj, base), COUNTED))
    if is_dict:
        found["keys"] = [short(key, CELL) for key in islice(base.__iter__(obj), FIELDS)]
    if values:
        classes: dict[type[Any], int] = {}
        for value in values:
            classes[type(value)] = classes.get(type(value), 0) + 1
        most = sorted(classes.items(), key=lambda counted: -counted[1])[:ROWS]
        types: dict[str, int] = {}
        for cls, count in most:  # two classes may have one name
            name = cut(path_of(cls), LENGTH)
            types[name] = types.get(name, 0) + count
        found["types" if len(values) == found["items"] else f"types of the first {len(values)}"] = types
    return found


def _fields_of(obj: Any) -> dict[str, Any]:
    return {name: value for name, value in attributes_of(obj).items() if type(name) is str and not name.startswith("__")}


def _table(columns: Iterable[str], rows: Iterable[tuple[Any, Any]], count: int) -> dict[str, Any]:
    names = list(columns)
    cells = [[name if names[0] == "field" else short(name), cut(path_of(type(value)), LENGTH), short(value)] for name, value in rows]
    return {"table": {"columns": names, "rows": cells, "shape": [count, len(names)]}}


def _records(items: list[dict[Any, Any]], count: int) -> dict[str, Any]:
    """Give dicts as the rows of a table."""
    names = list(dict.fromkeys(name for item in items for name in islice(item, COUNTED)))
    shown = names[:COLUMNS]
    rows = [[_cell(item[name]) if name in item else "" for name in shown] for item in items]
    columns = [_cell(name) for name in shown]
    return {"table": {"columns": columns, "rows": rows, "shape": [count, len(names)]}}


def _cell(obj: Any) -> str:
    return cut(obj, CELL) if type(obj) is str else short(obj, CELL)


def _text(text: str) -> dict[str, Any]:
    return {"text": text}


def _preview_bytes(obj: Any) -> dict[str, Any]:
    view = memoryview(obj)
    if not view.nbytes:
        return {}
    flat = view.cast("B") if view.c_contiguous else memoryview(b"")
    if len(flat) <= PICTURE and (picture := picture_of(bytes(flat))) is not None:
        return {"png": picture.base64}
    return _text("\n".join(_dump(bytes(flat[place : place + _LINE]), place) for place in range(0, min(len(flat), _LINES * _LINE), _LINE)))


def _dump(line: bytes, place: int) -> str:
    """Give a line of bytes as hexadecimal numbers and as characters."""
    characters = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in line)
    return f"{place:08x}  {line.hex(' '):<{3 * _LINE}} {characters}"


def _describe_path(path: PurePath) -> dict[str, Any]:
    found = {"name": cut(path.name, 200)}
    try:
        info = os.stat(path) if isinstance(path, Path) else None
    except (OSError, ValueError):
        info = None
    if info is not None and stat.S_ISREG(info.st_mode):
        return {**found, "kind": "file", "bytes": info.st_size}
    return {**found, "kind": "folder" if info is not None and stat.S_ISDIR(info.st_mode) else "path"}


def _preview_path(path: Path) -> dict[str, Any]:
    """Give the names in a folder, or the beginning of a file."""
    try:
        if path.is_dir():
            names = sorted(entry.name + ("/" if entry.is_dir() else "") for entry in islice(os.scandir(path), COUNTED))
            rest = [f"… and {len(names) - FIELDS} more"] if len(names) > FIELDS else []
            return _text("\n".join([*(cut(name, LENGTH) for name in names[:FIELDS]), *rest])) if names else {}
        if not path.is_file():
            return {}
        with path.open("rb") as file:
            head = file.read(PICTURE + 1)
    except (OSError, ValueError):
        return {}
    if b"\0" in head:
        return _preview_bytes(head)
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head, final=len(head) <= PICTURE)
    except UnicodeDecodeError:
        return _preview_bytes(head)
    return _text(cut(text, TEXT)) if text else {}
