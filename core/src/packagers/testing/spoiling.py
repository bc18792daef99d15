"""What readers make of files that are not what was packed: cut short, changed, or called otherwise."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from packagers.dataitem import DataItem
from packagers.errors import IntegrityError
from packagers.package import Package
from packagers.testing.bounds import Bounds, Late

ENDLESS = frozenset({"bin", "csv", "html", "jsonl", "md", "tsv", "txt", "yaml"})
"""Formats of which the first half is a whole file, too."""


def spoiled(registry: Any, folder: Path, place: Path, form: Mapping[str, Any], bounds: Bounds) -> dict[str, list[str]]:
    """Spoil a package in several ways and unpack it.

    Args:
        registry: Finds the packager.
        folder: The package; left as it is.
        place: An empty folder to work in.
        form: ``format`` and ``is_partial`` of the form, and whether it is what a plain file is read as.
        bounds: Of time and memory.

    Returns:
        The problems, by kind.
    """
    found: dict[str, list[str]] = {"damaged": [], "plain": []}
    if not _payload(folder):
        return found
    copies = _copies(folder, place)
    if form["format"] not in ENDLESS:
        found["damaged"] += _cut_short(registry, copies, bounds)
    if form["is_partial"]:
        changed = next(copies)
        for file in _payload(changed):
            data = file.read_bytes()
            file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]) if data else b"\0")
        with bounds.around("the last bit turned"):
            error = _outcome(registry, changed, trust="all")
        if not isinstance(error, IntegrityError):
            found["damaged"].append("the format stands in PARTIAL, and a changed file was not noticed: open it with self.open_file(folder)")
    if form["is_plain"] and len(_payload(folder)) == 1:
        with bounds.around("a plain file"):
            found["plain"] += _renamed(registry, folder, place, form)
    return found


def _cut_short(registry: Any, copies: Iterator[Path], bounds: Bounds) -> list[str]:
    """Read the largest file without its second half, and without a little of its end."""
    problems = []
    for words, kept_of in (("the first half", _half), ("all but the end", _most)):
        cut = next(copies)
        largest = max(_payload(cut), key=lambda file: file.stat().st_size)
        data = largest.read_bytes()
        kept = kept_of(len(data))
        if kept > 0:
            largest.write_bytes(data[:kept])
            with bounds.around(f"{words} of {largest.name}"):
                error = _outcome(registry, cut, trust="all", verify=False)
            if isinstance(error, Late):
                problems.append(f"reading {words} of {largest.name} does not come to an end")
            elif error is None:
                problems.append(f"{words} of {largest.name} was read without complaint")
    return problems


def _half(size: int) -> int:
    return size // 2


def _most(size: int) -> int:
    return size - 8 * max(2, size // 128)  # by whole numbers of any kind, so that what is left has no torn one at its end


def _renamed(registry: Any, folder: Path, place: Path, form: Mapping[str, Any]) -> list[str]:
    (payload,) = _payload(folder)
    plain = place / f"of-another-name{payload.suffix}"
    shutil.copyfile(payload, plain)
    error: BaseException | None = _outcome(registry, plain, form["type_path"], trust="all")
    while error is not None:
        if isinstance(error, FileNotFoundError) and Path(str(error.filename)).name == payload.name:
            return [f"a plain file is looked for under the name {payload.name}: take self.only_file(folder)"]
        error = error.__cause__ or error.__context__
    return []


def _copies(folder: Path, place: Path) -> Iterator[Path]:
    number = 0
    while True:
        number += 1
        yield Path(shutil.copytree(folder, place / f"copy-{number}" / folder.name))


def _payload(folder: Path) -> list[Path]:
    payload = folder / Package.open(folder).manifest.payload
    return sorted(path for path in payload.rglob("*") if path.is_file()) if payload.is_dir() else []


def _outcome(registry: Any, source: Path, *arguments: Any, **options: Any) -> BaseException | None:
    try:
        DataItem(source, registry=registry).unpack(*arguments, **options)
    except (Exception, Late) as error:  # noqa: BLE001 - what a reader raises where nobody trusted it not to is its affair
        return error
    return None
