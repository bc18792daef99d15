"""One package or plain file into one value: which packager reads it, by whose leave, as what.

1. A package whose own packager satisfies the hint is unpacked by it. 2. A hint of another type: the packager of the hinted type, if it
unpacks the stored artifact type and reads the stored format. 3. A plain file: ``plainfiles``. 4. Otherwise an error that says what could be
done.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

from packagers.builtin.streams import StreamPackager
from packagers.conformity import accepts_class, classes_in, conforms
from packagers.errors import (
    NoPackagerError,
    PackagersError,
    UnknownArtifactTypeError,
    UnpackError,
)
from packagers.files import Files
from packagers.invoking import invoke
from packagers.loading import LoadFailure
from packagers.manifest import MISSING, Manifest, Part, Written
from packagers.names import check_name
from packagers.package import Package
from packagers.packager import Method, Packager
from packagers.plainfiles import read_plain
from packagers.policy import UNCHECKED, Unpacking, effective_policy, resume, resume_for_part, unpacking
from packagers.registration import Registration
from packagers.registry import Registry
from packagers.scratch import scratch_folder
from packagers.source import PlainFile, open_local, open_remote
from packagers.structure import Assembly, Readers
from packagers.typehint import STREAMS, Alternative, alternatives, path_of_hint
from packagers.typepath import STREAM, lookup, path_of
from packagers.unreadable import missing_plugin, required
from packagers.writing import CHUNKS, SKELETON

_ANYTHING = alternatives(Any)
_RETRIES = 100
"""How often a package is read again that is replaced while it is read; each time somebody else has got on."""


class Reader:
    """Unpacks.

    Args:
        registry: Finds the packagers.
        policy: What may run code; ``None`` for the policy in force.
        verify: Whether digests are checked before anything is decoded.
    """

    def __init__(self, registry: Registry, policy: str | None = None, verify: bool = True) -> None:
        self._registry = registry
        self._policy = effective_policy(policy, registry.setting("trust"))
        self._verify = verify

    def read(self, source: Package | PlainFile, hint: Any = None, options: Mapping[str, Any] | None = None) -> Any:
        """Unpack a package or plain file.

        Args:
            source: What to unpack.
            hint: As what; ``None`` for as it was packed.
            options: Keyword arguments for the packager; they beat the recorded instructions.

        Raises:
            UnpackError: Where it cannot be unpacked, or not as that.
            UntrustedPackageError: Where the policy does not allow it.
            IntegrityError: Where its bytes are not those that were packed.
            UnknownOptionError: For an option that the packager does not take.
        """
        members = _ANYTHING if hint is None else alternatives(hint)
        try:
            if isinstance(source, PlainFile):
                value = read_plain(self._registry, self._policy, source, members, dict(options or {}))
            else:
                value = self._read_latest(source, hint, members, dict(options or {}))
        except UnpackError as error:
            error.file = error.file or source.location
            raise
        if hint is not None:
            mismatch = conforms(value, hint)
            if mismatch is not None:
                raise UnpackError(f"the value does not fit the hint: {mismatch}", file=source.location)
        return value

    def _read_latest(self, package: Package, hint: Any, members: tuple[Alternative, ...], options: dict[str, Any]) -> Any:
        """Read a package; one that was replaced meanwhile is opened and read again."""
        if not package.manifest.payload or package.remote is not None:
            return self._read_package(package, hint, members, options)
        for _ in range(_RETRIES):
            try:
                value = self._read_package(package, hint, members, options)
            except (UnpackError, OSError) as error:
                now = open_local(package.folder, package.location)
                if isinstance(now, Package) and now.seal == package.seal:
                    if isinstance(error, UnpackError):
                        raise
                    raise UnpackError(f"the package cannot be read: {error}", key=package.manifest.key, file=package.location) from error
            else:
                if package.is_there():
                    return value
                # A folder that is being removed looks like a smaller one: was it all there?
                now = open_local(package.folder, package.location)
                if isinstance(now, Package) and now.seal == package.seal:
                    return value
            if not isinstance(now, Package) or not now.manifest.payload:
                return self.read(now, hint, options)
            package = now
        raise UnpackError("the package is replaced faster than it can be read", key=package.manifest.key, file=package.location)

    def _files(self, package: Package, packager: Packager | None = None) -> Files | None:
        """Give the files of a package that is read in parts, to be fetched and checked one by one.

        Args:
            package: The package.
            packager: Who reads it; ``None`` for somebody who wants all of it.

        Returns:
            ``None`` where all files are there and checked.
        """
        manifest = package.manifest
        if packager is None or manifest.written.form not in packager.PARTIAL or not manifest.payload:
            (package.check_files if self._verify else package.fetch)()
            return None
        if self._verify:
            package.check_names()
        return package.files(self._verify)

    def _unpacking(
        self, package: Package, packager: Packager | None = None, files: Files | None = None
    ) -> AbstractContextManager[Unpacking]:
        """Make a package the one that the gate decides about. A signature vouches for bytes that were checked, and for no others."""
        doubt = UNCHECKED if package.manifest.files and not self._verify else package.doubt
        trusts = frozenset() if packager is None else packager.TRUSTS
        return unpacking(package.location, package.owned, self._policy, trusts, files, doubt)

    def _read_package(self, package: Package, hint: Any, members: tuple[Alternative, ...], options: dict[str, Any]) -> Any:
        written = package.manifest.written
        classes = {} if hint is None else classes_in(hint)
        registration = self._registry.by_identity(written.packager, written.object_type)
        if registration is not None:
            own = self._instance(registration, package)
            for member in members:
                if self._satisfies(member, written, registration, classes):
                    return self._read_own(package, own, {**member.options, **options}, classes)
        for member in members:
            reader = self._cross_reader(package, member, registration is not None and own.is_container())
            if reader is not None:
                return self._read_as(package, *reader, {**member.options, **options})
        for member in members:
            if member.type is not None and issubclass(member.type, PurePath) and package.manifest.files:
                (package.verify if self._verify else package.fetch)()
                return member.type(_copy(package))
        if registration is None:
            raise missing_plugin(package)
        if self._is_unknown(package, classes):
            return self._read_own(package, own, {**(members[0].options if len(members) == 1 else {}), **options}, classes)
        names = " | ".join(path_of_hint(member) for member in members)
        raise UnpackError(
            f"a {written.object_type} packed as {written.artifact_type}"
            + (f" in format {written.format}" if written.format else "")
            + f" cannot be unpacked as {names}",
            key=package.manifest.key,
            file=package.location,
            remedy=f"Ask for {written.object_type}, or for nothing; bytes and pathlib.Path give its files.",
        )

    def _satisfies(self, member: Alternative, written: Written, registration: Registration, classes: Mapping[str, type[Any]]) -> bool:
        """Tell whether what the package's own packager gives fits an alternative of the hint, as far as its class tells."""
        if member.type is None:
            return True
        name = written.object_type.partition("[")[0]
        if name == STREAM:
            return member.type in STREAMS
        stored = classes.get(name) or lookup(name)
        if stored is not None:
            return accepts_class(member, stored)
        if name == path_of(member.type):
            return True
        registered = lookup(registration.path.name) if registration.path is not None else None
        return (
            registered is not None
            and registered is not object
            and (accepts_class(member, registered) or issubclass(member.type, registered))
        )

    def _is_unknown(self, package: Package, classes: Mapping[str, type[Any]]) -> bool:
        """Tell whether nothing here says what class was packed, so that only the value of a trusted package can tell whether it fits."""
        name = package.manifest.written.object_type.partition("[")[0]
        with self._unpacking(package) as now:
            return now.trusted and name != STREAM and name not in classes and lookup(name) is None

    def _read_own(self, package: Package, packager: Packager, options: dict[str, Any], classes: Mapping[str, type[Any]]) -> Any:
        manifest = package.manifest
        is_taken_apart = manifest.value is not MISSING or isinstance(packager, StreamPackager) or packager.is_container()
        files = self._files(package, None if is_taken_apart else packager)
        with self._unpacking(package, packager, files) as now:
            if isinstance(packager, StreamPackager):
                return self._read_stream(package, classes, now)
            if manifest.value is not MISSING:
                value = self._assembly(package, package.payload, manifest.parts, classes).decode(manifest.value)
                method = packager.unpacks.get("result")
                if method is None and packager.is_container():
                    return value
                return invoke(
                    self._registry.hooks,
                    packager,
                    method or required(packager, replace(manifest.written, artifact_type="result", format=None), package),
                    manifest.written,
                    value,
                    options,
                    package.location,
                )
            if _is_walked(manifest, packager.is_container()):
                return self._assembly(package, package.payload, manifest.parts, classes).decode(self._skeleton(package))
            method = required(packager, manifest.written, package)
            return invoke(self._registry.hooks, packager, method, manifest.written, _payload_of(package), options, package.location)

    def _skeleton(self, package: Package) -> Any:
        if package.manifest.skeleton is not MISSING:
            return package.manifest.skeleton
        try:
            return json.loads((package.payload / SKELETON).read_bytes())
        except (ValueError, RecursionError) as error:
            raise UnpackError(f"the skeleton cannot be read: {error}", file=package.payload / SKELETON) from error

    def _assembly(self, package: Package, folder: Path, parts: tuple[Part, ...], classes: Mapping[str, type[Any]]) -> Assembly:
        def piece(written: Written, source: Any) -> Any:
            registration = self._registry.by_identity(written.packager, written.object_type)
            if registration is None:
                raise missing_plugin(package, written)
            packager = self._instance(registration, package)
            with resume_for_part(packager.TRUSTS):
                return invoke(
                    self._registry.hooks,
                    packager,
                    required(packager, written, package),
                    written,
                    source,
                    {},
                    package.location,
                )

        readers = Readers(
            part=lambda part: piece(part.written, folder / part.folder),
            value=piece,
            link=lambda key: self.read(open_sibling(package, key)),
        )
        return Assembly(self._registry, readers, parts, classes)

    def _read_stream(self, package: Package, classes: Mapping[str, type[Any]], now: Unpacking) -> Iterator[Any]:
        """Give the chunks of a stream one by one, each read when it is asked for."""

        def chunks() -> Iterator[Any]:
            try:
                with (package.payload / CHUNKS).open(encoding="ascii") as file:
                    for index, line in enumerate(file):
                        with resume(now):
                            chunk = self._chunk(package, json.loads(line), f"chunk-{index}", classes)
                        yield chunk
                        del chunk  # the one before is let go before the next is read
            except PackagersError:
                raise
            except FileNotFoundError as error:
                raise UnpackError(
                    "the stream cannot be read on: its files are gone",
                    file=package.location,
                    remedy="If it was packed anew meanwhile, unpack it again.",
                ) from error
            except Exception as error:
                raise UnpackError(f"the stream cannot be read on: {type(error).__name__}: {error}", file=package.location) from error

        return chunks()

    def _chunk(self, package: Package, node: Any, folder: str, classes: Mapping[str, type[Any]]) -> Any:
        parts = tuple(Part.from_dict(part) for part in node.get("parts", ()))
        return self._assembly(package, package.payload / folder, parts, classes).decode(node["skeleton"])

    def _cross_reader(self, package: Package, member: Alternative, of_container: bool) -> tuple[Packager, Method] | None:
        """Find the packager of a hinted type that reads what is stored, though another one wrote it.

        The one that is chosen for the stored artifact type goes first, then the one that is chosen for anything.
        A skeleton and the chunks of a stream are no file format: nobody else reads them.
        """
        if member.type is None:
            return None
        written = package.manifest.written
        is_readable = package.manifest.value is not MISSING or not _is_walked(package.manifest, of_container)
        for asked in (written.artifact_type, None):
            try:
                found = self._registry.find_for_hint(member, asked)
            except (NoPackagerError, UnknownArtifactTypeError):
                continue
            packager = found.packager
            if found.registration.path is not None and found.registration.path.name == "object":
                continue
            if issubclass(member.type, PurePath) and written.artifact_type != "path":
                continue
            method = packager.unpacks.get(written.artifact_type)
            if method is not None and is_readable and (written.format in method.formats if method.formats else written.format is None):
                return packager, method
            if getattr(packager, "READS_ANY_FILE", False) and package.manifest.files:
                return packager, packager.unpacks["file"]
        return None

    def _read_as(self, package: Package, packager: Packager, method: Method, options: dict[str, Any]) -> Any:
        """Read a package with a packager that did not write it; of the instructions it gets those that it takes."""
        manifest = package.manifest
        written = manifest.written
        kept = {name: value for name, value in written.instructions.items() if name in method.options}
        # Who takes any file as it is has no say in what its format means.
        version = 1 if getattr(packager, "READS_ANY_FILE", False) else written.version
        written = replace(written, artifact_type=method.artifact_type, instructions=kept, version=version)
        files = self._files(package, packager if method.artifact_type != "result" else None)
        with self._unpacking(package, packager, files):
            source: Any = _payload_of(package)
            if method.artifact_type == "result":
                source = self._assembly(package, package.payload, manifest.parts, {}).decode(manifest.value)
            return invoke(self._registry.hooks, packager, method, written, source, options, package.location)

    def _instance(self, registration: Registration, package: Package) -> Packager:
        try:
            return self._registry.instance(registration)
        except LoadFailure as failure:
            raise UnpackError(
                str(failure.args[0]), key=package.manifest.key, distribution=registration.distribution, remedy=failure.remedy
            ) from failure


