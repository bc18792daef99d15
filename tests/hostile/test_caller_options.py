"""What only a caller may say is refused in a package, whoever packs: a hostile manifest names each such option of each reader."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import forging

import packagers
from packagers import Registry, UnpackError

REGISTRY = Registry()
OPTIONS = sorted(
    (registration.identity, registration.type_path, method.artifact_type, formats[0] if formats else "", option)
    for registration in REGISTRY
    for packager in [registration.load()]
    for method in packager.unpacks.values()
    for formats in [[format for format in method.formats if packager.READERS.get(format) != "code"]]
    for option in packager.CALLER_OPTIONS.intersection(method.options)
)
NAMES = {
    *("into", "device", "mmap_mode", "memory_map", "engine", "parser"),  # where it goes, and by whom it is read
    *("columns", "rows", "usecols", "nrows", "max_rows", "items", "keys", "name"),  # which part of it
    *("match", "attrs", "xpath", "namespaces"),  # patterns and paths
}


def test_all_that_a_caller_alone_may_say_is_there() -> None:
    assert {option for *_, option in OPTIONS} == NAMES


@pytest.mark.parametrize("identity", sorted({identity for identity, *_ in OPTIONS}))
def test_a_package_cannot_say_it(identity: str, tmp_path: Path) -> None:
    for number, (_, type_path, artifact_type, format, option) in enumerate(case for case in OPTIONS if case[0] == identity):
        data = forging.described(identity, type_path, artifact_type, format or None, **{option: "/tmp/x"})
        forging.package(tmp_path / str(number) / "v", data, {f"x.{format}": b"no matter what"})
        with pytest.raises(UnpackError, match=f"{option}.*only a caller may set"):
            packagers.unpack(tmp_path / str(number) / "v", trust="all")
