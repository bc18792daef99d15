"""Text that means something to somebody else: as value, key of a dict, name of a file, of a folder, of a label, and in public formats."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import packagers
from packagers import PackError

TEXTS = [
    "",
    "\0",
    "\ud800",
    "\udcff",
    "\ufeff",
    "\u202e",
    "\u2028",
    "\x85",
    "\r",
    "\r\n",
    "e\u0301",
    "null",
    "~",
    "no",
    "1e3",
    "0x1",
    "=",
    "<<",
    "---",
    "- a",
    "{{a}}",
    "%s",
    "{0}",
    "${HOME}",
    "../../etc/passwd",
    "C:\\con",
    "$tuple",
    "$shared",
    "$same",
    "$object",
    "$part",
    "$link",
    "$",
    "__class__",
    "__dict__",
    "__reduce__",
    "\U0001f389",
    "x" * 70_000,
]
NAMES = [
    "sp ace",
    "tr%20a",
    "q?x",
    "h#y",
    "plus+",
    "~tilde",
    "é",
    "日本",
    "a,b;c",
    "[x]",
    "'q'",
    "$HOME",
    "-r",
    "\u202e",
    "a..b",
    "\U0001f389",
]


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
def test_any_text_comes_back_as_value_and_as_key(text: str, tmp_path: Path) -> None:
    value = [text, {text: text}, {text: {text: 1}, "a": 2}, {(text,): text}, {text}, {"$shared": text}, [{"$shared": 0}], [{"$same": 0}]]
    for hint in ("v", "v : file"):
        packagers.pack(value, hint, tmp_path)
        assert packagers.unpack(tmp_path / "v") == value


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
@pytest.mark.parametrize("format", ["json", "jsonl", "yaml", "txt"])
def test_a_public_format_holds_a_text_or_refuses_it(text: str, format: str, tmp_path: Path) -> None:
    value: list[Any] = [text] if format == "txt" else [text, {text: text}]
    try:
        packagers.pack(value, f'v : file[format="{format}"]', tmp_path)
    except PackError:
        assert format == "txt" or "\ud800" <= text <= "\udfff"
    else:
        assert packagers.unpack(tmp_path / "v") == value


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1", "idna", "utf-7", "rot13", "nothing", "a\0b"])
def test_a_text_file_holds_a_text_or_refuses_it(text: str, encoding: str, tmp_path: Path) -> None:
    try:
        packagers.pack(text, {"key": "v", "artifact_type": "file", "packing_kwargs": {"encoding": encoding}}, tmp_path)
    except PackError:
        assert not (tmp_path / "v").exists()
    else:
        assert packagers.unpack(tmp_path / "v") == text


@pytest.mark.parametrize("name", NAMES, ids=ascii)
@pytest.mark.parametrize("form", [Path, str, Path.as_uri])
def test_a_folder_of_any_name_is_found_by_path_and_by_url(name: str, form: Any, tmp_path: Path) -> None:
    folder = tmp_path / name
    packagers.pack({"a": b"x" * 70_000}, "key", folder)
    (folder / "b c.JSON").write_text('{"b": 1}')
    assert packagers.unpack(form(folder / "key")) == {"a": b"x" * 70_000}
    assert packagers.unpack(form(folder / "b c.JSON"), dict) == {"b": 1}


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_key_of_any_allowed_name(name: str, tmp_path: Path) -> None:
    try:
        packagers.pack([1], {"key": name}, tmp_path)
    except packagers.HintSyntaxError:
        assert any(mark in name for mark in '?*:"<>|/\\')
    else:
        assert packagers.unpack(tmp_path / name) == [1]


@pytest.mark.parametrize("keys", [(1, "1"), (True, "true"), (None, "null"), (1.5, "1.5")])
def test_keys_that_are_one_in_json_are_refused_there(keys: tuple[Any, Any], tmp_path: Path) -> None:
    value: dict[Any, int] = dict.fromkeys(keys, 0)
    with pytest.raises(PackError, match="same text"):
        packagers.pack(value, 'v : file[format="json"]', tmp_path)
    packagers.pack(value, 'v : file[format="yaml"]', tmp_path)
    assert packagers.unpack(tmp_path / "v") == value


@pytest.mark.parametrize("format", ["json", "jsonl", "yaml", "txt"])
def test_a_public_format_refuses_what_it_cannot_hold(format: str, tmp_path: Path) -> None:
    cyclic: list[Any] = []
    cyclic.append(cyclic)
    deep: Any = "x"
    for _ in range(5_000):
        deep = [deep]
    values: list[Any] = [cyclic, deep, [object()], [{(1, 2): 3}], [{frozenset(): 3}]]
    for value in values:
        with pytest.raises(PackError, match=f"no form in {format}") as caught:
            packagers.pack(value, f'v : file[format="{format}"]', tmp_path)
        assert "nothing is lost" in str(caught.value.remedy)
        assert not (tmp_path / "v").exists()
