"""The comparison with others tells what it saw: what was unpickled, what came back changed, and who is faster than we are."""

from __future__ import annotations

import io
import json
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import joblib
import pytest
from benchmarks.peers.command import SYSTEMS, module_of
from benchmarks.peers.measuring import how_it_differs, loaded, saved, unpickling
from benchmarks.peers.system import Way
from benchmarks.peers.tables import lost, merged, page_lines
from benchmarks.peers.values import VALUES
from benchmarks.scale import law

SMALL = ("int", "small dict", "text of 1 KB", "200 small frames", "Figure")


def of_joblib() -> Any:
    file = io.BytesIO()
    joblib.dump([1], file)
    file.seek(0)
    return file


@pytest.mark.parametrize(
    "load",
    [
        lambda: pickle.loads(pickle.dumps([1])),
        lambda: pickle.load(io.BytesIO(pickle.dumps([1]))),
        lambda: pickle.Unpickler(io.BytesIO(pickle.dumps([1]))).load(),
        lambda: pickle._Unpickler(io.BytesIO(pickle.dumps([1]))).load(),  # type: ignore[attr-defined]
        lambda: joblib.load(of_joblib()),
    ],
    ids=["loads", "load", "of C", "of Python", "joblib"],
)
def test_every_unpickler_is_seen(load: Callable[[], Any]) -> None:
    with unpickling() as seen:
        load()
    assert seen


def test_a_thread_that_is_older_is_seen_where_it_asks_for_a_class() -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        with unpickling() as seen:
            assert pool.submit(pickle.loads, pickle.dumps(Clock)).result() is Clock
        assert seen
        with unpickling() as seen:
            pool.submit(int).result()
        assert not seen


class Clock:
    """A class to ask for."""


def test_what_unpickles_nothing_is_not_blamed() -> None:
    with unpickling() as seen:
        json.loads("[1]")
        pickle.dumps([1])
    assert not seen


@pytest.mark.parametrize("name", SMALL)
def test_a_value_is_the_same_in_every_process_and_another_one_with_another_number(name: str) -> None:
    value = VALUES[name]
    assert how_it_differs(value, value.fresh(value.make(), 1), value.fresh(value.make(), 1)) == ""
    assert how_it_differs(value, value.fresh(value.make(), 1), value.fresh(value.make(), 2)) or name == "Figure"


def test_a_value_of_another_type_is_not_the_same() -> None:
    assert how_it_differs(VALUES["int"], 7, 7.0) == "is float"
    assert how_it_differs(VALUES["int"], 7, True) == "is bool"
    assert how_it_differs(VALUES["small dict"], {"depth": 4}, {"depth": 4.0})


def figures(save: float, **more: Any) -> dict[str, Any]:
    return {"seconds": save, "bytes": 100, **more}


def test_the_best_round_counts_and_who_is_faster_is_named() -> None:
    first = {"name": "ours", "import": 0.2, "save": {"packagers\tint": figures(2.0)}, "load": {}}
    second = {"name": "ours", "import": 0.3, "save": {"packagers\tint": figures(1.0)}, "load": {}}
    other = {"name": "joblib", "import": 0.1, "save": {"joblib\tint": figures(0.5)}, "load": {}}
    about = merged([first, second, other])
    assert about["import"] == {"ours": 0.2, "joblib": 0.1}
    assert about["save"]["packagers\tint"]["seconds"] == 1.0
    assert lost(about, ["packagers", "joblib"], ["int"]) == ["* save, int: joblib 500 ms; we 1.00 s"]


def test_what_cannot_be_installed_or_fails_or_changes_a_value_is_told() -> None:
    rounds = [
        {
            "name": "joblib",
            "import": 0.1,
            "save": {"joblib\tint": figures(0.5), "joblib\tFigure": {"failed": "OSError: no"}},
            "load": {"joblib\tint": {"seconds": 0.5, "differs": "is float", "unpickles": True}},
        }
    ]
    about = {"processor": "", "cores": 2, "system": "", "python": "", "date": "", "clock": "wall", "versions": {}, "abouts": {}}
    text = "\n".join(page_lines({**about, "trials": 10, "missing": {"zenml": "no such version"}, **merged(rounds)}))
    assert "**zenml** is not in the tables, or not with all values: no such version" in text
    assert "joblib, to save: OSError: no (Figure)" in text
    assert "no: is float, unpickled" in text


@pytest.mark.parametrize(("takes", "times"), [(0.1, 6), (1.0, 5), (5.0, 4)])
def test_who_is_slow_saves_less_often_and_loads_what_was_saved(takes: float, times: int, tmp_path: Path) -> None:
    now, kept = [0.0], {}

    def save(key: str, value: Any) -> str:
        now[0] += takes
        kept[key] = value
        return key

    way = Way(save, lambda key, hint: kept[key])
    found = saved(tmp_path, "way", way, "int", 5, lambda: now[0])
    assert (found["seconds"], len(kept)) == (pytest.approx(takes), times)
    assert loaded(tmp_path, "way", way, "int", 5, lambda: now[0])["differs"] == ""


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_system_says_what_it_is_without_being_installed(name: str) -> None:
    module = module_of(name)
    assert module.REQUIRES
    assert module.ABOUT
    assert hasattr(module, "ways") or hasattr(module, "grids")


def test_the_law_through_points() -> None:
    exponent, factor = law([10, 100, 1000], [3.0, 30.0, 300.0])
    assert (round(exponent, 6), round(factor, 6)) == (1.0, 0.3)
    assert round(law([10, 1000], [5.0, 5.0])[0], 6) == 0.0
