"""Where tensors are put when they are read."""

from __future__ import annotations

import torch

from packagers import UnpackError


def checked(device: object) -> str:
    """Give the name of a device that tensors can be put on.

    Args:
        device: Its name, such as ``"cuda:0"``, or a ``torch.device``.

    Raises:
        UnpackError: Where there is none of that name here, or none that holds data.
    """
    name = str(device)
    if name == "cpu":
        return name
    try:
        made = torch.empty(1, device=name)
    except (RuntimeError, AssertionError, NotImplementedError, ImportError) as error:
        reason = str(error).partition("\n")[0]
        raise UnpackError(f"tensors cannot be put on the device {name!r}: {reason}", remedy='Leave device out, or give "cpu".') from error
    if made.is_meta:
        raise UnpackError("the device 'meta' holds no data", remedy='Leave device out, or give "cpu".')
    return name
