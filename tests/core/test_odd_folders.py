"""Folders that are odd: read-only, gone, a file, relative, linked, on another device, deaf to case, with names at the limit."""

from __future__ import annotations

import os
import shutil
import sys
import zipfile
from pathlib import Path

import pytest

import packagers
from packagers import Artifact, IntegrityError, LogHint, PackError, PackingFailed, Session

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="needs macOS or Linux")


def pack_both(folder: Path) -> None:
    """Pack an artifact and a result into a folder and read both again."""
    with Session(folder) as session:
        session.pack(b"x" * 10, "data")
        session.pack({"a": 1}, "number")
    assert packagers.unpack(folder / "data") == b"x" * 10
    assert packagers.unpack(folder / "number") == {"a": 1}


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="needs a user other than root")
def test_a_folder_that_is_read_only(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(PackError, match="cannot be made"):
            packagers.pack(b"x", "data", tmp_path)
        with pytest.raises(PackingFailed) as caught, Session(tmp_path) as session:
            session.pack(1, "number")
        assert [getattr(failure, "key", None) for failure in caught.value.exceptions] == ["number"]
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.skipif(not Path("/proc/self/net").is_dir(), reason="needs a user other than root, or /proc")
def test_a_folder_that_takes_nothing_whoever_asks() -> None:
    folder = Path("/proc/self/net")
    with pytest.raises(PackError, match="cannot be made"):
        packagers.pack(b"x", "data", folder)
    with pytest.raises(PackingFailed) as caught, Session(folder) as session:
        session.pack(1, "number")
    assert [getattr(failure, "key", None) for failure in caught.value.exceptions] == ["number"]


def test_names_at_the_limit(tmp_path: Path) -> None:
    key = "é" * 100
    folder = tmp_path / ("f" * 255) / ("é" * 127)
    with Session(folder) as session:
        session.pack(b"x", key)
        session.pack(1, "k" * 200)
    assert packagers.unpack(folder / key) == b"x"
    assert packagers.unpack(folder / ("k" * 200)) == 1
    with pytest.raises(packagers.HintSyntaxError, match="bytes"):
        packagers.pack(b"x", "é" * 101, tmp_path)


@pytest.mark.parametrize("name", ["x" * 256, "é" * 128, "nul\0"], ids=["256 bytes", "128 letters", "NUL"])
def test_a_folder_whose_name_no_system_takes_is_our_error(tmp_path: Path, name: str) -> None:
    def work() -> None:
        with Session(tmp_path / name / "out") as session:
            session.pack(1, "a")

    with pytest.raises(PackError):
        packagers.pack(b"x", "a", tmp_path / name)
    with pytest.raises(PackError):
        work()
    with pytest.raises(packagers.UnpackError):
        packagers.unpack(tmp_path / name / "a")


def test_a_path_that_is_too_long_as_a_whole(tmp_path: Path) -> None:
    folder = tmp_path.joinpath(*["d" * 200] * 25)
    with pytest.raises(PackError):
        packagers.pack(b"x", "a", folder)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("where", ["it", "above"])
def test_a_folder_that_is_a_file(tmp_path: Path, where: str) -> None:
    (tmp_path / "file").write_text("mine")
    folder = tmp_path / "file" if where == "it" else tmp_path / "file" / "below"
    with pytest.raises(PackError):
        packagers.pack(b"x", "data", folder)
    with pytest.raises(PackingFailed) as caught, Session(folder) as session:
        session.pack(1, "number")
    assert [getattr(failure, "key", None) for failure in caught.value.exceptions] == ["number"]
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_that_vanishes_between_two_outputs_is_made_again(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    with Session(folder) as session:
        session.pack(b"1", "first")
        session.pack(1, "number")
        shutil.rmtree(folder)
        session.pack(b"2", "second")
        shutil.rmtree(folder)
    assert sorted(path.name for path in folder.iterdir()) == ["results.json"]
    assert packagers.unpack(folder / "number") == 1


def test_a_folder_that_vanishes_while_a_packager_writes_is_a_failure(tmp_path: Path) -> None:
    def chunks() -> object:
        yield 1
        shutil.rmtree(tmp_path / "out")
        yield b"2"

    with pytest.raises(PackError) as caught:
        packagers.pack(chunks(), "stream", tmp_path / "out")
    assert caught.value.key == "stream"
    assert not (tmp_path / "out" / "stream" / "manifest.json").exists()
    pack_both(tmp_path / "out")


def test_a_package_that_vanishes_before_it_is_linked_is_a_failure(tmp_path: Path) -> None:
    session = Session(tmp_path)
    session.pack(b"x", LogHint("data", extra_data={"it": {"$link": "number"}}))
    session.pack(1, "number")
    shutil.rmtree(tmp_path / "data")
    with pytest.raises(PackingFailed) as caught:
        session.close()
    assert [getattr(failure, "key", None) for failure in caught.value.exceptions] == ["data"]
    assert packagers.unpack(tmp_path / "number") == 1
    assert not (tmp_path / "data").exists()


def test_a_relative_folder_stays_where_it_was_when_the_session_was_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with Session("out") as session:
        made = session.pack(b"1", "first")
        os.chdir(tmp_path / "there")
        session.pack(b"2", LogHint("second", extra_data={"n": ...}))
        session.pack(1, "n")
        assert isinstance(made, Artifact)
        assert made.unpack() == b"1"
    assert sorted(path.name for path in (tmp_path / "here" / "out").iterdir()) == ["first", "results.json", "second"]
    assert list((tmp_path / "there").iterdir()) == []


@POSIX
def test_a_folder_behind_links(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "one").symlink_to("real")
    (tmp_path / "two").symlink_to(tmp_path / "one")
    pack_both(tmp_path / "two")
    assert packagers.unpack(tmp_path / "real" / "data") == b"x" * 10
    with Session(tmp_path / "one") as session:
        session.pack(b"new", LogHint("data", extra_data={"it": ...}))
        session.pack(1, LogHint("it", artifact_path=tmp_path / "real"))
    assert packagers.unpack(tmp_path / "two" / "data") == b"new"


@POSIX
@pytest.mark.parametrize("kind", ["dangling", "loop"])
def test_a_link_that_leads_nowhere(tmp_path: Path, kind: str) -> None:
    (tmp_path / "link").symlink_to("link" if kind == "loop" else "nowhere")
    with pytest.raises(PackError):
        packagers.pack(b"x", "data", tmp_path / "link")
    with pytest.raises(PackError, match="no package"):
        packagers.pack(b"x", "link", tmp_path)
    assert (tmp_path / "link").is_symlink()


@POSIX
def test_a_key_that_links_to_a_package_elsewhere(tmp_path: Path) -> None:
    packagers.pack(b"theirs", "data", tmp_path / "elsewhere")
    (tmp_path / "data").symlink_to(tmp_path / "elsewhere" / "data")
    assert packagers.unpack(tmp_path / "data") == b"theirs"
    packagers.pack(b"mine", "data", tmp_path)
    assert packagers.unpack(tmp_path / "data") == b"mine"


@pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="needs a user other than root, or a second file system at /dev/shm")
def test_a_folder_on_another_file_system_than_the_temporary_one(tmp_path: Path) -> None:
    import tempfile

    with tempfile.TemporaryDirectory(dir="/dev/shm") as made:
        folder = Path(made)
        pack_both(folder)
        tree = tmp_path / "tree"
        tree.mkdir()
        (tree / "file").write_text("text")
        with Session(folder) as session:
            session.pack(tree, "tree")
            session.pack(iter([b"1", b"2"]), "stream")
            assert (packagers.unpack(folder / "tree") / "file").read_text() == "text"
        assert list(packagers.unpack(folder / "stream")) == [b"1", b"2"]
        artifact = packagers.pack(b"zip", "zipped", folder)
        assert isinstance(artifact, Artifact)
        assert packagers.unpack(artifact.package.zip(tmp_path / "zipped.zip")) == b"zip"


@pytest.mark.parametrize("later", ["package", "result"])
def test_where_case_does_not_count_a_key_does_not_take_the_place_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, later: str
) -> None:
    """The file system is played: what was asked for is there, and its folder lists it under another name."""
    packagers.pack(b"first", "Data", tmp_path)
    real = os.path.exists
    monkeypatch.setattr("os.path.exists", lambda path: real(path) or real(os.fspath(path).replace("/data", "/Data")))
    with pytest.raises((PackError, packagers.PackingFailed)) as caught, Session(tmp_path) as session:
        session.pack(b"second" if later == "package" else 2, "data")
    [error] = getattr(caught.value, "exceptions", [caught.value])  # a result takes its place when the session closes
    assert "'Data' and 'data' differ in case alone" in str(error)
    assert error.key == "data"
    monkeypatch.undo()
    assert packagers.unpack(tmp_path / "Data") == b"first"
    assert [path.name for path in tmp_path.iterdir()] == ["Data"]


