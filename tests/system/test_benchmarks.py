"""The benchmark: what it measures is measured as it says, and every area of it runs. No time is asserted here."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from benchmarks.__main__ import AREAS, main
from benchmarks.paired import Aim, Case, grown, measure, seconds_text
from click.testing import CliRunner

ROOT = Path(__file__).parents[2]
SMALLEST = 1 << 20


@pytest.mark.parametrize("area", AREAS)
def test_an_area_runs(area: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", area, "--quick", "--json", "--folder", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["areas"][area]
    paths = [(row["path"], row["limit"]) for row in rows]
    assert len(set(paths)) == len(paths) > 1
    assert any(path.startswith("control") for path, _ in paths)
    assert all(row["aim"] or row["path"].startswith("control") or row["is_reached"] is None for row in rows)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["starting", "--only", "nothing of this name"], "no case"),
        (["starting", "--write"], "the whole table"),
        (["--quick", "--write"], "the whole table"),
        (["starting", "--folder", "nowhere"], "does not exist"),
    ],
)
def test_what_cannot_be_measured_or_written_is_refused(options: list[str], says: str) -> None:
    found = CliRunner().invoke(main, options)
    assert found.exit_code == 2
    assert says in found.output


class Clock:
    """A clock that goes only where work says so."""

    def __init__(self) -> None:
        self.now = 0.0
        self.done: list[tuple[str, int]] = []

    def __call__(self) -> float:
        return self.now

    def work(self, name: str, takes: Iterator[float]) -> object:
        def work(number: int) -> None:
            self.done.append((name, number))
            self.now += next(takes)

        return work


def test_the_order_is_swapped_the_first_pair_does_not_count_and_medians_are_taken() -> None:
    clock = Clock()
    ours, raw = clock.work("ours", iter([99.0, 2.0, 3.0, 40.0])), clock.work("raw", iter([99.0, 1.0, 2.0, 4.0]))
    row = measure(Case(path="p", limit="l", ours=ours, raw=raw, aim=Aim(1.9), repetitions=3, clock=clock))
    assert [name for name, _ in clock.done] == ["ours", "raw", "raw", "ours", "ours", "raw", "raw", "ours"]
    assert [number for _, number in clock.done] == [0, 0, 1, 1, 2, 2, 3, 3]
    assert (row.ours_s, row.raw_s, row.ratio, row.low, row.high, row.extra_s) == (3.0, 2.0, 2.0, 1.5, 10.0, 1.0)
    assert (row.aim, row.is_reached) == ("1.9x", False)


def test_what_one_of_many_takes() -> None:
    clock = Clock()
    ours, raw = clock.work("ours", iter([6.0] * 9)), clock.work("raw", iter([3.0] * 9))
    row = measure(Case(path="p", limit="l", ours=ours, raw=raw, aim=Aim(2, "rate"), calls=2, repetitions=2, batch=12, clock=clock))
    assert (row.ours_s, row.raw_s, row.ratio) == (0.5, 0.25, 2.0)
    assert (row.aim, row.is_reached) == ("2/s", True)
    assert sorted({number for _, number in clock.done}) == list(range(6))


@pytest.mark.parametrize(
    ("aim", "text", "is_reached"),
    [
        (Aim(2.0), "2x", True),
        (Aim(1.05), "1.05x", False),
        (Aim(1.0, "extra"), "+1.00 s", True),
        (Aim(0.5, "extra"), "+500 ms", False),
        (Aim(2.0, "seconds"), "2.00 s", True),
        (Aim(1.5, "seconds"), "1.50 s", False),
        (Aim(0.5, "rate"), "0/s", True),
        (Aim(3, "rate"), "3/s", False),
    ],
)
def test_what_an_aim_bounds(aim: Aim, text: str, is_reached: bool) -> None:
    clock = Clock()
    ours, raw = clock.work("ours", iter([2.0] * 2)), clock.work("raw", iter([1.0] * 2))
    row = measure(Case(path="p", limit="l", ours=ours, raw=raw, aim=aim, repetitions=1, clock=clock))
    assert (row.aim, row.is_reached) == (text, is_reached)


def test_memory_is_what_a_call_has_at_most() -> None:
    if not Path("/proc/self/clear_refs").exists():  # only Linux tells
        assert grown(lambda: bytearray(SMALLEST)) == 0
        return
    assert grown(lambda: None) < 8 * SMALLEST
    assert 60 * SMALLEST < grown(lambda: bytearray(b"x") * (64 * SMALLEST)) < 90 * SMALLEST
    assert 60 * SMALLEST < grown(lambda: len(bytearray(b"x") * (64 * SMALLEST))) < 90 * SMALLEST  # that is gone when it ends


@pytest.mark.parametrize(("time_s", "text"), [(2e-7, "0.20 µs"), (1.5e-6, "1.5 µs"), (1e-3, "1 ms"), (-5e-5, "-50 µs"), (12.0, "12.00 s")])
def test_times_have_the_unit_that_fits(time_s: float, text: str) -> None:
    assert seconds_text(time_s) == text
