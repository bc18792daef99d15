from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path, PosixPath, PurePath, PurePosixPath, PureWindowsPath
from typing import Any, Literal, get_args

import pytest

from packagers.archive import FORMATS, Limits
from packagers.builtin.paths import ArchiveFormat, PathPackager, PurePathPackager
from packagers.errors import PackError, UnpackError, UntrustedPackageError
from packagers.policy import unpacking
from packagers.scratch import scope

PACKAGER = PathPackager()


class Place:
    """A folder to pack into, and one that the path to be packed lies in."""

    def __init__(self, root: Path) -> None:
        self.payload = root / "payload"
        self.home = root / "home"
        self.payload.mkdir()
        self.home.mkdir()

    def pack(self, path: Path, **options: Any) -> dict[str, Any]:
        for old in self.payload.iterdir():
            old.unlink()
        return PACKAGER.pack_path(path, self.payload, **options) | options

    def unpack(self, instructions: dict[str, Any], owned: bool = True, **options: Any) -> Path:
        with unpacking("package", owned, "own"):
            return PACKAGER.unpack_path(self.payload, **(instructions | options))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with scope():
        yield Place(tmp_path)


def make_file(path: Path, content: bytes = b"content", mode: int = 0o644) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


def make_folder(path: Path) -> Path:
    (path / "sub" / "empty").mkdir(parents=True)
    make_file(path / "sub" / "tool", b"#!", 0o755)
    make_file(path / "a.txt", mode=0o600)
    (path / "link").symlink_to("sub/tool")
    (path / "sub").chmod(0o750)
    return path


