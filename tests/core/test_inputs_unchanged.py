"""Packing never changes what it packs: every value of the table, every form, what is packed and what is refused."""

from __future__ import annotations

import contextlib
import io
import sys
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import packagers

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))

import sample_types as shapes
from exactly import exactly, tree_of
from test_table_of_values import BYTES, CONTAINERS, RECORDS, REFERENCES, SCALARS

MAKERS = {**SCALARS, **BYTES, **CONTAINERS, **REFERENCES, **RECORDS}
FORMS = ("", " : result", " : file", " : object", *(f' : file[format="{name}"]' for name in ("json", "jsonl", "yaml", "txt")))
LARGE = {name for name in MAKERS if "large" in name or "nested" in name}


@pytest.mark.parametrize("name", [name for name in MAKERS if name not in LARGE])
def test_no_form_changes_the_value(name: str, tmp_path: Path) -> None:
    value = MAKERS[name]()
    for form in FORMS:
        with contextlib.suppress(packagers.PackagersError):
            packagers.pack(value, f"v{form}", tmp_path)
        exactly(MAKERS[name](), value)


@pytest.mark.parametrize("name", [name for name in CONTAINERS if name not in LARGE])
def test_itemizing_does_not_change_the_value(name: str, tmp_path: Path) -> None:
    value = MAKERS[name]()
    with contextlib.suppress(packagers.PackagersError, packagers.PackingFailed):
        packagers.pack(value, "*v", tmp_path)
    exactly(MAKERS[name](), value)


@pytest.mark.parametrize("name", ["list", "dict", "dataclass", "attrs", "defaultdict", "OrderedDict"])
def test_what_is_refused_is_unchanged(name: str, tmp_path: Path) -> None:
    lock = threading.Lock()
    makers: dict[str, Callable[[], Any]] = {
        "list": lambda: [1, {2}, lock],
        "dict": lambda: {"b": 1, "a": [lock]},
        "dataclass": lambda: shapes.Layer(1, [lock]),
        "attrs": lambda: shapes.Point([1], lock),
        "defaultdict": lambda: defaultdict(list, {"a": [lock]}),
        "OrderedDict": lambda: OrderedDict(b=lock, a=1),
    }
    value = makers[name]()
    for form in ("", " : file", " : object", ' : file[format="json"]', " : nonsense"):
        with pytest.raises(packagers.PackagersError):
            packagers.pack(value, f"v{form}", tmp_path)
        exactly(makers[name](), value)


def test_a_defaultdict_does_not_grow(tmp_path: Path) -> None:
    value: defaultdict[str, list[int]] = defaultdict(list, a=[1])
    for hint in ("v", "v : file", 'v : file[format="json"]', "*v"):
        packagers.pack(value, hint, tmp_path)
        packagers.unpack(tmp_path / "v")
    assert dict(value) == {"a": [1]}


def test_an_iterator_is_not_taken_further_than_it_must(tmp_path: Path) -> None:
    taken: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(10):
            taken.append(number)
            yield number

    inside = numbers()
    for value in ([inside], {"a": inside}, shapes.Layer(1, inside), (1, inside)):
        with pytest.raises(packagers.PackError, match="stream"):
            packagers.pack(value, "v", tmp_path)
    with pytest.raises(packagers.PackError):
        packagers.pack(inside, "v : result", tmp_path)
    assert taken in ([], [0])

    refused = (shapes.Holder(threading.Lock()) if number == 2 else number for number in numbers())
    taken.clear()
    with pytest.raises(packagers.PackError):
        packagers.pack(refused, "v", tmp_path)
    assert taken == [0, 1, 2]


def test_the_place_in_a_file_and_in_a_buffer_is_kept(tmp_path: Path) -> None:
    buffer = io.BytesIO(b"abc")
    buffer.read(1)
    packagers.pack([buffer], "v", tmp_path)
    assert buffer.tell() == 1
    view = memoryview(bytearray(b"abc"))
    packagers.pack([view], "v", tmp_path)
    view[0] = 1
    assert view.tobytes() == b"\x01bc"


@pytest.mark.parametrize("format", ["zip", "tar", "tar.gz", "tar.bz2", "tar.xz"])
def test_a_folder_is_only_looked_at(format: str, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_text("a")
    (folder / "a.txt").chmod(0o400)
    (folder / "sub" / "link").symlink_to("../a.txt")
    before = tree_of(folder), {path: path.lstat().st_mtime_ns for path in folder.rglob("*")}
    packagers.pack(folder, f'v : path[format="{format}"]', tmp_path / "out")
    copy = packagers.unpack(tmp_path / "out" / "v")
    (copy / "sub" / "new").write_text("mine")
    assert (tree_of(folder), {path: path.lstat().st_mtime_ns for path in folder.rglob("*")}) == before
    packagers.unpack(tmp_path / "out" / "v")
