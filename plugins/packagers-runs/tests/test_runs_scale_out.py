"""The page about scaling out: its program, run as it stands there, on a Dask cluster, PostgreSQL and S3 on loopback."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from packagers_runs.runstore import connect

PAGE = Path(__file__).parents[3] / "docs" / "howto" / "scale-out.md"


def test_the_program_runs_as_written(new_database: Callable[[str], str], s3: str, tmp_path: Path) -> None:
    pytest.importorskip("packagers_dask")
    import s3fs
    from distributed import LocalCluster

    text = PAGE.read_text(encoding="utf-8")
    (program,) = re.findall(r'^```python title="tune.py"\n(.*?)^```', text, re.DOTALL | re.MULTILINE)
    (settings,) = re.findall(r"^```toml\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    names = re.findall(r"^export (\w+)=", text, re.MULTILINE)
    s3fs.S3FileSystem(skip_instance_cache=True).mkdir("scaled")
    url = new_database("postgresql")
    environment = {**os.environ, **dict(zip(names, (url, "s3://scaled/runs"), strict=True))}
    (tmp_path / "tune.py").write_text(program)
    with LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0") as cluster:
        (tmp_path / "pyproject.toml").write_text(settings.replace("tcp://scheduler.lab:8786", cluster.scheduler_address))
        done = subprocess.run([sys.executable, "tune.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    best, address = done.stdout.split()[-2:]
    assert best == "3"
    assert not list((tmp_path / ".packagers").rglob("*.db"))
    with connect(url, "s3://scaled/runs") as store:
        (run,) = store.list_runs()
        assert len(run.status.iterations) == 7
        assert address == run.outputs["weights"]
        assert run.unpack("weights").shape == (6,)
        assert store.log(str(run.uid()), 3)[0] == "degree 5 ridge 0.0\n"
