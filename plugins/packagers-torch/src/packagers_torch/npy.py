"""Tensors as NumPy's ``npy`` files, for the dtypes that NumPy has."""

from __future__ import annotations

import math
from pathlib import Path
from types import ModuleType

import torch

from packagers import PackError, UnpackError
from packagers_torch import devices

_PIP = 'pip install "packagers-torch[numpy]"'


def write(tensor: torch.Tensor, path: Path) -> None:
    """Write a tensor's elements in row-major order.

    Args:
        tensor: A dense tensor on any device.
        path: The file.

    Raises:
        PackError: For a dtype that NumPy does not have, and where NumPy is missing.
    """
    np = _numpy(PackError)
    try:
        array = tensor.detach().resolve_conj().resolve_neg().cpu().numpy()
    except TypeError as error:
        raise PackError(f"numpy has no dtype for {tensor.dtype}", remedy='Pack it as safetensors: "key : file".') from error
    np.save(path, np.asarray(array, order="C"), allow_pickle=False)


def read(path: Path, device: str) -> torch.Tensor:
    """Read an array of numbers, by whomever it was written.

    Args:
        path: The file.
        device: Where to put the tensor.

    Raises:
        UnpackError: For an array that makes no tensor, and where NumPy is missing.
    """
    np, device = _numpy(UnpackError), devices.checked(device)
    try:
        _check_size(np, path)
        array = np.load(path, allow_pickle=False)
        if not array.dtype.isnative:
            array = array.astype(array.dtype.newbyteorder("="))
        return torch.from_numpy(array).to(device)
    except (ValueError, TypeError, EOFError) as error:
        raise UnpackError(f"this npy file makes no tensor: {error}", file=path, remedy="Ask for a numpy.ndarray.") from error


def _check_size(np: ModuleType, path: Path) -> None:
    """Refuse a header that says more or less than the file holds: NumPy makes room for what it says before it reads."""
    form, size = np.lib.format, path.stat().st_size
    with path.open("rb") as stream:
        is_first = form.read_magic(stream) == (1, 0)
        if int.from_bytes(stream.read(2 if is_first else 4), "little") > size:
            raise ValueError("its header is longer than the file")
        stream.seek(form.MAGIC_LEN)
        shape, _, dtype = (form.read_array_header_1_0 if is_first else form.read_array_header_2_0)(stream)
        if not dtype.hasobject and size - stream.tell() != math.prod(shape) * dtype.itemsize:
            raise ValueError("its data is shorter or longer than its header says")


def _numpy(error: type[PackError | UnpackError]) -> ModuleType:
    try:
        import numpy
    except ImportError as cause:
        raise error("npy files need numpy, which is not installed", remedy=_PIP) from cause
    return numpy
