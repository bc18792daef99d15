"""What others do with the same values, each in an environment of its own, next to what we do: ``python benchmarks/peers``.

The systems are measured one after the other, several times over, in another order each time; a figure is the best round's median, since
what else the machine does only ever adds. Saving and loading are processes of their own.

::

    python benchmarks/peers                      all: environments of some 12 GB, made once; 6 GB of disk while it runs; an hour
    python benchmarks/peers ours joblib          two of them
    python benchmarks/peers --value int --rounds 1 --json
    python benchmarks/peers --write              … and write the tables into docs/reference/performance.md
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import click

from benchmarks.machine import machine
from benchmarks.peers.environments import NotInstalled, cache_folder, environment
from benchmarks.peers.tables import merged, page_lines, write_page
from benchmarks.peers.values import VALUES

ROOT = Path(__file__).parents[2]
SYSTEMS = ("ours", "joblib", "mlrun", "zenml", "flytekit", "mlflow", "metaflow", "optuna")
IMPORTING = "from time import {} as clock; begun = clock(); {}; print(clock() - begun)"
VERSIONS = "import json; from importlib.metadata import distributions as d; print(json.dumps({x.name.lower(): x.version for x in d()}))"
LIMIT_S = 600
Environment = dict[str, str]


@click.command(help=__doc__.partition("\n")[0])
@click.argument("peers", nargs=-1, type=click.Choice(SYSTEMS), metavar="[PEER]…")
@click.option("--value", "values", multiple=True, type=click.Choice(tuple(VALUES)), help="Only this value (again for more).")
@click.option("--rounds", default=3, show_default=True, help="How often all are measured.")
@click.option("--trials", default=1000, show_default=True, help="How many iterations a grid has.")
@click.option("--clock", type=click.Choice(("wall", "processor")), default="wall", help="The processor's where the machine has other work.")
@click.option("--quick", is_flag=True, help="Save and load everything twice, and look at the second time.")
@click.option("--cache", type=click.Path(path_type=Path), default=cache_folder, help="Where environments are kept.")
@click.option("--folder", type=click.Path(path_type=Path), help="Where values are saved (the system's temporary folder).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--write", is_flag=True, help="Write the tables into docs/reference/performance.md.")
def main(
    peers: tuple[str, ...],
    values: tuple[str, ...],
    rounds: int,
    trials: int,
    clock: str,
    quick: bool,
    cache: Path,
    folder: Path | None,
    as_json: bool,
    write: bool,
) -> None:
    """Make the environments, measure, and print."""
    pythons: dict[str, Path] = {}
    missing: dict[str, str] = {}
    for name in peers or SYSTEMS:
        try:
            pythons[name] = environment(name, module_of(name).REQUIRES, cache)
        except NotInstalled as error:
            missing[name] = str(error)
        click.echo(f"{name}: {missing.get(name, 'installed')}", err=True)
    options = ["--values", *(values or VALUES), "--trials", str(trials), "--clock", clock, *(["--most", "1"] if quick else [])]
    found: list[dict[str, Any]] = []
    for number in range(rounds):
        order = list(pythons) if number % 2 == 0 else list(reversed(pythons))
        for name in order:
            click.echo(f"round {number + 1}: {name}", err=True)
            with tempfile.TemporaryDirectory(dir=folder) as place:
                found.append(measured(name, pythons[name], Path(place), clock, options))
                for phase, why in found[-1]["failed"].items():
                    click.echo(f"{name} did not {phase}: {why}", err=True)
    for name in pythons:
        if any(each["failed"] for each in found if each["name"] == name):
            missing[name] = f"did not do all of it in {LIMIT_S} s"
    about = {**machine(), "missing": missing, "abouts": abouts(pythons), "clock": clock, "trials": trials, **merged(found)}
    about["versions"] = {name: versions(python, name) for name, python in pythons.items()}
    click.echo(json.dumps(about, indent=1) if as_json else "\n".join(page_lines(about)))
    if write:
        write_page(about)


def module_of(name: str) -> ModuleType:
    """Give the module of a system."""
    return import_module(f"benchmarks.peers.systems.{name}")


def abouts(names: Mapping[str, Any]) -> dict[str, str]:
    """Give what a save of each way does."""
    return {way: text for name in names for way, text in module_of(name).ABOUT.items()}


def measured(name: str, python: Path, folder: Path, clock: str, options: list[str]) -> dict[str, Any]:
    """Measure one system once: importing, saving, loading, searching."""
    module = module_of(name)
    surroundings = {
        **os.environ,
        "HOME": str(folder / "home"),
        "PYTHONPATH": str(ROOT),
        "MPLBACKEND": "agg",
        "PYTHONWARNINGS": "ignore",
        **getattr(module, "ENVIRONMENT", {}),
    }
    (folder / "home").mkdir()
    importing = IMPORTING.format("process_time" if clock == "processor" else "perf_counter", module.IMPORT)
    imports = [float(said(python, importing, folder, surroundings).split()[-1]) for _ in range(3)]
    phases = [*(("save", "load") if hasattr(module, "ways") else ()), *(("grid",) if hasattr(module, "grids") else ())]
    found: dict[str, Any] = {"name": name, "import": min(imports), "failed": {}}
    for phase in phases:
        command = [str(python), "-m", "benchmarks.peers.measuring", name, phase, str(folder / phase if phase == "grid" else folder)]
        (folder / "grid").mkdir(exist_ok=True)
        with (folder / f"{phase}.log").open("wb") as log:
            try:
                subprocess.run(
                    [*command, *options],
                    cwd=folder,
                    env=surroundings,
                    stdout=log,
                    stderr=log,
                    timeout=LIMIT_S,
                    check=True,
                )
            except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
                kept = Path(tempfile.gettempdir()) / f"packagers-peers-{name}-{phase}.log"
                shutil.copy(folder / f"{phase}.log", kept)
                found["failed"][phase] = f"{type(error).__name__}; what it printed is in {kept}"
        written = next(folder.glob(f"**/{phase}.json"), None)
        if written is not None:
            found[phase] = json.loads(written.read_text())
    return found


def said(python: Path, program: str, folder: Path, surroundings: Environment) -> str:
    """Give what a program prints."""
    return subprocess.run([str(python), "-c", program], cwd=folder, env=surroundings, stdout=subprocess.PIPE, text=True, check=True).stdout


def versions(python: Path, name: str) -> dict[str, str]:
    """Give the versions that matter in an environment."""
    all_there = json.loads(said(python, VERSIONS, Path.cwd(), dict(os.environ)))
    wanted = ("packagers" if name == "ours" else name, "numpy", "pandas", "pyarrow", "scikit-learn", "torch", "matplotlib")
    return {each: all_there[each] for each in wanted if each in all_there}
