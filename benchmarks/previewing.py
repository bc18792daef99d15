"""Describing and previewing: the same for a large value as for a small one, and little beside writing a small one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from benchmarks.paired import Aim, Case
from packagers_pandas.frames import DataFramePackager
from packagers_pandas.series import IndexPackager
from packagers_pandas.tables import TablePackager

SMALL, LARGE, QUICK_LARGE = 1_000, 10_000_000, 100_000
WITHIN = 1.2


def cases(folder: Path, quick: bool) -> Iterator[Case]:
    """A large frame next to a small one, its index and a table; then a small frame next to writing it."""
    repetitions, calls, large = (2, 5, QUICK_LARGE) if quick else (25, 20, LARGE)
    frames = {rows: frame_of(rows) for rows in (SMALL, large)}
    values: dict[str, tuple[Any, dict[int, Any]]] = {
        "frame": (DataFramePackager(), frames),
        "index": (IndexPackager(), {rows: frame.index for rows, frame in frames.items()}),
        "table": (TablePackager(), {rows: pa.Table.from_pandas(frame.drop(columns="o")) for rows, frame in frames.items()}),
    }
    for name, (packager, sizes) in values.items():
        for summary in (packager.describe, packager.preview):
            yield Case(
                path=f"{summary.__name__} {name}, {large:,} rows",
                limit=f"of {SMALL:,} rows",
                ours=lambda number, summary=summary, value=sizes[large]: summary(value),
                raw=lambda number, summary=summary, value=sizes[SMALL]: summary(value),
                aim=Aim(WITHIN),
                calls=calls,
                repetitions=repetitions,
            )
    packager, small = DataFramePackager(), frames[SMALL]
    yield Case(
        path=f"describe and preview a frame, {SMALL:,} rows",
        limit="write_table",
        ours=lambda number: (packager.describe(small), packager.preview(small)),
        raw=lambda number: parquet.write_table(pa.Table.from_pandas(small), folder / f"{number}.parquet"),
        aim=Aim(1.0),
        calls=calls,
        repetitions=repetitions,
    )
    yield Case(
        path=f"control: preview a frame, {SMALL:,} rows",
        limit="itself",
        ours=lambda number: packager.preview(small),
        raw=lambda number: packager.preview(small),
        aim=None,
        calls=calls,
        repetitions=repetitions,
    )


def frame_of(rows: int) -> pd.DataFrame:
    """Give a frame of columns of several dtypes, with an index of numbers."""
    codes = np.arange(rows, dtype="i4") % 7
    text = pd.array(pa.array([f"text {number}" for number in range(7)]).take(pa.array(codes)), dtype=pd.StringDtype("pyarrow"))
    return pd.DataFrame(
        {
            "n": np.arange(rows),
            "x": np.linspace(0, 1, rows),
            "t": np.arange(rows).view("M8[s]"),
            "c": pd.Categorical.from_codes(codes, list("abcdefg")),
            "i": pd.array(codes, dtype="Int32"),
            "s": text,
            "o": np.full(rows, None, dtype=object),
        },
        index=pd.Index(np.arange(rows) * 2.5, name="place"),
    )
