"""Every built-in type says in its manifest what it holds, in at most 64 KiB and at little cost, and is shown with nothing but the core."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import fractions
import importlib.util
import json
import os
import re
import subprocess
import sys
import tracemalloc
import uuid
import zoneinfo
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Any

import attrs
import numpy as np
import pydantic
import pytest
import torch

import packagers
from packagers import PackagersError, Registry
from packagers.manifest import MISSING
from packagers.package import Package
from packagers.subject import NO_CHUNK
from packagers.testing import PackagerSuite

ROOT = Path(__file__).parents[2]
SMALL = 64 << 10
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0(\0\0\0\x1e"
CORE = "packagers"
PLUGINS = sorted(path.parents[1].name for path in ROOT.glob("plugins/*/tests/test_suite.py"))
REGISTRY = Registry()
VALUES = {f"pandas.{name}" for name in ("Interval", "Period", "Timedelta", "Timestamp", "api.typing.NAType", "api.typing.NaTType")}
VALUES |= {"numpy.dtype", "torch.Size", "torch.device", "torch.dtype"}
"""Small values that stand whole in the manifest: they describe themselves."""
WITHOUT_PREVIEW = {
    "Iterator": "used up by packing",
    "numpy.random.Generator": "drawing numbers would change it",
    "pyarrow.RecordBatchReader": "used up by packing",
}

# Shown with the core alone: none of these can be imported.
HIDDEN = ["numpy", "pandas", "pyarrow", "torch", "matplotlib", "sklearn", "skops", "scipy", "PIL", "safetensors", "joblib", "h5py"]
HIDDEN += [plugin.replace("-", "_") for plugin in PLUGINS]
SHOW = """
import contextlib, io, json, sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in sys.argv[1].split(","):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Hidden())
from packagers.cli.app import root

shown = {}
for package in json.load(sys.stdin):
    found = []
    for options in ([], ["--json"], ["--html", "page.html"]):
        with contextlib.redirect_stdout(io.StringIO()) as out:
            root.main(["show", package, *options], standalone_mode=False)
        found.append(out.getvalue())
    with open("page.html", encoding="utf-8") as page:
        shown[package] = [*found[:2], page.read()]
