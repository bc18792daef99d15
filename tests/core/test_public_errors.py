"""What goes wrong is one of our errors: it says what, where, and what to do; nothing is left behind."""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import packagers
from packagers import Packager, PackError, Registry, Session, UnpackError
from packagers.package import Package

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))

import sample_types


class Thing:
    pass


class ThingPackager(Packager):
    PACKABLE_OBJECT_TYPE = f"{__name__}.Thing"
    READERS = {"file": "data"}

    def pack_file(self, obj: Thing, folder: Path) -> None:
        """Write a file."""
        (folder / "thing").write_text("x")

    def unpack_file(self, folder: Path) -> Thing:
        """Make a thing."""
        return Thing()


def session(folder: Path, **members: Any) -> Session:
    registry = Registry()
    registry.add(ThingPackager.PACKABLE_OBJECT_TYPE, type("Odd", (ThingPackager,), members))
    return Session(folder, registry=registry)


def link(self: Any, obj: Any, folder: Path) -> None:
    (folder / "link").symlink_to("/etc/hostname")


def pipe(self: Any, obj: Any, folder: Path) -> None:
    os.mkfifo(folder / "pipe")


def backslash(self: Any, obj: Any, folder: Path) -> None:
    (folder / "a\\b").write_text("x")


def no_folder(self: Any, obj: Any, folder: Path) -> None:
    folder.rmdir()


def no_json(self: Any, obj: Any, folder: Path) -> Any:
    return {"a": object()}


def no_option(self: Any, obj: Any, folder: Path) -> Any:
    return {"a": 1}


def recursion(self: Any, obj: Any, folder: Path) -> Any:
    raise RecursionError("too deep")


def group(self: Any, obj: Any, folder: Path) -> Any:
    raise ExceptionGroup("several", [ValueError("a")])


@pytest.mark.parametrize("pack", [link, pipe, backslash, no_folder, no_json, no_option, recursion, group])
@pytest.mark.skipif(os.name == "nt", reason="links, pipes and such names are those of POSIX")
def test_what_a_packager_does_wrong_is_a_pack_error(pack: Any, tmp_path: Path) -> None:
    with pytest.raises(PackError) as caught:
        session(tmp_path, pack_file=pack).pack(Thing(), "thing")
    assert caught.value.key == "thing"
    assert not (tmp_path / "thing").exists()


@pytest.mark.parametrize(
    "summary", [lambda self, obj: 1 / 0, lambda self, obj: [1], lambda self, obj: {"a": object()}, lambda self, obj: "x"]
)
@pytest.mark.parametrize("kind", ["describe", "preview"])
def test_a_summary_that_fails_is_a_line_in_the_log(kind: str, summary: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    odd = session(tmp_path, **{kind: summary})
    artifact = odd.pack(Thing(), "thing")
    assert isinstance(artifact, packagers.Artifact)
    assert not artifact.manifest.description
    assert not artifact.manifest.preview
    assert isinstance(odd.unpack(artifact.path), Thing)
    assert "failed" in caplog.text


@pytest.mark.parametrize("gave", [None, 3, "text", {1, 2}, iter([1])])
def test_a_container_that_is_not_taken_apart_into_a_list_or_dict_is_refused(gave: Any, tmp_path: Path) -> None:
    class Odd(Packager):
        def unbundle(self, obj: Any) -> Any:
            """Give the wrong thing."""
            return gave

        def bundle(self, items: Any, cls: Any) -> Any:
            """Never get so far."""
            return Thing()

    registry = Registry()
    registry.add(ThingPackager.PACKABLE_OBJECT_TYPE, Odd)
    with pytest.raises(PackError, match="list or dict") as caught:
        Session(tmp_path, registry=registry).pack([Thing()], "things")
    assert caught.value.leaf == "[0]"


def broken(first: bool) -> Iterator[int]:
    if first:
        raise ValueError("broken")
    yield 1
    raise ValueError("broken")


@pytest.mark.parametrize("first", [True, False])
def test_a_stream_that_breaks_leaves_nothing(first: bool, tmp_path: Path) -> None:
    with pytest.raises(PackError, match="broken") as caught:
        packagers.pack(broken(first), "stream", tmp_path)
    assert caught.value.key == "stream"
    assert "chain" not in str(caught.value)
    assert not (tmp_path / "stream").exists()


def test_an_open_file_is_no_stream_of_lines(tmp_path: Path) -> None:
    found = packagers.unpack(packagers.pack(io.BytesIO(b"a\nb\n"), "buffer", tmp_path).path)  # type: ignore[union-attr]
    assert isinstance(found, io.BytesIO)
    assert found.getvalue() == b"a\nb\n"
    (tmp_path / "file").write_text("a\n")
    with (tmp_path / "file").open() as file, pytest.raises(PackError, match="open file"):
        packagers.pack(file, "open", tmp_path)


@pytest.mark.parametrize("inside", [False, True])
def test_a_memoryview_that_was_released_is_refused(inside: bool, tmp_path: Path) -> None:
    view = memoryview(b"a")
    view.release()
    with pytest.raises(PackError, match="released") as caught:
        packagers.pack([view] if inside else view, "view", tmp_path)
    assert caught.value.leaf == ("[0]" if inside else None)


@pytest.mark.parametrize("view", [memoryview(b"").cast("c"), io.BytesIO(b"abc").getbuffer(), memoryview(b"abcdef")[::-2]])
@pytest.mark.parametrize("inside", [False, True])
def test_a_memoryview_keeps_its_format_and_shape(view: memoryview, inside: bool, tmp_path: Path) -> None:
    packagers.pack([view] if inside else view, "view", tmp_path)
    found = packagers.unpack(tmp_path / "view")
    found = found[0] if inside else found
    assert (found.format, found.shape, found.tolist()) == (view.format, view.shape, view.tolist())


@pytest.mark.parametrize("folder", ["a\0b", "\ud800", "file", "file/below"])
@pytest.mark.parametrize("hint", ["v", "v : file"])
def test_a_folder_that_cannot_be_made_is_refused(folder: str, hint: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(PackError, match="cannot be"):
        packagers.pack([1], hint, tmp_path / folder)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "empty"),
        ("nothing", "nothing here"),
        ("a\0b", "nothing here"),
        ("\ud800", "nothing here"),
        ("x" * 5_000, "cannot be opened"),
        ("~/nothing", "expanduser"),
        ("file://elsewhere/x", "elsewhere"),
        ("foo://bar", "foo"),
        (None, "NoneType"),
        (3, "int"),
        (b"x", "bytes"),
    ],
)
def test_a_source_that_cannot_be_opened_is_refused(source: Any, message: str) -> None:
    with pytest.raises(UnpackError, match=message):
        packagers.unpack(source)


