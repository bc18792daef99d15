"""The keys that sign packages: where they are kept and which of them count as one's own.

::

    <config folder>/keys/          mode 0700
        <id>.key                   an accepted key, as the line of text that export() gives; mode 0600
        <id>.revoked               the key of this id is accepted no more
        signing                    the id of the key that signs

A key is only ever added, under its own id, and ``signing`` is replaced as a whole: whatever several processes do at once, a key that has
signed something stays accepted. ``PACKAGERS_SIGNING_KEY`` (an exported key, or any text, from which a key is derived) is the signing key
where it is set, and is accepted besides those of the folder. Revoking is undone by removing the ``.revoked`` file.

A key that was read is remembered while the folder and the files that say so are what they were: whatever is added, replaced, revoked,
edited or opened to others changes one of them.
"""

from __future__ import annotations

import os
import re
import stat
import sys
import threading
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from packagers.environment import text_of
from packagers.errors import PackagersError, PackagersWarning, SettingError
from packagers.signingkey import PREFIX, Key, derived, parsed
from packagers.stamps import Memory, Noted, noted

VARIABLE = "PACKAGERS_SIGNING_KEY"
_ID = re.compile(r"[0-9a-f]{16}")

_SIGNING = "signing"
_PLACES = ("PACKAGERS_CONFIG_DIR", "XDG_CONFIG_HOME", *(("APPDATA", "USERPROFILE") if os.name == "nt" else ("HOME",)))
"""The variables on which it depends where the folder of keys is."""
_known: Memory[Key] = Memory(100)
_warned: set[str] = set()
_warning_lock = threading.Lock()


@dataclass(frozen=True)
class KeyInfo:
    """What can be shown of a key.

    Attributes:
        id: 16 hex digits.
        state: ``signing`` (accepted, too), ``accepted``, ``revoked``, or ``damaged`` where the file holds no key.
        origin: The key's file, or the environment variable that it comes from.
    """

    id: str
    state: Literal["signing", "accepted", "revoked", "damaged"]
    origin: str


def config_folder() -> Path:
    """Give the user's folder for this project: ``PACKAGERS_CONFIG_DIR``, else what the platform says."""
    explicit = os.environ.get("PACKAGERS_CONFIG_DIR")
    if explicit:
        return Path(explicit).expanduser()
    for variable in ("XDG_CONFIG_HOME", *(("APPDATA",) if os.name == "nt" else ())):
        base = os.environ.get(variable)
        # The XDG specification says that a relative path is to be ignored.
        if base and os.path.isabs(base):
            return Path(base, "packagers")
    base = "~/Library/Application Support" if sys.platform == "darwin" else "~/.config"
    return Path(base).expanduser() / "packagers"


def keys_folder() -> Path:
    """Give the folder that holds the keys; it need not exist."""
    return config_folder() / "keys"


def signing_key() -> Key | None:
    """Give the key that signs, made on first use; ``None``, after one warning a process, where none can be made.

    Raises:
        SettingError: Where ``PACKAGERS_SIGNING_KEY`` holds a damaged or revoked key.
    """
    key = _environment_key()
    if key is not None:
        if _is_revoked(key.id):
            raise SettingError(
                f"{VARIABLE} holds the key {key.id}, which was revoked",
                setting=VARIABLE,
                origin="environment",
                remedy="Set it to another key, or unset it to sign with the key of the config folder.",
            )
        return key
    known = _known.recall(_place(_SIGNING))
    if known is not None:
        return known
    key_id = _signing_id_if_readable()
    before = _noted(_SIGNING, f"{key_id}.key")
    try:
        key = _signing_from_folder()
    except PackagersError as error:
        _warn_once(f"packages are not signed, and other processes will read them as foreign: {error}")
        return None
    return _known.remember(_place(_SIGNING), key, before) if key.id == key_id else key


def find(key_id: str) -> Key | None:
    """Give the accepted key of an id; ``None`` where it is unknown or revoked."""
    known = _known.recall(_place(key_id))
    if known is not None:
        return known
    before = _noted(f"{key_id}.key")
    if _is_revoked(key_id):
        return None
    key = _environment_key()
    if key is not None and key.id == key_id:
        return key
    try:
        key = _read(key_id)
    except PackagersError as error:
        _warn_once(f"a signature cannot be checked and counts as foreign: {error}")
        return None
    return None if key is None else _known.remember(_place(key_id), key, before)


