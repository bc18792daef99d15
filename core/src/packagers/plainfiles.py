"""A plain file or folder, without a manifest, into one value: the hint says as what, the suffix in which format it is."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import chain, product
from pathlib import Path, PurePath
from types import NoneType
from typing import Any, NamedTuple

from packagers.conformity import conforms
from packagers.errors import NoPackagerError, UnknownArtifactTypeError, UnpackError, UntrustedPackageError
from packagers.invoking import invoke
from packagers.magic import ARCHIVES
from packagers.manifest import Written
from packagers.names import shorten
from packagers.packager import Method, Packager
from packagers.policy import unpacking
from packagers.registry import Registry
from packagers.scratch import scratch_folder
from packagers.source import PlainFile, RemoteFile, packages_in
from packagers.standins import stand_ins
from packagers.typehint import STREAMS, Alternative, path_of_hint

_ANY_OF_ITS_OWN = 'Say as what: "pandas.DataFrame", dict, bytes or any other type, as a hint; pathlib.Path gives the path itself.'
_GIVE_FORMAT = 'If it is one of these, give format="…", or hint the parameter Annotated[X, Options(format="…")].'


_FORMS = ("file", "dataset")
"""The artifact types that files of public formats have."""


def read_plain(registry: Registry, policy: str, plain: PlainFile, members: tuple[Alternative, ...], options: dict[str, Any]) -> Any:
    """Read a plain file as the first alternative of a hint that it can be read as.

    Args:
        registry: Finds the packagers.
        policy: What may run code; a plain file is nobody's.
        plain: The file or folder.
        members: The alternatives of the hint.
        options: Keyword arguments for the packager, ``format`` among them.

    Raises:
        UnpackError: Where it cannot be read as any of them; says why for each.
        UntrustedPackageError: Where reading it as one of them would run code; no other is tried then.
        UnknownOptionError: For an option that the packager does not take.
    """
    reader = _Reader(registry, policy, plain, options)
    # A file that is there is something; None is nothing to make of it.
    wanted = [member for member in members if member.type is not NoneType] or members
    choices = [(member, choice) for member in wanted for choice in (member, *stand_ins(member))]
    failures: list[UnpackError] = []
    for member, choice in choices:
        try:
            value = reader.read(choice)
        except UntrustedPackageError:
            raise
        except UnpackError as error:
            failures.append(error)
            continue
        if member.type in STREAMS and not isinstance(value, member.type):
            value = _each(value)
        mismatch = conforms(value, member.hint) if len(choices) > 1 else None
        if mismatch is None:
            return value
        failures.append(UnpackError(f"what the file holds does not fit the hint: {mismatch}", file=plain.location))
    raise _all_of(failures)


def _all_of(failures: list[UnpackError]) -> UnpackError:
    """Make one error of several; that nobody takes a type says nothing where somebody takes another."""
    telling = [failure for failure in failures if not isinstance(failure, _NobodyError)] or failures
    first, reasons = telling[0], list(dict.fromkeys(str(failure.args[0]) for failure in telling))
    if len(reasons) == 1 and not isinstance(first, _NobodyError):
        return first
    made = UnpackError(f"it cannot be read: {'; '.join(reasons)}", file=first.file, remedy=first.remedy)
    made.__cause__ = first
    return made


class _NobodyError(UnpackError):
    """Nobody reads plain files as a type."""


class _Way(NamedTuple):
    """How a file can be read as a type.

    Attributes:
        packager: Who reads it.
        method: With which of its methods.
        format: In which format, where the method has some.
        options: What else the method is given.
    """

    packager: Packager
    method: Method
    format: str | None
    options: dict[str, Any]


class _Reader:
    """Reads one plain file as one type or another.

    Args:
        registry: Finds the packagers.
        policy: What may run code.
        plain: The file or folder.
        options: Of the caller.
    """

    def __init__(self, registry: Registry, policy: str, plain: PlainFile, options: dict[str, Any]) -> None:
        self._registry = registry
        self._policy = policy
        self._plain = plain
        self._options = options

    def read(self, member: Alternative) -> Any:
        """Read it as one class.

        Raises:
            UnpackError: Where it cannot be read so.
        """
        if member.type is None:
            raise self._nothing_known()
        options = {**member.options, **self._options}
        if issubclass(member.type, PurePath):
            return member.type(self._path(options) if issubclass(member.type, Path) else self._plain.path)
        way = self._way(member, options)
        written = Written("", path_of_hint(member), way.method.artifact_type, way.format)
        try:
            return self._invoke(way, written)
        except UntrustedPackageError:
            raise
        except UnpackError as error:
            what = "file" if way.format is None else f"{way.format} file"
            message = f"the {what} cannot be read as {path_of_hint(member)}: {error.args[0]}"
            raise UnpackError(message, file=self._plain.location, remedy=error.remedy) from error

    def _way(self, member: Alternative, options: dict[str, Any]) -> _Way:
        """Find who reads it, and how: by the standard form of the type, or else by another that has the format."""
        try:
            found = self._registry.find_for_hint(member)
        except (NoPackagerError, UnknownArtifactTypeError) as error:
            raise _NobodyError(str(error.args[0]), file=self._plain.location, remedy=error.remedy) from error
        methods = _methods(found.packager)
        if found.registration.is_fallback or not methods:
            raise _NobodyError(f"no packager reads plain files as {path_of_hint(member)}", file=self._plain.location)
        if not methods[0].formats:
            return _Way(found.packager, methods[0], None, options)
        given = options.pop("format", None)
        formats = self._plain.formats if given is None else (given,)
        for packager in chain([found.packager], self._others(member)):
            for format, method in product(formats, _methods(packager)):
                if format in method.formats:
                    return _Way(packager, method, format, options)
        if given is None:
            raise self._other_format(found.packager, [format for method in methods for format in method.formats])
        return _Way(found.packager, methods[0], None, {**options, "format": given})

    def _others(self, member: Alternative) -> Iterator[Packager]:
        """Give the packagers that unpack as a type only what others packed; all are loaded, for only they know their formats."""
        for artifact_type in _FORMS:
            for candidate in self._registry.candidates(member.hint, artifact_type):
                if not candidate.registration.is_fallback:
                    yield self._registry.instance(candidate.registration)

    def _invoke(self, way: _Way, written: Written) -> Any:
        plain, packager = self._plain, way.packager
        files = plain.in_parts() if isinstance(plain, RemoteFile) and written.form in packager.PARTIAL else None
        with unpacking(plain.location, False, self._policy, packager.TRUSTS, files):
            source = _stage(plain) if files is None else files.folder
            return invoke(self._registry.hooks, packager, way.method, written, source, way.options, plain.location)

    def _path(self, options: dict[str, Any]) -> Path:
        """Give its path: its own, that of a copy where options say where to, and of an archive the folder that was in it."""
        from packagers.builtin.paths import PathPackager  # brings archives with it

        packager, plain = PathPackager(), self._plain
        method = packager.unpacks["path"]
        archive = options.pop("format", None) or next((format for format in plain.formats if format in ARCHIVES), None)
        if options.get("is_directory") is False:
            archive = None
        if plain.is_folder or (archive is None and not options):
            method.check_options(options)
            return plain.path
        name, mode = (plain.name, plain.path.stat().st_mode & 0o777) if archive is None else (_without(plain.name, archive), 0o755)
        recorded = {"name": name, "is_directory": archive is not None, "mode": mode}
        written = Written("", "pathlib.Path", "path", archive or "zip", recorded)
        folder: Path = self._invoke(_Way(packager, method, archive, options), written)
        return folder

    def _nothing_known(self) -> UnpackError:
        plain = self._plain
        if not plain.is_folder:
            return UnpackError("a plain file says nothing of its type", file=plain.location, remedy=_ANY_OF_ITS_OWN)
        known = packages_in(plain.path)
        remedy = "Give a hint: pathlib.Path gives the folder itself."
        if known:
            remedy = f"Name one of the packages and results in it: {shorten(', '.join(known), 400)}."
        return UnpackError("the folder is no package", file=plain.location, remedy=remedy)

    def _other_format(self, packager: Packager, known: list[str]) -> UnpackError:
        what = "folder" if self._plain.is_folder else "file"
        said = f"says {self._plain.formats[0]}" if self._plain.formats else "says nothing of its format"
        return UnpackError(
            f"{type(packager).__qualname__} reads {', '.join(dict.fromkeys(known))}, and the name of the {what} {said}",
            file=self._plain.location,
            remedy="Name a file in it; pathlib.Path gives the folder." if self._plain.is_folder else _GIVE_FORMAT,
        )


def _methods(packager: Packager) -> list[Method]:
    """Give the methods that may read a file, that of the standard form first."""
    standard = packager.default_artifact_type("unpack") or "file"
    forms = [form for form in dict.fromkeys((standard, *_FORMS, *packager.unpacks)) if form in packager.unpacks and form != "result"]
    return [packager.unpacks[form] for form in forms if packager.unpacks[form].formats or form in (standard, "file")]


def _each(items: Any) -> Iterator[Any]:
    yield from items


def _without(name: str, archive: str) -> str:
    """Give the name of an archive without its suffix, ``data`` of ``data.tgz`` and of ``data.tar.gz``."""
    suffix = f".{archive}"
    return (name[: -len(suffix)] if name.lower().endswith(suffix) else name.rpartition(".")[0]) or "folder"


def _stage(plain: PlainFile) -> Path:
    """Give a folder that holds the plain file alone; a folder is its own."""
    if plain.is_folder:
        return plain.path
    folder = scratch_folder()
    target = folder / plain.path.name
    try:
        target.symlink_to(plain.path.resolve())
    except OSError:
        shutil.copyfile(plain.path, target)
    return folder
