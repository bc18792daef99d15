"""Edits: how valid input is spoiled. An edit is plain JSON: drawn from a source of random numbers here, applied in another process.

Byte edits are ``[name, place, amount]``; the place is scaled to the length of what they meet, so that every edit applies to every input.
``["inside", place, edit]`` looks for an inner layer (a member of a zip, the plain bytes of gzip, the header of safetensors, a JSON text)
and edits that, with lengths and checksums put right again, for what a checksum refuses teaches nothing of what lies behind it.
"""

from __future__ import annotations

import gzip
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from hypothesis import strategies as st

SCALE = 1 << 16
_LONGEST = 1 << 20
"""Bytes that an edited input may have: what is looked for is not what a large input costs."""
NUMBERS = (0, 1, -1, 127, 255, 256, 65535, 2**31 - 1, -(2**31), 2**32 - 1, 2**53 + 1, 2**63 - 1, -(2**63), 2**64, 10**30)
_WIDTHS = ("<b", "<h", ">h", "<i", ">i", "<q", ">q", "<d")
TOKENS = (
    *(
        b"",
        b"\0",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"%s%n{0}",
        b"../",
        b"nan",
        b"-inf",
        b"1e999",
        b"9" * 400,
        b"\xf0\x9f",
        b"\r\n",
        b"'\"",
        b"[" * 500,
    ),
    *(
        b"<a" * 200,
        b"PAR1",
        b"ARROW1",
        b"\x93NUMPY",
        b"PK\x03\x04",
        b"PK\x01\x02",
        b"\x1f\x8b\x08",
        b"\x80\x04.",
        b"|O",
        b"<M8[ns]",
        b"(((",
        b"}}}",
    ),
    *(b"NaT", b"true", b"null", b"&lt;&#x0;", b"&a;" * 20, b"<!DOCTYPE", b"\\ud800", b"0x", b"1_0", b"datetime64", b"float16", b"object"),
)
ODD: tuple[Any, ...] = (
    *(None, True, False, "", "a", "\ud800", "..", "/", "\0", [], {}, [[]], {"a": 1}, 0.5, 1e308, -0.0),
    *NUMBERS,
    *(
        "object",
        "int64",
        "O",
        "builtins.eval",
        "os.system",
        "file",
        "result",
        "__main__.X",
        "numpy.ndarray",
        "packagers:packagers.builtin.fallback.ObjectPackager",
    ),
    *({"$same": 0}, {"$tuple": 5}, {"$part": 0}, {"$part": -1}, {"$part": "x"}, {"$shared": 0}, [{"$shared": 0}, {"$same": 0}]),
    *(
        {"$object": "x", "packager": "y"},
        {"$value": 1, "packager": "a:b", "type": "c"},
        {"$link": "../x"},
        {"$link": None},
        {"$nothing": 1},
    ),
    *({"$int": "0x" + "f" * 99}, {"$int": 3}, {"$float": "nan:00"}, {"$bytes": "é"}, {"$str": "AA"}, {"$dict": [[[], 1]]}, {"$set": [[]]}),
    *(
        {"$complex": [1]},
        {"$Decimal": "1E+999999999"},
        {"$Fraction": [1, 0]},
        {"$range": [0, 1, 0]},
        {"$slice": [1]},
        {"$memoryview": [{"$bytes": ""}, "d", [2**40], True]},
    ),
    *(
        {"$datetime": ["x", None, 0]},
        {"$Pattern": ["(", 0]},
        {"$ZoneInfo": "../etc"},
        {"$UUID": 1},
        {"$timezone": [[1e9, 0, 0], None]},
        {"$bytearray": 10**9},
    ),
)


def drawn(random: Random) -> list[Any]:
    """Draw one to four edits, or noise in place of all; of a seeded source these are always the same, whatever modules are loaded."""
    if not random.randrange(8):
        return [["noise", random.randbytes(random.randrange(200)).hex(), 0]]
    return [_drawn(random, 2) for _ in range(random.randint(1, 4))]


def _drawn(random: Random, depth: int) -> list[Any]:
    if depth and random.randrange(2):
        return ["inside", random.randrange(SCALE), _drawn(random, depth - 1)]
    return [random.choice(sorted(_BYTES)), random.randrange(SCALE), random.randrange(SCALE)]


def edits() -> st.SearchStrategy[list[Any]]:
    """Let hypothesis draw them."""
    return st.randoms(use_true_random=False).map(drawn)


def apply(data: bytes, edits: list[Any]) -> bytes:
    """Apply edits one after the other."""
    for edit in edits:
        data = _apply(data, edit)[:_LONGEST]
    return data


