"""What a manifest says about arrays is small and costs little, whatever they hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

import packagers
from packagers_numpy.arrays import ArrayPackager
from packagers_numpy.groups import ArrayDictPackager, ArrayListPackager
from packagers_numpy.scalars import ScalarPackager
from packagers_numpy.subclasses import MaskedArrayPackager, RecarrayPackager


class Hostile:
    """Cannot be shown, asked for its length, or compared."""

    def _refuse(self, *args: object) -> NoReturn:
        raise AssertionError("nobody is to ask")

    __repr__ = __str__ = __len__ = __eq__ = __bool__ = __format__ = _refuse  # type: ignore[assignment]
    __hash__ = None  # type: ignore[assignment]


class HostileText(str):
    """Is a text that cannot be shown."""

    __slots__ = ()

    def __str__(self) -> str:
        raise AssertionError("nobody is to ask")

    __repr__ = __getitem__ = __str__  # type: ignore[assignment]


def _objects(*items: Any) -> np.ndarray[Any, Any]:
    array = np.empty(len(items), object)
    array[:] = items
    return array


LARGE = np.broadcast_to(np.array("x" * 1000), (10**5, 10**5))
ARRAYS: dict[str, tuple[Any, Any]] = {
    "10 TB": (ArrayPackager, LARGE),
    "10 TB of text as bytes": (ArrayPackager, np.broadcast_to(np.array(b"\xff" * 1000), (10**5, 10**5))),
    "many dimensions": (ArrayPackager, np.ones((1,) * 30)),
    "10,000 fields": (ArrayPackager, np.zeros(3, [(f"field number {i}", "f8") for i in range(10_000)])),
    "long names of fields": (ArrayPackager, np.zeros(3, [("n" * 50_000, "f8"), ("m" * 50_000, "O")])),
    "fields of arrays": (ArrayPackager, np.zeros(3, [("a", "f8", (100, 100))])),
    "long records": (ArrayPackager, np.zeros((2, 2), [("a", "f8", (100, 100))])),
    "hostile objects": (ArrayPackager, _objects(Hostile(), [Hostile()], (Hostile(),), {1: Hostile()}, HostileText("x"), type)),
    "hostile object": (ArrayPackager, np.array(Hostile(), object)),
    "hostile fields": (ArrayPackager, np.array([(1, Hostile())], [("a", "i4"), ("b", "O")])),
    "huge numbers": (ArrayPackager, _objects(1 << 1_000_000, 5, 2**100)),
    "numbers that are no JSON": (ArrayPackager, np.array([np.nan, np.inf])),
    "surrogates": (ArrayPackager, np.array(["\ud800", "\0"])),
    "masked": (MaskedArrayPackager, np.ma.masked_array(np.ones((100, 100)), np.eye(100))),
    "masked records": (MaskedArrayPackager, np.ma.masked_array(np.ones(3, "i4,f8"), [(0, 1), (1, 0), (0, 0)])),
    "masked hostile objects": (MaskedArrayPackager, np.ma.masked_array(_objects(Hostile(), 5), [0, 1])),
    "records": (RecarrayPackager, np.zeros(3, [(f"field number {i}", "f8") for i in range(1000)]).view(np.recarray)),
    "dict": (ArrayDictPackager, {"k" * 100_000 + str(i): LARGE for i in range(1000)}),
    "list": (ArrayListPackager, [LARGE] * 1000),
    "scalar": (ScalarPackager, np.str_("x" * 10**6)),
    "record": (ScalarPackager, np.zeros((), [(f"field number {i}", "f8") for i in range(1000)])[()]),
}
if hasattr(np.dtypes, "StringDType"):  # since NumPy 2
    ARRAYS["variable-width text"] = ArrayPackager, np.array(["x" * 10**6], np.dtypes.StringDType())


@pytest.mark.parametrize("name", ARRAYS)
def test_description_and_preview_are_small(name: str) -> None:
    packager, value = ARRAYS[name]
    for summary in (packager().describe, packager().preview):
        assert len(json.dumps(summary(value), allow_nan=False)) < 20_000


def test_what_is_said() -> None:
    array = np.arange(12, dtype="i2").reshape(3, 4)
    assert ArrayPackager().describe(array) == {"dtype": "int16", "shape": [3, 4], "bytes": 24}
    assert ArrayPackager().preview(array)["table"] == {
        "columns": ["0", "1", "2", "3"],
        "rows": [["0", "1", "2", "3"], ["4", "5", "6", "7"], ["8", "9", "10", "11"]],
        "shape": [3, 4],
    }
    masked = np.ma.masked_array([1, 2], [0, 1])
    assert MaskedArrayPackager().preview(masked)["table"]["rows"] == [["1"], ["--"]]
    assert ArrayPackager().preview(_objects(2**300, [1], None))["table"]["rows"] == [["an int of 301 bits"], ["<list of 1>"], ["None"]]


def test_an_array_of_objects_is_marked_as_code(tmp_path: Path) -> None:
    objects = packagers.pack(np.array([None, {}], object), "objects", tmp_path)
    numbers = packagers.pack(np.arange(3), "numbers", tmp_path)
    assert isinstance(objects, packagers.Artifact)
    assert isinstance(numbers, packagers.Artifact)
    assert objects.manifest.description["read_as"] == "code"
    assert "read_as" not in numbers.manifest.description
