"""Spoiled payloads and instructions, with digests that are right: every reader ends in a value or in one of our errors, and lives."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import select
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

import fuzz_edits

HERE = Path(__file__).parent

DISTRIBUTIONS = ("packagers", "packagers-matplotlib", "packagers-numpy", "packagers-pandas", "packagers-sklearn", "packagers-torch")
SHORT, LONG = 15, 2000
_CODE = 20
"""Cases of a reader that the default policy refuses before it sees a byte."""
_PATIENCE_S = 300
"""For one answer. The child itself measures its processor time; this is for one that sleeps."""
_DEATHS = 5
"""After so many, no more of one reader is tried."""
_SINGLE = {"OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2", "ARROW_DEFAULT_MEMORY_POOL": "system", "MPLBACKEND": "agg"}
"""Threads of the libraries and their arenas would count as memory."""


class Child:
    """The process that reads; started again when it dies."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None

    def ask(self, case: dict[str, Any]) -> dict[str, str]:
        process = self._process or self._start()
        assert process.stdin is not None
        process.stdin.write(json.dumps(case) + "\n")
        process.stdin.flush()
        answer = self._answer(process)
        if answer is not None:
            return answer
        process.kill()
        code = process.wait()
        self.close()
        trace = (self._folder / "stderr").read_text(errors="replace")[-6000:]
        return {"outcome": "", "problem": f"the process ended with {code}", "trace": trace}

    def _start(self) -> subprocess.Popen[str]:
        with (self._folder / "stderr").open("w") as errors:
            self._process = subprocess.Popen(
                [sys.executable, str(HERE / "fuzz_child.py"), "read", str(self._folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**os.environ, **_SINGLE},
            )
        if self._answer(self._process) != "ready":
            raise AssertionError(f"the child did not start: {(self._folder / 'stderr').read_text()[-3000:]}")
        return self._process

    @staticmethod
    def _answer(process: subprocess.Popen[str]) -> Any:
        assert process.stdout is not None
        if not select.select([process.stdout], [], [], _PATIENCE_S)[0]:
            return None
        line = process.stdout.readline()
        return json.loads(line) if line else None

    def close(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        process.stdout.close()
        process.wait()


@pytest.fixture(scope="module", params=DISTRIBUTIONS)
def samples(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    folder = tmp_path_factory.mktemp(request.param, numbered=False) / "of"
    program = [sys.executable, str(HERE / "fuzz_child.py"), "make", request.param, str(folder)]
    done = subprocess.run(program, env={**os.environ, **_SINGLE}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder, json.loads((folder / "index.json").read_text())


Index = list[dict[str, Any]]


@pytest.mark.parametrize("count", [SHORT, pytest.param(LONG, marks=pytest.mark.long)])
def test_every_spoiled_package_ends_in_a_value_or_one_of_our_errors(samples: tuple[Path, Index], count: int, figure: Any) -> None:
    folder, index = samples
    child = Child(folder)
    problems: dict[str, str] = {}
    outcomes: dict[str, dict[str, int]] = {}
    try:
        for reader in sorted({entry["reader"] for entry in index}):
            which = [number for number, entry in enumerate(index) if entry["reader"] == reader]
            is_code = all(index[number]["kind"] == "code" for number in which)
            found = len(problems)
            trial = Trial(child, reader, index, which, problems)
            (_few if count == SHORT else _many)(trial.run, reader, min(count, _CODE) if is_code else count)
            outcomes[reader] = trial.outcomes
            sys.stdout.write(f"{reader}: {outcomes[reader]}\n")
            sys.stdout.writelines(f"{what}\n{how}\n" for what, how in list(problems.items())[found:])
            sys.stdout.flush()
    finally:
        child.close()
        executions = sum(sum(ends.values()) for ends in outcomes.values())
        figure(
            "fuzzing", f"packages and files of {len(outcomes)} readers of {folder.parent.name}", points=executions, violations=len(problems)
        )
    assert all(outcomes.values())
    assert not problems, "\n\n".join(f"{what}\n{how}" for what, how in problems.items())


def _few(run: Callable[[Random], None], reader: str, count: int) -> None:
    random = Random(reader)
    for _ in range(count):
        run(random)


def _many(run: Callable[[Random], None], reader: str, count: int) -> None:
    number = secrets.randbits(64)
    sys.stdout.write(f"{reader}: seed {number}\n")

    @seed(number)
    @settings(max_examples=count, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(st.randoms(use_true_random=False))
    def every(random: Random) -> None:
        run(random)

    every()


class Trial:
    """One reader; counts how its cases end.

    Args:
        child: Who reads.
        reader: Its name.
        index: All packages.
        which: Those of this reader.
        problems: Where the finds go.
    """

    def __init__(self, child: Child, reader: str, index: Index, which: list[int], problems: dict[str, str]) -> None:
        self._child, self._reader, self._index, self._which, self._problems = child, reader, index, which, problems
        self.outcomes: dict[str, int] = {}

    def run(self, random: Random) -> None:
        """Draw a case and have it read."""
        if sum(number for outcome, number in self.outcomes.items() if outcome.startswith("the process")) >= _DEATHS:
            return
        case = self._drawn(random)
        answer = self._child.ask(case)
        outcome = answer["problem"] or answer["outcome"]
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1
        if answer["problem"]:
            self._problems.setdefault(f"{self._reader}: {answer['problem']}", f"case {json.dumps(case)}\n{answer['trace']}")

    def _drawn(self, random: Random) -> dict[str, Any]:
        sample = random.choice(self._which)
        is_spoiled = not self._index[sample]["files"] or not random.randrange(4)
        return {
            "sample": sample,
            "plain": bool(self._index[sample]["plain"]) and not random.randrange(2),
            "file": random.randrange(fuzz_edits.SCALE),
            "edits": fuzz_edits.drawn(random),
            "manifest": [random.randrange(fuzz_edits.SCALE), random.randrange(fuzz_edits.SCALE)] if is_spoiled else None,
        }
