"""Plain ``.pt`` and ``.pth`` files: what ``torch.save`` wrote of tensors, and nothing that needs a class."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from packagers import UnpackError
from packagers_torch import devices

FORMATS = ("pt", "pth")
"""Counted as code, though only tensors and containers are built: torch's own reader has had holes."""


def load(path: Path, device: str) -> Any:
    """Read what a file holds: tensors, and plain values and containers around them.

    Args:
        path: The file.
        device: Where to put the tensors, such as ``"cuda:0"``.

    Raises:
        UnpackError: For a file that holds more than that, or is none of torch's, and a device that is not there.
    """
    device = devices.checked(device)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Detected pickle protocol", category=UserWarning)
            return torch.load(path, map_location=device, weights_only=True)
    except pickle.UnpicklingError as error:
        reason = str(error).partition("\n")[0][:300]
        raise UnpackError(
            f"the file holds more than tensors, or is damaged: {reason}",
            file=path,
            remedy="Load it with torch.load(…, weights_only=False) if you trust it, and pack what it gives.",
        ) from error
    except (RuntimeError, EOFError, ValueError, LookupError, AttributeError, TypeError) as error:
        raise UnpackError(f"this is no file of torch.save: {type(error).__name__}: {error}", file=path) from error


def tensor(path: Path, device: str) -> torch.Tensor:
    """Read a file that holds one tensor.

    Raises:
        UnpackError: Where it holds something else.
    """
    found = load(path, device)
    if not isinstance(found, torch.Tensor):
        raise UnpackError(f"one tensor is asked for, and the file holds a {type(found).__qualname__}", file=path)
    return found


def state_dict(path: Path, device: str, keys: Sequence[str] | None = None) -> tuple[dict[str, torch.Tensor], list[Any] | None]:
    """Read a file that holds tensors by name; gives them, and the ``_metadata`` of a state dict as pairs.

    Args:
        path: The file.
        device: Where to put them.
        keys: Only these.

    Raises:
        UnpackError: Where it holds something else, and for keys that are not there.
    """
    found = load(path, device)
    if not isinstance(found, dict):
        raise UnpackError(f"tensors by name are asked for, and the file holds a {type(found).__qualname__}", file=path)
    wanted = list(found) if keys is None else list(keys)
    for key in wanted:
        if not isinstance(key, str) or not isinstance(found.get(key), torch.Tensor):
            remedy = f"keys=[…] takes those that are: {', '.join(repr(k) for k, v in found.items() if isinstance(v, torch.Tensor))[:400]}."
            raise UnpackError(f"the file holds no tensor {key!r}", file=path, remedy=remedy)
    metadata = getattr(found, "_metadata", None)
    return {key: found[key] for key in wanted}, None if metadata is None else list(metadata.items())
