"""Reading a part of a table fetches and checks no more than that part: the bytes are counted by a file system."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from fsspec.implementations.memory import MemoryFileSystem

import packagers
from packagers import IntegrityError, UnpackError

ROWS, COLUMNS = 90_000, 200


class CountedFile(io.BytesIO):
    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        Counting.read += len(data)
        return data

    def readinto(self, buffer: Any, /) -> int:
        count = super().readinto(buffer)
        Counting.read += count
        return count


class Counting(MemoryFileSystem):
    """A file system that counts the bytes that are read."""

    protocol = "countingtables"
    store: dict[str, Any] = {}
    pseudo_dirs = [""]
    read = 0

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(super()._strip_protocol(path.replace("countingtables://", "memory://")))

    def _open(self, path: str, mode: str = "rb", **kwargs: Any) -> Any:
        opened = super()._open(path, mode, **kwargs)
        return CountedFile(opened.getvalue()) if mode == "rb" else opened


@pytest.fixture(scope="module")
def wide() -> pd.DataFrame:
    values = np.random.default_rng(0).random((ROWS, COLUMNS))
    return pd.DataFrame(values, columns=[f"c{number}" for number in range(COLUMNS)])


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory, wide: pd.DataFrame) -> Path:
    """Give a folder of packages of the same table in every format that is read in parts."""
    folder = tmp_path_factory.mktemp("shelf")
    for format in ("parquet", "feather", "arrow", "orc"):
        packagers.pack(wide, f"frame-{format} : dataset[format={format!r}]", folder)
        packagers.pack(pa.Table.from_pandas(wide), f"table-{format} : dataset[format={format!r}]", folder)
    packagers.pack((wide.iloc[first : first + 10_000] for first in range(0, ROWS, 10_000)), "stream", folder)
    return folder


@pytest.fixture(autouse=True)
def counting() -> Iterator[None]:
    fsspec.register_implementation("countingtables", Counting, clobber=True)
    yield
    Counting.store.clear()


def _upload(path: Path) -> tuple[str, int]:
    """Put a file or folder where reading is counted; give its URL and its size."""
    system, url = fsspec.filesystem("countingtables"), f"countingtables://{path.name}"
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    if path.is_file():
        url = f"countingtables://plain/{path.name}"
    for file in files:
        system.pipe_file(url if path.is_file() else f"{url}/{file.relative_to(path).as_posix()}", file.read_bytes())
    Counting.read = 0
    return url, sum(file.stat().st_size for file in files)


def _payload(package: Path) -> Path:
    return next(file for file in package.rglob("table.*"))


@pytest.mark.parametrize("format", ["parquet", "feather", "arrow", "orc"])
@pytest.mark.parametrize("is_package", [True, False], ids=["package", "plain"])
def test_two_of_two_hundred_columns(shelf: Path, wide: pd.DataFrame, format: str, is_package: bool) -> None:
    asked = ["c150", "c7"]
    for name, hint in (("frame", pd.DataFrame), ("table", pa.Table)):
        package = shelf / f"{name}-{format}"
        url, size = _upload(package if is_package else _payload(package))
        part = packagers.unpack(url, hint, columns=asked)
        # The blocks of 1 MiB that hold parts of an ORC file's three stripes are a few more.
        assert Counting.read < size / (12 if format == "orc" and is_package else 20)
        frame = part if hint is pd.DataFrame else part.to_pandas()
        pd.testing.assert_frame_equal(frame, wide[asked], check_exact=True)
        Counting.read = 0
        packagers.unpack(url, hint)
        assert Counting.read >= size * 0.99


@pytest.mark.parametrize("format", ["parquet", "feather", "arrow", "orc"])
@pytest.mark.parametrize("hint", [pd.DataFrame, pa.Table], ids=["frame", "table"])
def test_a_few_rows(tmp_path: Path, format: str, hint: Any) -> None:
    """Where groups, batches and stripes are small, only those that hold the rows are read, and of an ORC file those before."""
    frame = pd.DataFrame(np.random.default_rng(0).random((600_000, 4)), columns=list("abcd"))
    options = {"parquet": "row_group_size=50000", "orc": "stripe_size=1000000"}.get(format, "compression='none'")
    packagers.pack(frame, f"rows : dataset[format={format!r}, {options}]", tmp_path)
    url, size = _upload(_payload(tmp_path / "rows"))
    part = packagers.unpack(url, hint, rows=(100_000, 100_500))
    assert Counting.read < size * 0.55
    part = part if hint is pd.DataFrame else part.to_pandas()
    pd.testing.assert_frame_equal(part.reset_index(drop=True), frame.iloc[100_000:100_500].reset_index(drop=True), check_exact=True)


def test_a_few_chunks_of_a_stream(shelf: Path, wide: pd.DataFrame) -> None:
    url, size = _upload(shelf / "stream")
    chunks = packagers.unpack(url, columns=["c7"], rows=(25_000, 35_000))
    pd.testing.assert_frame_equal(next(chunks), wide[["c7"]].iloc[25_000:30_000], check_exact=True)
    assert [len(chunk) for chunk in chunks] == [5000]
    assert Counting.read < size / 20
    whole = packagers.unpack(url, pd.DataFrame, columns=["c7"], rows=(25_000, 35_000))
    pd.testing.assert_frame_equal(whole, wide[["c7"]].iloc[25_000:35_000], check_exact=True)
    assert Counting.read < size / 10


@pytest.mark.parametrize("format", ["parquet", "feather", "arrow", "orc"])
def test_a_damaged_block_is_found_when_it_is_read(shelf: Path, wide: pd.DataFrame, tmp_path: Path, format: str) -> None:
    packagers.pack(wide, f"frame : dataset[format={format!r}]", tmp_path)
    payload = _payload(tmp_path / "frame")
    data = bytearray(payload.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 64] = bytes(64)
    payload.write_bytes(data)
    url, _ = _upload(tmp_path / "frame")
    for source in (url, tmp_path / "frame"):
        pd.testing.assert_frame_equal(packagers.unpack(source, columns=["c0"]), wide[["c0"]])
        with pytest.raises(IntegrityError):
            packagers.unpack(source, columns=[f"c{number}" for number in range(60, 140)])
        with pytest.raises(IntegrityError):
            packagers.unpack(source)


def test_parts_of_what_is_no_table(tmp_path: Path) -> None:
    for format in ("parquet", "feather", "arrow", "orc"):
        (tmp_path / f"x.{format}").write_bytes(b"nothing of the kind")
        url, _ = _upload(tmp_path / f"x.{format}")
        for hint in (pd.DataFrame, pa.Table):
            with pytest.raises(UnpackError):
                packagers.unpack(url, hint, columns=["a"])
