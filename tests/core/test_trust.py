"""The reader decides what may run code: the table of design §6, cell by cell, on real packages; and nothing in a package can loosen it."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import packagers
from packagers import UntrustedPackageError, keys, manifest, sealed
from packagers.package import Package

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))

import sample_types as shapes


class Audited(packagers.Packager):
    """Reads what it lists first."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "file"
    READERS = {"file": "audited"}
    TRUSTS = frozenset({"known.Type"})

    def pack_file(self, obj: Any, folder: Path) -> packagers.Instructions:
        (folder / "types.json").write_text(json.dumps(obj.value))
        return {}

    def unpack_file(self, folder: Path) -> Any:
        return shapes.Holder(packagers.allowed_types(json.loads((folder / "types.json").read_text())))


@pytest.fixture
def registry() -> packagers.Registry:
    made = packagers.Registry()
    made.add("sample_types.Holder", Audited)
    return made


def packed(folder: Path, obj: Any, key: str, *, signed: bool = True, registry: packagers.Registry | None = None) -> Path:
    with packagers.Session(folder, signer="user" if signed else None, registry=registry) as session:
        artifact = session.pack(obj, key)
    assert isinstance(artifact, packagers.Artifact)
    return artifact.path


ALLOWED = {
    # read as: the policies under which one's own is read, and those under which anybody else's is
    "data": ("data own all", "data own all"),
    "audited known": ("data own all", "data own all"),
    "audited strange": ("own all", "all"),
    "code": ("own all", "all"),
}
POLICIES = ("data", "own", "all")
TABLE = [
    (kind, whose, policy, policy in (own if whose == "own" else others).split())
    for kind, (own, others) in ALLOWED.items()
    for whose in ("own", "foreign", "revoked", "unsigned")
    for policy in POLICIES
]


