"""What is said of a package that nobody here can read, and what can be done about it."""

from __future__ import annotations

from packagers.catalogue import pip_line
from packagers.errors import MissingPluginError, UnpackError
from packagers.manifest import Written
from packagers.package import Package
from packagers.packager import Method, Packager
from packagers.registration import PROJECT


def required(packager: Packager, written: Written, package: Package) -> Method:
    """Give the method that unpacks what was written.

    Args:
        packager: Who wrote it.
        written: What was written.
        package: The package that it is of, for messages.

    Raises:
        UnpackError: Where there is none; says what there is.
    """
    method = packager.unpacks.get(written.artifact_type)
    is_read = written.format is None or (method is not None and (not method.formats or written.format in method.formats))
    if method is not None and is_read:
        return method
    name, known = written.artifact_type, packager.artifact_types("unpack")
    if method is not None:
        name, known = f"{name} in format {written.format}", method.formats
    writer = packager.packs.get(written.artifact_type)
    is_packed = writer is not None and (method is None or written.format in writer.formats)
    what = "packs" if is_packed else "does not know"
    raise UnpackError(
        f"{type(packager).__qualname__} {what} {name!r}{' but does not unpack it' if is_packed else ''}"
        + (f"; it unpacks {', '.join(known)}" if known else ""),
        key=package.manifest.key,
        file=package.location,
        remedy="Ask for bytes or pathlib.Path: both give the file as it is."
        + ("" if is_packed else f" Or upgrade {written.packager.partition(':')[0]}, if a newer release wrote it."),
    )


def missing_plugin(package: Package, written: Written | None = None) -> MissingPluginError:
    """Give the error for a package whose packager is not here.

    Args:
        package: The package.
        written: The part of it that nobody here reads; the whole, if not given.
    """
    written = written or package.manifest.written
    distribution = written.packager.partition(":")[0]
    remedy = pip_line(distribution) or "Install or register what provides it; the package can be inspected and verified all the same."
    if distribution == PROJECT:
        remedy = "A project registered it: name its folder, with project=… in a call or --project on the command line."
    return MissingPluginError(
        f"the packager {written.packager!r} that wrote this {written.object_type} is not installed",
        key=package.manifest.key,
        file=package.location,
        distribution=distribution,
        remedy=remedy,
    )
