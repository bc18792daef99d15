"""The results of a folder: one sealed file, ``results.json``, that holds small values by key."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from packagers.document import Document, encoded, quoted
from packagers.draft import remove_package, version_of
from packagers.durable import locked, replace_file, sweep_temporary_files
from packagers.errors import IntegrityError, PackError, UnpackError
from packagers.manifest import NAME as MANIFEST
from packagers.manifest import VERSION, Manifest, Written
from packagers.names import find_fault, shorten
from packagers.package import Package, Signer
from packagers.policy import signature_state
from packagers.sealed import MAX_BYTES, read_document, sealed

NAME = "results.json"
_LARGE = 256 << 10
"""Bytes of a file that is kept; smaller ones may change twice within one tick of the clock that dates them."""
_FOREIGN = "foreign"
"""Marks an entry that somebody else had written, or nobody had signed."""

_Content = tuple[dict[str, Any], str, dict[str, Any] | None]
_latest: tuple[tuple[int, ...], _Content] | None = None


class Recorded(NamedTuple):
    """What is recorded of one result.

    Attributes:
        written: By which packager, as what type.
        value: Its typed JSON.
    """

    written: Written
    value: Any


def record_results(
    folder: Path, results: Mapping[str, Recorded], removed: Iterable[str], signer: Signer | None, *, full: bool = False
) -> None:
    """Put results into the file of a folder; those of other keys stay, and whoever signs the file does not vouch for those of strangers.

    Of packages and results by the same keys one is removed, and of two writers who come together never both: a result takes the place
    of the package that stood there before it was written, and goes only where a package stands.

    Args:
        folder: The folder.
        results: What to record, by key.
        removed: Keys that were packed as packages.
        signer: Signs the file.
        full: Whether to survive power loss.

    Raises:
        PackError: Where the file would be larger than any reader takes; it stays as it is.
    """
    with locked(folder):
        sweep_temporary_files(folder)
        known, seal, signature = _read(folder) if (folder / NAME).exists() else ({}, "", None)
        gone = {key for key in removed if key in known and (folder / key / MANIFEST).is_file()}
        if not results and not gone:
            return
        mark = {} if not known or signature_state(seal, signature) == "own" else {_FOREIGN: True}
        text = results_text(results, signer, {key: {**entry, **mark} for key, entry in known.items() if key not in gone})
        if len(text) > MAX_BYTES:
            raise PackError(
                f"the results of this folder would have {len(text):,} bytes, and {MAX_BYTES:,} are allowed",
                file=folder / NAME,
                remedy='Pack large values as files ("key : file"), or into several folders.',
            )
        present = names_in(folder)
        packages = {key: version_of(folder / key) for key in results if key in present}
        replace_file(folder / NAME, text, full=full)
        for key, version in packages.items():
            remove_package(folder / key, version)


def results_text(results: Mapping[str, Recorded], signer: Signer | None, known: Mapping[str, Any] | None = None) -> bytes:
    """Give the text of a file of results, sealed.

    Args:
        results: What it is to hold, by key.
        signer: Signs it; ``None`` leaves it unsigned.
        known: Entries that it holds besides, where no result takes their place.
    """
    document = Document({"packagers": VERSION})
    document.put("results", *_encoded(results, known or {}))
    seal = document.digest()
    return sealed(document, seal, signer(seal) if signer is not None else None)


def _encoded(results: Mapping[str, Recorded], known: Mapping[str, Any]) -> tuple[str, str]:
    """Encode results and known entries as they are written, and as canonical JSON; each value of many is encoded once, and by itself."""
    lines: dict[str, str] = {}
    canonical: dict[str, str] = {}
    for key, entry in known.items():
        lines[key], canonical[key] = encoded(entry)
    frames: dict[int, tuple[Written, str, str]] = {}
    for key, recorded in results.items():
        written, value = recorded
        frame = frames.get(id(written))
        if frame is None:
            # The value comes first where it is written, and last in the order of names.
            empty = encoded(entry_of(Recorded(written, None)))
            frame = frames[id(written)] = written, empty[0].removeprefix('{"value": null'), empty[1].removesuffix("null}")
        line, text = encoded(value)
        lines[key] = f'{{"value": {line}{frame[1]}'
        canonical[key] = f"{frame[2]}{text}}}"
    ordered = sorted(canonical)
    return (
        f"{{{', '.join([f'{quoted(key)}: {line}' for key, line in lines.items()])}}}",
        f"{{{','.join([f'{quoted(key)}:{canonical[key]}' for key in ordered])}}}",
    )


def names_in(folder: Path) -> set[str]:
    """List a folder; some file systems hold names in another form of Unicode than they were given in."""
    return {unicodedata.normalize("NFC", name) for name in os.listdir(folder)}


def state_of(folder: Path) -> tuple[int, ...] | None:
    """Tell one state of a folder's results from another; ``None`` where there are none."""
    try:
        status = (folder / NAME).stat()
    except (OSError, ValueError):
        return None
    return _identity(status)


