"""Addresses of artifacts, and the file system that stands behind them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import packagers
from packagers_runs.runstore import Store, connect
from packagers_runs.store.addresses import KINDS, Address
from packagers_runs.store.errors import AddressError, ArtifactNotFoundError

UID = "0123456789abcdef" * 2

names = st.text(st.characters(exclude_characters='/\\:*?"<>|', exclude_categories=("Cs", "Cc")), min_size=1, max_size=30)
awkward = st.sampled_from(["#1", "@", "%41", "a%", "models", "key#2", "[x]", "manifest.json", "0123abcd", "é", "a b", "+", "&=", "日本"])
addresses = st.builds(
    Address,
    key=names | awkward,
    project=st.just("") | names | awkward,
    kind=st.sampled_from(["", *KINDS]),
    iteration=st.integers(0, 10**9 - 1),
    tag=st.just("") | names | awkward,
    uid=st.just("") | st.text("0123456789abcdef", min_size=32, max_size=32),
)


@given(addresses)
@settings(derandomize=True)
def test_an_address_is_read_as_it_was_written(address: Address) -> None:
    # A kind before a key alone would be read as one, and a project too: only the whole tells which it is.
    assert Address.parse(str(address)) == address
    assert str(Address.parse(str(address))) == str(address)
    assert str(address).isascii()


@given(st.text(st.sampled_from("ab01/#:@%[]?* \n\x00é" + "store"), max_size=30))
@settings(derandomize=True)
def test_any_text_is_an_address_or_a_clear_refusal(text: str) -> None:
    try:
        address = Address.parse(f"store://{text}")
    except AddressError:
        with pytest.raises(AddressError, match="→"):
            Address.parse(f"store://{text}")
    else:
        assert Address.parse(str(address)) == address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("store://model", Address("model")),
        ("store://model:latest", Address("model")),
        ("store://shop/model", Address("model", "shop")),
        ("store://models/model", Address("model", kind="models")),
        ("store://artifacts/shop/model", Address("model", "shop")),
        ("store://artifacts/models/model", Address("model", "models")),
        (f"store://models/default/grid_model#2@{UID}", Address("grid_model", "default", "models", 2, "", UID)),
        (f"store://shop/model#3:best@{UID}", Address("model", "shop", "", 3, "best", UID)),
        ("store://my model", Address("my model")),
        ("store://a%23b", Address("a#b")),
    ],
)
def test_what_addresses_mean(text: str, address: Address) -> None:
    assert Address.parse(text) == address


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("model", "is no address"),
        ("s3://model", "is no address"),
        (7, "is no address"),
        ("store://", "a segment is empty"),
        ("store:///model", "a segment is empty"),
        ("store://a/b/c/d", "it has 4 segments"),
        ("store://model#two", "'two' is no number of an iteration"),
        ("store://model@123", "'123' is no uid"),
        ("store://model:", "is not key"),
        ("store://model#1#2", "is not key"),
        ("store://modles/shop/model", "Did you mean 'models'"),
        ("store://shop#1/model", "in a project, # : @ are written"),
        ("store://a*b", "has the character '\\*'"),
        ("store://a%2Fb", "has the character '/'"),
        ("store://%FF", "stands for no text"),
    ],
)
def test_what_is_no_address_is_refused_with_the_reason(text: str, said: str) -> None:
    with pytest.raises(AddressError, match=said) as caught:
        Address.parse(text)
    assert caught.value.remedy
    assert caught.value.address == str(text)


@pytest.fixture
def store() -> Iterator[Store]:
    with connect("memory://") as store:
        yield store


def put(store: Store, key: str, text: str, uid: str = UID, project: str = "default", files: int = 1) -> None:
    started = {"metadata": {"uid": uid, "project": project}, "status": {"state": "running"}}
    attempt = store.begin(started)
    folder = store.staging(attempt) / "made"
    (folder / "sub").mkdir(parents=True)
    for number in range(files):
        (folder / f"sub/{number}.txt").write_text(text)
    with packagers.Session(store.staging(attempt), record=False) as session:
        session.pack(folder if files > 1 else text, {"key": "inner", "artifact_type": "path" if files > 1 else "file"})
    store.write(attempt, {**started, "status": {"state": "completed"}}, {key: session.artifacts["inner"]})


@pytest.mark.parametrize("key", ["key", "models", "0123abcd", "a#b", "100%", "a b", "@", "[x]", "+é", "a&b=c", "x" * 200])
@pytest.mark.parametrize("project", ["default", "models", "my shop", "#1"])
def test_every_key_of_every_project_is_read_by_its_address(store: Store, key: str, project: str) -> None:
    put(store, key, "text", project=project)
    for address in (Address(key, project), Address(key, project, uid=UID), Address(key, project, "artifacts")):
        assert packagers.unpack(str(address)) == "text"
    if project == "default":
        assert packagers.unpack(str(Address(key))) == "text"


def test_a_package_is_listed_and_copied_as_files(store: Store, tmp_path: Path) -> None:
    put(store, "folder", "text", files=3)
    system, path = fsspec.core.url_to_fs(f"store://folder@{UID}")
    manifest = json.loads(system.cat_file(f"{path}/manifest.json"))
    payload = manifest["payload"]
    assert [Path(name).name for name in system.ls(path, detail=False)] == ["manifest.json", payload]
    assert sorted(name.removeprefix(path) for name in system.find(path)) == sorted(
        ["/manifest.json", *(f"/{payload}/{file['path']}" for file in manifest["files"])]
    )
    system.get(f"{path}/", str(tmp_path / "inner"), recursive=True)
    assert sorted(file.read_text() for file in packagers.unpack(tmp_path / "inner").rglob("*.txt")) == ["text"] * 3
    assert system.info(f"{path}/{payload}/{manifest['files'][0]['path']}")["size"] == manifest["files"][0]["size"]
    assert system.isdir(path)
    assert not system.exists(f"{path}/nothing")
    with pytest.raises(FileNotFoundError, match="no artifact 'folder' has"):
        system.info(f"{path}/nothing")
    with pytest.raises(FileNotFoundError, match=f"no '{payload}/nothing'"):
        system.info(f"{path}/{payload}/nothing")
    with pytest.raises(NotImplementedError, match="not written to"):
        system.open(f"{path}/manifest.json", "wb")


def test_a_reader_gets_the_files_of_the_manifest_that_it_read(store: Store) -> None:
    put(store, "note", "old")
    artifact = packagers.DataItem("store://note").unpack(packagers.Artifact)
    put(store, "note", "new", uid="f" * 32)
    assert artifact.unpack() == "old"
    assert packagers.unpack("store://note") == "new"


def test_of_data_that_is_gone_the_next_step_is_told(store: Store) -> None:
    put(store, "model", "text")
    store.objects.remove(store.find("store://model").digest)
    with pytest.raises(packagers.UnpackError, match=r"(?s)its data is gone.*packagers runs doctor"):
        packagers.unpack("store://model")


def test_what_is_no_address_says_so_through_the_core(store: Store) -> None:
    with pytest.raises(packagers.UnpackError, match="is no number of an iteration"):
        packagers.unpack("store://note#x")
    with pytest.raises(packagers.UnpackError, match="there is no artifact 'nope'"):
        packagers.unpack("store://nope")
    with pytest.raises(ArtifactNotFoundError):
        store.find("store://nope")


def test_without_a_store_there_is_nothing_to_look_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("packagers_runs.store.store._opened", [])  # what other tests have left open
    with pytest.raises(packagers.PackagersError, match="connect\\(\\) to one first"):
        packagers.unpack("store://note")
    assert list(tmp_path.iterdir()) == []
