"""Safetensors files: written one tensor at a time with bytes that depend on the tensors alone, read by mapping, or in parts.

The format: eight bytes with the length of the header, the header as JSON (name to dtype, shape and place), the bytes of the tensors.
(https://huggingface.co/docs/safetensors). The ``safetensors`` library reads it; writing is done here, because the library first copies
every tensor that is on a GPU or not contiguous, all at the same time, and writes its metadata in an order of its own.
"""

from __future__ import annotations

import ctypes
import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import safetensors.torch
import torch

from packagers import Packager, PackError, UnpackError
from packagers_torch import devices
from packagers_torch.dtypes import CODES

RESERVED_NAME = "__metadata__"
MAX_HEADER = 100_000_000
_METADATA = {"format": "pt"}

_READ_ONLY = 0x100
_memory = ctypes.pythonapi.PyMemoryView_FromMemory
_memory.argtypes = (ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_int)
_memory.restype = ctypes.py_object


def write(path: Path, tensors: Mapping[str, torch.Tensor]) -> None:
    """Write tensors of stored types (see :mod:`packagers_torch.dtypes`) to a file.

    Args:
        path: The file.
        tensors: By name; any device, any strides. Large elements come first, so that every tensor is aligned.

    Raises:
        PackError: For more tensors than a header has room for.
    """
    ordered = sorted(tensors.items(), key=lambda item: (-item[1].dtype.itemsize, item[0]))
    header: dict[str, Any] = {RESERVED_NAME: _METADATA}
    end = 0
    for name, tensor in ordered:
        start, end = end, end + tensor.numel() * tensor.dtype.itemsize
        header[name] = {"dtype": CODES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [start, end]}
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    if len(text) > MAX_HEADER:
        raise PackError(f"the names of {len(ordered)} tensors do not fit the header of one file", remedy="Pack them in several parts.")
    with Packager.create_file(path.parent, path.name) as file:
        file.write(len(text).to_bytes(8, "little"))
        file.write(text)
        for _, tensor in ordered:
            _write_bytes(file, tensor)


def _write_bytes(file: BinaryIO, tensor: torch.Tensor) -> None:
    """Append the elements in row-major order."""
    here = tensor.detach().cpu().contiguous()
    if here.numel():
        file.write(_memory(here.data_ptr(), here.numel() * here.dtype.itemsize, _READ_ONLY))


class _Ranges:
    """Reads single tensors out of an open file, and no more of it than its header and their bytes; has the names of ``safe_open``.

    Args:
        file: The file, at its start.
        device: Where the tensors are to be put.
    """

    def __init__(self, file: BinaryIO, device: str) -> None:
        self._file = file
        self._device = device
        length = int.from_bytes(self._bytes(0, 8), "little")
        if length > MAX_HEADER:
            raise ValueError("its header is too long")
        header = json.loads(self._bytes(8, length))
        header.pop(RESERVED_NAME, None)
        self._start = 8 + length
        self._entries: dict[str, Any] = dict(sorted(header.items(), key=lambda item: item[1]["data_offsets"]))

    def offset_keys(self) -> list[str]:
        """List the names in the order of their bytes."""
        return list(self._entries)

    def get_tensor(self, name: str) -> torch.Tensor:
        """Give a tensor: the library reads it, out of a file that is made of its bytes alone."""
        entry = self._entries[name]
        start, end = entry["data_offsets"]
        text = json.dumps({name: {**entry, "data_offsets": [0, end - start]}}).encode()
        content = self._bytes(self._start + start, end - start)
        return safetensors.torch.load(len(text).to_bytes(8, "little") + text + content)[name].to(self._device)

    def _bytes(self, start: int, size: int) -> bytes:
        self._file.seek(start)
        found = self._file.read(size) if size >= 0 else b""
        if len(found) != size:
            raise ValueError("it ends too early")
        return found


class Reader:
    """The tensors of some open files.

    Args:
        handles: One a file: ``safe_open``'s, or one that reads parts.
    """

    def __init__(self, handles: list[Any]) -> None:
        self._by_name: dict[str, Any] = {name: handle for handle in handles for name in handle.offset_keys()}
        self.names = tuple(self._by_name)

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def get(self, name: str) -> torch.Tensor:
        """Give a tensor; of a mapped file its bytes are read when they are needed, and changes never reach the file."""
        if name not in self._by_name:
            raise UnpackError(f"the file holds no tensor {name!r}", remedy=f"It holds: {', '.join(map(repr, self.names[:10])) or 'none'}.")
        found: torch.Tensor = self._by_name[name].get_tensor(name)
        return found


@contextmanager
def reading(*paths: Path, device: str = "cpu") -> Iterator[Reader]:
    """Open safetensors files.

    Args:
        *paths: The files.
        device: Where the tensors are to be put, such as ``"cuda:0"``.

    Raises:
        UnpackError: For a file of another format, and a device that is not there.
    """
    device = devices.checked(device)
    with ExitStack() as stack:
        handles = []
        for path in paths:
            try:
                handles.append(stack.enter_context(safetensors.safe_open(path, framework="pt", device=device)))
            except safetensors.SafetensorError as error:
                raise UnpackError(f"this is no safetensors file: {error}", file=path) from error
        yield Reader(handles)


@contextmanager
def reading_parts(file: BinaryIO, *, device: str = "cpu") -> Iterator[Reader]:
    """Read some tensors of a safetensors file, and close it.

    Args:
        file: The open file.
        device: Where the tensors are to be put, such as ``"cuda:0"``.

    Raises:
        UnpackError: For a file of another format, and a device that is not there.
    """
    with file:
        device = devices.checked(device)
        try:
            yield Reader([_Ranges(file, device)])
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, safetensors.SafetensorError) as error:
            raise UnpackError(f"this is no safetensors file: {error}") from error
