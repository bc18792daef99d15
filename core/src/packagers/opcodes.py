"""What a pickle would import, told from its opcodes; nothing of it is executed.

Pickles are looked for where they stand in files: at the beginning, one behind the other, with the bytes of arrays between their opcodes
(joblib), in the members of a zip or a tar (torch), behind the header of an ``.npy`` file, and compressed as a whole (joblib).

What is told is what the pickle itself looks up. What it has called then can look up more: that is beyond any reading of opcodes.
"""

from __future__ import annotations

import ast
import bz2
import io
import lzma
import math
import pickletools
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

_MOST_OPCODES = 5_000_000
_MOST_BYTES = 256 << 20
"""Of what is compressed; of other files there is no limit but that of opcodes."""
_MOST_MEMBERS = 10_000
_MOST_AT_ONCE = 1 << 20
"""Bytes of one argument that are looked at; longer ones are no names."""
_DEEPEST = 3
_MOST_NESTED = 50
_PROTOCOLS = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))
_ZIP, _NPY, _TAR = b"PK\3\4", b"\x93NUMPY", b"ustar"
_COMPRESSED: tuple[tuple[bytes, Callable[[bytes], bytes]], ...] = (
    (b"\x1f\x8b", lambda data: zlib.decompressobj(wbits=31).decompress(data, _MOST_BYTES)),
    (b"BZh", lambda data: bz2.BZ2Decompressor().decompress(data, _MOST_BYTES)),
    (b"\xfd7zXZ\0", lambda data: lzma.LZMADecompressor().decompress(data, _MOST_BYTES)),
    (b"]\0\0", lambda data: lzma.LZMADecompressor().decompress(data, _MOST_BYTES)),
    (b"x\x01", lambda data: zlib.decompressobj().decompress(data, _MOST_BYTES)),
    (b"x\x5e", lambda data: zlib.decompressobj().decompress(data, _MOST_BYTES)),
    (b"x\x9c", lambda data: zlib.decompressobj().decompress(data, _MOST_BYTES)),
    (b"x\xda", lambda data: zlib.decompressobj().decompress(data, _MOST_BYTES)),
)
_COMPUTED = "a name that the pickle computes"
_ARRAY = "joblib.numpy_pickle.NumpyArrayWrapper"
_OLD_ARRAYS = (
    "joblib.numpy_pickle_compat.NDArrayWrapper",
    "joblib.numpy_pickle_compat.ZNDArrayWrapper",
    "joblib.numpy_pickle.NDArrayWrapper",
)
_MAKERS = ("copyreg._reconstructor", "copy_reg._reconstructor", "copyreg.__newobj__")
_ITEM = re.compile(r"([A-Za-z?])([0-9]*)")
_MARK: Any = object()
_FAILURES = (
    *(OSError, EOFError, ValueError, RuntimeError, NotImplementedError, MemoryError, OverflowError, struct.error),
    *(zlib.error, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError),
)


class Imports(NamedTuple):
    """What the pickles of a file would import.

    Attributes:
        names: Full names, in order of appearance.
        found: Whether there is a pickle at all.
        complete: Whether all of it could be told.
    """

    names: tuple[str, ...]
    found: bool
    complete: bool


class _Finding:
    def __init__(self) -> None:
        self.names: dict[str, None] = {}
        self.found = False
        self.complete = True
        self.left = _MOST_OPCODES


class _Lost(ValueError):
    """It cannot be told where the pickle goes on."""


class _Global(str):
    """A class or function that the pickle has looked up."""

    __slots__ = ()


class _Made:
    """Something that the pickle would make.

    Attributes:
        name: By which class or function; empty where that is computed.
        arguments: Of the call.
        state: What it is given then.
    """

    __slots__ = ("arguments", "name", "state")

    def __init__(self, name: Any, arguments: Any) -> None:
        made = isinstance(name, _Global)
        self.name = str(name) if made else ""
        self.arguments = arguments if isinstance(arguments, tuple) else ()
        self.state: Any = None
        if self.name in _MAKERS and self.arguments and isinstance(self.arguments[0], _Global):
            self.name, self.arguments = str(self.arguments[0]), self.arguments[1:]


class _Unread:
    """Bytes that were jumped over; all that is known of them is how many they are."""

    __slots__ = ("_size",)

    def __init__(self, size: int) -> None:
        self._size = size

    def __len__(self) -> int:
        return self._size

    def __index__(self) -> int:
        return 0  # a bytearray of them is made without them


class _Reader:
    """A file as ``pickletools`` reads it, that never holds more than a little of it.

    Args:
        file: The file, at its beginning.
        limit: The position behind which nothing is read.
    """

    def __init__(self, file: BinaryIO, limit: float) -> None:
        self.file = file
        self._size = min(file.seek(0, io.SEEK_END), limit)
        file.seek(0)

    def tell(self) -> int:
        return self.file.tell()

    def read(self, size: int) -> Any:
        if size <= _MOST_AT_ONCE:
            return self.file.read(size)
        self.skip(size)
        return _Unread(size)

    def readline(self) -> bytes:
        line = self.file.readline(_MOST_AT_ONCE)
        if not line.endswith(b"\n"):
            raise _Lost("a line without an end")
        return line

    def skip(self, size: int) -> None:
        if not 0 <= size <= self._size - self.file.tell():
            raise _Lost("it ends before that")
        self.file.seek(size, io.SEEK_CUR)


