"""Bounded descriptions and previews of tensors."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

import torch

from packagers_torch.dtypes import dtype_name

MAX_ROWS = 50
MAX_TEXT = 4096
MAX_CELL = 200
MAX_PRINTED = 1000
MAX_SHOWN = 20


def describe_tensor(tensor: torch.Tensor) -> dict[str, Any]:
    """Give type, shape and place of a tensor."""
    facts: dict[str, Any] = {"dtype": dtype_name(tensor.dtype), "shape": list(tensor.shape), "device": str(tensor.device)}
    if tensor.requires_grad:
        facts["requires_grad"] = True
    if tensor.layout is not torch.strided:
        facts["layout"] = str(tensor.layout).removeprefix("torch.")
    return facts


def preview_tensor(tensor: torch.Tensor) -> dict[str, Any]:
    """Give the text that torch prints; of a large tensor only its first corner is looked at, for torch would convert all of it."""
    shown = tensor.detach()
    is_part = shown.numel() > MAX_PRINTED and shown.layout is torch.strided
    try:
        if is_part:
            while shown.dim() > 2:
                shown = shown[0]
            shown = shown[(slice(MAX_SHOWN),) * shown.dim()]
        elif shown.layout is not torch.strided and shown._nnz() > MAX_PRINTED:
            return {}
        return {"text": ("The first elements:\n" if is_part else "") + str(shown)[:MAX_TEXT]}
    except (RuntimeError, NotImplementedError):  # torch cannot print all of its dtypes
        return {}


def describe_tensors(tensors: Iterable[torch.Tensor]) -> dict[str, Any]:
    """Give number and size of some tensors."""
    number = elements = size = 0
    for tensor in tensors:
        number += 1
        elements += tensor.numel()
        size += tensor.numel() * tensor.dtype.itemsize
    return {"tensors": number, "elements": elements, "bytes": size}


def preview_tensors(named: Iterable[tuple[str, torch.Tensor]]) -> dict[str, Any]:
    """Give a table of the first tensors."""
    rows = [[name[:MAX_CELL], dtype_name(tensor.dtype), " x ".join(map(str, tensor.shape))] for name, tensor in islice(named, MAX_ROWS)]
    return {"table": {"columns": ["name", "dtype", "shape"], "rows": rows}}
