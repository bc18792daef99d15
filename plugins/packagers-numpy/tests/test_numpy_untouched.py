"""Packing changes nothing of what it packs, whether it succeeds or is refused, in any format."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import packagers


def _masked() -> Any:
    array = np.ma.masked_array(np.arange(4.0), [0, 1, 0, 0])
    return array[:3]  # shares data and mask with the whole


def _mapped() -> Any:
    return np.memmap(Path(__file__), dtype="u1", mode="r", shape=(4, 5))


VALUES: dict[str, Callable[[], Any]] = {
    "table": lambda: np.arange(6.0).reshape(2, 3),
    "backwards": lambda: np.arange(24).reshape(4, 6)[::-2, ::-1],
    "fortran": lambda: np.asfortranarray(np.arange(6).reshape(2, 3)),
    "read-only": lambda: np.broadcast_to(np.arange(3), (2, 3)),
    "big-endian": lambda: np.arange(3, dtype=">i2"),
    "three dimensions": lambda: np.zeros((2, 2, 2)),
    "0-d": lambda: np.array(2.5),
    "empty": lambda: np.empty((0, 3)),
    "complex": lambda: np.array([1j, np.nan]),
    "long double": lambda: np.array([np.longdouble(1) / 3]),
    "records with gaps": lambda: np.frombuffer(bytes(range(48)), np.dtype("i1,i8", align=True)),
    "objects": lambda: np.array([[1], {"a": None}, "x"], object),
    "metadata": lambda: np.zeros(2, np.dtype("i4", metadata={"unit": "m"})),
    "times": lambda: np.array(["NaT", 5], "M8[25us]"),
    "mapped": _mapped,
    "masked": _masked,
    "masked, no fill value yet": lambda: np.ma.masked_array([1, 2], [0, 1]),
    "masked records": lambda: np.ma.masked_array(np.ones(2, "i4,f8"), [(0, 1), (1, 0)], hard_mask=True),
    "record array": lambda: np.rec.array([(1, "x")], names="a,b"),
    "matrix": lambda: np.eye(2).view(np.matrix),
    "dict": lambda: {"a": np.arange(3), "b": np.arange(3)[::-1]},
    "list": lambda: [np.arange(3), np.eye(2)],
    "tuple": lambda: (np.arange(3), np.eye(2)),
    "generator": lambda: np.random.default_rng(5),
    "scalar": lambda: np.float32(0.1),
    "record": lambda: np.ones(1, "i4,f8")[0],
}
if hasattr(np.dtypes, "StringDType"):  # since NumPy 2
    VALUES["variable-width text"] = lambda: np.array(["a", "b" * 100], np.dtypes.StringDType())


def _snapshot(value: Any) -> Any:
    """Give all that may change in a value, as something that can be compared."""
    if isinstance(value, np.ndarray):
        base = value.view(np.ndarray)
        told: list[Any] = [base.tobytes() if not value.dtype.hasobject else repr(base.tolist())]
        while isinstance(base, np.ndarray):
            told += [base.__array_interface__["data"], str(base.flags), base.strides, base.shape, base.dtype, base.dtype.metadata]
            base = base.base  # type: ignore[assignment]
        own = vars(value) if hasattr(value, "__dict__") else {}
        return [*told, {name: (id(item), repr(item)) for name, item in own.items() if name != "_mmap"}]
    if isinstance(value, dict):
        return [(key, id(item), _snapshot(item)) for key, item in value.items()]
    if isinstance(value, (list, tuple)):
        return [(id(item), _snapshot(item)) for item in value]
    if isinstance(value, np.random.Generator):
        return repr(value.bit_generator.state), repr(value.bit_generator.seed_seq)
    return type(value), value.tobytes()


FORMS = [
    *(f"file[format='{format}']" for format in ("npy", "npz", "csv", "txt", "txt.gz", "json")),
    *(f"dataset[format='{format}']" for format in ("parquet", "csv")),
    "file[format='npz', compressed=True]",
    "result",
    "object",
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", VALUES)
def test_it_is_as_before(tmp_path: Path, name: str, form: str) -> None:
    value = VALUES[name]()
    before = _snapshot(value)
    with contextlib.suppress(packagers.PackagersError):
        packagers.pack(value, f"value : {form}", tmp_path)
    assert _snapshot(value) == before


@pytest.mark.parametrize("name", VALUES)
def test_summaries_leave_it_too(name: str) -> None:
    value = VALUES[name]()
    before = _snapshot(value)
    packager: Any = packagers.Registry().find(value).packager
    packager.describe(value)
    packager.preview(value)
    assert _snapshot(value) == before


REFUSED = {
    "three dimensions as csv": (np.zeros((2, 2, 2)), "file[format='csv']", "one or two dimensions"),
    "three dimensions as txt.gz": (np.zeros((2, 2, 2)), "file[format='txt.gz']", "one or two dimensions"),
    "three dimensions as parquet": (np.zeros((2, 2, 2)), "dataset", "one or two dimensions"),
    "no dimensions as parquet": (np.array(1), "dataset", "one or two dimensions"),
    "complex as parquet": (np.array([1j]), "dataset", "complex128"),
    "complex as csv": (np.array([1j]), "file[format='csv']", "real numbers"),
    "text as txt": (np.array(["a"]), "file[format='txt']", "real numbers"),
    "long double as csv": (np.array([np.longdouble(1)]), "dataset[format='csv']", "64 bits"),
    "records as parquet": (np.ones(2, "i4,f8"), "dataset", "no columns"),
    "days as parquet": (np.array(["2020"], "M8[D]"), "dataset", "no columns"),
    "surrogates as parquet": (np.array(["\ud800"]), "dataset", "cannot hold"),
    "nothing as csv": (np.empty((0, 3)), "file[format='csv']", "empty"),
    "objects as a result": (np.array([object()], object), "result", "plain values"),
    "mapped as csv": (_mapped(), "file[format='csv']", "npy"),
    "masked as csv": (_masked(), "file[format='csv']", "npz"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_format_cannot_hold_is_refused_before_a_file_exists(tmp_path: Path, name: str) -> None:
    value, form, reason = REFUSED[name]
    with pytest.raises(packagers.PackagersError, match=reason):
        packagers.pack(value, f"value : {form}", tmp_path)
    assert list(tmp_path.iterdir()) == []


LOSSY = {"npy": False, "npz": False, "csv": True, "txt": True, "txt.gz": True}


@pytest.mark.parametrize("format", LOSSY)
def test_a_format_that_loses_something_says_so(tmp_path: Path, format: str) -> None:
    artifact = packagers.pack(np.asfortranarray(np.eye(3)), f"value : file[format='{format}']", tmp_path)
    assert isinstance(artifact, packagers.Artifact)
    assert artifact.manifest.lossless is not LOSSY[format]