def test_what_is_not_there_is_answered_with_what_is(tmp_path: Path) -> None:
    packagers.pack([1], "model", tmp_path)
    packagers.pack([1], "other", tmp_path)
    with pytest.raises(UnpackError, match="Did you mean 'model'"):
        packagers.unpack(tmp_path / "modle")
    with pytest.raises(UnpackError, match="no package") as caught:
        packagers.unpack(tmp_path)
    assert "model, other" in str(caught.value.remedy)


def test_a_zip_of_a_package_is_read_and_one_of_several_names_them(tmp_path: Path) -> None:
    for key in ("one", "two"):
        packagers.pack([key], f"{key} : file", tmp_path / "several")
    Package.open(tmp_path / "several" / "one").zip(tmp_path / "one.zip")
    assert packagers.unpack(tmp_path / "one.zip") == ["one"]
    shutil.make_archive(str(tmp_path / "several"), "zip", tmp_path / "several")
    with pytest.raises(UnpackError, match="2 packages: one, two"):
        packagers.unpack(tmp_path / "several.zip")


def test_an_artifact_whose_folder_is_gone(tmp_path: Path) -> None:
    artifact = packagers.pack(b"x", "v", tmp_path)
    assert isinstance(artifact, packagers.Artifact)
    shutil.rmtree(artifact.path)
    for use in (artifact.unpack, artifact.verify):
        with pytest.raises(UnpackError, match=r"(no package|nothing) here"):
            use()
    assert "'v'" in repr(artifact)


@pytest.mark.parametrize("into", [".", "below", "below/further"])
def test_nothing_is_unpacked_into_the_package_itself(into: str, tmp_path: Path) -> None:
    (tmp_path / "file.txt").write_text("x")
    packagers.pack(tmp_path / "file.txt", "package", tmp_path)
    with pytest.raises(UnpackError, match="package itself"):
        packagers.unpack(tmp_path / "package", into=tmp_path / "package" / into)
    assert not (tmp_path / "package" / "below").exists()
    assert packagers.unpack(tmp_path / "package", into=tmp_path / "elsewhere").read_text() == "x"


def test_a_packager_that_wrote_no_file_reads_an_empty_folder(tmp_path: Path) -> None:
    seen: list[list[Path]] = []

    def unpack_file(self: Any, folder: Path, *, said: str = "") -> Thing:
        seen.append([*folder.iterdir(), Path(said)])
        return Thing()

    odd = session(tmp_path, pack_file=lambda self, obj, folder: {"said": "all"}, unpack_file=unpack_file)
    artifact = odd.pack(Thing(), "thing")
    assert isinstance(artifact, packagers.Artifact)
    assert isinstance(odd.unpack(artifact.path), Thing)
    assert seen == [[Path("all")]]


def test_a_stream_whose_file_is_no_stream_is_an_unpack_error(tmp_path: Path) -> None:
    artifact = packagers.pack(iter([1, 2]), "stream", tmp_path)
    assert isinstance(artifact, packagers.Artifact)
    chunks = next(artifact.path.rglob("chunks.jsonl"))
    for text in ("[]\n", "{}\n", "x\n", '{"skeleton": {"$part": 0}}\n'):
        chunks.write_text(text)
        with pytest.raises(UnpackError):
            list(packagers.unpack(artifact.path, verify=False))
    chunks.unlink()
    with pytest.raises(UnpackError):
        list(packagers.unpack(artifact.path, verify=False))


def test_a_named_tuple_whose_class_has_other_fields_now_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packagers.pack(sample_types.Pair(1, 2), "pair", tmp_path)
    monkeypatch.setattr(sample_types.Pair, "_fields", ("left", "middle", "right"))
    with pytest.raises(UnpackError, match="3 fields, and 2") as caught:
        packagers.unpack(tmp_path / "pair")
    assert "pair" in str(caught.value.file)


def test_a_manifest_that_would_be_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("packagers.draft.MAX_BYTES", 1_000)
    with pytest.raises(PackError, match="allowed") as caught:
        packagers.pack("x" * 2_000, "v", tmp_path)
    assert "file" in str(caught.value.remedy)
    assert not (tmp_path / "v").exists()
