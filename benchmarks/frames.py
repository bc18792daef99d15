"""Frames: a large one, packed and unpacked as parquet and Arrow, and many small ones, next to what pyarrow does.

The raw side does the same work: it writes beside the final name, digests the file with BLAKE3 and renames it; it digests before it reads.
What is read was never read or written by this process, for what it has verified once it does not hash again. Parquet is compared with what
pyarrow does when it is told to leave out the dictionaries that we leave out, and once more with what it does when it is told nothing.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import feather, parquet

import packagers
from benchmarks.alone import checked, written
from benchmarks.paired import Aim, Case

ROWS, QUICK_ROWS = 1_000_000, 20_000
SMALL, QUICK_SMALL = 200, 20
KEPT = ["small", "flag", "group", "text", "whole"]
Write = Callable[[Any, Path], object]
Read = Callable[[Path], object]


def cases(folder: Path, quick: bool) -> Iterator[Case]:
    """One large frame in two formats, then many small ones whole and one by one."""
    rows = QUICK_ROWS if quick else ROWS
    repetitions = 2 if quick else 15
    as_ours = write_parquet if quick else write_as_ours  # every dictionary of a short table is kept
    yield from large(folder / "parquet", rows, repetitions, "parquet", as_ours, parquet.read_table)
    yield from large(folder / "arrow", rows, repetitions, "arrow", write_arrow, read_arrow)
    yield from small(folder / "small", QUICK_SMALL if quick else SMALL, repetitions)
    frames = [mixed(QUICK_ROWS) for _ in range(repetitions + 2)]
    yield Case(
        path="control: a frame to parquet, by pyarrow",
        limit="itself",
        ours=lambda number: frame_written(frames[number], folder / f"control-{number}-a", write_parquet),
        raw=lambda number: frame_written(frames[number], folder / f"control-{number}-b", write_parquet),
        aim=None,
        repetitions=repetitions,
    )


def large(folder: Path, rows: int, repetitions: int, format: str, write: Write, read: Read) -> Iterator[Case]:
    """Pack and unpack a frame of ten columns."""
    folder.mkdir()
    base = mixed(rows)
    hint = f'frame : dataset[format="{format}"]'
    numbers = range(repetitions + 2)  # one pair is run before those that count, and one measures memory
    frames = [base.copy(deep=False) for _ in numbers]  # what pandas remembers of a frame, each finds out anew
    yield Case(
        path=f"pack a frame of {rows:,} x {base.shape[1]}, {format}",
        limit=f"{'write_table, as ours' if format == 'parquet' else 'write_feather'} + digest",
        ours=lambda number: packagers.pack(frames[number], hint, folder / f"ours-{number}"),
        raw=lambda number: frame_written(frames[number], folder / f"raw-{number}", write),
        aim=Aim(1.0),
        repetitions=repetitions,
        has_memory=True,
    )
    if format == "parquet":
        yield Case(
            path=f"pack a frame of {rows:,} x {base.shape[1]}, {format}",
            limit="write_table, told nothing + digest",
            ours=lambda number: packagers.pack(frames[number], hint, folder / f"again-{number}"),
            raw=lambda number: frame_written(frames[number], folder / f"told-nothing-{number}", write_parquet),
            aim=Aim(1.0),
            repetitions=repetitions,
        )
    if not (folder / "raw-0").exists():  # packing was not asked for
        packagers.pack(frames[0], hint, folder / "ours-0")
        frame_written(frames[0], folder / "raw-0", write)
    for number in numbers:
        shutil.copytree(folder / "ours-0", folder / f"copy-{number}")
        shutil.copyfile(folder / "raw-0", folder / f"copy-{number}.raw")
    yield Case(
        path=f"unpack a frame of {rows:,} x {base.shape[1]}, {format}",
        limit=f"digest + {'read_table' if format == 'parquet' else 'feather.read_table, mapped'} + to_pandas",
        ours=lambda number: packagers.unpack(folder / f"copy-{number}" / "frame"),
        raw=lambda number: frame_read(folder / f"copy-{number}.raw", read),
        aim=Aim(1.05),
        repetitions=repetitions,
        has_memory=True,
    )


def small(folder: Path, count: int, repetitions: int) -> Iterator[Case]:
    """Pack a dict of small frames as one package, and each as one of its own."""
    folder.mkdir()
    sets = [{f"frame_{item}": tiny(number * count + item) for item in range(count)} for number in range(repetitions + 1)]

    def raw(number: int, kind: str) -> None:
        place = folder / f"raw-{kind}-{number}"
        place.mkdir()
        for name, frame in sets[number].items():
            frame_written(frame, place / name, write_parquet)

    for kind, hint, aim in (("whole", "frames", 1.0), ("itemized", "*frames", 1.2)):
        yield Case(
            path=f"pack a dict of {count} small frames, {kind}",
            limit=f"{count} x write_table + digest",
            ours=lambda number, kind=kind, hint=hint: packagers.pack(sets[number], hint, folder / f"{kind}-{number}"),
            raw=lambda number, kind=kind: raw(number, kind),
            aim=Aim(aim),
            repetitions=repetitions,
        )


def mixed(rows: int) -> pd.DataFrame:
    """Make a frame of ten columns of ten dtypes, some with missing values."""
    chance = np.random.default_rng(7)
    return pd.DataFrame(
        {
            "number": chance.integers(0, 1 << 40, rows),
            "small": chance.integers(-100, 100, rows).astype(np.int32),
            "real": chance.normal(size=rows),
            "gaps": np.where(chance.random(rows) < 0.1, np.nan, chance.normal(size=rows)),
            "single": chance.random(rows, dtype=np.float32),
            "flag": chance.random(rows) < 0.5,
            "time": pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(rows), unit="s"),
            "group": pd.Categorical.from_codes(chance.integers(0, 7, rows), list("abcdefg")),
            "text": pd.Series([f"text {item}" for item in range(1000)]).take(chance.integers(0, 1000, rows)).array,
            "whole": pd.array(chance.integers(0, 1000, rows), dtype="Int64"),
        }
    )


def tiny(number: int) -> pd.DataFrame:
    """Make a frame of ten rows."""
    return pd.DataFrame({"number": np.arange(10) + number, "part": np.linspace(0, 1, 10), "text": list("abcdefghij")})


def frame_written(frame: pd.DataFrame, path: Path, write: Write) -> None:
    """Write a frame as a program without us would that wants whole files and their digests."""
    written(path, lambda beside: write(pa.Table.from_pandas(frame), beside))


def frame_read(path: Path, read: Read) -> pd.DataFrame:
    """Digest a file, then read it."""
    table: Any = checked(path, read)
    return table.to_pandas()


def write_parquet(table: Any, path: Path) -> None:
    """Write parquet with pyarrow's own options."""
    parquet.write_table(table, path)


def write_as_ours(table: Any, path: Path) -> None:
    """Write parquet without dictionaries for the columns of the large frame that have too many different values for one."""
    parquet.write_table(table, path, use_dictionary=KEPT)


def write_arrow(table: Any, path: Path) -> None:
    """Write an Arrow file that can be mapped."""
    feather.write_feather(table, str(path), compression="uncompressed")


def read_arrow(path: Path) -> Any:
    """Map an Arrow file."""
    return feather.read_table(path, memory_map=True)