def imports_of(path: Path) -> Imports:
    """Tell what the pickles in a file would import.

    Args:
        path: The file.
    """
    finding = _Finding()
    try:
        with path.open("rb") as file:
            _look(file, finding, 0)
    except _FAILURES:
        finding.complete = False
    return Imports(tuple(finding.names), finding.found, finding.complete)


def _look(file: BinaryIO, finding: _Finding, depth: int, limit: float = math.inf) -> None:
    """Look at a file for what it is by its first bytes."""
    start = file.read(512)
    file.seek(0)
    if depth > _DEEPEST:
        finding.complete = False
    elif start.startswith(_ZIP):
        _look_into_zip(file, finding, depth)
    elif start[257:262] == _TAR:
        _look_into_tar(file, finding, depth)
    elif start.startswith(_NPY):
        _look_behind_header(file, finding, limit)
    elif start.startswith(_PROTOCOLS):
        _streams(_Reader(file, limit), finding)
    else:
        for magic, decompressed in _COMPRESSED:
            if start.startswith(magic):
                _look(io.BytesIO(decompressed(file.read(_MOST_BYTES))), finding, depth + 1)
                return
        _streams(_Reader(file, limit), finding)  # the oldest protocols have no beginning of their own


def _look_into_zip(file: BinaryIO, finding: _Finding, depth: int) -> None:
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        finding.complete &= len(members) <= _MOST_MEMBERS
        for member in members[:_MOST_MEMBERS]:
            limit = math.inf if member.compress_type == zipfile.ZIP_STORED else _MOST_BYTES
            try:
                with archive.open(member) as inner:
                    _look(cast("BinaryIO", inner), finding, depth + 1, limit)
            except _FAILURES:
                finding.complete = False


def _look_into_tar(file: BinaryIO, finding: _Finding, depth: int) -> None:
    with tarfile.open(fileobj=file, mode="r:") as archive:
        for number, member in enumerate(archive):
            if number >= _MOST_MEMBERS:
                finding.complete = False
                return
            inner = archive.extractfile(member) if member.isfile() else None
            if inner is not None:
                _look(cast("BinaryIO", inner), finding, depth + 1)


def _look_behind_header(file: BinaryIO, finding: _Finding, limit: float) -> None:
    """Look at an ``.npy`` file: an array of objects is a pickle."""
    file.seek(6)
    wide = file.read(2)[:1] > b"\1"
    size = struct.unpack("<I" if wide else "<H", file.read(4 if wide else 2))[0]
    header = file.read(min(size, _MOST_AT_ONCE))
    start = file.tell()
    try:
        holds_objects = _is_of_objects(ast.literal_eval(header.decode("utf-8" if wide else "latin-1").strip())["descr"])
    except (ValueError, SyntaxError, LookupError, TypeError, MemoryError, RecursionError):
        holds_objects = True  # which dtype it has, numpy would have to say
        finding.complete = False
    if holds_objects:
        finding.found = True
        reader = _Reader(file, limit)
        file.seek(start)
        _streams(reader, finding)


def _is_of_objects(descr: Any) -> bool:
    """Tell whether a dtype, as the header of an ``.npy`` file describes it, is one of objects or has such a field."""
    if isinstance(descr, str):
        return "O" in descr.upper()
    return any(_is_of_objects(field[1]) for field in descr) if isinstance(descr, list) else _is_of_objects(descr[0])


def _streams(file: _Reader, finding: _Finding) -> None:
    """Read one pickle behind the other, until something else comes."""
    first = True
    while True:
        start = file.tell()
        if not first and file.read(2) not in _PROTOCOLS:
            return
        file.file.seek(start)
        names: list[str] = []
        try:
            ended = _stream(file, finding, names)
        except Exception:  # noqa: BLE001 - whatever bytes are given to it, pickletools fails in many ways
            ended = False
            file.file.seek(start)
            is_pickle = bool(names) or not first or file.read(2) in _PROTOCOLS
            finding.found |= is_pickle
            finding.complete &= not is_pickle
        finding.names.update(dict.fromkeys(names))
        if not ended:
            return
        finding.found = True
        first = False


def _stream(file: _Reader, finding: _Finding, names: list[str], depth: int = 0) -> bool:
    """Follow one pickle; tell whether its end was reached."""
    stack: list[Any] = []
    memo: dict[int, Any] = {}
    for opcode, argument, _ in pickletools.genops(cast("Any", file)):
        finding.left -= 1
        if finding.left < 0:
            finding.complete = False
            return False
        names += _names(opcode.name, argument, stack)
        _follow(opcode, argument, stack, memo)
        if opcode.name == "BUILD" and stack and isinstance(stack[-1], _Made):
            _pass_array(file, finding, names, stack[-1], depth)
    return True


