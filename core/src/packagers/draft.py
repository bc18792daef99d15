"""A package that is being written: the payload first, in its final place; replacing the file ``manifest.json`` is the commit."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import TracebackType

from packagers.digesting import Digesting
from packagers.durable import OURS, Lock, claim, files_below, locked, make_folder, replace_file, sweep, sync_tree
from packagers.errors import IntegrityError, PackError, UnpackError
from packagers.files import entry_of
from packagers.manifest import NAME, FileEntry, Manifest, check_paths
from packagers.package import Package, Signer
from packagers.sealed import MAX_BYTES, sealed
from packagers.stamps import stamp_of


class Draft:
    """A package that is being written; a context manager that removes what it made unless it was committed.

    Args:
        root: The folder in which the package's own folder stands.
        key: The name of the package's folder.
        exist: ``"replace"`` an existing package whole, or ``"error"``.
        durability: ``"process"``, or ``"full"`` to sync files and folders.
    """

    def __init__(self, root: Path, key: str, *, exist: str = "replace", durability: str = "process") -> None:
        self.folder = root / key
        self._key = key
        self._full = durability == "full"
        self._exist = exist
        self._payload: Path | None = None
        self._beside: set[str] = set()
        self._above: list[Path] = []
        self._is_committed = False
        self._lock = Lock()

    def __enter__(self) -> Draft:
        try:
            self._enter()
            return self
        except (OSError, ValueError) as error:
            raise PackError(
                f"the package's folder cannot be made: {error}", key=self._key, file=self.folder, remedy="Take another folder."
            ) from error
        except BaseException:
            self._clear()
            raise

    def _enter(self) -> None:
        if self._full:
            self._above = [path.parent for path in (self.folder, *self.folder.parents) if not path.exists()] or [self.folder.parent]
        with contextlib.suppress(FileExistsError, NotADirectoryError):  # what stands there instead is told below
            if make_folder(self.folder):
                return
        self._refuse_existing()
        strange = self._strange()
        if strange is not None:
            raise PackError(
                "something that is no package stands in its place", key=self._key, file=strange, remedy="Take another key or folder."
            )
        make_folder(self.folder)  # others may have removed it
        self._beside = _names_in(self.folder)

    def _strange(self) -> Path | None:
        """Find what stands in the place of a package and is none; others may write and remove one at the same time."""
        if self.folder.is_symlink() and not self.folder.exists():
            return self.folder
        try:
            names = _names_in(self.folder)
        except NotADirectoryError:
            return self.folder if self.folder.exists() else None  # None where a file stands above it
        if NAME in names and not (self.folder / NAME).is_dir():
            return None
        return next((self.folder / name for name in sorted(names) if not OURS.fullmatch(name)), None)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is not None or self._payload is not None:
            self._clear()
        elif not self._is_committed:
            with contextlib.suppress(OSError):
                self.folder.rmdir()

    @cached_property
    def payload(self) -> Path:
        """The payload folder, made when it is first asked for."""
        if self._payload is None:
            self._payload = Path(claim(self.folder, "", self._lock))
        return self._payload

    def finish(self, manifest: Manifest, algorithm: str = "blake3", digesting: Digesting | None = None) -> Manifest:
        """Digest the payload; gives the manifest with it.

        Args:
            manifest: All but the payload and its files.
            algorithm: Digests the files.
            digesting: What knows of files that were digested while they were written.

        Raises:
            PackError: Where what was written is not what a package can hold.
        """
        if self._payload is None:  # nobody was given a folder to write into
            return manifest
        strange = [name for name in _names_in(self.folder) if name not in {*self._beside, NAME} and not OURS.fullmatch(name)]
        if strange:
            raise PackError(
                "a packager wrote beside the folder that it was given, where it would be lost",
                key=self._key,
                file=self.folder / strange[0],
                remedy="Remove it; a packager writes into its folder alone.",
            )
        if os.listdir(self._payload):
            if self._full:
                sync_tree(self._payload)
            names = sorted([name for name, _ in files_below(self._payload)])
            files = tuple([entry_of(self._payload / name, name, algorithm, digesting) for name in names])
            self._check(files)
            return replace(manifest, payload=self._payload.name, files=files)
        self._payload.rmdir()  # no manifest will name it
        return manifest

    def commit(self, manifest: Manifest, signer: Signer | None) -> Package:
        """Write the manifest, and so make the package visible.

        Args:
            manifest: What :meth:`finish` gave.
            signer: Signs the seal; ``None`` leaves the package unsigned.

        Raises:
            PackError: Where there is a package already, and it is not to be replaced.
        """
        # One writer after the other: whoever sweeps while somebody else commits would take his payload for an old one.
        with locked(self.folder, make=True):
            self._refuse_existing()
            package = write_manifest(self.folder, manifest, signer, full=self._full, above=self._above)
            self._payload, self._is_committed = None, True
            self._lock.release()  # the manifest keeps it now, until another one stands there
            sweep(self.folder, keep=manifest.payload)
        return package

    def _check(self, files: Iterable[FileEntry]) -> None:
        try:
            check_paths(file.path for file in files)
        except IntegrityError as error:
            raise PackError(
                f"what a packager wrote cannot be moved everywhere: {error.args[0]}", key=self._key, remedy="Write files of other names."
            ) from None

    def _refuse_existing(self) -> None:
        if self._exist == "error" and (self.folder / NAME).exists():
            raise PackError("there is a package already", key=self._key, file=self.folder, remedy="Take another key, or exist='replace'.")

    def _clear(self) -> None:
        """Remove what a failure or interrupt has left; it may come at any moment, right after the commit too."""
        try:
            if self._payload is not None and not self._is_named(self._payload.name):
                shutil.rmtree(self._payload, ignore_errors=True)
        finally:
            self._lock.release()
        # Not waiting: whoever holds the lock sweeps himself, and what cannot be read says nothing of what may go.
        with contextlib.suppress(OSError, UnpackError), locked(self.folder, wait=False):
            sweep(self.folder, keep=Package.open(self.folder).manifest.payload if (self.folder / NAME).exists() else "")
        with contextlib.suppress(OSError):
            self.folder.rmdir()

    def _is_named(self, payload: str) -> bool:
        """Tell whether the manifest that stands there names a payload: an interrupt may come right after the commit."""
        try:
            return Package.open(self.folder).manifest.payload == payload
        except UnpackError:
            return False
        except OSError:
            return True  # who cannot tell lets it be; the next writer can


def _names_in(folder: Path) -> set[str]:
    """List a folder; it is empty where somebody has removed it meanwhile."""
    try:
        return set(os.listdir(folder))
    except FileNotFoundError:
        return set()


def write_manifest(
    folder: Path,
    manifest: Manifest,
    signer: Signer | None,
    *,
    full: bool = False,
    above: Iterable[Path] = (),
) -> Package:
    """Replace the manifest of a package folder, whose lock the caller holds: the commit.

    Args:
        folder: The package's folder.
        manifest: What to write.
        signer: Signs the seal; ``None`` leaves the package unsigned.
        full: Whether to sync file and folders, so that it survives power loss.
        above: As of :func:`durable.replace_file`.
    """
    document = manifest.document()
    seal = document.digest()
    signature = signer(seal) if signer is not None else None
    text = sealed(document, seal, signature)
    if len(text) > MAX_BYTES:
        raise PackError(
            f"the manifest would have {len(text)} bytes, and {MAX_BYTES} are allowed", remedy='Ask for artifact type "file" or "object".'
        )
    replace_file(f"{folder}{os.sep}{NAME}", text, full=full, above=above)
    return Package(manifest, seal, signature, folder, text=text)


def rewrite_manifest(package: Package, manifest: Manifest, signer: Signer | None, *, full: bool = False) -> Package:
    """Give a package another manifest that names the same payload.

    Args:
        package: As it was read or written.
        manifest: What to write.
        signer: Signs the seal; ``None`` leaves the package unsigned.
        full: Whether to sync file and folders, so that it survives power loss.

    Raises:
        PackError: Where it is not the package any more that it was.
    """
    gone = PackError(
        "somebody else has packed this key meanwhile; nothing was written to it",
        key=manifest.key,
        file=package.folder,
        remedy="Pack it again.",
    )
    try:
        with locked(package.folder):
            if Package.open(package.folder).seal != package.seal:
                raise gone
            return write_manifest(package.folder, manifest, signer, full=full)
    except FileNotFoundError:
        raise gone from None


def version_of(folder: Path) -> tuple[int, ...] | None:
    """Tell one version of a package from another; ``None`` where there is none."""
    try:
        return stamp_of(folder / NAME)
    except (FileNotFoundError, NotADirectoryError):
        return None


def remove_package(folder: Path, version: tuple[int, ...] | None) -> None:
    """Remove a package, or what is left of one: first the manifest, so that no reader sees half of it; leave what is none of ours.

    Args:
        folder: Of the package.
        version: The one to remove; what somebody else has packed meanwhile stays.
    """
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    if NAME not in names and not all(map(OURS.fullmatch, names)):
        return
    with contextlib.suppress(FileNotFoundError), locked(folder):
        if version_of(folder) != version:
            return
        try:
            _remove_all(folder)
        except OSError:
            raise
        except BaseException:  # an interrupt: what has begun is brought to its end
            _remove_all(folder)
            raise


def _remove_all(folder: Path) -> None:
    (folder / NAME).unlink(missing_ok=True)
    sweep(folder, keep="")
    with contextlib.suppress(OSError):
        folder.rmdir()
