"""Formats that are asked for by name hold what the library of the format holds, say that they are lossy, and refuse the rest."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import math
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from pathlib import Path
from typing import Any

import pytest
import yaml

import packagers
from packagers import Artifact

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))

import sample_types as shapes
from exactly import exactly

FORMATS = ("json", "jsonl", "yaml", "txt")


def packed(value: Any, format: str, folder: Path) -> Artifact:
    artifact = packagers.pack(value, f'v : file[format="{format}"]', folder)
    assert isinstance(artifact, Artifact)
    return artifact


def text_of(artifact: Artifact) -> str:
    (file,) = artifact.manifest.files
    assert artifact.manifest.payload is not None
    return (artifact.path / artifact.manifest.payload / file.path).read_bytes().decode()


PLAIN = {"name": "naïve ☃", "nested": [1, 2.5, None, True, {"a": []}], "text": "a\nb", "odd": "\x00\u2028"}


def test_json_is_what_json_reads(tmp_path: Path) -> None:
    artifact = packed(PLAIN, "json", tmp_path)
    assert json.loads(text_of(artifact)) == PLAIN
    assert [file.path for file in artifact.manifest.files] == ["data.json"]
    exactly(PLAIN, packagers.unpack(artifact.path))


def test_jsonl_is_an_item_a_line(tmp_path: Path) -> None:
    artifact = packed([PLAIN, 1, "a\nb"], "jsonl", tmp_path)
    assert [json.loads(line) for line in text_of(artifact).split("\n")[:-1]] == [PLAIN, 1, "a\nb"]
    exactly([PLAIN, 1, "a\nb"], packagers.unpack(artifact.path))


def test_yaml_is_what_yaml_reads(tmp_path: Path) -> None:
    value = {**PLAIN, "day": dt.date(2020, 1, 1), "bytes": b"\xff", 1: "int key", "words": ["yes", "1", "null", "2020-01-01"]}
    artifact = packed(value, "yaml", tmp_path)
    assert yaml.safe_load(text_of(artifact)) == value
    exactly(value, packagers.unpack(artifact.path))


def test_txt_is_a_text_a_line(tmp_path: Path) -> None:
    artifact = packed(["a", "", "ü"], "txt", tmp_path)
    assert text_of(artifact) == "a\n\nü\n"
    exactly(["a", "", "ü"], packagers.unpack(artifact.path))


@pytest.mark.parametrize("format", FORMATS)
def test_it_says_that_it_is_lossy(format: str, tmp_path: Path) -> None:
    manifest = packed(["a"], format, tmp_path).manifest
    assert manifest.lossless is False
    assert manifest.written.format == format
    default = packagers.pack(["a"], "default : file", tmp_path)
    assert isinstance(default, Artifact)
    assert default.manifest.lossless is True
    assert default.manifest.written.format is None


CONVERTED: dict[str, tuple[Any, str, Any]] = {
    "tuples become lists": ((1, (2,)), "json", (1, [2])),
    "int keys become text": ({1: 2, None: 3}, "json", {"1": 2, "null": 3}),
    "int keys stay in yaml": ({1: 2, None: 3}, "yaml", {1: 2, None: 3}),
    "a set is the list of its items": ({10, 9}, "json", {9, 10}),
    "a frozenset too": (frozenset({"a"}), "txt", frozenset({"a"})),
    "a deque": (deque([1], 3), "jsonl", deque([1])),
    "an OrderedDict": (OrderedDict(b=1, a=2), "yaml", OrderedDict(b=1, a=2)),
    "a Counter": (Counter("aab"), "json", Counter("aab")),
    "a defaultdict": (defaultdict(list, a=[1]), "json", defaultdict(None, a=[1])),
    "a named tuple inside": ([shapes.Pair(1, 2)], "json", [[1, 2]]),
    "enumerations of numbers": ([shapes.Level.HIGH], "json", [2]),
}


@pytest.mark.parametrize("name", CONVERTED)
def test_what_changes_on_the_way(name: str, tmp_path: Path) -> None:
    value, format, expected = CONVERTED[name]
    exactly(expected, packagers.unpack(packed(value, format, tmp_path).path))


def cycle() -> list[Any]:
    made: list[Any] = [1]
    made.append({"back": made})
    return made


REFUSED: dict[str, tuple[Any, tuple[str, ...]]] = {
    "tuple keys": ({(1,): 2}, ("json", "jsonl", "yaml", "txt")),
    "keys that are one text": ({1: "a", "1": "b"}, ("json",)),
    "bytes keys": ({b"a": 1}, ("json",)),
    "a set inside": ([{1}], FORMATS),
    "a frozenset inside": ({"a": frozenset()}, ("json", "yaml")),
    "nan": ([math.nan], ("json", "jsonl", "txt")),
    "inf": ({"a": [math.inf]}, ("json",)),
    "bytes": ([b"a"], ("json", "jsonl", "txt")),
    "a date": ([dt.date(2020, 1, 1)], ("json", "jsonl", "txt")),
    "a Decimal": ([decimal.Decimal(1)], FORMATS),
    "an enumeration": ([shapes.Color.RED], FORMATS),
    "a dataclass": ([shapes.Layer(1)], FORMATS),
    "an object": ({"a": [shapes.Holder(1)]}, ("json", "yaml")),
    "a path": ([Path("a")], FORMATS),
    "a subclass of str": ([shapes.Label("a")], ("yaml",)),
    "a lone surrogate": (["\ud800"], ("json", "jsonl", "txt")),
    "a cycle": (cycle(), FORMATS),
    "a dict": ({"a": 1}, ("jsonl", "txt")),
    "lines in a line": (["a\nb"], ("txt",)),
    "other ends of lines": (["a\x85b"], ("txt",)),
    "numbers": ([1], ("txt",)),
    "an int of many digits": ([10**5000], ("json", "jsonl", "yaml")),
    "a key of many digits": ({10**5000: 1}, ("json", "yaml")),
}


@pytest.mark.parametrize(("name", "format"), [(name, format) for name, (_, formats) in REFUSED.items() for format in formats])
def test_what_a_format_cannot_hold_is_refused_before_a_file_exists(name: str, format: str, tmp_path: Path) -> None:
    with pytest.raises(packagers.PackError, match=f"no form in {format}") as caught:
        packed(REFUSED[name][0], format, tmp_path)
    assert "format out" in str(caught.value.remedy)
    assert caught.value.key == "v"
    assert list(tmp_path.iterdir()) == []


def test_an_int_of_many_digits_is_refused_where_a_library_has_lifted_the_limit_too(tmp_path: Path) -> None:
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        for value in (10**4300, -(10**4300)):
            with pytest.raises(packagers.PackError, match="no form in json"):
                packed([value], "json", tmp_path)
        most = 10**4299
        artifact = packed([most], "json", tmp_path)
    finally:
        sys.set_int_max_str_digits(limit)
    assert artifact.unpack(list) == [most]


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(packagers.PackError, match="format='toml'") as caught:
        packed({"a": 1}, "toml", tmp_path)
    assert "'yaml'" in str(caught.value.remedy)


@pytest.mark.parametrize("text", ["!!python/object/apply:os.getcwd []", "!!python/name:os.system", "&a [*a"])
def test_yaml_is_read_by_the_safe_loader(text: str, tmp_path: Path) -> None:
    (tmp_path / "data.yaml").write_text(text)
    with pytest.raises(packagers.UnpackError, match="no yaml"):
        packagers.unpack(tmp_path / "data.yaml", list)


@pytest.mark.parametrize("format", FORMATS)
def test_a_set_has_one_order(format: str, tmp_path: Path) -> None:
    value = {str(i) for i in range(30)}
    assert list(yaml.safe_load(text_of(packed(value, "yaml", tmp_path)))) == sorted(value)
    assert text_of(packed(value, format, tmp_path)) == text_of(packed(sorted(value), format, tmp_path))
