"""What pickle would change without a word comes back as it was, and what no other process could use is refused."""

from __future__ import annotations

import asyncio
import datetime as dt
import io
import random
import struct
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import packagers
from packagers.attributes import attributes_of
from packagers.errors import PackError
from packagers.pickles import dump, load
from packagers.policy import unpacking

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))

import sample_types as shapes

MAKERS: dict[str, Callable[[], Any]] = {
    "datetime": lambda: shapes.Moment(2020, 1, 2, fold=1, tzinfo=dt.UTC),
    "date": lambda: shapes.Day(2020, 1, 2),
    "time": lambda: shapes.Hour(3, fold=1),
    "timedelta": lambda: shapes.Span(1, 2),
    "Decimal": lambda: shapes.Amount("1.0"),
    "Fraction": lambda: shapes.Share(1, 3),
    "ZoneInfo": lambda: shapes.Zone("Europe/Berlin"),
    "IPv4Address": lambda: shapes.Address("1.2.3.4"),
    "Counter": lambda: shapes.Tally("aab"),
    "exact Counter": lambda: Counter("aab"),
    "defaultdict": lambda: shapes.Groups(list, {"a": [1]}),
    "int": lambda: shapes.Number(2**100),
    "float": lambda: shapes.Ratio(-0.0),
    "str": lambda: shapes.Label("a"),
    "bytes": lambda: shapes.Blob(b"a"),
    "bytearray": lambda: shapes.Buffer(b"a"),
    "Random": lambda: shapes.Dice(3),
}


def round_trip(obj: Any, folder: Path, module: str) -> Any:
    instructions = dump(obj, folder, module)
    with unpacking("test", True, "own"):
        return load(folder, **instructions)


@pytest.mark.parametrize("module", ["cloudpickle", "pickle"])
@pytest.mark.parametrize("name", MAKERS)
def test_the_attributes_of_a_subclass_are_kept(name: str, module: str, tmp_path: Path) -> None:
    obj = MAKERS[name]()
    attribute = "unit" if name == "timedelta" else "note"
    setattr(obj, attribute, ["x", obj])
    back = round_trip(shapes.Holder(obj), tmp_path, module).value
    assert type(back) is type(obj)
    assert getattr(back, attribute) == ["x", back]
    assert getattr(back, attribute)[1] is back
    assert back.random() == obj.random() if isinstance(obj, random.Random) else back == obj
    assert attributes_of(back).keys() == attributes_of(obj).keys()


@pytest.mark.parametrize("module", ["cloudpickle", "pickle"])
def test_an_object_without_attributes_is_pickled_as_ever(module: str, tmp_path: Path) -> None:
    dump([dt.datetime(2020, 1, 1, tzinfo=dt.UTC), shapes.Amount(1), defaultdict(list), random.Random(1)], tmp_path, module)
    assert b"packagers" not in (tmp_path / "object.pkl").read_bytes()


VIEWS: dict[str, Callable[[], memoryview]] = {
    "bytes": lambda: memoryview(b"abc"),
    "empty": lambda: memoryview(b""),
    "writable": lambda: memoryview(bytearray(b"abc")),
    "doubles": lambda: memoryview(bytearray(struct.pack("2d", 1.5, 2.5))).cast("d"),
    "no doubles": lambda: memoryview(b"").cast("d"),
    "two axes": lambda: memoryview(bytes(range(6))).cast("B", [2, 3]),
    "no axis": lambda: memoryview(bytes(8)).cast("d", []),
    "with steps": lambda: memoryview(bytes(range(6)))[::2],
    "backwards": lambda: memoryview(bytearray(range(6)))[::-1],
    "large": lambda: memoryview(bytes(200_000)),
}


@pytest.mark.parametrize("module", ["cloudpickle", "pickle"])
@pytest.mark.parametrize("name", VIEWS)
def test_a_memoryview_inside_of_an_object_comes_back(name: str, module: str, tmp_path: Path) -> None:
    view = VIEWS[name]()
    back = round_trip(shapes.Holder([view, view]), tmp_path, module).value
    assert back[0] is back[1]
    assert type(back[0]) is memoryview
    assert (back[0].format, back[0].shape, back[0].readonly) == (view.format, view.shape, view.readonly)
    assert back[0].tolist() == view.tolist()


def test_a_memoryview_that_cannot_be_made_again_is_refused(tmp_path: Path) -> None:
    view = memoryview(b"a")
    view.release()
    for unusable in (view, memoryview(struct.pack("2d", 1, 2)).cast("B", [4, 4])[:0]):
        with pytest.raises(PackError, match="cannot be made again"):
            dump(shapes.Holder(unusable), tmp_path)
        (tmp_path / "object.pkl").unlink()


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("mode", ["r", "rb", "r+b", "rb0"])
def test_an_open_file_is_called_that(mode: str, inside: bool, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("abc")
    with (tmp_path / "data").open(mode.rstrip("0"), **({"buffering": 0} if "0" in mode else {})) as file:
        file.read(1)
        with pytest.raises(PackError, match=r"an open file '.*data' ") as caught:
            packagers.pack(shapes.Holder(file) if inside else file, "v", tmp_path)
        assert "pathlib.Path" in str(caught.value.remedy)
        assert file.tell() == 1
    assert not (tmp_path / "v").exists()


def test_the_standard_streams_are_pickled_by_name(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with capfd.disabled():
        back = round_trip([sys.stderr], tmp_path, "cloudpickle")
        assert back[0] is sys.stderr


def test_buffers_in_memory_are_no_open_files(tmp_path: Path) -> None:
    data, text = io.BytesIO(b"abc"), io.StringIO("abc")
    data.read(1)
    found = round_trip([data, text], tmp_path, "cloudpickle")
    assert [found[0].read(), found[1].read()] == [b"bc", "abc"]


async def _numbers() -> Any:
    yield 1


async def _number() -> int:
    return 1


def test_what_stands_in_the_middle_of_its_code_is_refused(tmp_path: Path) -> None:
    stream = _numbers()
    with pytest.raises(PackError, match="an asynchronous generator") as caught:
        packagers.pack(stream, "v", tmp_path)
    assert "async for" in str(caught.value.remedy)
    coroutine = _number()
    with pytest.raises(PackError, match="a coroutine") as caught:
        packagers.pack({"a": [coroutine]}, "v", tmp_path)
    assert caught.value.leaf == ".a[0]"
    assert "wait" in str(caught.value.remedy)
    assert asyncio.run(coroutine) == 1
    with pytest.raises(PackError, match="a generator"):
        packagers.pack(shapes.Holder(i for i in range(3)), "v", tmp_path)
    assert list(tmp_path.iterdir()) == []
