"""``packagers new``: a complete project of a plugin, with tests that pass as they are."""

from __future__ import annotations

import shlex
from importlib import import_module
from pathlib import Path

import click

from packagers.cli.report import Report, command


@command("new")
@click.argument("name")
@click.option("--type", "type_path", required=True, metavar="TYPE", help="The type that it packs, such as networkx.Graph.")
@click.option(
    "--to", "target", type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER", help="Where; by default packagers-NAME."
)
def new(name: str, type_path: str, target: Path | None) -> Report:
    """Write the project of a new plugin.

    It is called NAME and is complete: metadata, a packager, and tests that pass as they are.
    """
    # Named as a reference, as the commands of other distributions are: no layer of the core depends on what plugin authors use.
    scaffold = import_module("packagers.testing.scaffold").scaffold
    folder = target or Path(f"packagers-{name.removeprefix('packagers-')}")
    files = [str(path) for path in scaffold(name, type_path, folder)]
    extra = shlex.quote(f"{folder}[test]")
    following = f"Written to {folder}. Next:\n  pip install -e {extra}\n  pytest {shlex.quote(str(folder))}"
    return Report({"folder": str(folder), "files": files}, lambda screen: screen.text("\n".join([*files, following])))
