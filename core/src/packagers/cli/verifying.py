"""``packagers verify``: whether every byte of packages is as it was packed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from packagers.cli.packages import open_package, signature_of
from packagers.cli.report import Report, command
from packagers.cli.screen import Screen

_Check = tuple[str, Callable[[], dict[str, Any]]]


@command("verify")
@click.argument("packages", nargs=-1, required=True, metavar="PACKAGE...")
def verify(packages: tuple[str, ...]) -> Report:
    """Check every byte of packages.

    PACKAGE is a folder, a zip, a URL or a result; of a folder of packages, all in it and its results.json are checked. Exits with 1,
    naming the file, where something is not as it was packed.
    """
    from packagers.errors import IntegrityError, UnpackError

    checked = [_run(location, check) for source in packages for location, check in _checks(source)]
    bad = [entry for entry in checked if entry["state"] != "ok"]
    error: Exception | None = None
    if bad:
        what = "\n".join(f"  {entry['problem']}" for entry in bad)
        kind = IntegrityError if any(entry["state"] == "damaged" for entry in bad) else UnpackError
        error = kind(f"{len(bad)} of {len(checked)} {'is' if len(bad) == 1 else 'are'} not as packed:\n{what}")
    return Report({"ok": not bad, "checked": checked}, lambda screen: _show(screen, checked), error)


def _checks(source: str) -> Iterator[_Check]:
    """Give what is to be checked for one argument: a package, or all that a folder holds."""
    from packagers.source import url_of

    found = [] if url_of(source) else list(_in_folder(Path(source)))
    yield from found or [(source, lambda: _check_package(source))]


def _in_folder(folder: Path) -> Iterator[_Check]:
    """Give the packages and results below a folder, in name order; what packages hold is theirs."""
    from packagers import manifest, results

    for place, folders, files in os.walk(folder):
        path = Path(place)
        if manifest.NAME in files:
            folders.clear()
            yield str(path), lambda path=path: _check_package(str(path))  # type: ignore[misc]
            continue
        folders.sort()
        if results.NAME in files:
            yield str(path / results.NAME), lambda path=path: _check_results(path)  # type: ignore[misc]


def _run(location: str, check: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    from packagers.errors import IntegrityError, PackagersError

    try:
        return {"package": location, "state": "ok", **check(), "file": None, "problem": ""}
    except (PackagersError, OSError) as error:
        file = error.file if isinstance(error, PackagersError) else error.filename
        state = "damaged" if isinstance(error, IntegrityError) else "unreadable"
        text = str(error) if file and str(file) in str(error) else f"{error} ({location})"
        return {"package": location, "state": state, "files": 0, "size": 0, "signature": "", "file": str(file or location), "problem": text}


def _check_package(source: str) -> dict[str, Any]:
    package = open_package(source)
    package.verify()
    return {"files": len(package.manifest.files), "size": package.manifest.size, "signature": signature_of(package)["state"]}


def _check_results(folder: Path) -> dict[str, Any]:
    """Check a results.json, and that each of its entries can be a package."""
    from packagers import results

    state = "unsigned"
    for package in results.open_results(folder).values():
        package.verify()
        state = signature_of(package)["state"]
    return {"files": 1, "size": (folder / results.NAME).stat().st_size, "signature": state}


def _show(screen: Screen, checked: list[dict[str, Any]]) -> None:
    rows = [(e["state"], e["package"], str(e["files"]), f"{e['size']:,}", e["signature"], e["problem"].partition("\n")[0]) for e in checked]
    screen.table(("state", "package", "files", "bytes", "signature", "problem"), rows)
