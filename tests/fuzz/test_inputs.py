"""Spoiled hints, manifests, specs and archives, and noise: each ends in a value or in one of our errors."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
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
"""How many inputs the long form tries; 5,000 of each kind of archive. The short form tries a few hundredths."""
CASES = [
    pytest.param(name, count, marks=marks, id=f"{name}-{'long' if marks else 'short'}")
    for marks in ((), pytest.mark.long)
    for name in fuzz_targets.CHECKS
    for count in [EXECUTIONS.get(name, 5_000) if marks else 100]
]


@pytest.mark.parametrize(("name", "count"), CASES)
@pytest.mark.filterwarnings("error")
def test_every_input_ends_in_a_value_or_one_of_our_errors(name: str, count: int) -> None:
    check, valid = fuzz_targets.CHECKS[name], fuzz_targets.seeds(name)
    for data in valid:
        check(data)

    @settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(range(len(valid))), fuzz_edits.edits())
    def run(which: int, edits: list[object]) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            check(fuzz_edits.apply(valid[which], edits))

    run()