@pytest.mark.parametrize(("kind", "whose", "policy", "allowed"), TABLE)
def test_the_table(
    kind: str, whose: str, policy: str, allowed: bool, tmp_path: Path, registry: packagers.Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = {
        "data": b"bytes",
        "audited known": shapes.Holder(["known.Type"]),
        "audited strange": shapes.Holder(["os.system"]),
        "code": [len, max],
    }[kind]
    place = packed(tmp_path, value, "v", signed=whose != "unsigned", registry=registry)
    if whose == "foreign":
        monkeypatch.setenv("PACKAGERS_CONFIG_DIR", str(tmp_path / "somebody else"))
    if whose == "revoked":
        (signing,) = [info.id for info in keys.listing() if info.state == "signing"]
        keys.revoke(signing)
    item = packagers.DataItem(place, registry=registry)
    for ceiling in POLICIES:  # none of them can be lifted by what a call says
        monkeypatch.setenv("PACKAGERS_TRUST_CEILING", ceiling)
        capped = min(policy, ceiling, key=POLICIES.index)
        if (kind, whose, capped, True) in TABLE:
            assert item.unpack(trust=policy) == value
        else:
            with pytest.raises(UntrustedPackageError) as caught:
                item.unpack(trust=policy)
            assert caught.value.policy == capped
    monkeypatch.delenv("PACKAGERS_TRUST_CEILING")
    if allowed:
        assert item.unpack(trust=policy) == value
        return
    with pytest.raises(UntrustedPackageError) as caught:
        item.unpack(trust=policy)
    assert caught.value.policy == policy
    assert caught.value.remedy


def test_call_beats_block_beats_settings_and_the_ceiling_caps_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = packed(tmp_path, [len, max], "v", signed=False)
    with packagers.settings(trust="all"):
        assert packagers.unpack(place) == [len, max]
        with packagers.trust("data"), pytest.raises(UntrustedPackageError):
            packagers.unpack(place)
        with packagers.trust("data"):
            assert packagers.unpack(place, trust="all") == [len, max]
        monkeypatch.setenv("PACKAGERS_TRUST_CEILING", "own")
        with pytest.raises(UntrustedPackageError):
            packagers.unpack(place, trust="all")


def forge(place: Path, change: Any) -> None:
    """Rewrite a manifest as a stranger would: consistent, and unsigned."""
    package = Package.open(place)
    data = package.manifest.to_dict()
    change(data)
    unchecked = manifest.Manifest.from_dict({**data, "digest": manifest.Manifest.from_dict({**data, "digest": _digest(data)}).digest})
    (place / "manifest.json").write_bytes(sealed.to_text(unchecked.to_dict(), None))


def _digest(data: dict[str, Any]) -> str:
    return manifest.Manifest(
        key=data["key"],
        written=manifest.Written.from_dict(data),
        value=data.get("value", manifest.MISSING),
        skeleton=data.get("skeleton", manifest.MISSING),
        parts=tuple(manifest.Part.from_dict(part) for part in data.get("parts", [])),
        files=tuple(manifest.FileEntry.from_dict(file) for file in data.get("files", [])),
    ).digest


@pytest.mark.parametrize(
    "name", ["antigravity.Nothing", "this.that", "os.path.join", "subprocess.Popen", "builtins.eval", "sample_types.Holder"]
)
def test_a_foreign_package_cannot_make_its_reader_import_or_build(tmp_path: Path, name: str) -> None:
    packagers.pack(shapes.Frozen("x", (b"y" * 70_000,)), "v", tmp_path)

    def change(data: dict[str, Any]) -> None:
        data["object_type"] = name
        data["skeleton"]["$object"] = name

    forge(tmp_path / "v", change)
    code = (
        "import sys, packagers\n"
        "packagers.Registry(); before = set(sys.modules)\n"
        "try:\n    packagers.unpack(sys.argv[1])\n"
        "except packagers.PackagersError as error:\n    print(type(error).__name__)\n"
        "print(sorted(m for m in set(sys.modules) - before if m in ('antigravity', 'this', 'sample_types')))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "v")],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(shapes.here())},
    )
    assert done.stdout.split("\n")[:2] == ["UntrustedPackageError", "[]"], done.stdout


def test_instructions_cannot_choose_a_pickle_module(tmp_path: Path) -> None:
    packagers.pack([len, max], "v", tmp_path)

    def change(data: dict[str, Any]) -> None:
        data["parts"][0]["instructions"]["pickle_module_name"] = "antigravity"

    forge(tmp_path / "v", change)
    with pytest.raises(UntrustedPackageError):
        packagers.unpack(tmp_path / "v")
    with pytest.raises(packagers.UnpackError, match="antigravity"):
        packagers.unpack(tmp_path / "v", trust="all")
    assert "antigravity" not in sys.modules


@pytest.mark.parametrize("option", ["trust", "verify", "hint", "project"])
def test_instructions_cannot_loosen_the_policy(tmp_path: Path, option: str) -> None:
    packagers.pack([len, max], "v", tmp_path)

    def change(data: dict[str, Any]) -> None:
        data["parts"][0]["instructions"][option] = "all"

    forge(tmp_path / "v", change)
    with pytest.raises(packagers.UnpackError, match=option):
        packagers.unpack(tmp_path / "v", trust="all")


def test_own_objects_just_work_and_a_colleagues_do_after_sharing_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from packagers import keys

    place = packed(tmp_path, [len, max], "v")
    assert packagers.unpack(place) == [len, max]
    exported = keys.export()
    monkeypatch.setenv("PACKAGERS_CONFIG_DIR", str(tmp_path / "colleague"))
    with pytest.raises(UntrustedPackageError, match="not signed with a key that you accept"):
        packagers.unpack(place)
    keys.import_(exported)
    assert packagers.unpack(place) == [len, max]


def test_a_foreign_dataclass_is_rebuilt_from_the_class_of_the_callers_hint_alone(tmp_path: Path) -> None:
    place = packed(tmp_path, shapes.Layer(1, shapes.Pair(2, 3)), "v", signed=False)
    with pytest.raises(UntrustedPackageError):
        packagers.unpack(place)
    with pytest.raises(UntrustedPackageError):
        packagers.unpack(place, shapes.Layer)  # its hook is Any: the class Pair is the package's own choice
    plain = packed(tmp_path, shapes.Layer(1), "plain", signed=False)
    assert packagers.unpack(plain, shapes.Layer) == shapes.Layer(1)
    assert packagers.unpack(plain, shapes.Layer | None, trust="data") == shapes.Layer(1)


def test_a_package_that_was_signed_elsewhere_and_edited_is_refused(tmp_path: Path) -> None:
    place = packed(tmp_path, b"abc", "v")
    other = packed(tmp_path, b"abd", "w")
    text = json.loads((place / "manifest.json").read_bytes())
    text["signature"] = json.loads((other / "manifest.json").read_bytes())["signature"]
    data = {name: value for name, value in text.items() if name not in ("seal", "signature")}
    (place / "manifest.json").write_bytes(sealed.to_text(data, text["signature"]))
    with pytest.raises(packagers.IntegrityError, match="signature"):
        packagers.unpack(place)


def test_sign_vouches_for_what_was_packed_unsigned(tmp_path: Path) -> None:
    place = packed(tmp_path, [len, max], "v", signed=False)
    with pytest.raises(UntrustedPackageError):
        packagers.unpack(place)
    packagers.sign(place)
    assert packagers.unpack(place) == [len, max]


class Gadget:
    """Runs something when it is unpickled."""

    def __reduce__(self) -> Any:
        return print, ("the stranger's code runs",)


def test_a_signature_does_not_vouch_for_bytes_that_nobody_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = packed(tmp_path, [len, max], "v")
    (pickled,) = place.rglob("*.pkl")
    pickled.write_bytes(pickle.dumps(Gadget(), protocol=5))
    with pytest.raises(packagers.IntegrityError):
        packagers.unpack(place)
    with pytest.raises(UntrustedPackageError, match="verify=False left open") as caught:
        packagers.unpack(place, verify=False)
    assert "Leave verify=False away" in str(caught.value.remedy)
    assert 'trust="own"' not in str(caught.value.remedy)
    assert capsys.readouterr().out == ""
    with pytest.raises(packagers.UnpackError, match="recorded value"):  # the gadget is not what the manifest says
        packagers.unpack(place, verify=False, trust="all")
    assert "runs" in capsys.readouterr().out


def test_without_files_there_is_nothing_to_check(tmp_path: Path) -> None:
    packagers.pack(shapes.Pair(1, 2), "v", tmp_path)
    assert packagers.unpack(tmp_path / "v", verify=False) == shapes.Pair(1, 2)


def test_a_signature_does_not_vouch_for_digests_that_anybody_can_forge(
    tmp_path: Path, registry: packagers.Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    with packagers.settings(digest="xxh3"):
        places = [
            packed(tmp_path, value, key, registry=registry)
            for key, value in (
                ("data", b"x"),
                ("code", [len, max]),
                ("audited", shapes.Holder(["os.system"])),
                ("parts", [b"x" * 100_000, 1]),
            )
        ]
    used = [{file.digest.partition(":")[0] for file in Package.open(place).manifest.files} for place in places]
    assert used == [{"xxh3"}, {"blake3"}, {"blake3"}, {"blake3"}]
    assert [packagers.DataItem(place, registry=registry).unpack() for place in places[:2]] == [b"x", [len, max]]
    monkeypatch.setattr("packagers.writing.Writer._algorithm", lambda *_: "xxh3")
    place = packed(tmp_path, [len, max], "forgeable")
    with pytest.raises(UntrustedPackageError, match="anybody can forge") as caught:
        packagers.unpack(place)
    assert 'digest="blake3"' in str(caught.value.remedy)
    assert packagers.unpack(place, trust="all") == [len, max]


class Placed(packagers.Packager):
    """Has an option that only a caller may set, and writes it down all the same."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "file"
    READERS = {"file": "data"}
    CALLER_OPTIONS = frozenset({"device"})

    def pack_file(self, obj: Any, folder: Path) -> packagers.Instructions:
        (folder / "x").write_bytes(b"")
        return {"device": "cuda:0"}

    def unpack_file(self, folder: Path, *, device: str = "cpu") -> Any:
        return shapes.Holder(device)


def test_a_package_does_not_decide_what_only_a_caller_may(tmp_path: Path) -> None:
    registry = packagers.Registry()
    registry.add("sample_types.Holder", Placed)
    item = packagers.DataItem(packed(tmp_path, shapes.Holder(1), "v", registry=registry), registry=registry)
    for trust in ("own", "all"):
        with pytest.raises(packagers.UnpackError, match="'device', an option of Placed that only a caller may set"):
            item.unpack(trust=trust, device="cpu")


def test_the_options_of_callers_are_declared_as_names() -> None:
    with pytest.raises(packagers.PackagerDefinitionError, match="CALLER_OPTIONS"):
        type("Wrong", (packagers.Packager,), {"CALLER_OPTIONS": "into"})