def _identity(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def open_results(folder: Path) -> dict[str, Package]:
    """Read all results of a folder, each as a package without files.

    Raises:
        UnpackError: Where there are none.
        IntegrityError: Where the file is not as it was written.
    """
    entries, seal, signature = _read(folder)
    return {key: _package(folder, key, entry, seal, signature) for key, entry in entries.items()}


def open_result(folder: Path, key: str) -> Package | None:
    """Read one result of a folder; ``None`` where there is no such result."""
    if not (folder / NAME).is_file():
        return None
    entries, seal, signature = _read(folder)
    if key not in entries:
        return None
    return _package(folder, key, entries[key], seal, signature)


def _package(folder: Path, key: str, entry: dict[str, Any], seal: str, signature: dict[str, Any] | None) -> Package:
    own = {name: value for name, value in entry.items() if name != _FOREIGN}
    try:
        manifest = manifest_of(key, own)
    except IntegrityError as error:
        error.file = error.file or str(folder / NAME)
        raise
    if find_fault(key) or entry.get(_FOREIGN, True) is not True or entry_of(Recorded(manifest.written, manifest.value)) != own:
        raise IntegrityError(
            f"the entry {shorten(repr(key))} is none that packagers wrote",
            file=folder / NAME,
            remedy="Get the file from where it came from.",
        )
    return Package(manifest, seal, None if _FOREIGN in entry else signature, folder, f"{folder / NAME} [{key}]")


def _read(folder: Path) -> _Content:
    """Read and check the file; a large one, of which one result after the other is asked for, only once while it stays what it is."""
    global _latest
    file = folder / NAME
    try:
        with file.open("rb") as opened:
            status = os.fstat(opened.fileno())
            identity = _identity(status)
            known = _latest
            if known is not None and known[0] == identity:
                return known[1]
            content = _parse(opened, file)
    except FileNotFoundError:
        raise UnpackError("there are no results here", file=file) from None
    if status.st_size >= _LARGE:
        _latest = identity, content
    return content


def _parse(opened: BinaryIO, file: Path) -> _Content:
    try:
        data, seal, signature = read_document(opened)
    except IntegrityError as error:
        error.file = str(file)
        raise
    version = data.get("packagers")
    if isinstance(version, int) and version > VERSION:
        raise UnpackError(f"the results have format version {version}", file=file, remedy="pip install --upgrade packagers")
    entries = data.get("results")
    if not isinstance(entries, dict) or not all(isinstance(entry, dict) and "value" in entry for entry in entries.values()):
        raise IntegrityError("this is not a results.json that packagers wrote", file=file)
    return entries, seal, signature


def entry_of(recorded: Recorded) -> dict[str, Any]:
    """Give the JSON form of one result, its key left out."""
    written = recorded.written
    found: dict[str, Any] = {"value": recorded.value, "object_type": written.object_type, "packager": written.packager}
    if written.instructions:
        found["instructions"] = dict(written.instructions)
    return {**found, "format_version": written.version} if written.version != 1 else found


def manifest_of(key: str, entry: dict[str, Any]) -> Manifest:
    """Give the manifest of a result of which :func:`entry_of` gave the form."""
    return Manifest(key=key, written=Written.from_dict({**entry, "artifact_type": "result"}), value=entry["value"])
