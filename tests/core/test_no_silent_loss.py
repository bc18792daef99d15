"""Of every way in which packing an output can fail, none ends as success: it is in the group with its key and leaf, or a warning."""

from __future__ import annotations

import errno
import io
import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import packagers
from packagers import LogHint, Packager, PackError, PackingFailed, Registry, Session, draft, sealed


class Thing:
    """What the packagers below pack, each by failing in its own way."""


class Bad(Packager):
    DEFAULT_PACKING_ARTIFACT_TYPE = "file"
    READERS = {"file": "data"}

    def pack_file(self, obj: Any, folder: Path, *, size: int = 1) -> Any:
        return self.fail(folder)

    def unpack_file(self, folder: Path, *, size: int = 1) -> Any:
        return Thing()

    def fail(self, folder: Path) -> Any:
        raise NotImplementedError

    def describe(self, obj: Any) -> dict[str, Any]:
        return {}


class RaisesOurs(Bad):
    def fail(self, folder: Path) -> Any:
        (folder / "half").write_text("half")
        raise PackError("not today", leaf=".inner")


class RaisesAnything(Bad):
    def fail(self, folder: Path) -> Any:
        raise ZeroDivisionError("by zero")


class RaisesOSError(Bad):
    def fail(self, folder: Path) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")


class Exhausts(Bad):
    def fail(self, folder: Path) -> Any:
        raise MemoryError


class Recurses(Bad):
    def fail(self, folder: Path) -> Any:
        return self.fail(folder)


class GivesNonsense(Bad):
    def fail(self, folder: Path) -> Any:
        (folder / "x").touch()
        return ["no", "object"]


class GivesObjects(Bad):
    def fail(self, folder: Path) -> Any:
        (folder / "x").touch()
        return {"size": object()}


class GivesNaN(Bad):
    def fail(self, folder: Path) -> Any:
        (folder / "x").touch()
        return {"size": float("nan")}


class GivesStrangeInstruction(Bad):
    def fail(self, folder: Path) -> Any:
        (folder / "x").touch()
        return {"colour": 1}


class GivesTooMuch(Bad):
    def fail(self, folder: Path) -> Any:
        return {"size": "x" * (sealed.MAX_BYTES + 1)}


class WritesNothing(Bad):
    def fail(self, folder: Path) -> Any:
        return None


class WritesALink(Bad):
    def fail(self, folder: Path) -> Any:
        (folder / "link").symlink_to("/etc/hostname")


class WritesALinkToAFolder(Bad):
    def fail(self, folder: Path) -> Any:
        (folder / "link").symlink_to("/etc")


class WritesAPipe(Bad):
    def fail(self, folder: Path) -> Any:
        os.mkfifo(folder / "pipe")


class WritesBadNames(Bad):
    def fail(self, folder: Path) -> Any:
        (folder / "a\\b").touch()


class WritesBeside(Bad):
    def fail(self, folder: Path) -> Any:
        (folder / "x").touch()
        (folder.parent / "beside").write_text("lost")


class RemovesItsFolder(Bad):
    def fail(self, folder: Path) -> Any:
        folder.rmdir()


