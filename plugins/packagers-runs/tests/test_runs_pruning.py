"""Runs of strategies that learn: iterations are pruned while they run, and a run that was killed goes on with what it knew."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import packagers_runs as runs
from packagers_runs.executors.judging import answering

HANDLERS = '''
import os, signal, time
from pathlib import Path

import packagers_runs as runs

def recorded():
    """How many iterations whoever opens the store now would find."""
    store = runs.connect("sqlite:///runs.db")
    return len([run for run in store.list_runs(iterations=True) if run.metadata.iteration])

def train(rate, depth, context):
    """Three steps, then a score; the process is killed in the iteration that KILL_AT names."""
    with open("ran", "a") as file:
        file.write(f"{context.iteration}\\n")
    if str(context.iteration) == os.environ.get("KILL_AT"):
        ends = time.monotonic() + 20
        while recorded() < int(os.environ["KEPT"]) and time.monotonic() < ends:
            pass
        os.kill(int(Path("owner").read_text()), signal.SIGKILL)
    score = -abs(depth - 20) - abs(rate - 0.1) * 10
    for step in range(3):
        context.report(score + step, step)
    return score
'''
PROGRAM = """
import json, os, sys
from pathlib import Path
import packagers_runs as runs

Path("owner").write_text(str(os.getpid()))
store = runs.connect("sqlite:///runs.db")
if sys.argv[1] == "resume":
    run = store.resume(store.list_runs()[0].metadata.uid)
else:
    task = runs.new_task("study", handler="handlers.py:train", returns=["score"])
    space = {"rate": {"low": 1e-3, "high": 1.0, "log": True}, "depth": range(1, 40)}
    task.with_hyper_params(space, "max.score", "optuna:tpe", max_iterations=24, seed=3, parallel_runs=int(sys.argv[1]))
    run = runs.new_function("search").run(task)
print(json.dumps([run.status.iterations, run.status.results]))
"""


def play(folder: Path, what: str, kill_at: int | None = None, kept: int = 0) -> Any:
    folder.mkdir(exist_ok=True)
    (folder / "handlers.py").write_text(HANDLERS)
    environment = {**os.environ, "PYTHONPATH": str(folder)} | ({"KILL_AT": str(kill_at), "KEPT": str(kept)} if kill_at else {})
    done = subprocess.run([sys.executable, "-c", PROGRAM, what], cwd=folder, env=environment, capture_output=True, text=True)
    if kill_at:
        assert done.returncode == -signal.SIGKILL, done.stderr
        return None
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def ran(folder: Path) -> list[int]:
    return [int(line) for line in (folder / "ran").read_text().split()]


def test_a_study_that_was_killed_is_the_study_that_was_not(tmp_path: Path) -> None:
    whole = play(tmp_path / "whole", "1")
    states = [row[0] for row in whole[0][1:]]
    assert len(states) == 24
    assert 0 < states.count("skipped") < 12
    assert all(row[-1] is None for row in whole[0][1:] if row[0] == "skipped")
    play(tmp_path / "killed", "1", kill_at=14)
    assert play(tmp_path / "killed", "resume") == whole
    done = ran(tmp_path / "killed")
    assert done[:14] == list(range(1, 15))
    assert done[14:] == [*range(done[14], 25)]  # what shared a commit with it is done again
    assert done[14] <= 14


def test_what_ran_side_by_side_before_a_kill_is_kept(tmp_path: Path) -> None:
    play(tmp_path, "2", kill_at=14, kept=10)
    before = runs.connect(f"sqlite:///{tmp_path}/runs.db").list_runs(iterations=True)
    kept = {run.metadata.iteration: run.spec.parameters for run in before if run.metadata.iteration}
    assert len(kept) >= 10
    count = len(ran(tmp_path))
    table, results = play(tmp_path, "resume")
    rows = {row[1]: dict(zip(("rate", "depth"), row[2:4], strict=True)) for row in table[1:]}
    assert sorted(rows) == list(range(1, 25))
    assert all(rows[number] == parameters for number, parameters in kept.items())
    assert not set(ran(tmp_path)[count:]) & set(kept)
    assert results["best_iteration"] in rows


def test_a_judge_answers_those_that_have_the_key() -> None:
    asked: list[tuple[int, int, float]] = []

    def judge(iteration: int, step: int, value: float) -> bool:
        asked.append((iteration, step, value))
        if step == 3:
            raise RuntimeError
        return value < 0

    with socket.socket(socket.AF_UNIX) as silent, answering(judge) as ask:
        assert "key" not in repr(ask)
        assert [ask(1, 1, 0.5), ask(1, 2, -0.5), ask(2, 3, -1.0), ask(2, 4, -1.0)] == [False, True, False, True]
        with socket.socket(socket.AF_UNIX) as stranger:
            stranger.connect(ask.address)
            stranger.sendall(b"\0\0\0\x04none")
        silent.connect(ask.address)  # nobody waits for it
        assert ask(3, 1, float("-inf"))
    assert asked == [(1, 1, 0.5), (1, 2, -0.5), (2, 3, -1.0), (2, 4, -1.0), (3, 1, float("-inf"))]
    assert not Path(ask.address).exists()
    assert ask(4, 1, -1.0) is False  # nobody is there any more


@pytest.mark.parametrize("parallel", [None, 2])
def test_reports_without_a_strategy_that_prunes_are_only_recorded(tmp_path: Path, parallel: int | None) -> None:
    store = runs.connect(f"sqlite:///{tmp_path}/runs.db")
    task = runs.new_task("plain", handler=_reports, returns=["score"])
    task.with_hyper_params({"p": [3, 1, 2]}, "max.score", parallel_runs=parallel)
    run = runs.new_function().run(task, store=store)
    assert run.status.results == {"score": 3, "best_iteration": 1}
    assert [row[0] for row in run.status.iterations[1:]] == ["completed"] * 3
    recorded = store.get_run(str(run.metadata.uid), 2).metadata.annotations
    assert recorded["packagers/reports"] == [[0, 1.0], [5, 0.5]]


def _reports(p: int, context: runs.RunContext) -> int:
    context.report(p)
    context.report(p / 2, 5)
    return p
