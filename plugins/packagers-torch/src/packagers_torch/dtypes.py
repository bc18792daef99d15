"""How the element types of torch are stored in a safetensors file, and the stand-ins for those that the format does not have."""

from __future__ import annotations

import torch

CODES: dict[torch.dtype, str] = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.complex64: "C64",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.int16: "I16",
    torch.int8: "I8",
    torch.uint64: "U64",
    torch.uint32: "U32",
    torch.uint16: "U16",
    torch.uint8: "U8",
    torch.bool: "BOOL",
    torch.float8_e4m3fn: "F8_E4M3",
    torch.float8_e5m2: "F8_E5M2",
}
"""The types that are stored as they are, by their names in the format."""

_COMPLEX = (torch.complex32, torch.complex128)
_SAME_SIZE = {1: torch.uint8, 2: torch.int16}


def dtype_name(dtype: torch.dtype) -> str:
    """Give the short name, such as ``"float32"``."""
    return str(dtype).removeprefix("torch.")


def dtype_of(name: object) -> torch.dtype | None:
    """Give the type of a short name; ``None`` where this torch has none of that name."""
    found = getattr(torch, name, None) if isinstance(name, str) else None
    return found if isinstance(found, torch.dtype) else None


def has_stand_in(dtype: torch.dtype) -> bool:
    """Tell whether tensors of the type can be stored as another one, bit by bit."""
    return dtype in _COMPLEX or dtype.itemsize in _SAME_SIZE


def to_stored(tensor: torch.Tensor) -> torch.Tensor:
    """View a tensor as a type that the format has: complex numbers as pairs, others as integers of the same size."""
    if tensor.dtype in CODES:
        return tensor
    return torch.view_as_real(tensor) if tensor.dtype in _COMPLEX else tensor.view(_SAME_SIZE[tensor.dtype.itemsize])


def from_stored(tensor: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """View a tensor that :func:`to_stored` gave as the type that it had."""
    viewed = tensor.view(dtype)
    return viewed.squeeze(-1) if dtype in _COMPLEX else viewed
