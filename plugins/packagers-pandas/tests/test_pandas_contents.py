"""What a frame holds is the same, whichever way it is taken out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from packagers_pandas import columns
from packagers_pandas.contents import arrays_of, values_of


def a_frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "whole": [1, 2, 3],
            "more": [4, 5, 6],
            "real": [0.5, np.nan, -0.0],
            "time": pd.to_datetime(["2026-01-01", None, "2026-03-01"]),
            "zone": pd.to_datetime(["2026-01-01", None, "2026-03-01"]).tz_localize("Europe/Vienna"),
            "span": pd.to_timedelta([1, 2, 3], unit="s"),
            "text": ["a", None, "ü"],
            "any": pd.Series([1, "b", None], dtype=object),
            "group": pd.Categorical(["x", "y", "x"]),
            "masked": pd.array([1, None, 3], dtype="Int64"),
        }
    )


class WithoutShortcut(pd.DataFrame):
    _iter_column_arrays = None


def test_columns_are_those_of_series_with_and_without_the_shortcut() -> None:
    frame = a_frame()
    for arrays in (arrays_of(frame), arrays_of(WithoutShortcut(frame))):
        assert len(arrays) == frame.shape[1]
        for array, (_, series) in zip(arrays, frame.items(), strict=True):
            pd.testing.assert_series_equal(pd.Series(array, name=series.name), series)


@pytest.mark.parametrize("storage", ["python", "pyarrow"])
@pytest.mark.parametrize("missing", [np.nan, pd.NA])
def test_missing_texts_are_what_the_dtype_says(storage: str, missing: object) -> None:
    dtype = pd.StringDtype(storage, na_value=missing)
    array = pd.array(["a", None, "ü"], dtype=dtype)
    for held in (array, pd.Index(array)):
        values = values_of(held)
        assert (values[0], values[2]) == ("a", "ü")
        assert values[1] is missing
        assert [type(value) for value in values] == [type(value) for value in array]


def test_other_values_are_those_of_iteration() -> None:
    frame = a_frame()
    for name in ("time", "zone", "span", "group", "masked"):
        assert list(map(repr, values_of(frame[name].array))) == list(map(repr, frame[name].array))
    assert values_of(pd.RangeIndex(2, 8, 3)) == [2, 5]
    assert values_of(pd.MultiIndex.from_product([["a"], [1, 2]])) == [("a", 1), ("a", 2)]


def test_times_and_codes_that_are_all_there_are_shared_with_arrow() -> None:
    moments = pd.to_datetime(pd.Series(["2026-01-01", "2026-03-01"])).array
    groups = pd.Categorical(["x", "y", "x"])
    for values, memory in ((moments, moments.view("i8")), (groups, groups.codes)):
        data = columns.encode(values, "a column")[0]
        numbers = data.indices if isinstance(data, pa.DictionaryArray) else data
        assert numbers.buffers()[1].address == memory.ctypes.data
    for values in (pd.to_datetime(pd.Series(["2026-01-01", None])).array, pd.Categorical(["x", None])):
        assert columns.encode(values, "a column")[0].null_count == 1
