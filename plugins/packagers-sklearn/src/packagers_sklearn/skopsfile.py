"""Skops files: written so that nothing is lost, read so that nothing is built that the reader does not allow."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import skops.io
from skops.io.exceptions import UntrustedTypesFoundException

from packagers import PackError, UnpackError, allowed_types
from packagers_sklearn import keeping, routing, sizes, soundness
from packagers_sklearn.fidelity import difference
from packagers_sklearn.trusted import TRUSTED
from packagers_sklearn.vouching import vouched

OTHER = 'Ask for format="joblib", or for format="pickle", which carries the classes of scripts by value; both run code when they are read.'
BY_VALUE = 'Put it into a module, or ask for format="pickle", which carries it by value and runs code when it is read.'
_SCHEMA = "schema.json"
_LOOKED_AT = 1 << 16
"""Bytes of the schema in which types are looked for that the reader is going to be asked about."""
_TYPE = re.compile(rb'"__class__": "([^"\\]+)",\s+"__module__": "([^"\\]+)"')


def write(obj: Any, file: BinaryIO) -> bool:
    """Write an object.

    Args:
        obj: The object.
        file: Where to write.

    Returns:
        Whether it is certain that skops gives back all of it; else :func:`check` finds out.
    """
    is_kept = keeping.is_kept(obj)
    skops.io.dump(obj if is_kept else routing.without_owners(obj, soundness.walk), file)
    return is_kept


def check(obj: Any, file: Path, compare: bool) -> None:
    """Refuse an object that skops would not give back.

    Args:
        obj: The object.
        file: What :func:`write` wrote of it.
        compare: Whether to read the file, and compare what comes back.

    Raises:
        PackError: Says where it would differ, or what could not be found again.
    """
    names = skops.io.get_untrusted_types(file=file)
    refuse_scripts(name for name in names if name.partition(".")[0] in keeping.SCRIPTS)
    if not compare:
        return
    try:
        found = skops.io.load(file, trusted=names)
        routing.give_owners(soundness.walk(found))
        where = difference(obj, found)
    except Exception as error:
        raise PackError(f"skops can write {name_of(type(obj))} but not read it: {type(error).__name__}: {error}", remedy=OTHER) from error
    if where is not None:
        raise PackError(f"skops would not give back {name_of(type(obj))} as it is", leaf=where or None, remedy=OTHER)


def refuse_scripts(names: Iterable[str]) -> None:
    """Refuse what is defined in a script.

    Args:
        names: The full names of that.

    Raises:
        PackError: Where there is any.
    """
    first = next(iter(names), None)
    if first is not None:
        raise PackError(f"{first} is defined in a script, where no other process can find it by name", remedy=BY_VALUE)


def read(data: memoryview) -> Any:
    """Read a skops file: first its types are allowed, then they are built, then what they hold is checked.

    Args:
        data: The file.

    Raises:
        UntrustedPackageError: For types that the reader's policy does not allow.
        UnpackError: For what is no skops file, and for contents that do not fit together.
    """
    stream = io.BytesIO(data)
    try:
        with zipfile.ZipFile(stream) as archive:
            sizes.check(archive, data)
            with archive.open(_SCHEMA) as schema:
                beginning = schema.read(_LOOKED_AT)
        found = _built(stream, beginning)
    except (ValueError, KeyError, TypeError, OSError, zipfile.BadZipFile) as error:
        raise UnpackError(f"this is no skops file that can be read: {error}") from error
    held = list(soundness.walk(found))
    soundness.check(held)
    routing.give_owners(held)
    return found


def _built(stream: io.BytesIO, beginning: bytes) -> Any:
    """Build what a file holds.

    skops goes through the whole file to say which types it asks about. So those are tried first that the beginning shows, as far as this
    plugin vouches for them; where there are others, skops builds nothing and they are asked for.
    """
    shown = {f"{module.decode()}.{name.decode()}" for name, module in _TYPE.findall(beginning)}
    with suppress(UntrustedTypesFoundException):
        return skops.io.load(stream, trusted=allowed_types(sorted(shown & TRUSTED)))
    names = skops.io.get_untrusted_types(data=stream.getvalue())
    others = vouched() if not TRUSTED.issuperset(names) else frozenset()
    allowed_types(name for name in names if name not in others)
    return skops.io.load(stream, trusted=names)


def name_of(cls: type[Any]) -> str:
    """Give the full name of a class."""
    return f"{cls.__module__}.{cls.__qualname__}"
