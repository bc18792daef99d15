"""A value of each built-in type, by its generation: what is packed over it differs."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))

import sample_types


def _folder(generation: int) -> Path:
    folder = Path(tempfile.mkdtemp()) / "folder"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.txt").write_text(f"{name}{generation}" * 1000)
    return folder


def _stream(generation: int) -> Iterator[bytes]:
    for index in range(3):
        yield bytes([generation + index]) * 1000


def _array(generation: int) -> Any:
    import numpy

    return numpy.full(5000, generation)


def _frame(generation: int) -> Any:
    import pandas

    return pandas.DataFrame({"number": [generation] * 500, "text": ["x", "y"] * 250})


def _table(generation: int) -> Any:
    import pyarrow

    return pyarrow.table({"number": [generation] * 500})


def _model(generation: int) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=1 + generation).fit([[0], [1], [2], [3]], [0, 0, 1, 1])


def _tensor(generation: int) -> Any:
    import torch

    return torch.full((500,), generation)


def _module(generation: int) -> Any:
    import torch

    module = torch.nn.Linear(3, 2)
    torch.nn.init.constant_(module.weight, generation)
    return module


def _figure(generation: int) -> Any:
    from matplotlib.figure import Figure

    figure = Figure()
    figure.subplots().plot([0, generation])
    return figure


VALUES: dict[str, Callable[[int], Any]] = {
    "bytes": lambda generation: bytes([generation]) * 200_000,
    "result": lambda generation: {"count": generation},
    "container": lambda generation: {"count": generation, "many": [bytes([generation]) * 70_000, bytes([generation + 1]) * 70_000]},
    "long list": lambda generation: [generation] * 40_000,
    "record": lambda generation: sample_types.Layer(generation, [bytes([generation]) * 70_000]),
    "folder": _folder,
    "object": lambda generation: sample_types.Holder(generation),
    "stream": _stream,
    "array": _array,
    "arrays": lambda generation: {"a": _array(generation), "b": _array(generation + 1)},
    "frame": _frame,
    "table": _table,
    "model": _model,
    "tensor": _tensor,
    "module": _module,
    "figure": _figure,
    "run": lambda generation: (generation, [bytes([generation]) * 70_000, bytes([generation + 1]) * 70_000]),
}
