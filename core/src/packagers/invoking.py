"""Letting a packager read: its options and how its files begin are checked, the gate is asked, and what goes wrong is an error of ours."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from packagers import magic
from packagers.errors import PackagersError, UnpackError
from packagers.hooks import Hooks
from packagers.manifest import Written
from packagers.packager import Method, Packager, files_in
from packagers.policy import allow_code


def invoke(
    hooks: Hooks, packager: Packager, method: Method, written: Written, source: Any, options: Mapping[str, Any], location: str
) -> Any:
    """Check the options, ask the gate, look how the files begin, then let a packager read.

    Args:
        hooks: May wrap the reading.
        packager: Who reads.
        method: With which of its methods.
        written: How it was written: the format and the instructions.
        source: The folder, or the recorded value.
        options: What the caller says; it beats the instructions.
        location: What is read, for messages.

    Raises:
        UnknownOptionError: For an option that the method does not take.
        UntrustedPackageError: Where reading would run code and the policy does not allow it.
        UnpackError: Where it cannot be read.
    """
    _check_version(packager, written, location)
    method.check_options({"format": written.format, **options} if written.format is not None and "format" in method.options else options)
    recorded = dict(written.instructions)
    if written.format is not None and "format" in method.options:
        recorded["format"] = written.format
    strange = [name for name in recorded if name not in method.options and not method.takes_any_option]
    if strange:
        raise UnpackError(
            f"the package has an instruction {strange[0]!r} that {type(packager).__qualname__}.{method.name} does not take",
            file=location,
            remedy="Upgrade the plugin: a newer version may have written it.",
        )
    _check_instructions(packager, written, location)
    arguments = {**recorded, **options}
    name = arguments.get("format") if method.formats else method.artifact_type
    if packager.READERS.get(str(name), "code") == "code":
        allow_code(f"{type(packager).__qualname__} ({name})")
    with _told(packager, written, location):
        _check_beginning(packager, source, str(name))
        value = hooks.unpack(packager, method.artifact_type, source, arguments)
    return _read_on(value, packager, written, location) if isinstance(value, Generator) else value


def _read_on(chunks: Generator[Any, Any, Any], packager: Packager, written: Written, location: str) -> Generator[Any, Any, Any]:
    """Give what a packager reads later, when it is asked for."""
    with _told(packager, written, location):
        return (yield from chunks)


@contextmanager
def _told(packager: Packager, written: Written, location: str) -> Iterator[None]:
    """Make what goes wrong while a packager reads an error of ours, and say of which package."""
    try:
        yield
    except PackagersError as error:
        error.file = location
        raise
    except Exception as error:
        raise UnpackError(
            f"{type(packager).__qualname__} failed to unpack {written.artifact_type}: {type(error).__name__}: {error}",
            file=location,
        ) from error


def _check_instructions(packager: Packager, written: Written, location: str) -> None:
    """Refuse a package that decides what is the caller's to decide."""
    taken = sorted(packager.CALLER_OPTIONS.intersection(written.instructions))
    if taken:
        raise UnpackError(
            f"the package has an instruction {taken[0]!r}, an option of {type(packager).__qualname__} that only a caller may set",
            file=location,
            remedy="No packager writes that: get the package from somebody else.",
        )


def _check_beginning(packager: Packager, source: Any, format: str) -> None:
    """Refuse files that are not of the format, before a decoder sees them: the only one, and of several those that bear its name.

    Archives are left to where archives are opened, for some packages that name their format hold a file as it is.
    """
    beginning = magic.beginning_of(format)
    if beginning is None or format in magic.ARCHIVES or not isinstance(source, Path):
        return
    files, names = files_in(source)
    for name in names:
        if len(names) == 1 or name.lower().endswith(f".{format}"):
            if files is not None and beginning.pattern.match(files.beginning(f"{source}{os.sep}{name}", beginning.size)):
                continue  # a decoder gets only what is checked
            with packager.open_file(source, name) as file:
                magic.check(file.read(beginning.size), format, name)


def _check_version(packager: Packager, written: Written, location: str) -> None:
    """Refuse what a newer release of the packager wrote in a way that this one does not know."""
    known = packager.VERSIONS.get(written.form, 1)
    if written.version <= known:
        return
    distribution = written.packager.partition(":")[0]
    raise UnpackError(
        f"{written.form} was written in version {written.version} of its format; {type(packager).__qualname__} reads up to version {known}",
        file=location,
        distribution=distribution,
        remedy=f"pip install --upgrade {distribution}",
    )