# A package without files is told from another one by the name of its folder alone


def result(folder: Path, key: str = "depth") -> Path:
    with packagers.Session(folder, record="packages") as session:
        session.pack(3, key)
    return folder / key


def zipped(file: Path, package: Path, inner: str) -> Path:
    with zipfile.ZipFile(file, "w") as archive:
        archive.write(package / "manifest.json", f"{inner}manifest.json")
    return file


def test_a_renamed_result_in_a_folder(tmp_path: Path) -> None:
    place = result(tmp_path).rename(tmp_path / "width")
    with pytest.raises(IntegrityError, match="the manifest in the folder 'width' is that of 'depth'") as caught:
        packagers.unpack(place)
    assert "name it 'depth' again" in str(caught.value.remedy)


def test_a_renamed_result_in_a_folder_of_a_zip(tmp_path: Path) -> None:
    package = result(tmp_path)
    assert packagers.unpack(zipped(tmp_path / "good.zip", package, "depth/")) == 3
    with pytest.raises(IntegrityError, match="the manifest in the folder 'width' is that of 'depth'"):
        packagers.unpack(zipped(tmp_path / "bad.zip", package, "width/"))


def test_a_zip_itself_may_be_called_anything(tmp_path: Path) -> None:
    assert packagers.unpack(zipped(tmp_path / "width.zip", result(tmp_path), "")) == 3


def test_a_renamed_result_at_a_url(tmp_path: Path) -> None:
    import fsspec

    package = result(tmp_path)
    memory = fsspec.filesystem("memory")
    for name in ("depth", "width"):
        memory.pipe(f"/odd/{name}/manifest.json", (package / "manifest.json").read_bytes())
    try:
        assert packagers.unpack("memory://odd/depth") == packagers.unpack("memory://odd/depth/") == 3
        with pytest.raises(IntegrityError, match="the manifest in the folder 'width' is that of 'depth'"):
            packagers.unpack("memory://odd/width")
    finally:
        memory.rm("/odd", recursive=True)