class Unread(Packager):
    """Packs what nothing reads: no part of a whole."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "plot"

    def pack_plot(self, obj: Any, folder: Path) -> None:
        (folder / "plot").touch()


class RaisesAtResult(Packager):
    DEFAULT_PACKING_ARTIFACT_TYPE = "result"

    def pack_result(self, obj: Any) -> Any:
        raise RuntimeError("no value")

    def unpack_result(self, value: Any) -> Any:
        return value


class GivesNoJSON(RaisesAtResult):
    def pack_result(self, obj: Any) -> Any:
        return len


def middle() -> Iterator[int]:
    yield 1
    yield 2
    raise RuntimeError("the source is gone")


def first() -> Iterator[int]:
    raise RuntimeError("there is no source")
    yield


def inside() -> Iterator[Any]:
    yield b"x"
    yield {"deep": [1, (each for each in ())]}


def used_up() -> Iterator[int]:
    found = iter_once()
    list(found)
    return found


def iter_once() -> Iterator[int]:
    yield 1


Row = tuple[Callable[[], Any], Any, type[Packager] | None, str, str | None]
ROWS: dict[str, Row] = {
    **{
        packager.__name__: (Thing, "bad", packager, message, leaf)
        for packager, message, leaf in (
            (RaisesOurs, "not today", ".inner"),
            (RaisesAnything, "ZeroDivisionError: by zero", None),
            (RaisesOSError, "No space left", None),
            (Exhausts, "MemoryError", None),
            (Recurses, "RecursionError", None),
            (GivesNonsense, "no JSON object", None),
            (GivesObjects, "no JSON object", None),
            (GivesNaN, "no JSON object", None),
            (GivesStrangeInstruction, "'colour'", None),
            (GivesTooMuch, "manifest would have", None),
            (WritesNothing, "wrote no file", None),
            (WritesALink, "no regular file", None),
            (WritesALinkToAFolder, "no regular file", None),
            (WritesAPipe, "no regular file", None),
            (WritesBadNames, "not every system can hold", None),
            (WritesBeside, "beside the folder", None),
            (RemovesItsFolder, "", None),
            (RaisesAtResult, "RuntimeError: no value", None),
            (GivesNoJSON, "no plain values", ""),
        )
    },
    "an artifact type that there is not": (Thing, "bad : wallpaper", RaisesOurs, "wallpaper", None),
    "an option that there is not": (Thing, "bad : file[colour=1]", RaisesOurs, "colour", None),
    "an option for a container": (lambda: [1], "bad : file[colour=1]", None, "", None),
    "a leaf that nobody packs": (lambda: {"a": [b"x", {"b": (each for each in ())}]}, "bad", None, "a stream stands inside", ".a[1].b"),
    "a leaf that nobody reads": (lambda: [1, [Thing()]], "bad", Unread, "no form that could be read back", "[1][0]"),
    "a leaf that raises": (lambda: {"a": (Thing(),)}, "bad", RaisesAnything, "by zero", ".a[0]"),
    "a leaf that writes nothing": (lambda: [[Thing()]], "bad", WritesNothing, "wrote no file", "[0][0]"),
    "a leaf that is no value of a result": (lambda: {"a": [Thing()]}, "bad : result", RaisesOurs, "no plain values", ".a[0]"),
    "a stream that raises in the middle": (middle, "bad", None, "the source is gone", "[2]"),
    "a stream that raises at first": (first, "bad", None, "there is no source", None),
    "a stream of what cannot be packed": (inside, "bad", None, "a stream stands inside", "[1].deep[1]"),
    "a stream that is used up": (used_up, "bad", None, "used up", None),
    "a stream as a result": (middle, "bad : result", None, "no result", None),
    "a key that is no name": (lambda: b"x", LogHint.parse("x").to_dict() | {"key": "a/b"}, None, "a/b", None),
    "a hint that cannot be read": (lambda: b"x", "bad : [", None, "", None),
    "the name of the file of results": (lambda: 1, "results.json", None, "holds the results", None),
    "a key of this call": (lambda: 1, "before", None, "two outputs", None),
    "a key that differs in case alone": (lambda: 1, "BEFORE", None, "case alone", None),
    "a key that differs in case alone from an earlier one": (lambda: 1, "EARLIER", None, "case alone", None),
    "a folder at a URL": (lambda: b"x", LogHint("bad", artifact_path="s3://bucket"), None, "URL", None),
    "a folder that is a file": (lambda: b"x", LogHint("bad", artifact_path="a-file"), None, "cannot be made", None),
    "a folder with too long a name": (lambda: b"x", LogHint("bad", artifact_path="x" * 300), None, "too long", None),
    "a result with a tag": (lambda: 1, LogHint("bad", tag="v1"), None, "no tag", None),
    "metrics of what is no model": (lambda: b"x", LogHint("bad", metrics={"m": 1}), None, "metrics are for models", None),
    "an item without a name": (lambda: {1.5: b"x"}, "*bad", None, "", "[1.5]"),
    "an item that cannot be packed": (lambda: {"a": (each for each in ())}, "2*bad", None, "", ".a"),
    "items with links": (lambda: [1], LogHint("bad", itemized=True, extra_data={"x": 1}), None, "no links of its own", None),
    "something of somebody else's in its place": (lambda: b"x", "theirs", None, "no package", None),
}


class Model(Packager):
    """Packs as a model, and well."""

    def pack_model(self, obj: Any, folder: Path) -> None:
        (folder / "m").touch()

    def unpack_model(self, folder: Path) -> Any:
        return Thing()


def path_of(cls: type[Any]) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def registry_with(packager: type[Packager] | None) -> Registry:
    registry = Registry(discover=False)
    registry.add(path_of(Thing), packager or Model)
    return registry


def run(folder: Path, row: Row, errors: str) -> Session:
    """Pack something good, what fails, and something good again."""
    make, hint, packager, _, _ = row
    (folder / "a-file").touch()
    (folder / "theirs").mkdir()
    (folder / "theirs" / "notes").touch()
    with Session(folder, registry=registry_with(packager), errors=errors) as session:
        session.pack(b"earlier", "earlier")
        session.pack_returns((b"before", make(), b"after", 7), ["before", hint, "after", "number"])
    return session


def stands(folder: Path) -> dict[str, Any]:
    return {key: packagers.unpack(folder / key) for key in ("earlier", "before", "after", "number")}


GOOD = {"earlier": b"earlier", "before": b"before", "after": b"after", "number": 7}


@pytest.mark.parametrize("name", ROWS)
def test_a_failure_is_in_the_group_and_the_rest_stands(tmp_path: Path, figure: Any, name: str) -> None:
    row = ROWS[name]
    figure("no silent loss", "ways in which packing an output fails, raised", points=1, violations=0)
    with pytest.raises(PackingFailed) as caught:
        run(tmp_path, row, "raise")
    [failure] = caught.value.exceptions
    assert isinstance(failure, packagers.PackagersError)
    assert row[3] in str(failure)
    assert str(failure.leaf or "") == (row[4] or "")
    if name not in ("a hint that cannot be read", "a key that is no name"):  # they have no key
        assert failure.key
    assert stands(tmp_path) == GOOD
    assert sorted(caught.value.outputs) == ["after", "before", "number"]
    assert not (tmp_path / "bad" / "manifest.json").exists()
    if not name.startswith("WritesBeside"):
        assert sorted(path.name for path in tmp_path.iterdir()) == ["a-file", "after", "before", "earlier", "results.json", "theirs"]


@pytest.mark.parametrize("name", ROWS)
def test_a_failure_is_a_warning_where_failures_are(tmp_path: Path, figure: Any, name: str) -> None:
    row = ROWS[name]
    figure("no silent loss", "the same, warned of", points=1, violations=0)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        run(tmp_path, row, "warn")
    said = [str(warning.message) for warning in seen if issubclass(warning.category, packagers.PackagersWarning)]
    assert len(said) == 1, said
    assert row[3] in said[0]
    assert stands(tmp_path) == GOOD


FAULTS: dict[str, tuple[Any, str, int]] = {
    "write": (io, "FileIO", errno.ENOSPC),
    "write chunks": (Path, "open", errno.ENOSPC),
    "make a folder": (os, "mkdir", errno.EDQUOT),
    "make a file": (os, "open", errno.EMFILE),
    "replace": (os, "replace", errno.EIO),
    "list": (os, "listdir", errno.EACCES),
    "look for files": (draft, "files_below", errno.EIO),
}


@pytest.mark.parametrize(
    ("fault", "value"),
    [
        (fault, value)
        for fault in FAULTS
        for value in ("bytes", "container", "stream", "result")
        if value != "result" or fault not in ("write", "list", "look for files")  # it has no files
        if (fault == "write chunks") <= (value == "stream") and (fault == "write") <= (value in ("bytes", "container"))
    ],
)
def test_a_system_that_refuses_is_a_failure_of_that_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figure: Any, fault: str, value: str
) -> None:
    figure("no silent loss", "system calls that fail while an output is packed", points=1, violations=0)
    owner, name, number = FAULTS[fault]
    real = getattr(owner, name)
    hits: list[object] = []

    def refuse(path: Any, *arguments: Any, **options: Any) -> Any:
        flags = arguments[0] if owner is os and name == "open" else os.O_CREAT
        writes = flags & os.O_CREAT and (owner is os or name != "open" or any("w" in str(each) for each in (*arguments, *options.values())))
        target = arguments[0] if name == "replace" else path
        if writes and f"{os.sep}bad" in str(target):
            hits.append(target)
            raise OSError(number, os.strerror(number), str(target))
        return real(path, *arguments, **options)

    values = {"bytes": b"x" * 10, "container": {"a": [b"y" * 70_000]}, "stream": iter([b"1", b"2"]), "result": {"n": 1}}
    record: Any = "packages" if value == "result" else True
    monkeypatch.setattr(owner, name, refuse)
    with Session(tmp_path, registry=Registry(discover=False), record=record) as session:
        session.pack(b"earlier", "earlier")
        with pytest.raises(PackingFailed) as caught:
            session.pack_returns((b"before", values[value], b"after", 7), ["before", "bad", "after", "number"])
    monkeypatch.undo()
    assert hits
    [failure] = caught.value.exceptions
    assert isinstance(failure, PackError)
    assert failure.key == "bad"
    assert stands(tmp_path) == GOOD
    assert not (tmp_path / "bad" / "manifest.json").exists()


@pytest.mark.parametrize("errors", ["raise", "warn"])
def test_results_that_cannot_be_recorded_are_failures_each_with_its_key(tmp_path: Path, errors: str) -> None:
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "results.json").write_text("{}")
    session = Session(tmp_path, errors=errors)
    for key in ("a", "b"):
        session.pack(1, LogHint(key, artifact_path="damaged"))
    session.pack(2, "good")
    if errors == "raise":
        with pytest.raises(PackingFailed) as caught:
            session.close()
        assert [failure.key for failure in caught.value.exceptions if isinstance(failure, PackError)] == ["a", "b"]
    else:
        with pytest.warns(packagers.PackagersWarning) as seen:
            session.close()
        assert len(seen) == 2
    assert packagers.unpack(tmp_path / "good") == 2, "the results of one folder do not wait for those of another"
    (tmp_path / "damaged" / "results.json").unlink()
    session.close()
    assert packagers.unpack(tmp_path / "damaged" / "a") == 1


def test_failures_of_links_and_of_results_are_told_together(tmp_path: Path) -> None:
    session = Session(tmp_path, registry=registry_with(None))
    session.pack(Thing(), LogHint("model", artifact_type="model", metrics={"m": {"$link": "data"}}))
    session.pack(b"x", "data")
    session.pack(1, "number")
    (tmp_path / "results.json").write_text("{}")
    with pytest.raises(PackingFailed) as caught:
        session.close()
    assert [getattr(failure, "key", None) for failure in caught.value.exceptions] == ["model", "number"]


def test_a_link_without_a_target_is_a_warning(tmp_path: Path) -> None:
    with pytest.warns(packagers.PackagersWarning, match="'absent', which was not packed"), Session(tmp_path) as session:
        session.pack(b"x", LogHint("data", extra_data={"it": {"$link": "absent"}}))
    assert packagers.unpack(tmp_path / "data") == b"x"


def test_a_warning_that_is_an_error_does_not_hide_a_failure(tmp_path: Path) -> None:
    with Session(tmp_path) as session, warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(PackingFailed) as caught:
            session.pack_returns((b"x", (each for each in [object])), [LogHint("a", extra_data={"it": {"$link": "no"}}), "b : result"])
    assert [str(getattr(failure, "key", None)) for failure in caught.value.exceptions] == ["b"]


class BadSummaries(Model):
    DEFAULT_PACKING_ARTIFACT_TYPE = "model"

    def describe(self, obj: Any) -> dict[str, Any]:
        raise RuntimeError("no description")

    def preview(self, obj: Any) -> dict[str, Any]:
        return SUMMARIES[len(PREVIEWED)]()


SUMMARIES: list[Callable[[], Any]] = [
    lambda: {"a": object()},
    lambda: {"a": float("nan")},
    lambda: {"a": "\ud800"},
    lambda: {"a": 10**5000},
    lambda: {1: 2, "1": 3},
    lambda: ["no dict"],
    lambda: {"a": "x" * 1_000_000},
    lambda: nested(100_000),
]
PREVIEWED: list[int] = []


def nested(depth: int) -> Any:
    found: dict[str, Any] = {}
    for _ in range(depth):
        found = {"a": found}
    return found


@pytest.mark.parametrize("number", range(len(SUMMARIES)))
def test_a_summary_that_fails_keeps_nothing_from_being_packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    monkeypatch.setitem(globals(), "PREVIEWED", [0] * number)
    with Session(tmp_path, registry=registry_with(BadSummaries)) as session:
        artifact = session.pack(Thing(), "thing")
        assert isinstance(artifact, packagers.Artifact)
        assert artifact.manifest.description == {}
        assert isinstance(packagers.Artifact.preview(artifact), dict)
        artifact.verify()


def test_a_generator_that_nobody_has_started_may_be_empty(tmp_path: Path) -> None:
    packagers.pack((each for each in ()), "none", tmp_path)
    assert list(packagers.unpack(tmp_path / "none")) == []
