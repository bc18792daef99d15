"""What a pickle would import, told from its opcodes; nothing of it is executed.

Pickles are looked for where they stand in files: at the beginning, one behind the other, in the members of a zip (torch), behind the
header of an ``.npy`` file, and compressed as a whole (joblib).
"""

from __future__ import annotations

import bz2
import io
import lzma
import pickletools
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

_MOST_OPCODES = 5_000_000
_MOST_BYTES = 256 << 20
"""Of what is compressed; of other files there is no limit but that of opcodes."""
_MOST_MEMBERS = 10_000
_DEEPEST = 3
_PROTOCOLS = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))
_ZIP, _NPY = b"PK\3\4", b"\x93NUMPY"
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
_MARK: Any = object()


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


def imports_of(path: Path) -> Imports:
    """Tell what the pickles in a file would import.

    Args:
        path: The file.
    """
    finding = _Finding()
    try:
        with path.open("rb") as file:
            _look(file, finding, 0)
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError, RuntimeError):
        finding.complete = False
    return Imports(tuple(finding.names), finding.found, finding.complete)


def _look(file: BinaryIO, finding: _Finding, depth: int) -> None:
    """Look at a file for what it is by its first bytes."""
    start = file.read(8)
    file.seek(0)
    if depth > _DEEPEST:
        finding.complete = False
    elif start.startswith(_ZIP):
        _look_into_zip(file, finding, depth)
    elif start.startswith(_NPY):
        wide = start[6] > 1
        file.seek(8)
        size = struct.unpack("<I" if wide else "<H", file.read(4 if wide else 2))[0]
        header = file.read(size)
        if b"|O" in header or b"'O'" in header:  # an array of objects, which is a pickle
            finding.found = True
            _streams(file, finding)
    elif start.startswith(_PROTOCOLS):
        _streams(file, finding)
    else:
        for magic, decompressed in _COMPRESSED:
            if start.startswith(magic):
                _look(io.BytesIO(decompressed(file.read(_MOST_BYTES))), finding, depth + 1)
                return
        _streams(file, finding)  # the oldest protocols have no beginning of their own


def _look_into_zip(file: BinaryIO, finding: _Finding, depth: int) -> None:
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        finding.complete &= len(members) <= _MOST_MEMBERS
        for member in members[:_MOST_MEMBERS]:
            with archive.open(member) as inner:
                start = inner.read(2)
            if start in _PROTOCOLS or member.filename.endswith((".pkl", ".pickle", ".npy")):
                with archive.open(member) as inner:
                    finding.complete &= member.file_size <= _MOST_BYTES
                    _look(io.BytesIO(inner.read(_MOST_BYTES)), finding, depth + 1)


def _streams(file: BinaryIO, finding: _Finding) -> None:
    """Read one pickle behind the other, until something else comes."""
    first = True
    while True:
        start = file.tell()
        if not first and file.read(2) not in _PROTOCOLS:
            return
        file.seek(start)
        names: list[str] = []
        try:
            ended = _stream(file, finding, names)
        except Exception:  # noqa: BLE001 - whatever bytes are given to it, pickletools fails in many ways
            ended = False
            is_pickle = bool(names) or not first
            file.seek(start)
            is_pickle |= file.read(2) in _PROTOCOLS
            finding.found |= is_pickle
            finding.complete &= not is_pickle
        finding.names.update(dict.fromkeys(names))
        if not ended:
            return
        finding.found = True
        first = False


def _stream(file: BinaryIO, finding: _Finding, names: list[str]) -> bool:
    """Follow one pickle; tell whether its end was reached."""
    stack: list[Any] = []
    memo: dict[int, Any] = {}
    for opcode, argument, _ in pickletools.genops(file):
        finding.left -= 1
        if finding.left < 0:
            finding.complete = False
            return False
        names += _names(opcode.name, argument, stack)
        _follow(opcode, argument, stack, memo)
    return True


def _names(opcode: str, argument: Any, stack: list[Any]) -> Iterator[str]:
    if opcode in ("GLOBAL", "INST"):
        yield str(argument).replace(" ", ".", 1)
    elif opcode == "STACK_GLOBAL":
        module, name = stack[-2:] if len(stack) > 1 else (None, None)
        yield f"{module}.{name}" if isinstance(module, str) and isinstance(name, str) else _COMPUTED
    elif opcode in ("EXT1", "EXT2", "EXT4"):
        yield f"copyreg extension {argument}"


def _follow(opcode: Any, argument: Any, stack: list[Any], memo: dict[int, Any]) -> None:
    """Do to the stack what an opcode does, as far as texts go; everything else is ``None`` there."""
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
    if pickletools.markobject in before or (name == "POP" and stack and stack[-1] is _MARK):
        while stack and stack.pop() is not _MARK:
            pass
        fixed = before.index(pickletools.markobject) if pickletools.markobject in before else 0
    else:
        fixed = len(before)
    del stack[max(len(stack) - fixed, 0) :]
    if name == "MARK":
        stack.append(_MARK)
    else:
        stack += [argument if isinstance(argument, str) else None] * len(after)
