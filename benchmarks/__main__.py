"""Every path next to the raw call that it is built on: ``python -m benchmarks``.

Each area is a module of this folder with ``cases(folder, quick)``, and runs in a process of its own, so that none inherits another's memory
or imports. ``--quick`` measures what fits into a minute, with few repetitions: whether the benchmark runs, not how fast anything is.

::

    python -m benchmarks                        all of it: some 30 GB of disk, half an hour
    python -m benchmarks arrays frames          two areas
    python -m benchmarks arrays --only "512 MB" cases of it that have these words
    python -m benchmarks --quick --json
    python -m benchmarks --write                … and write it into docs/reference/performance.md
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from benchmarks.machine import machine
from benchmarks.paired import Row, measure
from benchmarks.table import lines_of, write_page

AREAS = (
    "starting",
    "choosing",
    "calling",
    "results",
    "packages",
    "arrays",
    "frames",
    "models",
    "tensors",
    "figures",
    "chunks",
    "previewing",
    "recording",
    "iterations",
    "listing",
    "reports",
)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command(help=__doc__.partition("\n")[0])
@click.argument("areas", nargs=-1, type=click.Choice(AREAS), metavar="[AREA]…")
@click.option("--quick", is_flag=True, help="Few repetitions, nothing large: below a minute.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--only", default="", metavar="WORDS", help="Only cases that have these words in their path.")
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Where files are written (the system's temporary folder).",
)
@click.option("--write", is_flag=True, help="Write the table into docs/reference/performance.md.")
def main(areas: tuple[str, ...], quick: bool, as_json: bool, only: str, folder: Path | None, write: bool) -> None:
    """Measure, and print."""
    if write and (areas or quick or only):
        raise click.UsageError("the page holds the whole table: --write goes without areas, --quick and --only")
    asked = areas or AREAS
    found: dict[str, list[Row]] = {}
    for area in asked:
        found[area] = measured(area, quick, only, folder) if len(asked) == 1 else apart(area, quick, only, folder)
        if not as_json:
            print("\n".join(lines_of(area, found[area])), flush=True)
    if not any(found.values()) and not as_json:
        raise click.UsageError(f"no case of {', '.join(asked)} has {only!r} in its path")
    about: dict[str, Any] = {**machine(), "areas": {area: [row._asdict() for row in rows] for area, rows in found.items()}}
    if as_json:
        print(json.dumps(about, indent=1))
    if write:
        write_page(about)


def measured(area: str, quick: bool, only: str, folder: Path | None) -> list[Row]:
    """Measure an area in this process."""
    cases = import_module(f"benchmarks.{area}").cases
    with tempfile.TemporaryDirectory(dir=folder) as place:
        return [measure(case) for case in cases(Path(place), quick) if only in case.path]


def apart(area: str, quick: bool, only: str, folder: Path | None) -> list[Row]:
    """Measure an area in a new process."""
    options = [*(["--quick"] if quick else []), *(["--only", only] if only else []), *(["--folder", str(folder)] if folder else [])]
    command = [sys.executable, "-m", "benchmarks", area, "--json", *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return [Row(**row) for row in json.loads(done.stdout)["areas"][area]]


if __name__ == "__main__":
    main()
