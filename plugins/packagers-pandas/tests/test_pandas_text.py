"""Text asked for by name does what pandas does; plain files are read with pandas' own options."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from packagers import PackError, UnpackError
from packagers_pandas.frames import DataFramePackager
from packagers_pandas.series import SeriesPackager

PACKAGER = DataFramePackager()
PLAIN = pd.DataFrame({"a": [1, 2], "b": [1 / 3, 0.1], "c": ["x", 'y,\n"z"']})


@pytest.mark.parametrize("format", ["csv", "json", "jsonl"])
def test_a_plain_frame_comes_back(trip: Any, format: str) -> None:
    pd.testing.assert_frame_equal(trip(PACKAGER, PLAIN, format=format), PLAIN, check_exact=format == "csv")


@pytest.mark.parametrize(
    "frame",
    [
        PLAIN.set_index("c"),
        PLAIN.set_index(["c", "a"]),
        PLAIN.rename(index={0: 5}),
        PLAIN.rename_axis("n"),
        PLAIN.set_axis(pd.RangeIndex(1, 5, 2)),
        PLAIN[["a"]].set_axis(pd.MultiIndex.from_tuples([("x", "y")], names=["l", "m"]), axis=1),
    ],
)
def test_an_index_that_says_something_is_written_too(trip: Any, frame: Any) -> None:
    pd.testing.assert_frame_equal(trip(PACKAGER, frame, format="csv"), frame, check_index_type=False)


@pytest.mark.parametrize(
    "options",
    [{"sep": ";"}, {"decimal": ",", "sep": ";"}, {"encoding": "utf-16"}, {"quotechar": "'"}, {"na_rep": "NULL"}, {"index": True}],
)
def test_options_of_to_csv_are_undone(trip: Any, options: dict[str, Any]) -> None:
    pd.testing.assert_frame_equal(trip(PACKAGER, PLAIN, format="csv", **options), PLAIN)


def test_float_format_and_date_format(tmp_path: Path) -> None:
    frame = pd.DataFrame({"f": [0.123], "t": pd.to_datetime(["2020-05-01"])})
    PACKAGER.pack_file(frame, tmp_path, format="csv", float_format="%.1f", date_format="%Y")
    assert (tmp_path / "table.csv").read_bytes() == b"f,t\n0.1,2020\n"


@pytest.mark.parametrize("orient", ["columns", "index", "records", "split", "values", "table"])
def test_orients_of_json(trip: Any, orient: str) -> None:
    back = trip(PACKAGER, PLAIN, format="json", orient=orient)
    assert back.shape == PLAIN.shape


def test_what_json_cannot_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="JSON cannot hold"):
        PACKAGER.pack_dataset(pd.DataFrame([[1, 2]], columns=["a", "a"]), tmp_path, format="json")


def test_text_that_utf8_cannot_hold_is_refused(tmp_path: Path) -> None:
    odd = pd.Series(["\ud800"], dtype=object)
    for frame in (pd.DataFrame({"a": odd}), pd.DataFrame({"a": [1]}, index=pd.Index(odd)), pd.DataFrame([[1]], columns=pd.Index(odd))):
        for format in ("csv", "json", "jsonl"):
            with pytest.raises(PackError):
                PACKAGER.pack_dataset(frame, tmp_path, format=format)


def test_what_would_leave_nothing_to_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="without columns"):
        PACKAGER.pack_dataset(pd.DataFrame(index=range(3)), tmp_path, format="csv")
    for format, options in (("jsonl", {}), ("json", {"orient": "records"})):
        with pytest.raises(PackError, match="without rows"):
            PACKAGER.pack_dataset(PLAIN.iloc[:0], tmp_path, format=format, **options)
    assert not list(tmp_path.iterdir())


def test_options_of_read_csv(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("# note\n1;01;2020-05-01;NULL\n2;02;2020-05-02;3,5\n")
    frame = PACKAGER.unpack_dataset(
        tmp_path,
        format="csv",
        sep=";",
        header=None,
        names=["a", "b", "t", "v"],
        dtype={"b": "str"},
        parse_dates=["t"],
        na_values=["NULL"],
        decimal=",",
        comment="#",
        index_col="a",
    )
    expected = pd.DataFrame(
        {"b": ["01", "02"], "t": pd.to_datetime(["2020-05-01", "2020-05-02"]), "v": [np.nan, 3.5]}, index=pd.Index([1, 2], name="a")
    )
    pd.testing.assert_frame_equal(frame, expected, check_dtype=False)
    assert PACKAGER.unpack_dataset(tmp_path, format="csv", sep=";", header=None, comment="#").shape == (2, 4)


def test_a_compressed_file_is_read(tmp_path: Path) -> None:
    PLAIN.to_csv(tmp_path / "x.csv.gz", index=False)
    pd.testing.assert_frame_equal(PACKAGER.unpack_dataset(tmp_path, format="csv"), PLAIN)


@pytest.mark.parametrize(
    ("format", "text"), [("csv", ""), ("csv", 'a,b\n1,2,3\n4\n"'), ("json", "{"), ("json", "5"), ("jsonl", "x"), ("csv", "\ud800")]
)
def test_text_that_is_no_table_is_an_unpack_error(tmp_path: Path, format: str, text: str) -> None:
    (tmp_path / f"x.{format}").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(UnpackError):
        PACKAGER.unpack_dataset(tmp_path, format=format)


def test_an_unknown_encoding_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackError):
        PACKAGER.pack_dataset(pd.DataFrame({"a": ["日本"]}), tmp_path, format="csv", encoding="ascii")
    PACKAGER.pack_dataset(PLAIN, tmp_path, format="csv")
    with pytest.raises(UnpackError):
        PACKAGER.unpack_dataset(tmp_path, format="csv", encoding="no such encoding")


def test_a_series_from_csv(trip: Any, tmp_path: Path) -> None:
    series = pd.Series([1.5, 2.5], index=["x", "y"], name="v")
    pd.testing.assert_series_equal(trip(SeriesPackager(), series, "file", format="csv"), series)
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    pd.testing.assert_series_equal(SeriesPackager().unpack_file(tmp_path, format="csv", columns=["b"]), pd.Series([2], name="b"))
    with pytest.raises(UnpackError, match="2 columns"):
        SeriesPackager().unpack_file(tmp_path, format="csv")


def test_numbers_of_json_keep_their_digits(trip: Any) -> None:
    frame = pd.DataFrame({"a": [0.1, 1 / 3, 2**53]})
    np.testing.assert_allclose(trip(PACKAGER, frame, format="json")["a"], frame["a"], rtol=1e-14)