def contents(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in [path, *path.rglob("*")]:
        mode = item.lstat().st_mode
        content = os.readlink(item) if stat.S_ISLNK(mode) else item.read_bytes() if stat.S_ISREG(mode) else None
        found[item.relative_to(path).as_posix()] = (mode, content)
    return found


@pytest.mark.parametrize("mode", [0o644, 0o600, 0o755, 0o444])
@pytest.mark.parametrize(
    "name", ["data.csv", "no suffix", ".hidden", "naïve ☃", "what? *", "x" * 255, "con.txt", "trailing.", "manifest.json"]
)
def test_a_file_comes_back_with_name_content_and_permissions(name: str, mode: int, place: Place) -> None:
    path = make_file(place.home / name, os.urandom(1000), mode)
    before = contents(path)
    instructions = place.pack(path)
    assert len(list(place.payload.iterdir())) == 1
    back = place.unpack(instructions)
    assert contents(back) == before == contents(path)
    assert back.name == name
    assert type(back) is type(path)
    assert not back.is_relative_to(place.payload.parent)
    assert [item.name for item in back.parent.iterdir()] == [name]


@pytest.mark.parametrize("format", FORMATS)
def test_a_folder_comes_back_with_all_that_is_in_it(format: str, place: Place) -> None:
    path = make_folder(place.home / "my model")
    before = contents(path)
    back = place.unpack(place.pack(path, format=format))
    assert contents(back) == before == contents(path)
    assert back.name == "my model"
    assert not back.is_relative_to(place.payload.parent)
    assert [item.name for item in place.payload.iterdir()] == [f"my model.{format}"]


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_folder_gives_the_same_bytes(format: str, place: Place) -> None:
    assert format in PathPackager.DETERMINISTIC
    path = make_folder(place.home / "folder")
    seen = set()
    for _ in range(2):
        place.pack(path, format=format)
        seen.add(PACKAGER.only_file(place.payload).read_bytes())
        os.utime(path / "a.txt", (1, 1))
    assert len(seen) == 1


def test_a_read_only_folder_comes_back_read_only(place: Place) -> None:
    path = make_folder(place.home / "folder")
    path.chmod(0o555)
    back = place.unpack(place.pack(path))
    assert stat.S_IMODE(back.stat().st_mode) == 0o555


def test_a_path_is_stored_whatever_way_it_leads_there(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_folder(place.home / "folder")
    monkeypatch.chdir(path / "sub")
    for way, name in (
        (Path(), "sub"),
        (Path("."), "sub"),
        (Path(".."), "folder"),
        (Path("../sub"), "sub"),
        (path / ".." / "folder", "folder"),
    ):
        assert place.unpack(place.pack(way)).name == name


def test_a_link_is_followed_and_keeps_its_own_name(place: Place) -> None:
    make_file(place.home / "target")
    make_folder(place.home / "folder")
    for target in ("target", "folder"):
        (place.home / "link").symlink_to(target)
        back = place.unpack(place.pack(place.home / "link"))
        assert not back.is_symlink()
        assert contents(back) == contents(place.home / target)
        assert back.name == "link"
        (place.home / "link").unlink()


@pytest.mark.parametrize("name", ["none", "file/below", "n\0ul"])
def test_what_does_not_exist_is_an_error_that_says_so(name: str, place: Place) -> None:
    make_file(place.home / "file")
    with pytest.raises(PackError, match=r"does not exist|NUL"):
        place.pack(place.home / name)
    with pytest.raises(PackError, match=r"does not exist|NUL"):
        PACKAGER.pack_file(place.home / name, place.payload)


def test_a_link_to_nothing_says_where_it_leads(place: Place) -> None:
    (place.home / "link").symlink_to("nothing")
    with pytest.raises(PackError, match="a link to 'nothing', which does not exist"):
        place.pack(place.home / "link")


def test_devices_pipes_and_sockets_are_refused(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place.home)
    os.mkfifo("pipe")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket")
    for special in (Path("pipe"), Path("socket"), Path("/dev/null")):
        with pytest.raises(PackError, match="neither a file nor a folder"):
            place.pack(special)


def test_a_folder_with_a_link_out_is_refused(place: Place) -> None:
    make_folder(place.home / "folder")
    (place.home / "folder" / "out").symlink_to("../../payload")
    with pytest.raises(PackError, match=r"'out'.*leaves the folder"):
        place.pack(place.home / "folder")
    assert list(place.payload.iterdir()) == []


def test_the_root_and_the_folder_that_is_packed_to_are_refused(place: Place) -> None:
    for path in (Path("/"), place.payload, place.payload.parent):
        with pytest.raises(PackError):
            place.pack(path)


def test_names_that_are_not_utf8_are_refused(place: Place) -> None:
    path = make_file(Path(os.fsdecode(bytes(place.home) + b"/latin-\xe9")))
    with pytest.raises(PackError, match="not UTF-8"):
        place.pack(path)


# Where it comes to lie.


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_into_names_the_folder_that_takes_it(kind: str, place: Place) -> None:
    path = make_file(place.home / "it") if kind == "file" else make_folder(place.home / "it")
    instructions = place.pack(path)
    wanted = place.home.parent / "new" / "deep"
    back = place.unpack(instructions, into=wanted)
    assert back == wanted / "it"
    assert contents(back) == contents(path)
    assert [item.name for item in wanted.iterdir()] == ["it"]
    with pytest.raises(UnpackError, match="already is a file or folder"):
        place.unpack(instructions, into=wanted)
    assert contents(back) == contents(path)


def test_into_as_text_is_taken_for_ones_own_packages_alone(place: Place) -> None:
    instructions = place.pack(make_file(place.home / "it"))
    wanted = place.home.parent / "new"
    with pytest.raises(UnpackError, match=r"pathlib\.Path"):
        place.unpack(instructions, owned=False, into=str(wanted))
    assert not wanted.exists()
    assert place.unpack(instructions, owned=False, into=wanted) == wanted / "it"
    assert place.unpack(instructions, into=str(wanted / "other")) == wanted / "other" / "it"


def test_a_link_in_the_way_is_not_written_through(place: Place) -> None:
    instructions = place.pack(make_file(place.home / "it"))
    wanted = place.home.parent / "new"
    wanted.mkdir()
    (wanted / "it").symlink_to(place.home / "victim")
    with pytest.raises(UnpackError, match="already is"):
        place.unpack(instructions, into=wanted)
    assert not (place.home / "victim").exists()


def test_into_a_file_is_our_error(place: Place) -> None:
    instructions = place.pack(make_file(place.home / "it"))
    with pytest.raises(UnpackError, match="cannot be made"):
        place.unpack(instructions, into=place.home / "it")


def test_a_failure_leaves_nothing_behind(place: Place) -> None:
    instructions = place.pack(make_folder(place.home / "folder"))
    payload = PACKAGER.only_file(place.payload)
    payload.write_bytes(payload.read_bytes()[:-10])
    wanted = place.home.parent / "new"
    with pytest.raises(UnpackError):
        place.unpack(instructions, into=wanted)
    assert list(wanted.iterdir()) == []


def test_the_fresh_folder_goes_with_its_scope(place: Place) -> None:
    instructions = place.pack(make_file(place.home / "it", mode=0o444))
    with scope():
        back = place.unpack(instructions)
        assert back.exists()
    assert not back.parent.exists()


# What a package may not say.


@pytest.mark.parametrize(
    "lie",
    [
        {"name": "../it"},
        {"name": ".."},
        {"name": "."},
        {"name": ""},
        {"name": "/etc/it"},
        {"name": "a\\b"},
        {"name": "a\0b"},
        {"name": "\ud800"},
        {"name": 3},
        {"name": None},
        {"name": ["it"]},
        {"mode": -1},
        {"mode": 0o4755},
        {"mode": "0644"},
        {"mode": True},
        {"is_directory": 1},
        {"is_directory": "no"},
        {"is_directory": True},
        {"path_class": 3},
        {"into": "/tmp"},
        {"into": "."},
        {"into": ["x"]},
        {"into": 3},
    ],
)
def test_instructions_that_lie_are_refused(lie: dict[str, Any], place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place.home)
    instructions = place.pack(make_file(place.home / "it"))
    before = contents(place.home.parent)
    with pytest.raises(UnpackError):
        place.unpack(instructions | lie, owned=False)
    assert contents(place.home.parent) == before


def test_strangers_archives_are_limited_and_ones_own_are_not(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    instructions = place.pack(make_folder(place.home / "folder"))
    monkeypatch.setattr("packagers.archive.Limits", lambda: Limits(entries=1))
    with pytest.raises(UnpackError, match="more than 1 files"):
        place.unpack(instructions, owned=False)
    assert contents(place.unpack(instructions)) == contents(place.home / "folder")


def test_a_stranger_cannot_send_a_zip_slip(place: Place) -> None:
    instructions = place.pack(make_folder(place.home / "folder"))
    with zipfile.ZipFile(PACKAGER.only_file(place.payload), "a") as archive:
        archive.writestr("../../slipped", "x")
    with pytest.raises(UnpackError):
        place.unpack(instructions, owned=False)


# Artifact types and classes.


def test_a_file_is_stored_whole_as_file_and_a_folder_is_not(place: Place) -> None:
    path = make_file(place.home / "it", mode=0o750)
    instructions = PACKAGER.pack_file(path, place.payload)
    with unpacking("package", False, "own"):
        back = PACKAGER.unpack_file(place.payload, **instructions)
    assert contents(back) == contents(path)
    with pytest.raises(PackError, match='artifact type "path"'):
        PACKAGER.pack_file(place.home, place.payload)


@pytest.mark.parametrize("text", ["", ".", "/", "a", "/a/b", "../a b/☃", "//a", "a\\b", "C:\\x\\y", "nul"])
@pytest.mark.parametrize("cls", [PurePosixPath, PureWindowsPath, PosixPath, Path])
def test_a_path_by_its_text_keeps_its_class(cls: type[PurePath], text: str) -> None:
    path = cls(text)
    value = PurePathPackager().pack_result(path)
    assert PACKAGER.unpack_result(value) == path
    assert type(PACKAGER.unpack_result(value)) is type(path)


def test_a_path_of_another_system_cannot_be_made(place: Place) -> None:
    other = "WindowsPath" if os.name == "posix" else "PosixPath"
    with pytest.raises(UnpackError, match="cannot be made on this system"):
        PACKAGER.unpack_result({"class": other, "path": "x"})


@pytest.mark.parametrize(
    "value", [None, "x", 3, [], {}, {"class": "PosixPath"}, {"class": 1, "path": "x"}, {"class": "PosixPath", "path": 1}]
)
def test_a_recorded_value_that_is_no_path_is_refused(value: Any) -> None:
    with pytest.raises(UnpackError):
        PACKAGER.unpack_result(value)


def test_a_pure_class_leads_to_no_file(place: Place) -> None:
    instructions = place.pack(make_file(place.home / "it"))
    with pytest.raises(UnpackError, match="leads to no file"):
        place.unpack(instructions | {"path_class": "PurePosixPath"})


@pytest.fixture
def own_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    (tmp_path / "own_paths.py").write_text("import pathlib\nclass OwnPath(type(pathlib.Path())): pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import own_paths  # type: ignore[import-not-found]

    yield own_paths.OwnPath
    del sys.modules["own_paths"]


def test_a_subclass_comes_back_as_itself_from_ones_own_packages_alone(own_class: Any, place: Place) -> None:
    path = own_class(make_file(place.home / "it"))
    instructions = place.pack(path)
    back = place.unpack(instructions)
    assert type(back) is own_class
    assert back.read_bytes() == b"content"
    with pytest.raises(UntrustedPackageError, match=r"own_paths\.OwnPath"):
        place.unpack(instructions, owned=False, into=place.home.parent / "new")
    assert not (place.home.parent / "new").exists()
    value = PACKAGER.pack_result(path)
    with unpacking("package", True, "own"):
        assert type(PACKAGER.unpack_result(value)) is own_class


def test_a_subclass_that_cannot_be_found_or_holds_more_is_refused(own_class: Any, place: Place) -> None:
    class Local(type(Path())):  # type: ignore[misc]
        pass

    make_file(place.home / "it")
    with pytest.raises(PackError, match="cannot be found by its name"):
        place.pack(Local(place.home / "it"))
    holding = own_class(place.home / "it")
    holding.label = "mine"
    with pytest.raises(PackError, match="attributes of its own"):
        place.pack(holding)


def test_every_reader_is_data_and_every_format_is_known() -> None:
    assert get_args(ArchiveFormat) == FORMATS
    assert set(PathPackager.READERS.values()) == {"data"}
    assert PathPackager.packs["path"].formats == FORMATS == PathPackager.unpacks["path"].formats
    assert PathPackager.artifact_types("pack") == PathPackager.artifact_types("unpack") == ("file", "path", "result")
    assert PurePathPackager.artifact_types("pack") == ("result",)
    for direction in ("pack", "unpack"):
        typed: Literal["pack", "unpack"] = direction  # type: ignore[assignment]
        assert PathPackager.default_artifact_type(typed) == "path"
        assert PurePathPackager.default_artifact_type(typed) == "result"


def test_a_path_made_in_another_process_is_the_same(place: Place) -> None:
    path = make_folder(place.home / "folder")
    script = (
        "import sys, json, pathlib; from packagers.builtin.paths import PathPackager as P\n"
        "print(json.dumps(P().pack_path(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))))"
    )
    output = subprocess.run(
        [sys.executable, "-c", script, str(path), str(place.payload)], check=True, capture_output=True, text=True
    ).stdout
    assert contents(place.unpack(json.loads(output))) == contents(path)
