"""Weights put into a module of the caller's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from packagers import UnpackError


def load_into(module: torch.nn.Module, state: Mapping[str, Any]) -> torch.nn.Module:
    """Load a state dict into a module, which keeps its dtypes and devices.

    Weights without memory (device ``meta``) are given the tensors themselves: what is mapped from a file is not copied.

    Args:
        module: The module; given back.
        state: Tensors by name.

    Raises:
        UnpackError: Where they do not fit, or it is no module.
    """
    if not isinstance(module, torch.nn.Module):
        raise UnpackError(f"into= takes a module, not a {type(module).__qualname__}")
    own = module.state_dict(keep_vars=True)
    try:
        if any(isinstance(tensor, torch.Tensor) and tensor.is_meta for tensor in own.values()):
            _assign(module, own, state)
        else:
            module.load_state_dict(state)
    except RuntimeError as error:
        raise UnpackError(f"the weights do not fit the module: {error}", remedy="Give into= a module of the same architecture.") from error
    return module


def _assign(module: torch.nn.Module, own: Mapping[str, Any], state: Mapping[str, Any]) -> None:
    """Put tensors in the place of a module's own, and tie again what was one object before."""
    for name, tensor in state.items():
        mine = own.get(name)
        if isinstance(mine, torch.Tensor):
            state = {**state, name: tensor.to(dtype=mine.dtype, device=None if mine.is_meta else mine.device)}
    module.load_state_dict(state, assign=True)
    objects: dict[int, str] = {}
    for name, mine in own.items():
        first = objects.setdefault(id(mine), name)
        if first != name:
            place, _, attribute = name.rpartition(".")
            source, _, other = first.rpartition(".")
            setattr(module.get_submodule(place), attribute, getattr(module.get_submodule(source), other))
