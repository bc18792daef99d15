"""``packagers inspect`` and ``packagers zip``: what a package says of itself, and the package as one file. No plugin is needed."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from packagers.cli.report import Report, command
from packagers.cli.screen import Screen
from packagers.errors import UnpackError
from packagers.names import shorten

if TYPE_CHECKING:
    from packagers.package import Package

_ZIP = b"PK\3\4"


def open_package(source: str) -> Package:
    """Open a package (folder, zip, URL) or a result.

    Raises:
        UnpackError: Where there is none.
        IntegrityError: Where its manifest is not as it was written.
    """
    from packagers.package import Package
    from packagers.source import open_source

    opened = open_source(source)
    if isinstance(opened, Package):
        return opened
    raise several_packages(source, opened.path) or broken_zip(source, opened.path) or _plain(source, opened.path)


def several_packages(source: str, path: Path) -> UnpackError | None:
    """Give the error for a folder of packages, where it is one.

    Args:
        source: What the user named.
        path: Where that is, on this machine.
    """
    from packagers.source import packages_in

    known = packages_in(path) if path.is_dir() else []
    if not known:
        return None
    return UnpackError(f"{source} is a folder of packages", remedy=f"Name one of them: {shorten(', '.join(known), 400)}.")


def broken_zip(source: str, path: Path) -> UnpackError | None:
    """Give the error for a file that is called a zip, or begins as one, and cannot be read as one; arguments as above."""
    try:
        with path.open("rb") as file:
            is_zip = path.suffix.lower() == ".zip" or file.read(len(_ZIP)) == _ZIP
    except OSError:  # a folder, or for others to say
        return None
    if not is_zip or zipfile.is_zipfile(path):
        return None
    return UnpackError(f"{source} is no readable zip (truncated?)", remedy="Get or make it again.")


def _plain(source: str, path: Path) -> UnpackError:
    what = "folder" if path.is_dir() else "file"
    return UnpackError(f"this is a plain {what} and no package", file=source, remedy="Name the folder that holds manifest.json.")


@command("inspect")
@click.argument("package")
def inspect(package: str) -> Report:
    """Print what a package says of itself.

    PACKAGE is a folder, a zip, a URL or a result. Its plugin is not needed, and its files are not read.
    """
    from packagers.readable import fact_text, size, value_text

    opened = open_package(package)
    data = facts(opened)

    def show(screen: Screen) -> None:
        signature = data["signature"]
        by = f", key {signature['key']}" if signature["key"] else ""
        screen.facts(
            [
                ("key", data["key"]),
                ("object type", data["object_type"]),
                ("artifact type", data["artifact_type"]),
                ("packager", data["packager"]),
                ("format", data["format"] or ""),
                ("value", value_text(data["value"], 400) if "value" in data else ""),
                ("instructions", fact_text(data["instructions"], 400)),
                ("lossless", "" if data["lossless"] else "no: unpacking does not give back all of the value"),
                ("size", size(data["size"])),
                ("digest", data["digest"]),
                ("seal", data["seal"]),
                ("signature", f"{signature['state']}{by}{signature['problem']}"),
                ("tag", data["tag"]),
                *((f"label {name}", fact_text(value, 400)) for name, value in data["labels"].items()),
                *(
                    (f"{what} {name}", fact_text(entry, 200))
                    for what, section in (("metric", "metrics"), ("extra_data", "extra_data"))
                    for name, entry in data["links"][section].items()
                ),
                ("versions", ", ".join(f"{name} {version}" for name, version in data["versions"].items())),
            ]
        )
        if data["parts"]:
            columns = ("part", "object type", "artifact type", "format", "packager")
            names = ("folder", "object_type", "artifact_type", "format", "packager")
            screen.table(columns, [[str(part[name] or "") for name in names] for part in data["parts"]])
        if data["files"]:
            screen.table(("file", "bytes", "digest"), [(file["path"], f"{file['size']:,}", file["digest"]) for file in data["files"]])

    return Report(data, show)


def facts(package: Package) -> dict[str, Any]:
    """Give the facts of a manifest as JSON."""
    from packagers.manifest import MISSING

    manifest = package.manifest
    found: dict[str, Any] = {
        "key": manifest.key,
        "location": package.location,
        **manifest.written.to_dict(),
        "lossless": manifest.lossless,
        "size": manifest.size,
        "digest": manifest.digest,
        "seal": package.seal,
        "signature": signature_of(package),
        "files": [{"path": file.path, "size": file.size, "digest": file.digest} for file in manifest.files],
        "parts": [part.to_dict() for part in manifest.parts],
        "labels": dict(manifest.labels),
        "tag": manifest.tag,
        "links": {"metrics": dict(manifest.metrics), "extra_data": dict(manifest.extra_data)},
        "versions": dict(manifest.versions),
        "description": dict(manifest.description),
    }
    if manifest.value is not MISSING:
        found["value"] = manifest.value
    return found


def signature_of(package: Package) -> dict[str, str]:
    """Say whose signature a package carries: ``own``, ``foreign``, ``unsigned``, or ``damaged`` and why."""
    from packagers.errors import IntegrityError
    from packagers.policy import signature_state

    key = package.signature.get("key") if package.signature else ""
    try:
        state: str = signature_state(package.seal, package.signature)
    except IntegrityError as error:
        return {"state": "damaged", "key": str(key), "problem": f": {error.args[0]}"}
    return {"state": state, "key": str(key), "problem": ""}


@command("zip")
@click.argument("package")
@click.argument("target", type=click.Path(path_type=Path))
def zip_(package: str, target: Path) -> Report:
    """Write a package as one zip file.

    The file TARGET must not exist. It has the same digest as PACKAGE, every byte of which is checked before.
    """
    from packagers.manifest import NAME

    opened = open_package(package)
    if not (opened.folder / NAME).is_file():
        raise UnpackError("a result in a results.json is no package by itself", file=package, remedy="Copy the whole file.")
    opened.zip(target)
    data = {"zip": str(target), "size": target.stat().st_size, "digest": opened.manifest.digest}
    return Report(data, lambda screen: screen.text(f"{target}: {data['size']:,} bytes, digest {data['digest']}"))
