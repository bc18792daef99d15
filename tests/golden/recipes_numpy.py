"""Golden values of packagers-numpy."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import Any

import numpy as np
from recipe import Recipe, chunks, forms

RECORD = np.dtype([("a", "<i4"), ("b", [("c", ">f8"), ("d", "U3")], (2,))])


def _memmap() -> Any:
    with tempfile.TemporaryFile() as file:
        made = np.memmap(file, "<i2", "w+", shape=(2, 3))
    made[:] = [[1, 2, 3], [4, 5, 6]]
    return made


def _same_items(left: Any, right: Any) -> bool:
    return bool(left.dtype == right.dtype and left.shape == right.shape and (left == right).all())


def _masked() -> Any:
    return np.ma.MaskedArray([1.5, 2.5, 3.5], mask=[False, True, False], fill_value=-1.0, hard_mask=True)


def _generator() -> Any:
    made = np.random.Generator(np.random.PCG64(7))
    made.random(3)
    return made


def _draws(left: Any, right: Any) -> bool:
    return bool(type(left.bit_generator) is type(right.bit_generator) and (left.random(5) == right.random(5)).all())


def _table() -> Any:
    return np.array([[1.5, 2.0], [-3.25, 1e300]])


def _arrays() -> dict[str, Any]:
    return {"file": np.arange(3), "": np.eye(2, dtype="f4"), "ö/..": np.array("x")}


def _list() -> list[Any]:
    return [np.arange(3), np.zeros((0, 2)), np.array(5.0)]


def _stream() -> Iterator[Any]:
    return iter([np.arange(3), np.arange(2)])


_ARRAY = Recipe("numpy.ndarray", lambda: np.arange(6, dtype=">i4").reshape(2, 3))
_PLAIN = Recipe("numpy.ndarray", _table)

RECIPES: dict[str, Recipe] = {
    "array": _ARRAY,
    "array-structured": Recipe("numpy.ndarray", lambda: np.ones((2, 2), RECORD)),
    "array-dates": Recipe("numpy.ndarray", lambda: np.array(["NaT", "2026-01-01"], "M8[D]")),
    "array-text": Recipe("numpy.ndarray", lambda: np.array(["", "Zürich"])),
    "array-complex": Recipe("numpy.ndarray", lambda: np.array([1 + 2j, -0.0])),
    "array-bool": Recipe("numpy.ndarray", lambda: np.array([[True], [False]])),
    "array-half": Recipe("numpy.ndarray", lambda: np.array([1.5, np.nan], "f2")),
    "array-scalar": Recipe("numpy.ndarray", lambda: np.array(5)),
    "array-empty": Recipe("numpy.ndarray", lambda: np.zeros((0, 3))),
    "array-fortran": Recipe("numpy.ndarray", lambda: np.asfortranarray(np.arange(6.0).reshape(2, 3))),
    "array-objects": Recipe("numpy.ndarray", lambda: np.array([1, "a", None, (2, 3)], dtype=object), trust="all"),
    **forms("array", _ARRAY, ["file:npz", "result"]),
    **forms("array", _PLAIN, ["file:csv", "file:txt", "file:txt.gz", "dataset:parquet", "dataset:csv"]),
    "array-object": Recipe("numpy.ndarray", _table, "object", trust="all"),
    "memmap": Recipe("numpy.memmap", _memmap),
    "masked": Recipe("numpy.ma.MaskedArray", _masked),
    "recarray": Recipe("numpy.recarray", lambda: np.rec.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")])),
    "recarray-object": Recipe("numpy.recarray", lambda: np.rec.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")]), "object", trust="all"),
    "matrix": Recipe("numpy.matrix", lambda: np.arange(4).reshape(2, 2).view(np.matrix)),
    "float32": Recipe("numpy.generic", lambda: np.float32(1.1)),
    "datetime64": Recipe("numpy.generic", lambda: np.datetime64("2026-01-01T00:00:00.5", "ms")),
    "void": Recipe("numpy.generic", lambda: np.ones(1, RECORD)[0]),
    "float32-object": Recipe("numpy.generic", lambda: np.float32(1.1), "object", trust="all"),
    "matrix-object": Recipe("numpy.matrix", lambda: np.arange(4).reshape(2, 2).view(np.matrix), "object", trust="all"),
    "dtype": Recipe("numpy.dtype", lambda: RECORD),
    "generator": Recipe("numpy.random.Generator", _generator, same=_draws),
    "generator-object": Recipe("numpy.random.Generator", _generator, "object", same=_draws, trust="all"),
    "generator-result": Recipe("numpy.random.Generator", _generator, "result", same=_draws),
    "arrays-by-name": Recipe("dict[str, numpy.ndarray]", _arrays),
    "arrays-by-name-result": Recipe("dict[str, numpy.ndarray]", _arrays, "result"),
    "arrays": Recipe("list[numpy.ndarray]", _list),
    "arrays-result": Recipe("list[numpy.ndarray]", _list, "result"),
    "arrays-in-a-tuple": Recipe("tuple[numpy.ndarray, ...]", lambda: tuple(_list())),
    "arrays-in-a-tuple-result": Recipe("tuple[numpy.ndarray, ...]", lambda: tuple(_list()), "result"),
    "arrays-in-a-dict": Recipe("dict", lambda: {"a": [np.arange(3)], 2: {"b": np.eye(2), "n": 1}}),
    "stream": Recipe("Iterator[numpy.ndarray]", _stream, same=chunks, hint=Iterator[np.ndarray]),
}
