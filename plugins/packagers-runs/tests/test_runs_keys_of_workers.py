"""The signing key stays in the process of the run: no worker of this machine has it in its environment or its memory."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from packagers_runs import connect

sys.path.insert(0, str(Path(__file__).parents[3] / "tests" / "fakes"))

from memory import check_workers, made_key


@pytest.mark.parametrize("kind", ["file", "variable"])
def test_no_worker_has_the_key_while_it_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.chdir(tmp_path)
    secret = made_key(kind, tmp_path, monkeypatch)
    with connect() as store:
        check_workers(store, tmp_path, secret)
