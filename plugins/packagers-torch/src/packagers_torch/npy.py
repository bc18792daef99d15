"""Tensors as NumPy's ``npy`` files, for the dtypes that NumPy has."""

from __future__ import annotations

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
        array = np.load(path, allow_pickle=False)
        if not array.dtype.isnative:
            array = array.astype(array.dtype.newbyteorder("="))
        return torch.from_numpy(array).to(device)
    except (ValueError, TypeError, EOFError) as error:
        raise UnpackError(f"this npy file makes no tensor: {error}", file=path, remedy="Ask for a numpy.ndarray.") from error


def _numpy(error: type[PackError | UnpackError]) -> ModuleType:
    try:
        import numpy
    except ImportError as cause:
        raise error("npy files need numpy, which is not installed", remedy=_PIP) from cause
    return numpy
