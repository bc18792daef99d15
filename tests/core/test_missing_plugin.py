"""A package whose plugin is not there says what to install, and can be inspected, verified and copied all the same."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from packagers import (
    DataItem,
    IntegrityError,
    MissingPluginError,
    Registry,
    Session,
    UnpackError,
    UntrustedPackageError,
    pack,
    unpack,
)
from packagers.package import Package
from packagers.testing import installed

LIBRARY = {
    "torch.py": """
        class Tensor:
            def __init__(self, text=""):
                self.text = text

        class Special(Tensor):
            pass
    """
}
SOURCE = """
    from packagers import Packager
    import torch

    class {name}(Packager):
        PACK_SUBCLASSES = True
        READERS = {{"file": "data"}}

        def pack_file(self, obj, folder):
            (folder / "data.txt").write_text(obj.text)

        def unpack_file(self, folder):
            return torch.Tensor(self.only_file(folder).read_text())

        def describe(self, obj):
            return {{"text": obj.text}}
"""


def plugin(distribution: str = "packagers-torch", name: str = "TensorPackager", module: str = "fake_torch_plugin") -> dict[str, Any]:
    return {
        distribution: {
            "entry_points": {"packagers.types": {"torch.Tensor": f"{module}:{name}", "torch.Tensor#other": f"{module}:{name}"}},
            "files": {f"{module}.py": SOURCE.format(name=name)},
        }
    }


@contextmanager
def standing(site: Path, *files: Any) -> Iterator[Any]:
    """Let a fake torch, and what else is given, be installed; the real one is not seen."""
    hidden = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == "torch"}
    try:
        with installed({key: value for each in (LIBRARY, *files) for key, value in each.items()}, site):
            import torch

            yield torch
    finally:
        sys.modules.update(hidden)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    with standing(tmp_path / "with", plugin()) as torch:
        pack(torch.Tensor("deep"), "weights", tmp_path / "out")
        pack({"a": [torch.Tensor("x")], "b": 1}, "nested", tmp_path / "out")
    return tmp_path / "out" / "weights"


@pytest.fixture
def registry() -> Registry:
    """Give a registry without plugins."""
    return Registry(discover=False)


def test_it_says_what_to_install(package: Path, registry: Registry) -> None:
    for hint in (None, dict, "fractions.Fraction"):
        with pytest.raises(MissingPluginError) as caught:
            DataItem(package, registry=registry).unpack(hint)
        assert caught.value.remedy == "pip install packagers-torch"
        assert (caught.value.distribution, caught.value.key) == ("packagers-torch", "weights")
        assert "torch.Tensor" in str(caught.value)


def test_a_part_of_a_container_says_so_too(package: Path, registry: Registry) -> None:
    with pytest.raises(MissingPluginError, match="pip install packagers-torch"):
        DataItem(package.parent / "nested", registry=registry).unpack()


def test_everything_else_works_without_it(package: Path, registry: Registry, tmp_path: Path) -> None:
    opened = Package.open(package)
    opened.verify()
    assert opened.manifest.written.object_type == "torch.Tensor"
    assert opened.manifest.description == {"text": "deep"}
    assert DataItem(package, registry=registry).unpack(bytes) == b"deep"
    copied = DataItem(package, registry=registry).unpack(Path)
    assert (copied if copied.is_file() else next(copied.iterdir())).read_text() == "deep"
    with Session(tmp_path / "other", registry=registry) as session:
        assert session.pack({"a": 1}, "fine").key == "fine"


def test_what_was_changed_is_still_found(package: Path) -> None:
    opened = Package.open(package)
    (file,) = opened.payload.iterdir()
    file.write_text("deeq")
    with pytest.raises(IntegrityError):
        Package.open(package).verify()


def test_an_unknown_distribution_gets_no_command(tmp_path: Path, registry: Registry) -> None:
    with standing(tmp_path / "with", plugin("evil-pip-install"), {"packagers-torch": {"files": {}}}) as torch:
        pack(torch.Tensor("deep"), "weights", tmp_path)
    with pytest.raises(MissingPluginError) as caught:
        DataItem(tmp_path / "weights", registry=registry).unpack()
    assert "pip install" not in str(caught.value.remedy)
    assert "evil-pip-install" in str(caught.value)


def test_what_the_package_says_of_its_plugin_is_no_command(package: Path, registry: Registry) -> None:
    manifest = json.loads((package / "manifest.json").read_text())
    text = json.dumps(manifest).replace("packagers-torch:", "packagers-torch; rm -rf:")
    (package / "manifest.json").write_text(text)
    with pytest.raises(UnpackError) as caught:
        DataItem(package, registry=registry).unpack()
    assert "pip install" not in str(caught.value.remedy)


# Where the packager's class is gone, but its distribution is there


def test_the_packager_that_the_distribution_has_now_reads_it(package: Path, tmp_path: Path) -> None:
    with standing(tmp_path / "newer", plugin(name="NewPackager", module="fake_torch_newer")) as torch:
        value = unpack(package)
        assert (type(value), value.text) == (torch.Tensor, "deep")


def test_the_same_for_a_subclass(tmp_path: Path) -> None:
    with standing(tmp_path / "with", plugin()) as torch:
        artifact = pack(torch.Special("deep"), "special", tmp_path)
        assert artifact.manifest.written.object_type == "torch.Special"  # type: ignore[union-attr]
    with standing(tmp_path / "newer", plugin(name="NewPackager", module="fake_torch_newer")):
        assert unpack(tmp_path / "special").text == "deep"


def test_another_distribution_does_not_step_in(package: Path, tmp_path: Path) -> None:
    with standing(tmp_path / "other", plugin("torch-by-others"), {"packagers-torch": {"files": {}}}) as torch:
        with pytest.raises(MissingPluginError):
            unpack(package)
        assert unpack(package, torch.Tensor).text == "deep"  # on the caller's word


# Two classes of one name, in two distributions


def test_two_classes_of_one_name_never_mix(tmp_path: Path) -> None:
    def kennel(name: str) -> dict[str, Any]:
        return {
            f"kennel_{name}.py": "class Dog:\n    def __init__(self, name=''): self.name = name\n",
            f"kennel-{name}": {
                "entry_points": {"packagers.types": {f"kennel_{name}.Dog": f"kennel_{name}_packagers:DogPackager"}},
                "files": {
                    f"kennel_{name}_packagers.py": f"""
                        from packagers import Packager
                        import kennel_{name}

                        class DogPackager(Packager):
                            READERS = {{"file": "data"}}

                            def pack_file(self, obj, folder):
                                (folder / "dog.txt").write_text("{name}:" + obj.name)

                            def unpack_file(self, folder):
                                owner, name = self.only_file(folder).read_text().split(":")
                                assert owner == "{name}"
                                return kennel_{name}.Dog(name)
                    """
                },
            },
        }

    with installed({**kennel("a"), **kennel("b")}, tmp_path / "site"):
        dogs = {name: getattr(__import__(f"kennel_{name}"), "Dog") for name in "ab"}  # noqa: B009
        for name, cls in dogs.items():
            artifact = pack(cls("Rex"), f"dog_{name}", tmp_path)
            written = artifact.manifest.written  # type: ignore[union-attr]
            assert written.packager == f"kennel-{name}:kennel_{name}_packagers.DogPackager"
            assert written.object_type == f"kennel_{name}.Dog"
        for name, cls in dogs.items():
            assert type(unpack(tmp_path / f"dog_{name}")) is cls
            assert unpack(tmp_path / f"dog_{name}", cls).name == "Rex"
        with pytest.raises(UnpackError):
            unpack(tmp_path / "dog_a", dogs["b"])


# In a process that never had the plugin

PROGRAM = """
import sys
import threading
from pathlib import Path
from packagers import MissingPluginError, pack, unpack
from packagers.package import Package
folder = sys.argv[1]
Package.open(Path(folder)).verify()
try:
    unpack(folder)
except MissingPluginError as error:
    print(error.remedy)
pack([1, 2], "numbers", sys.argv[2])
print(unpack(sys.argv[2] + "/numbers"), "numpy" in sys.modules)
"""


def test_a_process_without_the_plugin(tmp_path: Path) -> None:
    numpy = pytest.importorskip("numpy")
    pack(numpy.arange(3), "numbers", tmp_path)
    hide = """
import importlib_metadata, sys
found = importlib_metadata.distributions
importlib_metadata.distributions = lambda **given: (each for each in found(**given) if each.name != "packagers-numpy")
sys.modules["packagers_numpy"] = None
"""
    command = [sys.executable, "-c", hide + PROGRAM, str(tmp_path / "numbers"), str(tmp_path / "other")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["pip install packagers-numpy", "[1, 2] False"]


def test_a_plain_file_of_an_unknown_type_is_not_a_matter_of_trust(tmp_path: Path) -> None:
    (tmp_path / "thing.json").write_text("{}")
    for trust in (None, "all"):
        with pytest.raises(UnpackError, match="no packager reads plain files as") as caught:
            unpack(tmp_path / "thing.json", threading.Thread, trust=trust)
        assert not isinstance(caught.value, UntrustedPackageError)
