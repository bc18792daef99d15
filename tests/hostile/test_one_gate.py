"""Every reader that can run code goes through one gate: an audit hook hears no pickle look for a class before the refusal."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import forging
from gadgets import GADGETS
from watching import Watch

import packagers
from packagers import Registry, UntrustedPackageError
from packagers.package import Package
from packagers.policy import sign_seal
from packagers.sealed import to_text

REGISTRY = Registry()
CODE = sorted(
    {
        (registration.identity, registration.type_path, method.artifact_type, format)
        for registration in REGISTRY
        for method in registration.load().unpacks.values()
        for format in (method.formats or ("",))
        if registration.load().READERS.get(format or method.artifact_type, "code") == "code"
    }
)
HOOK = Watch(Path("/nowhere at all"), Path(tempfile.gettempdir()).resolve())
sys.addaudithook(HOOK)  # it is deaf but for the blocks below


@pytest.fixture(scope="module", autouse=True)
def _libraries_are_loaded() -> None:
    for registration in REGISTRY:
        REGISTRY.instance(registration)


def made(folder: Path, identity: str, type_path: str, artifact_type: str, format: str, *, signed: bool) -> Path:
    """Write a package of a gadget, with or without a signature of one's own."""
    data = forging.described(identity, type_path, artifact_type, format or None)
    forging.package(folder / "v", data, {"object.pkl": GADGETS["STACK-GLOBAL-REDUCE"]})
    if signed:
        package = Package.open(folder / "v")
        (folder / "v" / "manifest.json").write_bytes(to_text(package.manifest.to_dict(), sign_seal(package.seal), package.seal))
        assert Package.open(folder / "v").owned
    return folder / "v"


def test_there_are_readers_of_code() -> None:
    assert {"", "joblib", "pickle", "pt", "pt2", "hdf", "optimizer"} <= {format for *_, format in CODE}


@pytest.mark.parametrize(
    ("signed", "policy"), [(False, "own"), (False, "data"), (True, "data")], ids=["foreign-own", "foreign-data", "own-data"]
)
@pytest.mark.parametrize("reader", CODE, ids=["-".join(parts).replace(os.sep, ".") for parts in CODE])
def test_nothing_is_looked_up_before_the_refusal(
    reader: tuple[str, str, str, str], signed: bool, policy: str, tmp_path: Path, figure: Any
) -> None:
    place = made(tmp_path, *reader, signed=signed)
    with HOOK.listening() as seen, pytest.raises(UntrustedPackageError) as caught:
        packagers.unpack(place, trust=policy)
    looked_up = [event for event in seen if event.startswith("pickle.")]
    figure("one gate", "pickles given to readers of code that the policy forbids", points=1, violations=int(bool(looked_up)))
    assert looked_up == []
    assert (caught.value.policy, bool(caught.value.remedy)) == (policy, True)


def test_the_hook_hears_a_reader_that_is_let_through(tmp_path: Path) -> None:
    place = made(tmp_path, "packagers:packagers.builtin.fallback.ObjectPackager", "builtins.object", "object", "", signed=True)
    with HOOK.listening() as seen, pytest.raises(packagers.UnpackError, match="canary"):
        packagers.unpack(place)
    assert [event for event in seen if event.startswith("pickle.find_class: ('canary', 'sing')")]
