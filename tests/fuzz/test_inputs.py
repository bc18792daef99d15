"""Spoiled hints, manifests, specs and archives, and noise: each ends in a value or in one of our errors."""

from __future__ import annotations

import secrets
import sys
import warnings
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

import fuzz_edits
import fuzz_targets

EXECUTIONS = {
    "hint text": 100_000,
    "hint dict": 20_000,
    "type path": 100_000,
    "type text": 100_000,
    "manifest text": 20_000,
    "sealed manifest": 20_000,
    "sealed results": 20_000,
    "typed json": 20_000,
    "project": 20_000,
    "package zip": 5_000,
}
"""How many inputs the long form tries; 5,000 of each kind of archive."""
SHORT = 300


class Target:
    """One target; counts what it was given.

    Args:
        name: Of ``fuzz_targets.CHECKS``.
    """

    def __init__(self, name: str) -> None:
        self.check, self.valid = fuzz_targets.CHECKS[name], fuzz_targets.seeds(name)
        self.executions = 0
        for data in self.valid:
            self.try_(data)

    def try_(self, data: bytes) -> None:
        self.executions += 1
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            self.check(data)


@pytest.mark.parametrize("name", fuzz_targets.CHECKS)
def test_every_input_ends_in_a_value_or_one_of_our_errors(name: str, figure: Any) -> None:
    target, random, case = Target(name), Random(name), None
    try:
        for _ in range(SHORT):
            case = random.choice(target.valid), fuzz_edits.drawn(random)
            target.try_(fuzz_edits.apply(*case))
        case = None
    except BaseException as error:
        error.add_note(f"of {case}")
        raise
    finally:
        figure("fuzzing", f"{name}, spoiled", points=target.executions, violations=int(case is not None))


@pytest.mark.long
@pytest.mark.parametrize("name", fuzz_targets.CHECKS)
def test_every_input_of_many_ends_in_a_value_or_one_of_our_errors(name: str, figure: Any) -> None:
    target, number = Target(name), secrets.randbits(64)
    sys.stdout.write(f"{name}: seed {number}\n")

    @seed(number)
    @settings(max_examples=EXECUTIONS.get(name, 5_000), deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(range(len(target.valid))), fuzz_edits.edits())
    def run(which: int, edits: list[object]) -> None:
        target.try_(fuzz_edits.apply(target.valid[which], edits))

    found = 1
    try:
        run()
        found = 0
    finally:
        figure("fuzzing", f"{name}, spoiled", points=target.executions, violations=found)
