"""What a hostile maker puts where content belongs: pickles that call, text that is evaluated, archives, lies about sizes, odd values.

Whatever of it is imported, run or opened bears :data:`MARK`, by which it is known; none of it does any harm.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import os
import pickle
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any

MARK = "packagers_hostile_marker"
"""A module that there is not."""
COMMAND = f"echo {MARK}"
EXPRESSION = f"__import__({MARK!r})"
_NUMBERS = (b"\xff" * 8, b"\xff\xff\xff\x7f", bytes(8))
_DIGITS = (b"-1", b"999999999999", EXPRESSION.encode())
_FLIPS = 24
_NODES = 12
_MEMBERS = 4


class _Call:
    """Something that, when it is unpickled, is called."""

    def __init__(self, function: Callable[..., Any], *arguments: str) -> None:
        self._what = function, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str, ...]]:
        return self._what


def _text(value: str) -> bytes:
    return b"\x8c" + bytes([len(value)]) + value.encode()


PICKLE = b"\x80\x04" + _text(MARK) + _text("sing") + b"\x93)R."
"""A pickle that calls a function of the marked module."""
PICKLES = {
    "a pickle": PICKLE,
    "a pickle of protocol 0": f"c{MARK}\nsing\n(tR.".encode(),
    "a pickle of protocol 2": f"\x80\x02c{MARK}\nsing\n)R.".encode("latin-1"),
    "a pickle that runs a command": pickle.dumps(_Call(os.system, COMMAND), 4),
    "a pickle that evaluates": pickle.dumps(_Call(eval, EXPRESSION), 5),
    "a pickle of plain values": pickle.dumps({"a": [1, "text"]}, 4),
}


def _npy() -> bytes:
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + PICKLE


def zipped(members: dict[str, bytes]) -> bytes:
    """Give a zip of these members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def _skops() -> bytes:
    node = {"__class__": "sing", "__module__": MARK, "__loader__": "ObjectNode", "__id__": 1, "content": {}}
    return zipped({"schema.json": json.dumps({**node, "protocol": 2, "_skops_version": "0.11"}).encode()})


_ENTITIES = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
TEXTS = {
    "nothing": b"",
    "an expression": EXPRESSION.encode(),
    "YAML that runs a command": f"!!python/object/apply:os.system [{COMMAND!r}]\n".encode(),
    "JSON that names a class": json.dumps({"py/object": f"{MARK}.sing", "__class__": f"{MARK}.sing", "$type": f"{MARK}.sing"}).encode(),
    "brackets without end": b"[" * 100_000,
    "XML that names a file": f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///{MARK}">]><x>&e;</x>'.encode(),
    "XML that grows": f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "{MARK}">{_ENTITIES}]><x>&e11;</x>'.encode(),
    "zeros": bytes(4096),
}
ARCHIVES = {
    "a zip of a pickle": zipped({"archive/data.pkl": PICKLE, "archive/version": b"3\n"}),
    "a zip of an array of objects": zipped({"arr_0.npy": _npy()}),
    "a zip that leaves its place": zipped({f"../../{MARK}": b"", f"/{MARK}": b""}),
    "a skops file of a strange type": _skops(),
    "an array of objects": _npy(),
    "a pickle, gzipped": gzip.compress(PICKLE, mtime=0),
    "a pickle, in bz2": bz2.compress(PICKLE),
    "a pickle, deflated": zlib.compress(PICKLE),
}
GADGETS: dict[str, bytes] = {**PICKLES, **TEXTS, **ARCHIVES}
"""What stands in place of a file, by name."""

NAMES = (MARK, f"{MARK}.sing", f"{MARK}:sing", EXPRESSION, f"../../{MARK}", f"/{MARK}", f"!!python/name:{MARK}.sing")
"""What names code, or a file that is not the package's."""
WORDS = ("pickle", "cloudpickle", "joblib", "object", "pkl")
"""What asks for a pickle."""


def _nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


ODD: tuple[Any, ...] = (None, True, -1, 10**18, 1e308, "", "\0", "{0.__class__}", "%s%n", [], {}, {"a": [1]}, _nested(300))
"""Values that nobody expects."""