def listing() -> list[KeyInfo]:
    """List the keys, by id: those of the folder, that of the environment, and ids that were revoked without ever being known."""
    environment = _environment_key()
    found: dict[str, KeyInfo] = {}
    signing = environment.id if environment is not None else _signing_id_if_readable()
    for path in _files():
        if _ID.fullmatch(path.stem):
            found[path.stem] = KeyInfo(path.stem, _state(path.stem, signing), str(path))
    if environment is not None:
        found[environment.id] = KeyInfo(environment.id, "revoked" if _is_revoked(environment.id) else "signing", VARIABLE)
    return sorted(found.values(), key=lambda info: info.id)


def create() -> str:
    """Make a new signing key and give its id; the one before stays accepted.

    Raises:
        PackagersError: Where the config folder cannot be written.
    """
    key = Key(os.urandom(32))
    try:
        _make_folder()
        _write(f"{key.id}.key", key.exported())
        _write(_SIGNING, key.id, replace=True)
    except OSError as error:
        raise _unwritable(error) from error
    return key.id


def export(key_id: str | None = None) -> str:
    """Give a key as one line of text, to be handed on by a safe way: who has it can sign as this user.

    Args:
        key_id: Which key; the signing key if not given.

    Raises:
        PackagersError: Where there is no such accepted key.
    """
    key = find(_checked_id(key_id)) if key_id is not None else _environment_key() or _signing_from_folder()
    if key is None:
        raise PackagersError(f"there is no accepted key {key_id}", remedy="`packagers keys list` shows those there are.")
    return key.exported()


def import_(text: str) -> str:
    """Accept a key that someone exported, and give its id. From then on packages signed with it count as one's own.

    Raises:
        PackagersError: Where the text is no exported key, or the key was revoked here.
    """
    key = parsed(text)
    if _is_revoked(key.id):
        raise PackagersError(
            f"the key {key.id} was revoked here", remedy=f"If it is to be accepted again, remove {keys_folder() / key.id}.revoked first."
        )
    try:
        _make_folder()
        _write(f"{key.id}.key", key.exported())
    except OSError as error:
        raise _unwritable(error) from error
    return key.id


def revoke(key_id: str) -> None:
    """Accept a key no more; what it signed counts as foreign. Where it was the signing key, a new one is made.

    Raises:
        PackagersError: Where the text is no id of a key, or the config folder cannot be written.
    """
    _checked_id(key_id)
    signing = _signing_id_if_readable()
    try:
        _make_folder()
        _write(f"{key_id}.revoked", "")
    except OSError as error:
        raise _unwritable(error) from error
    if key_id == signing:
        create()


def _place(name: str) -> tuple[str | None, ...]:
    """Say what is asked for, and all that tells where the folder of keys is."""
    return name, *map(text_of, _PLACES)


def _noted(*names: str) -> Noted:
    """Note what the folder of keys and files in it are."""
    try:
        folder = keys_folder()
    except RuntimeError:  # no home folder
        return ()
    return noted(folder, *(folder / name for name in names))


def _signing_from_folder() -> Key:
    """Give the signing key of the folder; of all the processes that make the first one at once, one wins and all take its key."""
    key_id = _signing_id()
    try:
        if key_id is None:
            _make_folder()
            key = Key(os.urandom(32))
            _write(f"{key.id}.key", key.exported())
            if not _write(_SIGNING, key.id):
                (keys_folder() / f"{key.id}.key").unlink()
            key_id = _signing_id()
    except OSError as error:
        raise _unwritable(error) from error
    if key_id is not None and _is_revoked(key_id):
        key_id = create()
    found = None if key_id is None else _read(key_id)
    if found is None:
        raise PackagersError("the file of the signing key is missing", file=keys_folder(), remedy="Make one with `packagers keys create`.")
    return found


def _signing_id() -> str | None:
    try:
        text = (keys_folder() / _SIGNING).read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(error) from error
    except RuntimeError as error:  # no home folder
        raise PackagersError(str(error), remedy=f"Set PACKAGERS_CONFIG_DIR or {VARIABLE}.") from error
    if not _ID.fullmatch(text):
        raise PackagersError(
            "the file names no key", file=keys_folder() / _SIGNING, remedy="Make a new signing key with `packagers keys create`."
        )
    return text