print(json.dumps(shown))
"""


class Color(enum.Enum):
    RED = 1


@dataclasses.dataclass
class Point:
    x: int
    y: Any


@attrs.define
class Spot:
    name: str


class Model(pydantic.BaseModel):
    depth: int = 3


class Plain:
    def __init__(self) -> None:
        self.kept = [1, 2]


def of_the_core(folder: Path) -> dict[str, list[Any]]:
    """Make values of every type that the core packs, by type path."""
    (folder / "notes.txt").write_text("first\nsecond\n")
    noon = datetime.datetime(2026, 1, 2, 12, tzinfo=zoneinfo.ZoneInfo("Europe/Paris"))
    scalars = {
        "None": None,
        "bool": True,
        "int": 3,
        "float": 0.5,
        "complex": 1j,
        "ellipsis": ...,
        "range": range(3),
        "slice": slice(1, None),
        "datetime.datetime": noon,
        "datetime.date": noon.date(),
        "datetime.time": noon.time(),
        "datetime.timedelta": noon - noon,
        "datetime.timezone": datetime.UTC,
        "zoneinfo.ZoneInfo": noon.tzinfo,
        "decimal.Decimal": decimal.Decimal("1.10"),
        "fractions.Fraction": fractions.Fraction(1, 3),
        "uuid.UUID": uuid.UUID(int=7),
        "re.Pattern": re.compile("a+"),
    }
    return {
        **{name: [value] for name, value in scalars.items()},
        "str": ["text", "x" * 100_000, "\ud800\x1b[31m"],
        "bytes": [b"\x89PNG\r\n\x1a\n", PNG, bytes(range(256)) * 300],
        "bytearray": [bytearray(b"abc")],
        "memoryview": [memoryview(b"abcdef").cast("B", (2, 3)), memoryview(b"abcdef")[::2]],
        "list": [[1, "a", None], [{"a": 1, "b": 2}, {"b": 3, "\U0001f389" * 50: 4}], [np.eye(2), {"deep": [np.eye(3)]}], [[[[[1]]]]]],
        "tuple": [(1, 2), (b"x" * 100_000,)],
        "set": [{1, 2, 3}, set(range(5000))],
        "frozenset": [frozenset("abc")],
        "dict": [{"a": 1}, {(1, 2): "x", None: 2**999}, {"weights": np.eye(2), "\U0001f389" * 99: "\U0001f389" * 99}],
        "collections.deque": [deque([1, 2], 5)],
        "collections.OrderedDict": [OrderedDict(a=1)],
        "collections.Counter": [Counter("aab")],
        "collections.defaultdict": [defaultdict(list, a=[1])],
        "enum.Enum": [Color.RED],
        "pathlib.PurePath": [PurePosixPath("/a/b")],
        "pathlib.Path": [folder / "notes.txt", folder],
        "Iterator": [iter([1, "a"]), iter([{"a": np.eye(2)}])],
        "object#dataclass": [Point(1, 2.5), Point(1, np.eye(2))],
        "object#attrs": [Spot("a")],
        "object#pydantic": [Model()],
        "object": [Plain(), len, Plain],
    }


def of_a_plugin(plugin: str) -> dict[str, list[Any]]:
    """Take the samples of the suites of a plugin, by type path."""
    module = module_of(ROOT / "plugins" / plugin / "tests" / "test_suite.py", f"suite_of_{plugin.replace('-', '_')}")
    found: dict[str, list[Any]] = {}
    for suite in vars(module).values():
        if isinstance(suite, type) and issubclass(suite, PackagerSuite) and suite is not PackagerSuite:
            samples = suite().samples()
            found.setdefault(suite.type_path, []).extend(samples.values() if isinstance(samples, Mapping) else samples)
    return found


def module_of(path: Path, name: str) -> ModuleType:
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        sys.path.insert(0, str(path.parent))
        try:
            spec.loader.exec_module(sys.modules[name])
        finally:
            sys.path.remove(str(path.parent))
    return sys.modules[name]


@pytest.fixture(scope="module", params=[CORE, *PLUGINS])
def packed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, list[Package]]]:
    """Pack samples of all types of a distribution, each by default options; give the packages by type path."""
    distribution: str = request.param
    folder = tmp_path_factory.mktemp(distribution)
    (folder / "values").mkdir()
    samples = of_the_core(folder / "values") if distribution == CORE else of_a_plugin(distribution)
    found: dict[str, list[Package]] = {}
    for number, (path, values) in enumerate(samples.items()):
        for place, value in enumerate(values):
            key = f"key-{number}-{place}"
            packagers.pack(value, key, folder / "packages")
            found.setdefault(path, []).append(Package.open(folder / "packages" / key))
    return distribution, found


def test_every_registered_type_has_samples(packed: tuple[str, dict[str, list[Package]]]) -> None:
    distribution, found = packed
    ours = [(r.path, r.load()) for r in REGISTRY if r.distribution == distribution and r.path is not None]
    packed_ones = {str(path) + (f"#{path.label}" if path.label else "") for path, packager in ours if packager.artifact_types("pack")}
    assert packed_ones
    assert set(found) >= packed_ones


def test_every_type_is_described_and_previewed(packed: tuple[str, dict[str, list[Package]]]) -> None:
    silent, unseen, large = [], [], []
    for path, packages in packed[1].items():
        manifests = [package.manifest for package in packages]
        silent += [path for manifest in manifests if not manifest.description and path not in VALUES]
        assert path not in VALUES or all(manifest.value is not MISSING for manifest in manifests)
        unseen += [path] if not any(manifest.preview or manifest.value is not MISSING for manifest in manifests) else []
        for manifest in manifests:
            large += [path for summary in (manifest.preview, manifest.description) if len(json.dumps(dict(summary))) > SMALL]
    assert (silent, sorted(set(unseen) - set(WITHOUT_PREVIEW)), large) == ([], [], [])


def test_it_is_shown_with_nothing_but_the_core(packed: tuple[str, dict[str, list[Package]]], tmp_path: Path) -> None:
    packages = {str(package.folder): package.manifest for found in packed[1].values() for package in found}
    done = subprocess.run(
        [sys.executable, "-c", SHOW, ",".join(HIDDEN)],
        input=json.dumps(list(packages)),
        cwd=tmp_path,
        env=os.environ | {"FORCE_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for place, (text, as_json, page) in json.loads(done.stdout).items():
        manifest = packages[place]
        assert text.startswith(f"{manifest.key}: ")
        assert all(character.isprintable() or character == "\n" or character == "\t" for character in text), text
        assert json.loads(as_json)["preview"] == manifest.preview
        assert page.startswith("<!doctype html>")
        if "png" in manifest.preview:
            assert "the preview is a picture (" in text.lower()
            assert f"data:image/png;base64,{manifest.preview['png']}" in page
        elif manifest.preview:
            assert ("<caption>Preview</caption>" in page) != ("<pre " in page)


# Cost


def _many() -> Iterator[tuple[str, Callable[[], Any]]]:
    count = 10_000_000
    yield "list", lambda: [0] * count
    yield "list of texts", lambda: ["x" * 10_000_000] * 1000
    yield "list of dicts", lambda: [dict.fromkeys(map(str, range(1000)), "x" * 1000)] * count
    yield "tuple", lambda: (None,) * count
    yield "set", lambda: set(range(200_000))
    yield "dict", lambda: dict.fromkeys(range(1_000_000))
    yield "deque", lambda: deque([1], count)
    yield "text", lambda: "x" * 100_000_000
    yield "bytes", lambda: bytes(100_000_000)
    yield "view", lambda: memoryview(bytes(100_000_000)).cast("d")
    yield "object", lambda: Point(1, "x" * 100_000_000)
    yield "array", lambda: np.broadcast_to(np.float64(1), (10**9,))
    yield "wide array", lambda: np.broadcast_to(np.float64(1), (2, 10**9))
    yield "deep array", lambda: np.broadcast_to(np.float64(1), (1000, 1000, 1000))
    yield "records", lambda: np.broadcast_to(np.zeros(1, [(f"f{n}", "f8") for n in range(1000)]), (10**6,))
    yield "arrays", lambda: dict.fromkeys(map(str, range(100_000)), np.broadcast_to(np.float64(1), (10**9,)))
    yield "scalar", lambda: np.str_("x" * 1_000_000)
    yield "tensor", lambda: torch.ones(1).expand(10**9)
    yield "deep tensor", lambda: torch.ones(1).expand(10**3, 10**3, 10**3)
    yield "tensors", lambda: {str(number): torch.ones(1).expand(10**6) for number in range(10_000)}
    yield "module", lambda: torch.nn.Sequential(*[torch.nn.Identity() for _ in range(2000)])


MANY = dict(_many())


@pytest.mark.parametrize("name", MANY)
def test_summaries_of_large_values_take_little(name: str) -> None:
    value = MANY[name]()
    packager = REGISTRY.find(value, chunk=NO_CHUNK).packager
    for summary in (packager.describe, packager.preview):
        summary(value)
        tracemalloc.start()
        try:
            found = summary(value)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert len(json.dumps(found)) <= SMALL
        assert peak < 4 << 20


def test_a_mapped_file_is_not_read_for_its_summaries(tmp_path: Path) -> None:
    mapped = np.memmap(tmp_path / "sparse", dtype="u1", shape=(10**9,), mode="w+")
    packager = REGISTRY.find(mapped).packager
    assert packager.describe(mapped)["bytes"] == 10**9
    assert packager.preview(mapped)
    assert (tmp_path / "sparse").stat().st_blocks * 512 < 1 << 20


def test_what_cannot_be_summarised_is_packed_all_the_same(tmp_path: Path) -> None:
    class Odd(dict[str, int]):
        def __iter__(self) -> Iterator[str]:
            raise PackagersError("nobody may look")

        __len__ = __repr__ = items = __iter__  # type: ignore[assignment]

    packager = REGISTRY.find({}).packager
    assert packager.describe(Odd(a=1))["items"] == 1
    assert packager.preview(Odd(a=1))["table"]["rows"] == [["'a'", "int", "1"]]