def _apply(data: bytes, edit: list[Any]) -> bytes:
    name, place, amount = edit
    if name == "noise":
        return bytes.fromhex(place)
    if name == "inside":
        wrap = next((found for layer in _LAYERS if (found := layer(data, place)) is not None), None)
        return _apply(data, amount) if wrap is None else wrap(amount)
    return _BYTES[name](data, place * (len(data) + 1) // SCALE, amount)


def _flip(data: bytes, at: int, amount: int) -> bytes:
    at = min(at, len(data) - 1)
    return data[:at] + bytes([data[at] ^ (1 << amount % 8)]) + data[at + 1 :] if data else data


def _number(data: bytes, at: int, amount: int) -> bytes:
    """Put an odd number of some width over what is there."""
    width = _WIDTHS[amount % len(_WIDTHS)]
    value = NUMBERS[amount // len(_WIDTHS) % len(NUMBERS)]
    size = struct.calcsize(width)
    piece = struct.pack(width, value) if width == "<d" else (value % (1 << 8 * size)).to_bytes(size, "little" if width[0] == "<" else "big")
    return data[:at] + piece + data[at + size :]


def _decimal(data: bytes, at: int, amount: int) -> bytes:
    """Put an odd number, in decimals, in place of the next one that stands there."""
    start = next((index for index in range(at, len(data)) if 48 <= data[index] <= 57), None)
    if start is None:
        return data
    end = next((index for index in range(start, len(data)) if not 48 <= data[index] <= 57), len(data))
    return data[:start] + str(NUMBERS[amount % len(NUMBERS)]).encode() + data[end:]


def _swap(data: bytes, at: int, amount: int) -> bytes:
    """Let two neighbouring pieces change places."""
    size = 1 + amount % 64
    return data[:at] + data[at + size : at + 2 * size] + data[at : at + size] + data[at + 2 * size :]


def _json(data: bytes, at: int, amount: int) -> bytes:
    """Spoil one node of a JSON document."""
    try:
        return json.dumps(spoil_json(json.loads(data), at, amount)).encode()
    except (ValueError, RecursionError):  # no JSON, or edits before this one have nested it too deeply
        return _flip(data, at, amount)


_BYTES: dict[str, Callable[[bytes, int, int], bytes]] = {
    "flip": _flip,
    "set": lambda data, at, amount: data[:at] + bytes([amount % 256]) + data[at + 1 :],
    "number": _number,
    "decimal": _decimal,
    "token": lambda data, at, amount: data[:at] + TOKENS[amount % len(TOKENS)] + data[at:],
    "token over": lambda data, at, amount: data[:at] + (token := TOKENS[amount % len(TOKENS)]) + data[at + len(token) :],
    "delete": lambda data, at, amount: data[:at] + data[at + 1 + amount % 64 :],
    "repeat": lambda data, at, amount: data[:at] + data[at : at + 1 + amount % 64] * (2 + amount // 64 % 64) + data[at:],
    "swap": _swap,
    "cut": lambda data, at, amount: data[:at],
    "extend": lambda data, at, amount: data + data[at : at + 1 + amount % 512],
    "json": _json,
}


def nodes_of(document: Any, steps: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """List the paths of all nodes of a JSON document."""
    yield steps
    items = document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    for step, item in items:
        yield from nodes_of(item, (*steps, step))


def spoil_json(document: Any, place: int, amount: int) -> Any:
    """Give a JSON document with one node removed, doubled, renamed, nested, or put in place of another, or an odd value in its place."""
    paths = list(nodes_of(document))
    path = paths[place % len(paths)]
    if not path:
        return ODD[amount % len(ODD)]
    document = json.loads(json.dumps(document))
    parent = _at(document, path[:-1])
    last, value = path[-1], _at(document, path)
    match amount % 8:
        case 0:
            del parent[last]
        case 1 if isinstance(parent, dict):
            parent[str(ODD[amount // 8 % 8])] = parent.pop(last)
        case 1 | 2 if isinstance(parent, list):
            parent.insert(last, value)
        case 3:
            parent[last] = json.loads(json.dumps(_at(document, paths[amount // 8 % len(paths)])))
        case 4:
            parent[last] = json.loads("[" * (amount // 8 % 400) + json.dumps(value) + "]" * (amount // 8 % 400))
        case 5 if isinstance(value, str) and value:
            parent[last] = apply(
                value.encode("utf-8", "surrogatepass"), [[sorted(_BYTES)[amount // 8 % len(_BYTES)], amount, amount]]
            ).decode("latin-1")
        case _:
            parent[last] = ODD[amount // 8 % len(ODD)]
    return document


def _at(document: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        document = document[step]
    return document


def _zip_member(data: bytes, place: int) -> Callable[[list[Any]], bytes] | None:
    if not data.startswith(b"PK\3\4"):
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [(info, archive.read(info)) for info in archive.infolist()]
    except Exception:  # noqa: BLE001 - an edit before this one has broken it
        return None
    if not members:
        return None

    def wrap(edit: list[Any]) -> bytes:
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            for index, (info, content) in enumerate(members):
                again = zipfile.ZipInfo(info.filename, info.date_time)
                again.compress_type, again.external_attr, again.create_system = info.compress_type, info.external_attr, info.create_system
                archive.writestr(again, _apply(content, edit) if index == place % len(members) else content)
        return made.getvalue()

    return wrap


def _gzip(data: bytes, place: int) -> Callable[[list[Any]], bytes] | None:
    if not data.startswith(b"\x1f\x8b"):
        return None
    try:
        content = gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        return None
    return lambda edit: gzip.compress(_apply(content, edit), 1)


def _safetensors(data: bytes, place: int) -> Callable[[list[Any]], bytes] | None:
    size = int.from_bytes(data[:8], "little")
    if not 2 <= size <= len(data) - 8 or data[8:9] != b"{":
        return None

    def wrap(edit: list[Any]) -> bytes:
        header = _apply(data[8 : 8 + size], edit)
        return len(header).to_bytes(8, "little") + header + data[8 + size :]

    return wrap


def _document(data: bytes, place: int) -> Callable[[list[Any]], bytes] | None:
    if data[:1] not in (b"{", b"["):
        return None
    return lambda edit: _json(data, place, edit[1] if isinstance(edit[1], int) else place)


_LAYERS = (_zip_member, _gzip, _safetensors, _document)
