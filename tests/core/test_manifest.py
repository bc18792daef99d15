"""A manifest says what a manifest can say and nothing else, however right its digests and its seal are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import packagers
from packagers import IntegrityError, PackError, Session, UnpackError, testing
from packagers.digests import digest_json
from packagers.manifest import NAME, Manifest
from packagers.package import Package
from packagers.results import NAME as RESULTS
from packagers.results import open_result, open_results
from packagers.sealed import from_text, seal_of, to_text

Data = dict[str, Any]
DIGESTED = ("object_type", "artifact_type", "format", "instructions", "format_version", "value", "skeleton")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    packagers.pack([b"x" * 100_000, b"y" * 100_001, bytearray(b"z" * 100_000)], "v", tmp_path)
    return tmp_path / "v"


def edit(package: Path, change: Callable[[Data], Any]) -> None:
    """Change a manifest, and make digest and seal right again."""
    data, _, _ = from_text((package / NAME).read_bytes())
    change(data)
    content = {name: data[name] for name in DIGESTED if name in data} | {"version": data["packagers"], "parts": data.get("parts", [])}
    if all(isinstance(each, dict) and each.keys() >= {"path", "size", "digest"} for each in data.get("files", [])):
        files = [{name: each[name] for name in ("path", "size", "digest")} for each in data.get("files", [])]
        data["digest"] = digest_json({**content, "files": sorted(files, key=lambda each: str(each["path"]))})
    (package / NAME).write_bytes(to_text(data, None, seal_of(data)))


def test_the_editor_makes_good_manifests(package: Path) -> None:
    edit(package, lambda data: data["files"].reverse())
    Package.open(package).verify()


def first(change: dict[str, Any]) -> Callable[[Data], Any]:
    return lambda data: data["files"][0].update(change)


def also(path: str) -> Callable[[Data], Any]:
    """Name one file twice."""
    return lambda data: data["files"].append({**data["files"][0], "path": path})


LAX: dict[str, tuple[Callable[[Data], Any], str]] = {
    "the same file twice": (lambda data: data["files"].append(dict(data["files"][0])), "are one on some systems"),
    "the same file, another size": (lambda data: data["files"].append({**data["files"][0], "size": 0}), "are one on some systems"),
    "files that case tells apart": (lambda data: also(data["files"][0]["path"].upper())(data), "are one on some systems"),
    "files that composing tells apart": (
        lambda data: (also("\u00e9")(data), also("e\u0301")(data)),
        "are one on some systems",
    ),
    "a file that is a folder": (lambda data: also(f"{data['files'][0]['path']}/inner")(data), "needs a folder"),
    "a folder that is a file": (lambda data: also("part-0")(data), "needs a folder"),
    "a size that is a float": (first({"size": 100_000.0}), "'size' is float"),
    "a size that is true": (first({"size": True}), "'size' is bool"),
    "a size that is text": (first({"size": "1"}), "'size' is str"),
    "a size below nothing": (first({"size": -1}), "makes no sense"),
    "a digest that is none": (first({"digest": "blake3:00"}), "makes no sense"),
    "a digest of another kind": (first({"digest": "md5:" + "0" * 32}), "makes no sense"),
    "a digest in capitals": (lambda data: data["files"][0].update(digest=data["files"][0]["digest"].upper()), "makes no sense"),
    "a digest with a line behind it": (
        lambda data: data["files"][0].update(digest=data["files"][0]["digest"] + "\n"),
        "makes no sense",
    ),
    "blocks that are numbers": (first({"blocks": [1]}), "makes no sense"),
    "too many blocks": (first({"blocks": ["blake3:" + "0" * 64] * 2}), "makes no sense"),
    "no blocks, spelled out": (first({"blocks": []}), "'files' cannot stand there so"),
    "more of a file": (first({"mode": 0o777}), "'files' cannot stand there so"),
    "a file that is text": (lambda data: data["files"].append("x"), "'path' is missing"),
    "a path that goes up": (first({"path": "../x"}), "leaves the package"),
    "a path from the root": (first({"path": "/x"}), "leaves the package"),
    "a path with a drive": (first({"path": "c:x"}), "leaves the package"),
    "a path that is empty": (first({"path": ""}), "leaves the package"),
    "more of a part": (lambda data: data["parts"][0].update(trust="all"), "does not have the recorded digest"),
    "a part that stands elsewhere": (lambda data: data["parts"][0].update(folder="con"), "no part is called 'con'"),
    "a part of another script": (lambda data: data["parts"][0].update(folder="part-\u0661"), "no part is called"),
    "two parts in one folder": (lambda data: data["parts"].append(data["parts"][0]), "two of its parts"),
    "a part that is many twice over": (lambda data: data["parts"][0].update(many=2), "'many' is int"),
    "a payload with a slash": (lambda data: data.update(payload="a/b"), "no payload folder is called"),
    "a payload that is a device": (lambda data: data.update(payload="nul"), "no payload folder is called 'nul'"),
    "a payload in capitals": (lambda data: data.update(payload="0BADC0DE"), "no payload folder is called"),
    "a payload that is the folder": (lambda data: data.update(payload="."), "no payload folder is called"),
    "no payload, and files": (lambda data: data.pop("payload"), "'files' cannot stand there so"),
    "a field that nobody knows": (lambda data: data.update(trust=["os.system"]), "'trust' cannot stand there so"),
    "an empty tag, spelled out": (lambda data: data.update(tag=""), "'tag' cannot stand there so"),
    "a tag that is no name": (lambda data: data.update(tag="../up"), "the tag '../up'"),
    "a label that is a number": (lambda data: data.update(labels={"a": 1}), "not all text"),
    "a version that is a list": (lambda data: data.update(versions={"a": ["1"]}), "not all text"),
    "labels that are a list": (lambda data: data.update(labels=["a"]), "'labels' is list"),
    "a first format version, spelled out": (lambda data: data.update(format_version=1), "'format_version' cannot stand there"),
    "a format version below the first": (lambda data: data.update(format_version=0), "has the version 0"),
    "a format version that is true": (lambda data: data.update(format_version=True), "'format_version' is bool"),
    "a schema below the first": (lambda data: data.update(packagers=0), "no format version 0"),
    "a schema that is true": (lambda data: data.update(packagers=True), "'packagers' is bool"),
    "instructions that are a list": (lambda data: data.update(instructions=[]), "'instructions' is list"),
    "a key that goes up": (lambda data: data.update(key=".."), "begins with a dot"),
    "a key that is a device": (lambda data: data.update(key="aux"), "device"),
    "lossless that is 1": (lambda data: data.update(lossless=1), "'lossless' is int"),
}


@pytest.mark.parametrize("name", LAX)
def test_what_no_packager_writes_is_refused(name: str, package: Path) -> None:
    change, why = LAX[name]
    edit(package, change)
    with pytest.raises(IntegrityError) as caught:
        Package.open(package)
    assert why in str(caught.value)
    assert (caught.value.file, bool(caught.value.remedy)) == (str(package / NAME), True)
    with pytest.raises(IntegrityError):
        packagers.unpack(package, trust="all")


def test_bytes_that_were_found_right_are_not_checked_again_and_changed_ones_are(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Package.open(package)
    with monkeypatch.context() as patched:
        patched.setattr("packagers.manifest.checked", lambda text: pytest.fail("checked again"))
        again = Package.open(package)
    assert (again.manifest, again.seal, again.signature) == (first.manifest, first.seal, first.signature)
    assert again.manifest.digest == first.manifest.digest
    file = package / NAME
    text = file.read_bytes()
    file.write_bytes(text.replace(first.manifest.digest.encode(), b"blake3:" + b"0" * 64))
    with pytest.raises(IntegrityError):
        Package.open(package)


def test_what_is_done_to_a_manifest_in_memory_is_not_seen_by_who_opens_the_package_again(package: Path) -> None:
    for _ in range(2):
        opened = Package.open(package).manifest
        assert not {"more"} & {*opened.description, *opened.versions}
        opened.description["more"] = opened.versions["more"] = "more"  # type: ignore[index]


def test_a_newer_schema_may_have_more_fields(package: Path) -> None:
    edit(package, lambda data: data.update(packagers=2, more=[1]))
    with pytest.raises(UnpackError, match="format version 2") as caught:
        Package.open(package)
    assert not isinstance(caught.value, IntegrityError)
    assert caught.value.remedy == "pip install --upgrade packagers"


def test_what_is_read_is_what_was_written(package: Path) -> None:
    data, _, _ = from_text((package / NAME).read_bytes())
    assert Manifest.from_dict(data).to_dict() == data


@pytest.mark.parametrize("names", [("a.txt", "A.txt"), ("stra\u00dfe", "STRASSE"), ("a", "A/b")])
def test_files_that_no_reader_would_take_are_not_packed(names: tuple[str, str], tmp_path: Path) -> None:
    source = (
        "from packagers import Packager\nclass P(Packager):\n    READERS = {'file': 'data'}\n    def pack_file(self, obj, folder):\n"
        "        for name in obj.names:\n            (folder / name).parent.mkdir(exist_ok=True)\n            (folder / name).touch()\n"
        "    def unpack_file(self, folder): ...\n"
    )
    files = {"names": {"entry_points": {"packagers.types": {"names_types.T": "names_p:P"}}, "files": {"names_p.py": source}}}
    with testing.installed({**files, "names_types.py": f"class T:\n    names = {names!r}\n"}, tmp_path / "site"):
        from names_types import T  # type: ignore[import-not-found]

        (tmp_path / "case").mkdir()
        if (tmp_path / "CASE").exists():
            pytest.skip("upper and lower case are one here")
        with pytest.raises(PackError, match="cannot be moved everywhere"):
            packagers.pack(T(), "value", tmp_path)
    assert not (tmp_path / "value").exists()


# Results


@pytest.fixture
def results(tmp_path: Path) -> Path:
    with Session(tmp_path) as session:
        session.pack(3, "good")
        session.pack(4, "v")
    return tmp_path


ODD: dict[str, Callable[[Data], Any]] = {
    "more of an entry": lambda entries: entries["v"].update(trust="all"),
    "a key that goes up": lambda entries: entries.update({"../v": entries.pop("v")}),
    "a key that is a device": lambda entries: entries.update({"nul": entries.pop("v")}),
    "no instructions, spelled out": lambda entries: entries["v"].update(instructions={}),
    "a first version, spelled out": lambda entries: entries["v"].update(format_version=1),
    "a version that is true": lambda entries: entries["v"].update(format_version=True),
    "a packager that is a list": lambda entries: entries["v"].update(packager=[]),
    "a mark that is no mark": lambda entries: entries["v"].update(foreign=False),
}


@pytest.mark.parametrize("name", ODD)
def test_a_result_that_nobody_records_is_refused_and_the_others_are_not(name: str, results: Path) -> None:
    data = json.loads((results / RESULTS).read_bytes())
    del data["seal"], data["signature"]
    ODD[name](data["results"])
    (results / RESULTS).write_bytes(to_text(data, None, seal_of(data)))
    (odd,) = [key for key in data["results"] if key != "good"]
    with pytest.raises(IntegrityError) as caught:
        open_result(results, odd)
    assert caught.value.file == str(results / RESULTS)
    with pytest.raises(IntegrityError):
        open_results(results)
    assert packagers.unpack(results / "good") == 3
