"""A package on disk: a folder ``key/`` with ``manifest.json`` and the payload folder that it names.

The payload is written first, in its final place. Replacing the *file* ``manifest.json`` is the commit: a reader sees one whole version or
the other.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from packagers.durable import files_below
from packagers.errors import IntegrityError, UnpackError
from packagers.files import Files
from packagers.manifest import NAME, Manifest, read_manifest
from packagers.names import fold
from packagers.policy import FORGEABLE, Doubt, signature_state
from packagers.remote import Remote
from packagers.scratch import scratch_folder

Signer = Callable[[str], Mapping[str, Any] | None]
_NOT_BUSY = contextlib.nullcontext()


class Package:
    """A package that is being read.

    Args:
        manifest: What it says of itself.
        seal: The digest of the whole manifest.
        signature: Who vouches for the seal, if anybody.
        folder: The folder that holds manifest and payload.
        location: Where it is, for messages.
        remote: Where the payload comes from, if it is not in the folder.
        text: The manifest as this process has just written it; empty where it was read.
    """

    def __init__(
        self,
        manifest: Manifest,
        seal: str,
        signature: Mapping[str, Any] | None,
        folder: Path,
        location: str = "",
        remote: Remote | None = None,
        text: bytes = b"",
    ) -> None:
        self.manifest = manifest
        self.seal = seal
        self.signature = signature
        self.folder = folder
        self.location = location or str(folder)
        self.remote = remote
        self.text = text

    @classmethod
    def open(cls, folder: Path, location: str = "", remote: Remote | None = None) -> Package:
        """Read the manifest of a package folder.

        Args:
            folder: The folder.
            location: Where it is, for messages.
            remote: Where the payload comes from, if it is not in the folder.

        Raises:
            UnpackError: Where there is none.
            IntegrityError: Where it is not as it was written.
        """
        file = f"{folder}{os.sep}{NAME}"
        try:
            with open(file, "rb", buffering=0) as opened:
                found, seal, signature = read_manifest(opened)
            return cls(found, seal, signature, folder, location, remote)
        except (FileNotFoundError, NotADirectoryError):
            raise UnpackError("there is no package here: it has no manifest.json", file=folder) from None
        except (IntegrityError, UnpackError) as error:
            error.file = error.file or file
            raise

    @classmethod
    def open_zip(cls, file: Path, location: str = "") -> Package:
        """Read a zipped package: it is extracted into scratch space, and checked like any other."""
        from packagers.archive import extract  # archives are seldom, and bring much with them

        folder = scratch_folder()
        extract(file, folder / "package", "zip")
        top = folder / "package"
        tops = [top] if (top / NAME).is_file() else sorted(found.parent for found in top.glob(f"*/{NAME}"))
        if len(tops) != 1:
            names = ", ".join(found.name for found in tops[:20])
            raise UnpackError(
                f"the zip holds {len(tops)} packages: {names}", file=location or file, remedy="Extract it, and name one of them."
            )
        package = cls.open(tops[0], location or str(file))
        if tops[0] != top:
            package.check_key(tops[0].name)
        return package

    def check_key(self, *names: str) -> None:
        """Check that a package without files stands where its key says, for nothing else tells that its manifest is that of another one.

        A folder is called by the key of its package, or, in a store of packages, by its digest: ``blake3-…``.

        Args:
            names: What the folder is called in which it stands.

        Raises:
            IntegrityError: Where it is called otherwise.
        """
        key = self.manifest.key
        allowed = {fold(key), self.manifest.digest.replace(":", "-")}
        if not self.manifest.payload and allowed.isdisjoint(map(fold, names)):
            raise IntegrityError(
                f"the manifest in the folder {names[0]!r} is that of {key!r}",
                file=self.location,
                remedy=f"If the folder was renamed, name it {key!r} again, as packages without files are told apart by it alone.",
            )

    @property
    def owned(self) -> bool:
        """Whether one of the reader's own keys signed the package."""
        return signature_state(self.seal, self.signature) == "own"

    @property
    def doubt(self) -> Doubt | None:
        """Why the signature does not vouch for the files, though they have their digests; ``None`` where it does."""
        return None if all(file.digest.startswith("blake3:") for file in self.manifest.files) else FORGEABLE

    @property
    def root(self) -> Path:
        """The folder in which packages and results of other keys stand."""
        return self.folder.parent if (self.folder / NAME).is_file() else self.folder

    @cached_property
    def payload(self) -> Path:
        """The payload folder."""
        return self.folder / self.manifest.payload if self.manifest.payload else self.folder

    def files(self, verify: bool = True) -> Files:
        """Give the files of the payload, each to be fetched and checked when it is asked for.

        Args:
            verify: Whether digests are checked.
        """
        entries = {file.path: file for file in self.manifest.files}
        return Files(self.payload, entries, self.remote, f"{self.manifest.payload}/", verify)

    def is_there(self) -> bool:
        """Tell whether all files of the payload stand on this machine."""
        payload = str(self.payload)
        return all(os.path.exists(f"{payload}{os.sep}{file.path}") for file in self.manifest.files)

    def fetch(self) -> None:
        """Copy what is remote and not there yet."""
        files = self.files(verify=False)
        for file in self.manifest.files:
            files.whole(files.folder / file.path)

    def verify(self) -> None:
        """Check that the payload is, file by file and byte by byte, what was packed; what is remote is fetched first.

        Raises:
            IntegrityError: Names the file that is missing, changed, or too many.
        """
        signature_state(self.seal, self.signature)
        self.check_files()

    def check_files(self) -> None:
        """Check the payload alone: not the signature.

        Raises:
            IntegrityError: As above.
        """
        if not self.manifest.payload:
            return
        self.check_names()
        files = self.files()
        for file in self.manifest.files:
            files.whole(files.folder / file.path)

    def check_names(self) -> None:
        """Check that nothing stands in the payload folder that was not packed.

        Raises:
            IntegrityError: Names the file that is too many, or the folder that is missing.
        """
        payload = self.payload
        if not self.manifest.payload or (self.remote is not None and not payload.exists()):
            return
        expected = {file.path for file in self.manifest.files}
        if not _is_folder(payload):
            raise IntegrityError("the payload folder is missing", file=payload)
        with _NOT_BUSY if self.remote is None else self.remote.busy:
            found = list(files_below(str(payload)))
        for name, is_regular in found:
            if name not in expected or not is_regular:
                raise IntegrityError("the package holds a file that was not packed", file=payload / name)

    def zip(self, target: Path) -> Path:
        """Write the package as one zip file with the same digest; equal packages give equal bytes.

        Args:
            target: The file to write.
        """
        from packagers.archive import write_zip  # as above

        self.verify()
        entries = [(NAME, self.folder / NAME)]
        entries += [(f"{self.manifest.payload}/{file.path}", self.payload / file.path) for file in self.manifest.files]
        write_zip(entries, target)
        return target


def _is_folder(path: Path) -> bool:
    """Tell whether a folder stands there, and no link to one."""
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False
