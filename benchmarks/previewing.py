"""Describing and previewing a frame costs the same whatever its size: milliseconds for a thousand and for ten million rows.

::

    python benchmarks/previewing.py
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from packagers_pandas.frames import DataFramePackager
from packagers_pandas.series import IndexPackager
from packagers_pandas.tables import TablePackager

SMALL, LARGE, TIMES = 1_000, 10_000_000, 20


def frame_of(rows: int) -> pd.DataFrame:
    """Give a frame of columns of several dtypes, with an index of texts."""
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


def best(call: Callable[[Any], Any], value: Any) -> float:
    """Give the shortest time of a call in milliseconds."""
    times = []
    for _ in range(TIMES):
        start = time.perf_counter()
        call(value)
        times.append(time.perf_counter() - start)
    return min(times) * 1000


def main() -> None:
    """Measure and print."""
    frames = {rows: frame_of(rows) for rows in (SMALL, LARGE)}
    values: dict[str, tuple[Any, dict[int, Any]]] = {
        "frame": (DataFramePackager(), frames),
        "index": (IndexPackager(), {rows: frame.index for rows, frame in frames.items()}),
        "table": (TablePackager(), {rows: pa.Table.from_pandas(frame.drop(columns="o")) for rows, frame in frames.items()}),
    }
    print(f"{'':8}{'':10}{SMALL:>12,} rows{LARGE:>12,} rows   ratio")
    for name, (packager, sizes) in values.items():
        for summary in ("describe", "preview"):
            small, large = (best(getattr(packager, summary), sizes[rows]) for rows in (SMALL, LARGE))
            print(f"{name:8}{summary:10}{small:>14.3f} ms{large:>14.3f} ms{large / small:>8.2f}")


if __name__ == "__main__":
    main()
