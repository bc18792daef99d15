"""What is wrong with the keys, the settings and the plugins, each as one problem with a remedy."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from packagers.errors import PackagersError
from packagers.names import did_you_mean

if TYPE_CHECKING:
    from packagers.config import Project

_PREFIX = "PACKAGERS_"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Problem(NamedTuple):
    """Something that should be looked at.

    Attributes:
        about: What it concerns: ``plugins``, ``keys``, ``trust``, ``settings``, ``folder`` or ``litter``.
        problem: What is wrong.
        remedy: What to do.
        is_wrong: Whether something does not work because of it; otherwise it is a note.
    """

    about: str
    problem: str
    remedy: str = ""
    is_wrong: bool = True


def of_error(about: str, error: PackagersError) -> Problem:
    """Make a problem of an error."""
    place = f" ({error.file})" if error.file and str(error.file) not in str(error.args[0]) else ""
    return Problem(about, f"{error.args[0]}{place}", error.remedy or "")


def of_plugins(entries: Iterable[Mapping[str, Any]]) -> Iterator[Problem]:
    """Say which plugins are broken, and which do what they should not.

    Args:
        entries: What was said of packagers and hook modules when they were loaded.
    """
    for entry in entries:
        name = f"{entry['distribution']}: {entry.get('type', entry.get('name'))}"
        if entry["state"] == "broken":
            where = "" if entry["distribution"] == "project" else f", or switch it off: PACKAGERS_DISABLE={entry['distribution']}"
            yield Problem("plugins", f"{name} is broken: {entry['reason']}", f"Repair it{where}.")
        elif entry["state"] == "careless":
            yield Problem("plugins", f"{name} works, but when it was imported {entry['reason']}", is_wrong=False)


def of_keys() -> Iterator[Problem]:
    """Say what is wrong with the keys and with where they are kept. Makes no key."""
    from packagers import keys

    try:
        listed = keys.listing()
        folder = keys.keys_folder()
    except PackagersError as error:
        yield of_error("keys", error)
        return
    except RuntimeError as error:  # no home folder
        yield Problem("keys", f"there is no folder for keys: {error}", f"Set PACKAGERS_CONFIG_DIR or {keys.VARIABLE}.")
        return
    for info in listed:
        if info.state == "damaged":
            yield Problem("keys", f"the key {info.id} cannot be used ({info.origin})", "Import it again, or revoke it.")
    signs = any(info.state == "signing" for info in listed)
    if not signs and (folder / "signing").exists():
        yield Problem("keys", "the key that should sign is revoked, damaged or missing", "Make one: packagers keys create")
    yield from _places(folder, signs)


def _places(folder: Path, signs: bool) -> Iterator[Problem]:
    """Say what is wrong with the folder of keys and the modes of its files."""
    if not folder.is_dir():
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
            remedy = "Set PACKAGERS_CONFIG_DIR to a folder that can be written."
            yield Problem("keys", f"no folder for keys can be made in {existing}: packages are not signed", remedy, is_wrong=not signs)
        return
    if os.name == "nt":
        return
    for path in (folder, *sorted(folder.glob("*.key"))):
        try:
            status = path.stat()
        except OSError as error:
            yield Problem("keys", f"{path} cannot be read: {error.strerror}")
            continue
        mode = stat.S_IMODE(status.st_mode)
        wanted = 0o700 if path == folder else 0o600
        if mode & _OTHERS:
            yield Problem("keys", f"others can get at {path} (mode {mode:04o})", f"chmod {wanted:o} {path}")
        if status.st_uid not in (0, os.geteuid()):
            yield Problem("keys", f"{path} belongs to another user ({status.st_uid})", "Check what is in it, then own it.")


def of_settings(project: Project | None, distributions: Iterable[str], missing: Mapping[str, str]) -> Iterator[Problem]:
    """Say which settings cannot be read, and which mean nothing.

    Args:
        project: The project that counts, if any.
        distributions: The names of all that are installed and register something.
        missing: Why there is no class of a name that the project's file has; for each name where that is so.
    """
    from packagers.config import SETTINGS, settings
    from packagers.discovery import canonical_name

    known = sorted({*distributions, "packagers", "project"})
    yield from _variables(known)
    for name in SETTINGS:
        try:
            value = settings.get(name, project)
        except PackagersError as error:
            yield of_error("settings", error)
            continue
        for each in value if name in ("prefer", "disable") else ():
            if canonical_name(each) not in known:
                yield Problem("settings", f"{name} names {each!r}, and nothing of that name is installed", did_you_mean(each, known))
    for path in () if project is None else {**project.types, **project.defaults}:
        yield from _type_path(path, missing)


def _variables(distributions: Iterable[str]) -> Iterator[Problem]:
    """Say which environment variables look like ours and are not; those that begin like the name of a plugin are the plugin's."""
    from packagers import keys
    from packagers.config import SETTINGS
    from packagers.policy import CEILING

    known = [*(setting.variable for setting in SETTINGS.values()), CEILING, keys.VARIABLE, "PACKAGERS_CONFIG_DIR"]
    plugins = tuple(f"{name.upper().replace('-', '_')}_" for name in distributions if name.startswith("packagers-"))
    for name in sorted(os.environ):
        if name.startswith(_PREFIX) and name not in known and not name.startswith(plugins):
            yield Problem("settings", f"the variable {name} is set, and means nothing", did_you_mean(name, known))


def types_of(project: Project | None) -> Iterator[str]:
    """Give the names of the types that a project's file names; those of malformed type paths are left out.

    Args:
        project: The project that counts, if any.
    """
    for text in () if project is None else {**project.types, **project.defaults}:
        with contextlib.suppress(PackagersError):
            yield from _names_in(text)


def _type_path(text: str, missing: Mapping[str, str]) -> Iterator[Problem]:
    """Say which names of a type path name no class."""
    try:
        names = sorted(set(_names_in(text)))
    except PackagersError as error:
        yield of_error("settings", error)
        return
    for name in names:
        if name in missing:
            remedy = "Correct it, or install what it is from."
            yield Problem("settings", f"[tool.packagers] names the type {name!r}, and {missing[name]}", remedy)


def _names_in(text: str) -> Iterator[str]:
    from packagers.typepath import ELLIPSIS, STREAM, parse

    waiting = [parse(text)]
    while waiting:
        path = waiting.pop()
        waiting += path.items
        if path.name not in (STREAM, ELLIPSIS):
            yield path.name
