"""The examples: the main job in two processes, and a plugin that times every pack."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import packagers_runs
from packagers_runs.store.artifactrows import Recorded

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
KEYS = ("cleaned", "confusion", "importances", "model", "test_set")


def run(folder: Path, *arguments: str, path: str = "") -> subprocess.CompletedProcess[str]:
    """Run Python in ``folder``, with ``path`` first among the places to import from."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [path, os.environ.get("PYTHONPATH")]))}
    return subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """Run the main job once, without torch to be found."""
    folder = tmp_path_factory.mktemp("job")
    (folder / "without" / "torch").mkdir(parents=True)
    (folder / "without" / "torch" / "__init__.py").write_text("raise ModuleNotFoundError('no torch here')\n")
    done = run(folder, str(EXAMPLES / "main.py"), "made here", "--depth", "3", path=str(folder / "without"))
    assert done.returncode == 0, done.stderr
    return folder / "made here", done


def artifacts(folder: Path) -> dict[str, Recorded]:
    """Give the newest artifact of each key."""
    with packagers_runs.connect(f"sqlite:///{folder}/runs.db") as store:
        return {found.key: found for found in reversed(store.list_artifacts())}


def manifest(folder: Path, key: str) -> dict[str, Any]:
    with packagers_runs.connect(f"sqlite:///{folder}/runs.db") as store:
        found: dict[str, Any] = json.loads(store.manifest(store.find(f"store://{key}")))
    return found


def test_the_functions_import_nothing_of_ours() -> None:
    tree = ast.parse((EXAMPLES / "train.py").read_text(encoding="utf-8"))
    imported = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    imported += [str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert imported
    assert not [name for name in imported if name.startswith("packagers")]


def test_everything_is_recorded(job: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, _ = job
    found = artifacts(folder)
    assert set(found) == set(KEYS)
    assert [found[key].kind for key in KEYS] == ["dataset", "file", "plot", "model", "dataset"]
    for key in KEYS:
        stored, place = manifest(folder, key), folder / "objects" / found[key].digest.replace(":", "-", 1) / found[key].stored
        for file in stored["files"]:
            assert (place / file["path"]).stat().st_size == file["size"]
    with packagers_runs.connect(f"sqlite:///{folder}/runs.db") as store:
        runs = store.list_runs()
        assert [(each.metadata.name, each.status.state) for each in runs] == [
            (f"breast-cancer-{name}", "completed") for name in ("check", "train", "prepare")
        ]
        assert runs[1].status.results["accuracy"] > 0.9
        assert runs[1].spec.parameters == {"depth": 3}
        assert runs[1].spec.inputs == {"data": runs[2].outputs["cleaned"]}


def test_the_model_carries_the_rest(job: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, _ = job
    model = manifest(folder, "model")
    assert set(model["metrics"]) == {"accuracy"}
    assert set(model["extra_data"]) == {"confusion", "importances", "test_set"}


def test_the_path_of_the_report_is_printed(job: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, done = job
    said = re.search(r"^The report of the training: (.+)$", done.stdout, re.MULTILINE)
    assert said is not None
    report = Path(said[1])
    assert report.is_relative_to(folder)
    text = report.read_text(encoding="utf-8")
    assert all(f">{key}<" in text for key in ("model", "importances", "accuracy"))


def test_the_command_that_is_printed_lists_the_runs(job: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, done = job
    said = re.search(r"^All runs: (.+)$", done.stdout, re.MULTILINE)
    assert said is not None
    listed = subprocess.run(shlex.split(said[1]), cwd=folder.parent, capture_output=True, text=True, check=True)
    assert [line.split("\t")[1] for line in listed.stdout.splitlines()[1:]] == [
        f"breast-cancer-{name}" for name in ("check", "train", "prepare")
    ]


def test_a_second_process_reads_it(job: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    _, done = job
    said = re.search(r"A second process unpacked everything: (\d+) predictions are the same", done.stdout)
    assert said is not None
    assert int(said[1]) == 143


def test_the_table_names_everything(job: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, done = job
    for key in KEYS:
        (line,) = [line for line in done.stdout.splitlines() if line.split()[1:2] == [key]]
        stored = manifest(folder, key)
        assert str(stored["object_type"]) in line
        assert str(stored["digest"])[:16] in line
    assert re.search(r"accuracy .* result .* 0\.9", done.stdout)


def test_the_same_data_gives_the_same_digests(job: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path) -> None:
    folder, _ = job
    again = run(tmp_path, str(EXAMPLES / "main.py"), "--depth", "3")
    assert again.returncode == 0, again.stderr
    first, second = artifacts(folder), artifacts(tmp_path / "out")
    for key in ("cleaned", "confusion", "importances", "test_set"):
        assert first[key].digest == second[key].digest, key


def test_a_changed_prediction_is_noticed(job: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, _ = job
    (stored,) = (folder / "objects" / artifacts(folder)["confusion"].digest.replace(":", "-", 1)).rglob("*.npy")
    good = stored.read_bytes()
    try:
        stored.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
        done = run(folder.parent, str(EXAMPLES / "main.py"), str(folder), "--check")
    finally:
        stored.write_bytes(good)
    assert done.returncode != 0
    assert "IntegrityError" in done.stderr


@pytest.fixture
def timing(tmp_path: Path) -> str:
    """Install the timing hook as a distribution of its own; give what to put on the path."""
    information = tmp_path / "site" / "timing_example-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: timing-example\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[packagers]\ntiming = timing_hook\n")
    return os.pathsep.join([str(tmp_path / "site"), str(EXAMPLES)])


TIMED = """
import logging
import packagers
logging.basicConfig(level=logging.DEBUG, format="%(name)s %(message)s")
packagers.pack([1, 2], "numbers")
packagers.pack([3], "more : file")
packagers.pack(b"bytes", "raw : file")
assert packagers.unpack("numbers") == [1, 2]
try:
    packagers.pack(lambda: 1, "wrong : result")
except packagers.PackagersError:
    pass
import timing_hook
print(timing_hook.summary())
"""


def test_the_hook_times_every_pack(tmp_path: Path, timing: str) -> None:
    done = run(tmp_path, "-W", "error", "-c", TIMED, path=timing)
    assert done.returncode == 0, done.stderr
    lines = {tuple(line.split()[4:]): line.split() for line in done.stdout.splitlines()}
    assert lines["bytes", "as", "file"][2] == "1"
    assert ("timing_hook", "time", "spent", "packing:") in {tuple(line.split()) for line in done.stderr.splitlines()}
    assert re.search(r"timing_hook bytes as file into .*raw.*: \d+\.\d+ s", done.stderr)


def test_without_the_plugin_nothing_is_timed(tmp_path: Path) -> None:
    done = run(tmp_path, "-c", TIMED.replace("import timing_hook", "").replace("print(timing_hook.summary())", ""))
    assert done.returncode == 0, done.stderr
    assert "timing_hook" not in done.stderr
