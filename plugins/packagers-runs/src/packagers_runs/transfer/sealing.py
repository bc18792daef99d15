"""Who vouches for an export, and what follows for its runs.

An export bears a package of one value: the SHA-256 of its index, sealed and signed by the user's key as every package is. The documents of
runs say which function is called with what, so to run a stranger's again is to run what he wrote: the runs of an export that no key of the
reader's has signed bear a mark, and are not run again.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
from pathlib import Path

import packagers
from packagers import Artifact, DataItem, LogHint, PackagersError
from packagers_runs.errors import HandlerError
from packagers_runs.models.runobject import RunObject
from packagers_runs.store.objects import MANIFEST

FOREIGN = "packagers-runs/foreign"
"""The annotation of runs that somebody else has exported."""
_KEY = "export"
_DIGEST = re.compile(r"[a-z0-9]+:[0-9a-f]{32,64}")


def seal_of(index: bytes) -> bytes:
    """Give the manifest of the package that vouches for an index; unsigned where the user has no key."""
    with tempfile.TemporaryDirectory(prefix="packagers-runs-") as folder:
        packagers.pack([hashlib.sha256(index).hexdigest()], LogHint(_KEY, artifact_type="file"), folder)
        return Path(folder, _KEY, MANIFEST).read_bytes()


def is_own(seal: bytes, index: bytes, scratch: Path) -> bool:
    """Tell whether one of the reader's own keys has signed an index.

    Args:
        seal: The manifest.
        index: The index.
        scratch: A folder to read manifests in.

    Raises:
        ValueError: The manifest is that of another index, or not as it was written.
    """
    found = package_of(seal, scratch)
    if found.key != _KEY or found.manifest.skeleton != [hashlib.sha256(index).hexdigest()]:
        raise ValueError("it vouches for another export")
    return found.package.owned


def refuse_foreign(run: RunObject) -> None:
    """Refuse to run a stranger's run again.

    Raises:
        HandlerError: It bears the mark.
    """
    if FOREIGN in run.metadata.annotations:
        raise HandlerError(
            f"somebody else exported the run {run.uid()}, and to run it again is to run what he wrote: {run.spec.handler!r:.200}",
            remedy="If you trust him, take it in once more: `packagers runs import FILE --trust --replace`.",
        )


def package_of(manifest: bytes, scratch: Path) -> Artifact:
    """Give the package of a manifest that stands alone, its seal checked; without files, it is told by the name of its folder.

    Args:
        manifest: The manifest.
        scratch: A folder that may be there.

    Raises:
        ValueError: It is not as it was written.
    """
    told = json.loads(manifest)
    digest = told.get("digest") if type(told) is dict else None
    if type(digest) is not str or not _DIGEST.fullmatch(digest):
        raise ValueError("a manifest tells no digest")
    folder = scratch / digest.replace(":", "-")
    folder.mkdir(parents=True)
    try:
        (folder / MANIFEST).write_bytes(manifest)
        return artifact_in(folder)
    finally:
        shutil.rmtree(folder)


def artifact_in(folder: Path) -> Artifact:
    """Give the package that stands in a folder; nothing but its manifest is read, and its seal checked.

    Raises:
        ValueError: Where there is none.
    """
    try:
        return DataItem(folder).unpack(Artifact)
    except PackagersError as error:
        raise ValueError(f"a manifest is not as it was written: {error}") from error