def spoiled(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Spoil the bytes of a file in many ways that know nothing of its format, and in some that look for JSON, zips and decimals in it.

    Args:
        data: The file, as it was written.

    Returns:
        What was done, and what came of it.
    """
    size = len(data)
    for kept in sorted({1, 8, size // 4, size // 2, size * 3 // 4, size - 8, size - 1}):
        if 0 < kept < size:
            yield f"the first {kept} of {size} bytes", data[:kept]
    for kept in (4, 8, 16):
        if kept < size:
            yield f"a pickle after the first {kept} bytes", data[:kept] + PICKLE
    yield "a pickle behind it", data + PICKLE
    for place in sorted({*spread(range(min(size, 256)), _FLIPS), *spread(range(size), _FLIPS)}):
        yield f"bit {place % 8} of byte {place} turned", data[:place] + bytes([data[place] ^ 1 << place % 8]) + data[place + 1 :]
    for place in [place for place in (0, 4, 6, 8, 10, 12, 16, 24, size - 8) if 0 <= place < size]:
        for number in _NUMBERS:
            yield f"{number.hex()} at byte {place}", data[:place] + number + data[place + len(number) :]
    yield from _decimals(data)
    for layer in (_json, _header, _zip):
        yield from layer(data)


def spread(items: Any, most: int) -> list[Any]:
    """Give at most so many of the items, spread evenly over them, with the first and the last."""
    found = list(items)
    if len(found) <= most:
        return found
    return [found[index * (len(found) - 1) // (most - 1)] for index in range(most)]


def spoiled_json(document: Any, values: Any = (*NAMES, *ODD)) -> Iterator[tuple[str, Any]]:
    """Put each of some values in place of each node of a JSON document, and leave each out.

    Args:
        document: The document; it is not changed.
        values: What is put there.
    """
    for path in spread(_nodes(document, ()), _NODES):
        where = "".join(f"[{step!r}]" for step in path)
        for value in values:
            yield f"{value!r:.60} at {where or 'the top'}", _with(document, path, value)
        if path:
            yield f"nothing at {where}", _with(document, path)


def _nodes(document: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    yield path
    items = document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    for step, item in items:
        yield from _nodes(item, (*path, step))


def _with(document: Any, path: tuple[Any, ...], *value: Any) -> Any:
    """Give the document with a value at a path, or without what stands there."""
    if not path:
        return value[0]
    changed = document.copy()
    if len(path) > 1 or value:
        changed[path[0]] = _with(document[path[0]], path[1:], *value)
    else:
        del changed[path[0]]
    return changed


def _decimals(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Put other numbers in place of the first ones that stand there as text."""
    place = 0
    for _ in range(_MEMBERS):
        start = next((index for index in range(place, min(len(data), 4096)) if data[index : index + 1].isdigit()), None)
        if start is None:
            return
        place = next((index for index in range(start, len(data)) if not data[index : index + 1].isdigit()), len(data))
        for digits in _DIGITS:
            yield f"{digits.decode()} in place of a number at byte {start}", data[:start] + digits + data[place:]


def _json(data: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return
    for name, changed in spoiled_json(document):
        yield f"JSON with {name}", json.dumps(changed).encode()


def _header(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Spoil a header of JSON that stands behind its length, and put the length right again."""
    start = data.find(b"{", 0, 1024)
    for width in (8, 4):
        size = int.from_bytes(data[start - width : start], "little") if start >= width else 0
        try:
            document = json.loads(data[start : start + size]) if 0 < size <= len(data) - start else None
        except (ValueError, RecursionError):
            document = None
        if isinstance(document, dict):
            for name, changed in spoiled_json(document):
                text = json.dumps(changed).encode()
                yield f"a header with {name}", data[: start - width] + len(text).to_bytes(width, "little") + text + data[start + size :]
            return


def _zip(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Spoil members of a zip, with checksums that are right."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, EOFError, zlib.error):
        return
    for name in spread(members, _MEMBERS):
        for what, gadget in (("a pickle", PICKLE), ("an array of objects", _npy()), ("nothing", b"")):
            yield f"{what} as its member {name}", zipped({**members, name: gadget})
        for what, changed in _json(members[name]):
            yield f"in its member {name} {what}", zipped({**members, name: changed})
        yield f"without its member {name}", zipped({other: content for other, content in members.items() if other != name})
    yield "with a member that leaves its place", zipped({**members, f"../../{MARK}": b""})
