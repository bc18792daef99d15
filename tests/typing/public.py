"""What users write, as the type checker sees it. Checked by mypy, never run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, assert_type

import packagers
from packagers import Artifact, Bundle, DataItem, LogHint, Options, Outputs, Packager, Registry, Result, Session


class Config:
    depth: int = 3


class ConfigPackager(Packager):
    """A packager as the guide shows it needs no annotation beyond the methods' own."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "file"
    READERS = {"txt": "data"}
    DETERMINISTIC = frozenset({"txt"})

    def pack_file(self, obj: Config, folder: Path, *, format: Literal["txt"] = "txt") -> packagers.Instructions:
        return {"depth": obj.depth}

    def unpack_file(self, folder: Path, *, format: Literal["txt"] = "txt", depth: int = 3) -> Config:
        return Config()


@packagers.handler
def plain(x: int) -> str:
    return str(x)


@packagers.handler(returns=["text", LogHint("more", artifact_type="file")])
def with_hints(x: int, *, y: float = 1.0) -> tuple[str, list[int]]:
    return str(x), [x]


@packagers.handler()
async def waiting(data: Annotated[list[int], Options(format="json")]) -> int:
    return len(data)


def never_run() -> None:
    assert_type(packagers.pack(1, "one"), Artifact | Result | Bundle)
    assert_type(packagers.pack(1, {"key": "one"}, "out", exist="error"), Artifact | Result | Bundle)
    assert_type(packagers.unpack("out/one", int), int)
    assert_type(packagers.unpack("out/one", dict[str, int]), dict[str, int])
    assert_type(packagers.unpack("out/config", Config, trust="data", verify=False), Config)
    assert_type(packagers.unpack("out/one"), Any)
    assert_type(packagers.unpack("out/one", "pandas.DataFrame"), Any)
    assert_type(packagers.call(len, inputs={"obj": "x.json"}, returns=["n"]), Outputs)
    assert_type(packagers.call(len).results, dict[str, Any])
    assert_type(packagers.call(len).artifacts, dict[str, Artifact])

    assert_type(plain(1), str)
    assert_type(with_hints(1, y=2), tuple[str, list[int]])

    with Session("out", registry=Registry()) as session:
        assert_type(session, Session)
        assert_type(session.artifacts, dict[str, Artifact])

    item = DataItem("x.json")
    assert_type(item.get(), bytes)
    assert_type(item.local(), Path)
    assert_type(item.unpack(list[int]), list[int])
    assert_type(LogHint.parse("a : b").packing_kwargs, Mapping[str, Any])

    registry = Registry.for_project(".")
    registry.add("config.Config", ConfigPackager)
    registry.add_custom_packager("config.ConfigPackager", is_mandatory=True)
    assert_type(registry.is_packable(1, "result"), bool)

    with packagers.trust("data"), packagers.settings(trust="own", prefer=["packagers-x"]):
        packagers.settings.auto_unpack_inputs = True
