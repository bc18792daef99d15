"""``packagers inspect`` and ``packagers zip``: what a package says of itself, and the package as one file. No plugin is needed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from packagers.cli.report import Report, command
from packagers.cli.screen import Screen

if TYPE_CHECKING:
    from packagers.package import Package


def open_package(source: str) -> Package:
    """Open a package (folder, zip, URL) or a result.

    Raises:
        UnpackError: Where there is none.
        IntegrityError: Where its manifest is not as it was written.
    """
    from packagers.errors import UnpackError
    from packagers.package import Package
    from packagers.source import open_source

    opened = open_source(source)
    if not isinstance(opened, Package):
        what = "folder" if opened.path.is_dir() else "file"
        raise UnpackError(f"this is a plain {what} and no package", file=source, remedy="Name the folder that holds manifest.json.")
    return opened


@command("inspect")
@click.argument("package")
def inspect(package: str) -> Report:
    """Print what a package says of itself.

    PACKAGE is a folder, a zip, a URL or a result. Its plugin is not needed, and its files are not read.
    """
    from packagers.display import shown, size

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
                ("value", shown(data["value"], 400) if "value" in data else ""),
                ("instructions", shown(data["instructions"], 400) if data["instructions"] else ""),
                ("lossless", "" if data["lossless"] else "no: unpacking does not give back all of the value"),
                ("size", size(data["size"])),
                ("digest", data["digest"]),
                ("seal", data["seal"]),
                ("signature", f"{signature['state']}{by}{signature['problem']}"),
                ("tag", data["tag"]),
                *((f"label {name}", value if isinstance(value, str) else shown(value)) for name, value in data["labels"].items()),
                *(
                    (f"{section} {name}", shown(entry, 200))
                    for section in ("metrics", "extra_data")
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
    from packagers.errors import UnpackError
    from packagers.manifest import NAME

    opened = open_package(package)
    if not (opened.folder / NAME).is_file():
        raise UnpackError("a result in a results.json is no package by itself", file=package, remedy="Copy the whole file.")
    opened.zip(target)
    data = {"zip": str(target), "size": target.stat().st_size, "digest": opened.manifest.digest}
    return Report(data, lambda screen: screen.text(f"{target}: {data['size']:,} bytes, digest {data['digest']}"))