def _names(opcode: str, argument: Any, stack: list[Any]) -> Iterator[str]:
    if opcode in ("GLOBAL", "INST"):
        yield str(argument).replace(" ", ".", 1)
    elif opcode == "STACK_GLOBAL":
        yield _joined(stack)
    elif opcode in ("EXT1", "EXT2", "EXT4"):
        yield f"copyreg extension {argument}"


def _joined(stack: list[Any]) -> str:
    module, name = stack[-2:] if len(stack) > 1 else (None, None)
    return f"{module}.{name}" if type(module) is str and type(name) is str else _COMPUTED


def _follow(opcode: Any, argument: Any, stack: list[Any], memo: dict[int, Any]) -> None:
    """Do to the stack what an opcode does, as far as plain values, tuples, dicts and what is looked up go; else ``None`` stands there."""
    name = opcode.name
    if name == "MEMOIZE":
        memo[len(memo)] = stack[-1] if stack else None
        return
    if name in ("PUT", "BINPUT", "LONG_BINPUT"):
        memo[int(argument)] = stack[-1] if stack else None
        return
    if name in ("GET", "BINGET", "LONG_BINGET"):
        stack.append(memo.get(int(argument)))
        return
    if name == "DUP":
        stack.append(stack[-1] if stack else None)
        return
    before, after = opcode.stack_before, opcode.stack_after
    taken: list[Any] = []
    if pickletools.markobject in before or (name == "POP" and stack and stack[-1] is _MARK):
        while stack and (top := stack.pop()) is not _MARK:
            taken.append(top)
        fixed = before.index(pickletools.markobject) if pickletools.markobject in before else 0
    else:
        fixed = len(before)
    taken = [*([None] * (fixed - len(stack))), *stack[max(len(stack) - fixed, 0) :], *reversed(taken)]
    del stack[max(len(stack) - fixed, 0) :]
    if name == "MARK":
        stack.append(_MARK)
    elif after:
        stack += [_result(name, argument, taken)] * len(after)


def _result(name: str, argument: Any, taken: list[Any]) -> Any:
    """Give what an opcode leaves on the stack.

    Args:
        name: Of the opcode.
        argument: Of the opcode.
        taken: What it takes from the stack, the lowest first.
    """
    if name in ("GLOBAL", "STACK_GLOBAL"):
        return _Global(str(argument).replace(" ", ".", 1) if name == "GLOBAL" else _joined(taken))
    if name in ("TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "EMPTY_TUPLE"):
        return tuple(taken)
    if name in ("REDUCE", "NEWOBJ", "NEWOBJ_EX"):
        return _Made(*taken[:2])
    if name in ("NEWTRUE", "NEWFALSE"):
        return name == "NEWTRUE"
    if name == "EMPTY_DICT":
        return {}
    if name in ("DICT", "SETITEM", "SETITEMS"):
        found, items = ({}, taken) if name == "DICT" else (taken[0], taken[1:])
        if isinstance(found, dict):
            found.update((key, value) for key, value in zip(items[::2], items[1::2], strict=False) if isinstance(key, str))
        return found
    if name == "BUILD":
        if isinstance(taken[0], _Made):
            taken[0].state = taken[1]
        return taken[0]
    if name in ("APPEND", "APPENDS", "ADDITEMS"):
        return taken[0]
    return argument if isinstance(argument, (str, int)) else None


def _pass_array(file: _Reader, finding: _Finding, names: list[str], made: _Made, depth: int) -> None:
    """Jump over the bytes of an array, which stand in the pickle right behind what describes it; read those of objects as a pickle."""
    if made.name in _OLD_ARRAYS:  # the array is another file
        finding.complete = False
    if made.name != _ARRAY:
        return
    state = made.state if isinstance(made.state, dict) else {}
    shape, dtype = state.get("shape"), state.get("dtype")
    if not isinstance(shape, tuple) or not all(isinstance(side, int) for side in shape) or not isinstance(dtype, _Made):
        raise _Lost("an array of unknown size")
    size = _item_size(dtype)
    if size is None:
        if depth >= _MOST_NESTED:
            raise _Lost("arrays in arrays without end")
        _stream(file, finding, names, depth + 1)
        return
    if state.get("numpy_array_alignment_bytes") is not None:
        file.skip(int.from_bytes(file.read(1), "little"))
    file.skip(size * math.prod(shape))


def _item_size(dtype: _Made) -> int | None:
    """Give the bytes of one item; ``None`` for objects, and for what has a field of them."""
    code = _ITEM.fullmatch(str(dtype.arguments[0])) if dtype.name == "numpy.dtype" and dtype.arguments else None
    if code is None:
        raise _Lost("a dtype that is none of numpy's")
    state = dtype.state if isinstance(dtype.state, tuple) else ()
    if code[1] == "O" or (len(state) > 7 and isinstance(state[7], int) and state[7] & 1):
        return None
    recorded = state[5] if len(state) > 5 else -1
    if isinstance(recorded, int) and recorded > 0:
        return recorded
    if not code[2]:
        raise _Lost("a dtype without a size")
    return int(code[2]) * (4 if code[1] == "U" else 1)
