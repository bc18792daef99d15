"""``packagers verify``: whether every byte of packages is as it was packed."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from packagers.cli.packages import open_package, signature_of
from packagers.cli.report import Report, command
from packagers.cli.screen import Screen
from packagers.errors import IntegrityError, PackagersError, UnpackError

_PAYLOAD = re.compile(r"[0-9a-f]{8}")

_Check = tuple[str, Callable[[], dict[str, Any]]]


@command("verify")
@click.argument("packages", nargs=-1, required=True, metavar="PACKAGE...")
def verify(packages: tuple[str, ...]) -> Report:
    """Check every byte of packages.

    PACKAGE is a folder, a zip, a URL or a result; of a folder of packages, all in it and its results.json are checked. Exits with 1,
    naming the file, where something is not as it was packed.
    """
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

    found = list(_in_folder(Path(source))) if not url_of(source) and os.path.isdir(source) else []
    yield from found or [(source, lambda: _check_package(source))]


def _in_folder(folder: Path) -> Iterator[_Check]:
    """Give the packages and results below a folder, in name order; what packages hold is theirs."""
    from packagers import manifest, results

    unreadable: list[OSError] = []
    for place, folders, files in os.walk(folder, onerror=unreadable.append):
        path = Path(place)
        if manifest.NAME in files:
            folders.clear()
            yield str(path), lambda path=path: _check_package(str(path))  # type: ignore[misc]
            continue
        if any(_is_payload(path / name) for name in folders):
            folders.clear()
            yield str(path), lambda path=path: _fail(_lost(path))  # type: ignore[misc]
            continue
        folders.sort()
        if results.NAME in files:
            yield str(path / results.NAME), lambda path=path: _check_results(path)  # type: ignore[misc]
    for error in unreadable:
        yield str(error.filename), lambda error=error: _fail(error)  # type: ignore[misc]


def _is_payload(folder: Path) -> bool:
    """Tell whether a folder is called as the payload of a package is, and holds no packages: their keys may look so too."""
    from packagers import manifest, results

    if not _PAYLOAD.fullmatch(folder.name):
        return False
    return not any(manifest.NAME in files or results.NAME in files for _, _, files in os.walk(folder))


def _lost(folder: Path) -> UnpackError:
    return UnpackError("no manifest: not a package, or a damaged one", file=folder, remedy="Pack it again, or get it from a copy.")


def _fail(error: Exception) -> dict[str, Any]:
    raise error


def _run(location: str, check: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return {"package": location, "state": "ok", **check(), "file": None, "problem": ""}
    except (PackagersError, OSError) as error:
        file = error.file if isinstance(error, PackagersError) else error.filename
        state = "damaged" if isinstance(error, IntegrityError) else "unreadable"
        text = str(error) if str(file or location) in str(error) else f"{error} ({location})"
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
