"""A plain file or folder, without a manifest, into one value."""

from __future__ import annotations

import os
import shutil
from pathlib import Path, PurePath
from typing import Any

from packagers.errors import NoPackagerError, UnknownArtifactTypeError, UnpackError
from packagers.invoking import invoke
from packagers.manifest import Written
from packagers.names import shorten
from packagers.policy import unpacking
from packagers.registry import Registry
from packagers.scratch import scratch_folder
from packagers.source import PlainFile, RemoteFile, packages_in
from packagers.typehint import Alternative, path_of_hint


def read_plain(registry: Registry, policy: str, plain: PlainFile, members: tuple[Alternative, ...], options: dict[str, Any]) -> Any:
    """Read a plain file as the first alternative of a hint that a packager takes, its format told by its suffix.

    Args:
        registry: Finds the packagers.
        policy: What may run code; a plain file is nobody's.
        plain: The file or folder.
        members: The alternatives of the hint.
        options: Keyword arguments for the packager, ``format`` among them.

    Raises:
        UnpackError: Where it cannot be read as any of them; says why for each.
    """
    reasons: list[str] = []
    for member in members:
        if member.type is None and plain.is_folder:
            raise UnpackError("the folder is no package", file=plain.location, remedy=_remedy_for(plain.path))
        if member.type is None:
            reasons.append("a plain file says nothing of its type: give a hint, such as pandas.DataFrame")
            continue
        if issubclass(member.type, PurePath) or member.type is os.PathLike:
            return plain.path if member.type is os.PathLike else member.type(plain.path)
        try:
            found = registry.find_for_hint(member)
        except (NoPackagerError, UnknownArtifactTypeError) as error:
            reasons.append(str(error.args[0]))
            continue
        if found.registration.is_fallback:
            reasons.append(f"no packager reads plain files as {path_of_hint(member)}")
            continue
        packager = found.packager
        artifact_type = packager.default_artifact_type("unpack")
        if artifact_type is None or artifact_type not in packager.unpacks or artifact_type == "result":
            artifact_type = "file"
        method = packager.unpacks.get(artifact_type)
        if method is None:
            reasons.append(f"{type(packager).__qualname__} reads no plain files")
            continue
        merged = {**member.options, **options}
        format = merged.pop("format", None) or next((f for f in plain.formats if f in method.formats), None)
        if method.formats and format is None:
            reasons.append(f"{type(packager).__qualname__} reads {', '.join(method.formats)}; give format= if it is one of them")
            continue
        written = Written("", path_of_hint(member), artifact_type, format if method.formats else None)
        files = plain.in_parts() if isinstance(plain, RemoteFile) and written.form in packager.PARTIAL else None
        with unpacking(plain.location, False, policy, packager.TRUSTS, files):
            source = _stage(plain) if files is None else files.folder
            return invoke(registry.hooks, packager, method, written, source, merged, plain.location)
    raise UnpackError(f"the file cannot be read: {'; '.join(reasons)}", file=plain.location)


def _remedy_for(folder: Path) -> str:
    known = packages_in(folder)
    if not known:
        return "Give a hint: pathlib.Path gives the folder itself."
    return f"Name one of the packages and results in it: {shorten(', '.join(known), 400)}."


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
