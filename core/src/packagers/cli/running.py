"""``packagers call``: a function of a file or module, run from the shell; its inputs are unpacked and what it returns is packed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from packagers.cli.options import literal, load_object, pairs, project_option, trust_of, trust_option
from packagers.cli.report import Report, command
from packagers.cli.screen import Screen
from packagers.cli.unpacking import bounded_repr
from packagers.cli.wording import in_words_of_the_shell

if TYPE_CHECKING:
    from packagers.artifact import Artifact, Outputs
    from packagers.package import Package

_SHORT = 16
_COLUMNS = ("key", "artifact type", "object type", "format", "files", "bytes", "digest / value")


@command("call")
@click.argument("function")
@click.option("-i", "--input", "inputs", multiple=True, metavar="NAME=SOURCE", help="A path or URL, unpacked by the parameter's type hint.")
@click.option("-p", "--param", "params", multiple=True, metavar="NAME=LITERAL", help="A Python literal, passed as it is; else text.")
@click.option("-r", "--returns", multiple=True, metavar="HINT", help="The log hint of a returned value, in order; None drops one.")
@click.option(
    "-o", "--folder", type=click.Path(file_okay=False, path_type=Path), default=Path("artifacts"), show_default=True, help="Where to pack."
)
@trust_option
@project_option
def call(
    function: str,
    inputs: tuple[str, ...],
    params: tuple[str, ...],
    returns: tuple[str, ...],
    folder: Path,
    trust: str | None,
    project: Path | None,
) -> Report:
    """Run a function, and pack what it returns.

    FUNCTION is FILE.py:name or module:name. Pickled objects carry the classes of FILE.py along, as those of a script; the classes of a
    module are found by name. Its inputs are unpacked by their type hints; what it returns is packed by log hints.

    Example: packagers call train.py:train -i data=iris.csv -p depth=3 -r accuracy -r "model : model" -o out
    """
    from packagers import calling
    from packagers.errors import PackagersError, PackingFailed

    sources = pairs(inputs, "-i")
    values = {name: literal(text) for name, text in pairs(params, "-p").items()}
    hints = [None if hint.strip() == "None" else hint for hint in returns] or None
    found = load_object(function)
    if not callable(found):
        raise PackagersError(f"{function} is not callable but a {type(found).__name__}", remedy="Name a function.")
    failure: PackingFailed | None = None
    try:
        with in_words_of_the_shell(sources), trust_of(trust) as policy:
            outputs: Outputs | None = calling.call(found, sources, values, hints, folder, project=project, trust=policy)
    except PackingFailed as error:
        failure, outputs = error, error.outputs
    made = [] if outputs is None else _describe(outputs, folder)
    returned = None if made or outputs is None else bounded_repr(outputs.returned)
    data = {"folder": str(folder), "outputs": made} | ({} if returned is None else {"returned": returned})

    def show(screen: Screen) -> None:
        if made:
            screen.table(_COLUMNS, [_row(output) for output in made])
        elif returned is not None:
            screen.text(
                f"Nothing was packed{'' if hints else ', for there is no log hint: give -r KEY'}. The function returned:\n{returned}"
            )

    return Report(data, show, failure)


def _describe(outputs: Outputs, folder: Path) -> list[dict[str, Any]]:
    """Give what was made, as JSON."""
    from packagers.results import open_results

    artifacts, bundles = outputs.artifacts, outputs.bundles
    recorded = open_results(folder) if len(artifacts) < len(outputs) else {}
    made: list[dict[str, Any]] = []
    for key in outputs:
        if key in artifacts:
            made.append(_artifact(artifacts[key]))
        else:
            short = f"{len(outputs[key])} items" if key in bundles else bounded_repr(outputs[key])
            made.append(_result(recorded[key], "bundle" if key in bundles else "result", short))
    return made


def _artifact(artifact: Artifact) -> dict[str, Any]:
    return {
        "key": artifact.key,
        "artifact_type": artifact.artifact_type,
        "object_type": artifact.object_type,
        "format": artifact.manifest.written.format,
        "files": len(artifact.manifest.files),
        "size": artifact.manifest.size,
        "digest": artifact.digest,
        "path": os.path.abspath(artifact.path),
    }


def _result(package: Package, artifact_type: str, short: str) -> dict[str, Any]:
    return {
        "key": package.manifest.key,
        "artifact_type": artifact_type,
        "object_type": package.manifest.written.object_type,
        "format": None,
        "files": 0,
        "size": 0,
        "digest": None,
        "path": os.path.abspath(package.folder / package.manifest.key),
        "value": package.manifest.value,
        "repr": short,
    }


def _row(output: Mapping[str, Any]) -> list[str]:
    names = [output["key"], output["artifact_type"], output["object_type"], output["format"] or ""]
    if output["digest"] is None:
        return [*names, "", "", output["repr"]]
    algorithm, _, digest = output["digest"].partition(":")
    return [*names, str(output["files"]), f"{output['size']:,}", f"{algorithm}:{digest[:_SHORT]}"]
