"""The main job: train on real data, store what comes out, and read all of it in a second process.

::

    python docs/examples/main.py [folder]
"""

from __future__ import annotations

import subprocess
import sys
from argparse import ArgumentParser
from importlib.resources import files
from pathlib import Path

import train
from rich.console import Console
from rich.table import Table
from sklearn.datasets import load_breast_cancer

import packagers
from packagers import Artifact, LogHint

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


def run(folder: Path, depth: int) -> list[packagers.Outputs]:
    """Clean the data and train on it; both functions' outputs are stored in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    prepared = packagers.call(train.prepare, inputs={"raw": copy_data(folder)}, returns=["cleaned : dataset"], folder=folder)
    trained = packagers.call(train.train, inputs={"data": prepared["cleaned"]}, params={"depth": depth}, returns=RETURNS, folder=folder)
    return [prepared, trained]


def check(folder: Path) -> None:
    """Read everything with the type hints of ``train.check``."""
    names = ["accuracy", "confusion", "model", "test_set"]
    inputs = {name: folder / name for name in names} | {"figure": folder / "importances"}
    checked = packagers.call(train.check, inputs=inputs, folder=folder)
    print(f"A second process unpacked everything: {checked.returned} predictions are the same.")


def show(outputs: list[packagers.Outputs]) -> None:
    """Print what was made."""
    table = Table("key", "artifact type", "object type", "format", "files", "bytes", "digest")
    for made in outputs:
        for key, value in made.items():
            if isinstance(value, Artifact):
                stored, form = value.manifest, value.manifest.written.format or ""
                files_and_bytes = str(len(stored.files)), f"{stored.size:,}"
                table.add_row(key, value.artifact_type, value.object_type, form, *files_and_bytes, value.digest[:23])
            else:
                table.add_row(key, "result", type(value).__name__, "", "", "", f"{value:.4f}")
    Console(width=None if sys.stdout.isatty() else 140).print(table)


def main() -> None:
    """Run the job, or with ``--check`` only the second process's part of it."""
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path("out"), help="where to store everything (./out)")
    parser.add_argument("--depth", type=int, default=4, help="how deep the trees may grow (4)")
    parser.add_argument("--check", action="store_true", help="only read what an earlier run has stored")
    arguments = parser.parse_args()
    if arguments.check:
        check(arguments.folder)
        return
    show(run(arguments.folder, arguments.depth))
    subprocess.run([sys.executable, __file__, str(arguments.folder), "--check"], check=True)


if __name__ == "__main__":
    main()
