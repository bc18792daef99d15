"""Sparse tensors as the dense tensors that they are made of."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import torch

from packagers import UnpackError

_COMPRESSED = {
    "sparse_csr": (torch.sparse_csr, "crow_indices", "col_indices"),
    "sparse_csc": (torch.sparse_csc, "ccol_indices", "row_indices"),
    "sparse_bsr": (torch.sparse_bsr, "crow_indices", "col_indices"),
    "sparse_bsc": (torch.sparse_bsc, "ccol_indices", "row_indices"),
}


def is_sparse(tensor: torch.Tensor) -> bool:
    """Tell whether the tensor has one of the sparse layouts."""
    return _name(tensor) == "sparse_coo" or _name(tensor) in _COMPRESSED


def take_apart(tensor: torch.Tensor) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Take a sparse tensor apart: its dense tensors by name, and what else :func:`rebuild` needs, as JSON."""
    layout = _name(tensor)
    facts: dict[str, Any] = {"layout": layout, "size": list(tensor.shape)}
    still = tensor.detach()
    if layout == "sparse_coo":
        facts["coalesced"] = still.is_coalesced()
        return {"indices": still._indices(), "values": still._values()}, facts
    _, outer, inner = _COMPRESSED[layout]
    return {outer: getattr(still, outer)(), inner: getattr(still, inner)(), "values": still.values()}, facts


def rebuild(parts: Mapping[str, torch.Tensor], facts: Mapping[str, Any]) -> torch.Tensor:
    """Put a sparse tensor together; the indices are checked, so that a damaged or foreign file cannot reach outside of the values.

    Raises:
        UnpackError: For parts that make no sparse tensor.
    """
    layout, size = facts.get("layout"), facts.get("size")
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Sparse", category=UserWarning)
            values = parts["values"]
            checked: dict[str, Any] = {"device": values.device, "check_invariants": True}
            if layout == "sparse_coo":
                coalesced = bool(facts.get("coalesced")) or None
                return torch.sparse_coo_tensor(parts["indices"], values, size, is_coalesced=coalesced, **checked)
            kind, outer, inner = _COMPRESSED[str(layout)]
            return torch.sparse_compressed_tensor(parts[outer], parts[inner], values, size, layout=kind, **checked)
    except (RuntimeError, KeyError, TypeError) as error:
        raise UnpackError(f"the parts of the sparse tensor do not fit together: {error}") from error


def _name(tensor: torch.Tensor) -> str:
    return str(tensor.layout).removeprefix("torch.")
