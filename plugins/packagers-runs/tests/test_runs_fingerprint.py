"""A fingerprint is the same in every process where running again would do the same, and another one where what counts has changed."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import packagers
from packagers_runs.models.template import new_task
from packagers_runs.running import fingerprint as fingerprints
from packagers_runs.running.digests import handler_digest, value_digest
from packagers_runs.running.fingerprint import common_part
from packagers_runs.running.handlers import find_handler
from packagers_runs.running.inputversions import input_digests
from packagers_runs.running.launching import new_function
from packagers_runs.running.marks import FINGERPRINT, INPUTS
from packagers_runs.runstore import Store, connect

MODULE = """
import functools
LIMIT = 3
COUNT = 0
def helper(x):
    return x in {"a", "b", "c"}
def handler(x, names={"d", "e", "f"}, depth=2):
    global COUNT
    COUNT += 1
    return helper(x) and depth < LIMIT
class Trainer:
    rate = 0.1
    def __init__(self, depth=1):
        self.depth = depth
    def train(self, x):
        return helper(x)
    def __call__(self, x):
        return self.train(x)
def made(n):
    class Local:
        rate = n
        def __call__(self, x):
            return helper(x) or n
    return [lambda x: helper(x) or x in {"g", "h", "i"} or n, Local(), functools.partial(handler, depth=n), Trainer(n), Trainer(n).train]
"""
PROGRAM = (
    MODULE
    + """
if __name__ == "__main__":
    import datetime, pathlib, sys
    import cloudpickle, numpy as np, pandas as pd
    from packagers_runs.running.digests import handler_digest, value_digest
    from packagers_runs.running.fingerprint import common_part, fingerprint
    from packagers_runs.running.handlers import find_handler
    file = pathlib.Path(sys.argv[1])
    names = ["subject.py:handler", "subject.py:Trainer::train", "numpy:sum", "json:dumps"]
    if not file.exists():
        file.write_bytes(cloudpickle.dumps(made(2)))
        values = made(2)
        names[0] = handler
    else:
        values = cloudpickle.loads(file.read_bytes())
    for each in [*names, *values]:
        print(handler_digest(find_handler(each)))
    common = common_part(find_handler(names[0]), {"data": {"digest": "blake3:0"}}, ["a : model", {"key": "b"}], {"data": "numpy.ndarray"})
    parameters = {"s": {"x", "y", "z"}, "d": {"b": 1, "a": (2, 3.5, float("nan"))}, "f": frozenset({None, True, 1.5}), "n": np.arange(5),
                  "t": pd.DataFrame({"a": [1, 2], "b": ["x", None]}), "w": datetime.date(2026, 1, 2), "g": Trainer, "h": helper, "b": b"1"}
    print(fingerprint(common, parameters))