def _payload_of(package: Package) -> Path:
    """Give the folder that a packager wrote, an empty one where it wrote nothing: never that of the manifest."""
    return package.payload if package.manifest.payload else scratch_folder()


def _is_walked(manifest: Manifest, of_container: bool) -> bool:
    """Tell whether the payload is a container's skeleton, or the chunks of a stream, and its leaves."""
    if manifest.skeleton is not MISSING:
        return True
    names = {file.path for file in manifest.files}
    return of_container and manifest.written.format is None and (SKELETON in names or CHUNKS in names)


def open_sibling(package: Package, key: Any) -> Package | PlainFile:
    """Open the package or result of another key in the same folder, or beside it at a URL.

    Raises:
        UnpackError: Where there is none.
    """
    try:
        name = check_name(key)
    except PackagersError as error:
        raise UnpackError(f"the package refers to {key!r}, which is no key", file=package.location) from error
    if package.remote is not None:
        return open_remote(package.remote.sibling(name))
    return open_local(package.root / name, str(package.root / name))


def _copy(package: Package) -> Path:
    """Copy the payload out of the package: gives the one file, or the folder of several."""
    folder = scratch_folder()
    target = folder / package.manifest.key
    shutil.copytree(package.payload, target)
    files = package.manifest.files
    return target / files[0].path if len(files) == 1 else target
