"""What torch makes of a module together with example inputs: a program that ``torch.export`` traced, and an ONNX model."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from packagers import PackError, UnpackError
from packagers_torch import devices

OPTIONS = {
    "pt2": ("args", "kwargs", "dynamic_shapes", "strict"),
    "onnx": ("args", "kwargs", "dynamic_shapes", "input_names", "output_names", "opset_version", "external_data"),
}
"""The options of each format, by torch's own names."""
_PIP = 'pip install "packagers-torch[onnx]"'


def check(format: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Give the options that are set, all of which must be those of the format.

    Args:
        format: The format.
        options: All options; ``None`` where one is not set.

    Raises:
        PackError: For an option of another format, and for example inputs that are missing or no tuple.
    """
    given = {name: value for name, value in options.items() if value is not None}
    strange = [name for name in given if name not in OPTIONS.get(format, ())]
    if strange:
        known = " and ".join(name for name, names in OPTIONS.items() if strange[0] in names)
        raise PackError(f"the option {strange[0]!r} is not one of format {format!r}", remedy=f"It goes with {known}.")
    if format in OPTIONS and not isinstance(given.get("args"), tuple):
        raise PackError(
            f"the format {format!r} needs example inputs for the module, as a tuple",
            remedy=f'Give them: LogHint("key", artifact_type="model", packing_kwargs={{"format": "{format}", "args": (x,)}}).',
        )
    return given


def write_pt2(module: torch.nn.Module, path: Path, options: Mapping[str, Any]) -> None:
    """Trace a module and write the program, its weights among it.

    Args:
        module: The module.
        path: The file.
        options: Of ``torch.export.export``.

    Raises:
        PackError: For a module that cannot be traced.
    """
    with _refusing("torch.export cannot take the module"):
        torch.export.save(torch.export.export(module, **options), path)


def read_pt2(path: Path, device: str) -> torch.nn.Module:
    """Read a program; it unpickles, and runs code that torch generates.

    Args:
        path: The file.
        device: Where to put the tensors.

    Raises:
        UnpackError: For a file of another kind, and a device that is not there.
    """
    from torch.export.passes import move_to_device_pass

    device = devices.checked(device)
    try:
        with _quiet():
            program = move_to_device_pass(torch.export.load(path), device)
            found: torch.nn.Module = program.module()
    except Exception as error:  # what a damaged program makes torch do
        raise UnpackError(f"torch cannot read the program: {type(error).__name__}: {error}", file=path) from error
    return found


def write_onnx(module: torch.nn.Module, path: Path, options: Mapping[str, Any]) -> None:
    """Translate a module and write the ONNX model.

    Args:
        module: The module.
        path: The file.
        options: Of ``torch.onnx.export``.

    Raises:
        PackError: For a module that cannot be translated, and where a library is missing.
    """
    try:
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise PackError(f"ONNX models need onnx and onnxscript: {error}", remedy=_PIP) from error
    with _refusing("torch.onnx cannot take the module"):
        torch.onnx.export(module, f=path, dynamo=True, verbose=False, **{"external_data": False, **options})


@contextmanager
def _refusing(what: str) -> Iterator[None]:
    """Turn whatever goes wrong in torch's compilers into a refusal."""
    try:
        with _quiet():
            yield
    except Exception as error:  # what a module makes torch's compilers do
        remedy = "Check the example inputs; what the message says may need changes in forward(). format='module' takes any module."
        raise PackError(f"{what}: {type(error).__name__}: {str(error)[:2000]}", remedy=remedy) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep to itself what torch tells its own authors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        yield