"""
)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.chdir(tmp_path)
    with connect() as store:
        yield store


def test_it_is_the_same_in_every_process_for_every_hash_seed(tmp_path: Path) -> None:
    (tmp_path / "subject.py").write_text(PROGRAM)
    printed = []
    for seed in ("1", "2", "3"):  # the first is the program itself, and packs what the others unpack
        done = subprocess.run(
            [sys.executable, "subject.py", "packed"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        printed.append(done.stdout.split())
    assert printed[0] == printed[1] == printed[2]
    assert len(set(printed[0])) == len(printed[0]) == 10


def digests_of(text: str, *, n: int = 2) -> list[str]:
    """Give the digests of what a module has: what is found by name, and what is not."""
    Path("subject.py").write_text(text)
    try:
        named = [handler_digest(find_handler(f"subject.py:{name}")) for name in ("handler", "Trainer::train")]
        return [*named, *(handler_digest(find_handler(each)) for each in sys.modules["subject"].made(n))]
    finally:
        sys.modules.pop("subject", None)
        sys.path[:] = [place for place in sys.path if place != str(Path.cwd())]


HANDLER, METHOD, LAMBDA, LOCAL, PARTIAL, OBJECT, BOUND = range(7)


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("depth < LIMIT", "depth <= LIMIT", {HANDLER, PARTIAL}),
        ("depth=2", "depth=4", {HANDLER, PARTIAL}),
        ('"f"}', '"g"}', {HANDLER, PARTIAL}),
        ('"c"}', '"x"}', {HANDLER, METHOD, LAMBDA, LOCAL, PARTIAL, OBJECT, BOUND}),
        ("LIMIT = 3", "LIMIT = 4", {HANDLER, PARTIAL}),
        ("COUNT = 0", "COUNT = 1", set()),
        ("rate = 0.1", "rate = 0.2", {METHOD, OBJECT, BOUND}),
        ("rate = n", "rate = -n", {LOCAL}),
        ('"i"}', '"j"}', {LAMBDA}),
        ("helper(x) or n\n", "helper(x) and n\n", {LOCAL}),
        ("import functools", "import functools, json", set()),
    ],
)
def test_a_handler_is_told_by_its_source_and_what_it_names(
    old: str, new: str, changed: set[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before, after = digests_of(MODULE), digests_of(MODULE.replace(old, new))
    assert {place for place, (one, other) in enumerate(zip(before, after, strict=True)) if one != other} == changed


def test_what_a_closure_and_an_object_hold_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    before, after = digests_of(MODULE), digests_of(MODULE, n=3)
    assert {place for place, (one, other) in enumerate(zip(before, after, strict=True)) if one != other} == {
        LAMBDA,
        LOCAL,
        PARTIAL,
        OBJECT,
        BOUND,
    }


def plain(x: int = 1) -> int:
    return x


BASE: dict[str, Any] = {"handler": find_handler(plain), "inputs": {"data": {"digest": "blake3:0"}}, "returns": ["a : model"], "hints": {}}


@pytest.mark.parametrize(
    "change",
    [
        {"inputs": {"data": {"digest": "blake3:1"}}},
        {"inputs": {"other": {"digest": "blake3:0"}}},
        {"returns": ["a"]},
        {"returns": ["a : model", None]},
        {"hints": {"data": "numpy.ndarray"}},
        {"handler": find_handler(len)},
    ],
    ids=["digest", "name", "type", "number", "hint", "handler"],
)
def test_everything_counts_that_a_run_is_called_with(change: dict[str, Any]) -> None:
    assert common_part(**BASE) != common_part(**{**BASE, **change})
    assert common_part(**BASE) == common_part(**copy.deepcopy(BASE))


def test_log_hints_count_by_what_they_say_and_not_by_how() -> None:
    assert common_part(**BASE) == common_part(**{**BASE, "returns": [packagers.LogHint("a", artifact_type="model")]})


def test_the_versions_of_plugins_count(monkeypatch: pytest.MonkeyPatch) -> None:
    before = common_part(**BASE)
    known = fingerprints.versions()
    assert {"packagers", "packagers-numpy"} <= known.keys()
    assert "numpy" not in known
    monkeypatch.setattr(fingerprints, "versions", lambda: {**known, "packagers-numpy": "99"})
    assert common_part(**BASE) != before


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.dates(), st.sampled_from([np.int64(1), np.float64(1)])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.tuples(inner, inner), st.dictionaries(st.text(), inner, max_size=4), st.frozensets(st.integers())
    ),
    max_leaves=12,
)


@given(value=VALUES)
@settings(derandomize=True, max_examples=150)
def test_a_copy_has_the_same_digest(value: Any) -> None:
    assert value_digest(value) == value_digest(copy.deepcopy(value))
    if isinstance(value, dict):
        assert value_digest(value) == value_digest(dict(reversed(value.items())))


@given(one=VALUES, other=VALUES)
@settings(derandomize=True, max_examples=150)
def test_other_values_have_other_digests(one: Any, other: Any) -> None:
    if repr(one) != repr(other) and one != other:
        assert value_digest(one) != value_digest(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (1, 1.0),
        (1, "1"),
        ("1", b"1"),
        ([1], (1,)),
        ([[1], 2], [1, [2]]),
        (["a", "b"], ["ab"]),
        ({"a": 1, "b": 2}, {"a": 2, "b": 1}),
        (np.arange(3), np.arange(3.0)),
        (np.zeros((2, 3)), np.zeros((3, 2))),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]})),
        (len, max),
    ],
)
def test_types_and_places_count(one: Any, other: Any) -> None:
    assert value_digest(one) != value_digest(other)


def test_what_cannot_be_told_is_never_the_same() -> None:
    stream = (number for number in [1])
    assert value_digest(stream) != value_digest(stream)
    ring: list[Any] = [1]
    ring.append(ring)
    again: list[Any] = [1]
    again.append(again)
    assert value_digest(ring) == value_digest(again)


def place_of(kind: str, folder: Path, version: int, store: Store) -> Any:
    """Put something, of which there are versions, at a place; give what an input would say."""
    if kind == "file":
        (folder / "a.csv").write_text(f"a\n{version}\n")
        return "a.csv"
    if kind == "file-url":
        (folder / "b.csv").write_text(f"a\n{version}\n")
        return (folder / "b.csv").as_uri()
    if kind == "folder":
        (folder / "many" / "below").mkdir(parents=True, exist_ok=True)
        (folder / "many" / "below" / f"part-{version}.txt").write_text("x")
        return str(folder / "many")
    if kind == "package":
        packagers.pack(np.arange(version), "array", folder / "packages")
        return str(folder / "packages" / "array")
    if kind == "url":
        with fsspec.open("memory://versions/a.csv", "w") as file:
            file.write(f"a\n{'1' * version}\n")
        return "memory://versions/a.csv"
    run = new_function().run(handler=arange, params={"stop": version}, returns=["array"], store=store)
    return run.outputs["array"] if kind == "address" else "store://array"


def arange(stop: int) -> Any:
    return np.arange(stop)


@pytest.mark.parametrize("kind", ["file", "file-url", "folder", "package", "url", "address", "latest"])
def test_the_version_of_an_input_is_that_of_what_is_there(kind: str, store: Store, tmp_path: Path) -> None:
    def versions(source: Any) -> Any:
        return input_digests({"x": source, "many": [source, {"y": source}]}, {}, store)

    first = versions(place_of(kind, tmp_path, 1, store))
    assert first["x"]["digest"]
    assert first["many"] == [first["x"], {"y": first["x"]}]
    assert versions(place_of(kind, tmp_path, 1, store)) == first or kind == "url"
    assert versions(place_of(kind, tmp_path, 2, store))["x"]["digest"] != first["x"]["digest"]
    assert versions("not-there.csv") == {"x": {}, "many": [{}, {"y": {}}]}


def test_a_folder_is_told_by_the_names_and_bytes_of_its_files(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    found = []
    for first, second in (("x", "y"), ("y", "x"), ("x", "x")):
        (folder / "first").write_text(first)
        (folder / "second").write_text(second)
        found.append(input_digests({"x": folder}, {}, store)["x"]["digest"])
    (folder / "first").rename(folder / "third")
    found.append(input_digests({"x": folder}, {}, store)["x"]["digest"])
    assert len(set(found)) == 4


def test_a_run_records_it_and_neither_its_name_nor_its_process_counts(store: Store, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n")
    (tmp_path / "counting.py").write_text("import pathlib\ndef counted(data: pathlib.Path, by=1): return data.stat().st_size * by\n")
    task = new_task(handler="counting.py:counted", inputs={"data": "a.csv"}, returns=["length"])
    runs = [new_function().run(task), new_function("other").run(task, name="another")]
    runs[1].refresh()
    assert len({run.metadata.annotations[FINGERPRINT] for run in runs}) == 1
    other = new_function().run(new_task(base=task, handler="counting.py:counted", params={"by": 2}))
    assert other.metadata.annotations[FINGERPRINT] != runs[0].metadata.annotations[FINGERPRINT]
    assert runs[0].metadata.annotations[INPUTS] == {"data": {"digest": packagers_digest(tmp_path / "a.csv"), "size": 4}}
    apart = new_function().run(new_task(base=task), watch=False)
    assert apart.wait_for_completion(sleep=0.05, timeout=60, show_logs=False) == "completed"
    assert apart.metadata.annotations[FINGERPRINT] == runs[0].metadata.annotations[FINGERPRINT]
    assert store.document(str(runs[0].uid()))["metadata"]["annotations"] == runs[0].metadata.annotations
    sys.modules.pop("counting")
    sys.path.remove(str(tmp_path))


def packagers_digest(file: Path) -> str:
    """Give the digest of a file as the core's manifests have it."""
    artifact = packagers.pack(file, "file", file.parent / "packed")
    return artifact.manifest.files[0].digest  # type: ignore[union-attr]
