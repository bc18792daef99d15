"""The main job: train on real data, record it as runs with all that comes out, and read all of it in a second process.

::

    python docs/examples/main.py [folder]
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from argparse import ArgumentParser
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import train
from rich.console import Console
from rich.table import Table
from sklearn.datasets import load_breast_cancer

import packagers_runs
from packagers import Artifact, LogHint
from packagers_runs import RunObject

JOB = packagers_runs.new_function("breast-cancer")
RETURNS = [
    "accuracy",
    "confusion",
    LogHint(
        "model",
        artifact_type="model",
        metrics={"accuracy": ...},
        extra_data={"confusion": ..., "importances": ..., "test_set": ...},
    ),
    "importances : plot",
    'test_set : dataset[format="parquet"]',
]


def copy_data(folder: Path) -> Path:
    """Copy the data set that scikit-learn ships, with a line of column names instead of its line of counts and classes."""
    shipped = files("sklearn.datasets.data").joinpath("breast_cancer.csv").read_text(encoding="ascii")
    rows = shipped.splitlines(keepends=True)[1:]
    names = ",".join([*load_breast_cancer().feature_names, "target"])
    path = folder / "breast_cancer.csv"
    path.write_text(f"{names}\n{''.join(rows)}", encoding="ascii")
    return path


def store_in(folder: Path) -> packagers_runs.Store:
    """Open the store in ``folder``: a database, and the data of all artifacts beside it."""
    return packagers_runs.connect(f"sqlite:///{folder / 'runs.db'}")


def run(folder: Path, depth: int) -> list[RunObject]:
    """Clean the data and train on it: two runs, which are recorded in ``folder`` with all that comes out."""
    folder.mkdir(parents=True, exist_ok=True)
    with store_in(folder) as store:
        prepared = JOB.run(handler=train.prepare, inputs={"raw": str(copy_data(folder))}, returns=["cleaned : dataset"], store=store)
        data = {"data": prepared.outputs["cleaned"]}
        trained = JOB.run(handler=train.train, inputs=data, params={"depth": depth}, returns=RETURNS, store=store)
        show([prepared, trained])
        print(f"The report of the training: {url2pathname(urlsplit(trained.ui_url).path)}")
    return [prepared, trained]


def check(folder: Path) -> None:
    """Read all that the newest training gave with the type hints of ``train.check``: a run, too."""
    with store_in(folder) as store:
        trained = store.list_runs(name="breast-cancer-train", limit=1)[0]
        inputs = {name: trained.outputs[name] for name in ("confusion", "model", "test_set")} | {"figure": trained.outputs["importances"]}
        accuracy = {"accuracy": trained.outputs["accuracy"]}
        checked = JOB.run(handler=train.check, inputs=inputs, params=accuracy, returns=["predictions"], store=store)
    print(f"A second process unpacked everything: {checked.outputs['predictions']} predictions are the same.")


def show(runs: list[RunObject]) -> None:
    """Print what was made."""
    table = Table("key", "artifact type", "object type", "format", "files", "bytes", "digest")
    for made in runs:
        for key in made.status.artifact_uris:
            artifact = made.artifact(key).unpack(Artifact)
            stored, form = artifact.manifest, artifact.manifest.written.format or ""
            files_and_bytes = str(len(stored.files)), f"{stored.size:,}"
            table.add_row(key, artifact.artifact_type, artifact.object_type, form, *files_and_bytes, artifact.digest[:23])
        for key, value in made.status.results.items():
            table.add_row(key, "result", type(value).__name__, "", "", "", f"{value:.4f}")
    Console(width=None if sys.stdout.isatty() else 140).print(table)


def main() -> None:
    """Run the job, or with ``--check`` only the second process's part of it."""
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path("out"), help="where to store everything (./out)")
    parser.add_argument("--depth", type=int, default=4, help="how deep the trees may grow (4)")
    parser.add_argument("--check", action="store_true", help="only read what an earlier job has stored")
    arguments = parser.parse_args()
    if arguments.check:
        check(arguments.folder)
        return
    run(arguments.folder, arguments.depth)
    subprocess.run([sys.executable, __file__, str(arguments.folder), "--check"], check=True)
    commands = f"{Path(sys.executable).with_name('packagers')} runs"
    print(f"All runs: {commands} ls --store {shlex.quote(f'sqlite:///{arguments.folder}/runs.db')}")


if __name__ == "__main__":
    main()
