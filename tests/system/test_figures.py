"""What suites count is written where ``--figures`` says, by one process and by several, whether the tests passed or not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

CONFTEST = (Path(__file__).parents[2] / "conftest.py").read_text(encoding="utf-8")
SOURCE = """
import pytest

@pytest.mark.parametrize("fault", ["kill", "disk full"])
def test_faults(figure, fault):
    figure("faults", "a fault", points=7, violations=0)

@pytest.mark.long
def test_long(figure):
    figure("faults", "many", points=100, violations=1)
    assert False

def test_nothing(figure):
    pass
"""


@pytest.mark.parametrize("workers", [0, 2])
def test_figures_are_written_with_the_outcome_of_their_tests(pytester: pytest.Pytester, workers: int) -> None:
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_one=SOURCE)
    pytester.makeini("[pytest]\nmarkers =\n    long: exhaustive\n")
    result = pytester.runpytest_subprocess("--figures", "build/figures.jsonl", f"--numprocesses={workers}")
    result.assert_outcomes(passed=3, failed=1)
    run, *rows = [json.loads(line) for line in (pytester.path / "build/figures.jsonl").read_text(encoding="utf-8").splitlines()]
    assert sorted(run) == ["commit", "date", "machine"]
    short = {"file": "test_one.py", "suite": "faults", "done": "a fault", "form": "short", "points": 7, "violations": 0, "passed": True}
    long = {"file": "test_one.py", "suite": "faults", "done": "many", "form": "long", "points": 100, "violations": 1, "passed": False}
    assert sorted(rows, key=str) == sorted([short, short, long], key=str)


def test_without_the_option_nothing_is_written(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_one="def test_a(figure):\n    figure('a', 'b', points=1, violations=0)\n")
    pytester.runpytest_subprocess().assert_outcomes(passed=1)
    assert not list(pytester.path.rglob("*.jsonl"))
