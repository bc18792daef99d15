"""What an archive of a folder may hold: names, folders, files and links that stay inside, checked while the table of them grows.

Writing and reading go by the same rules, so that nothing is packed that could not be unpacked. A name is relative, in UTF-8, made of plain
parts, and unique where case and Unicode form do not count. Nothing lies below a file or a link.

A link goes up (``..``) only from folders that are folders in the archive, and never above its top. After that it goes down, and whatever it
goes through is a folder of the archive or another such link; so no chain of links leads out, however the file system compares names.
"""

from __future__ import annotations

import os
import unicodedata
from typing import Literal, NoReturn, TypeAlias

from packagers.errors import PackagersError
from packagers.names import find_fault, shorten

Kind: TypeAlias = Literal["file", "folder", "link"]

MAX_PATH_BYTES = 4096
_WINDOWS = os.name == "nt"


def name_fault(part: str) -> str | None:
    """Say what is wrong with the name of a file or folder, as the end of a sentence; ``None`` for a good one.

    Stricter where the file system is: on Windows the rule for keys holds, elsewhere every name that the system itself has.
    """
    if part in ("", ".", ".."):
        return "has a part that is empty, '.' or '..'"
    if "\0" in part or "/" in part or "\\" in part:
        return "has a NUL, a slash or a backslash in a part, which other systems take for a separator"
    try:
        part.encode()
    except UnicodeEncodeError:
        return "is not UTF-8"
    fault = find_fault(part) if _WINDOWS else None
    return None if fault is None else fault.problem


class Members:
    """The members of one archive.

    Args:
        error: The error to raise: packing and unpacking have their own.
        archive: What the errors call the archive or folder.
    """

    def __init__(self, error: type[PackagersError], archive: str) -> None:
        self._error = error
        self._archive = archive
        self._kinds: dict[str, tuple[str, Kind]] = {}
        self._listed: set[str] = set()

    def add(self, name: str, kind: Kind) -> None:
        """Add a member, and the folders above it where they were not listed before.

        Raises:
            PackagersError: Of the class given, where the name breaks a rule.
        """
        if name in self._listed:
            self.refuse(name, "is there twice")
        if len(name.encode("utf-8", "surrogatepass")) > MAX_PATH_BYTES:
            self.refuse(name, f"is longer than {MAX_PATH_BYTES} bytes")
        parts = name.split("/")
        for part in parts:
            fault = name_fault(part)
            if fault:
                self.refuse(name, fault)
        # From the end, because the folder above is nearly always known: a long name must not cost its length squared.
        depth = len(parts) - 1
        while depth and self.kind("/".join(parts[:depth])) != "folder":
            depth -= 1
        for end in range(depth + 1, len(parts)):
            self._enter("/".join(parts[:end]), "folder", name)
        self._enter(name, kind, name)
        self._listed.add(name)

    def check_link(self, name: str, target: str) -> None:
        """Check that a link stays inside. Called when all members are known.

        Raises:
            PackagersError: Of the class given, naming the link.
        """
        shown = f"is a link to {shorten(repr(target))}"
        if not target or target.startswith("/"):
            self.refuse(name, f"{shown}, which is not relative")
        here = name.split("/")[:-1]
        firm = True
        for part in target.split("/"):
            if part in ("", "."):
                continue
            if part == "..":
                if not firm:
                    self.refuse(name, f"{shown}, which goes up from behind what is no folder in here")
                if not here:
                    self.refuse(name, f"{shown}, which leaves the folder")
                here.pop()
                continue
            fault = name_fault(part)
            if fault:
                self.refuse(name, f"{shown}, and that {fault}")
            here.append(part)
            firm = firm and self.kind("/".join(here)) == "folder"

    def kind(self, name: str) -> Kind | None:
        """Give the kind of a member or of a folder above one; ``None`` where there is none of exactly this name."""
        found, kind = self._kinds.get(_folded(name), ("", None))
        return kind if found == name else None

    def __len__(self) -> int:
        """Count the members, and the folders that are only there as part of other names."""
        return len(self._kinds)

    def folders(self) -> list[str]:
        """List all folders, also those that are only there as part of other names."""
        return [name for name, kind in self._kinds.values() if kind == "folder"]

    def refuse(self, name: str, why: str) -> NoReturn:
        """Raise the error for a member."""
        raise self._error(f"{shorten(repr(name))} in {self._archive} {why}")

    def _enter(self, name: str, kind: Kind, member: str) -> None:
        found, old = self._kinds.setdefault(_folded(name), (name, kind))
        if found != name:
            self.refuse(member, f"clashes with {shorten(repr(found))} where upper and lower case do not count")
        if old != kind:
            self.refuse(member, f"clashes with {shorten(repr(found))}, a {old}")


def _folded(name: str) -> str:
    """Give the form in which names are equal on any file system, such as those of macOS and Windows."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())