def _signing_id_if_readable() -> str | None:
    try:
        return _signing_id()
    except PackagersError:
        return None


def _files() -> list[Path]:
    """List the files of keys, those of revocations first."""
    try:
        folder = keys_folder()
    except RuntimeError:  # no home folder
        return []
    return sorted(folder.glob("*.revoked")) + sorted(folder.glob("*.key"))


def _read(key_id: str) -> Key | None:
    """Read a key file; ``None`` where there is none."""
    try:
        path = keys_folder() / f"{key_id}.key"
        text = path.read_text(encoding="ascii", errors="replace")
        _check_owner()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(error) from error
    except RuntimeError:  # no home folder, so no key in it
        return None
    key = parsed(text)
    if key.id != key_id:
        raise PackagersError("the file holds a key of another id", file=path, remedy="Remove it and import the key again.")
    return key


def _check_owner() -> None:
    """Refuse a folder into which another user could put a key of theirs."""
    if not hasattr(os, "geteuid"):
        return
    folder = keys_folder()
    info = folder.stat()
    if info.st_mode & (stat.S_IWGRP | stat.S_IWOTH) or info.st_uid not in (0, os.geteuid()):
        raise PackagersError(
            "other users can write to the folder of keys",
            file=folder,
            remedy=f"Check what is in it, then own it and run: chmod 700 {folder}",
        )


def _is_revoked(key_id: str) -> bool:
    try:
        return (keys_folder() / f"{key_id}.revoked").exists()
    except RuntimeError:  # no home folder
        return False
    except OSError:
        # What cannot be ruled out counts as revoked: refusing is the safe side.
        return True


def _state(key_id: str, signing: str | None) -> Literal["signing", "accepted", "revoked", "damaged"]:
    if _is_revoked(key_id):
        return "revoked"
    try:
        _read(key_id)
    except PackagersError:
        return "damaged"
    return "signing" if key_id == signing else "accepted"


def _environment_key() -> Key | None:
    text = (text_of(VARIABLE) or "").strip()
    if not text:
        return None
    if not text.startswith(PREFIX):
        return derived(text)
    try:
        return parsed(text)
    except PackagersError as error:
        raise SettingError(
            f"{VARIABLE} holds a damaged key",
            setting=VARIABLE,
            origin="environment",
            remedy="Export it again with `packagers keys export`.",
        ) from error


def _checked_id(key_id: str) -> str:
    if not _ID.fullmatch(key_id):
        raise PackagersError("the id of a key is 16 hex digits", remedy="`packagers keys list` shows those there are.")
    return key_id


def _make_folder() -> None:
    try:
        folder = keys_folder()
    except RuntimeError as error:
        raise OSError(str(error)) from error
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _check_owner()


def _write(name: str, text: str, *, replace: bool = False) -> bool:
    """Write a file whole or not at all; tell whether it is the one that now stands there."""
    target = keys_folder() / name
    new = target.with_name(f".new-{os.urandom(8).hex()}")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if not replace:
            try:
                os.link(new, target)
                return True
            except FileExistsError:
                return False
            except OSError:
                # A file system without hard links. Two first keys may then replace one another; both stay accepted.
                if target.exists():
                    return False
        os.replace(new, target)
        return True
    finally:
        new.unlink(missing_ok=True)


def _unwritable(error: OSError) -> PackagersError:
    return PackagersError(
        f"the folder of keys cannot be written: {error.strerror or error}",
        file=error.filename,
        remedy=f"Set PACKAGERS_CONFIG_DIR to a folder that can be written, or {VARIABLE} to a key.",
    )


def _unreadable(error: OSError) -> PackagersError:
    return PackagersError(
        f"the folder of keys cannot be read: {error.strerror or error}",
        file=keys_folder(),
        remedy=f"Set PACKAGERS_CONFIG_DIR or {VARIABLE}.",
    )


def _warn_once(message: str) -> None:
    with _warning_lock:
        if message in _warned:
            return
        _warned.add(message)
    warnings.warn(message, PackagersWarning, stacklevel=4)
