"""Each direction stands by itself: what can be packed need not be unpackable, nor the reverse."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from packagers import Packager, PackError, Registry, UnknownArtifactTypeError, UnpackError, pack, unpack
from packagers.testing import installed

PLUGIN = {
    "pictures.py": """
        class Picture:
            def __init__(self, name=""):
                self.name = name

        class Print(Picture):
            pass
    """,
    "packagers-pictures": {
        "entry_points": {
            "packagers.types": {
                "pictures.Picture": "packagers_pictures:PicturePackager",
                "pictures.Print": "packagers_pictures:PrintPackager",
            }
        },
        "files": {
            "packagers_pictures.py": """
                from packagers import Packager
                from pictures import Picture

                class PicturePackager(Packager):
                    READERS = {"v1": "data", "plot": "data"}

                    def pack_plot(self, obj, folder):
                        (folder / "picture.txt").write_text(obj.name)

                    def unpack_v1(self, folder):
                        return Picture(self.only_file(folder).read_text())

                class PrintPackager(Packager):
                    def pack_plot(self, obj, folder):
                        (folder / "picture.txt").write_text(obj.name)
            """
        },
    },
}


@pytest.fixture(autouse=True)
def _plugin(tmp_path: Path) -> Any:
    with installed(PLUGIN, tmp_path / "site"):
        yield


@pytest.fixture
def picture() -> Any:
    import pictures  # type: ignore[import-not-found]

    return pictures.Picture("sky")


def test_what_the_registry_says(picture: Any) -> None:
    registry, hint = Registry(), type(picture)
    assert {each: (registry.is_packable(picture, each), registry.is_unpackable(hint, each)) for each in (None, "plot", "v1")} == {
        None: (True, True),
        "plot": (True, False),
        "v1": (False, True),
    }


def test_what_the_packager_says(picture: Any) -> None:
    found: type[Packager] = type(Registry().find(picture).packager)
    assert (found.artifact_types("pack"), found.artifact_types("unpack")) == (("plot",), ("v1",))
    assert found.is_packable(picture, "plot")
    assert not found.is_packable(picture, "v1")
    assert found.is_unpackable(type(picture), "v1")
    assert not found.is_unpackable(type(picture), "plot")


def test_what_explain_says(picture: Any) -> None:
    def verdict(subject: Any, artifact_type: str) -> str:
        lines = Registry().explain(subject, artifact_type).candidates
        return next(line["verdict"] for line in lines if line["packager"].endswith("PicturePackager"))

    assert verdict(picture, "plot") == verdict(type(picture), "v1") == "chosen"
    assert verdict(picture, "v1") == "lost: it has no pack_v1"
    assert verdict(type(picture), "plot") == "lost: it has no unpack_plot"


def test_the_error_for_packing(picture: Any, tmp_path: Path) -> None:
    with pytest.raises(UnknownArtifactTypeError) as caught:
        pack(picture, "sky : v1", tmp_path)
    assert "no packager can pack pictures.Picture as artifact type 'v1', only unpack it" in str(caught.value)
    assert caught.value.known == ("object", "plot", "result")
    assert isinstance(caught.value, LookupError)
    assert not (tmp_path / "sky").exists()


def test_the_error_for_unpacking(picture: Any, tmp_path: Path) -> None:
    pack(picture, "sky : plot", tmp_path)
    with pytest.raises(UnpackError, match="PicturePackager packs 'plot' but does not unpack it; it unpacks v1"):
        unpack(tmp_path / "sky")
    assert unpack(tmp_path / "sky", bytes) == b"sky"


def test_what_is_only_unpacked_is_read(picture: Any, tmp_path: Path) -> None:
    (tmp_path / "sky.txt").write_text("blue")
    found = Registry().find_for_hint(type(picture), "v1")
    assert found.packager.unpack_v1(tmp_path).name == "blue"  # type: ignore[attr-defined]


def test_what_is_only_packed_has_no_way_back(tmp_path: Path) -> None:
    import pictures

    registry = Registry()
    assert registry.is_packable(pictures.Print())
    assert not registry.is_unpackable(pictures.Print, "plot")
    pack(pictures.Print("ink"), "ink", tmp_path)
    with pytest.raises(UnpackError, match="does not unpack it"):
        unpack(tmp_path / "ink", pictures.Print)


def test_a_container_that_is_only_taken_apart() -> None:
    class Apart(Packager):
        def unbundle(self, obj: Any) -> list[Any]:
            return [obj.name]

    registry = Registry()
    pictures = sys.modules["pictures"] if "pictures" in sys.modules else __import__("pictures")
    registry.add("pictures.Print", Apart)
    assert registry.is_packable(pictures.Print(), "file")
    assert registry.find(pictures.Print()).packager.artifact_types("unpack") == ()
    with pytest.raises(UnpackError):
        Apart().bundle([], pictures.Print)
    with pytest.raises(PackError):
        Packager().unbundle(pictures.Print())
