"""Documents of runs as text, with every value keeping its type.

What JSON holds exactly stays JSON. Any other value (a tuple, ``nan``, a ``Decimal``, a date, bytes, a scalar of numpy) is packed as a
result by the core, with its packagers, into one ``results.json`` that the user's key signs; in the text stands ``{"$value": "<key>"}``.
"""

from __future__ import annotations

import json
import math
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any, NamedTuple

from packagers import PackagersError
from packagers_runs.store.errors import StoreError

if TYPE_CHECKING:
    from packagers import Registry

_VALUE = "$value"
_FILE = "results.json"
_NOWHERE = f"packagers-runs-{secrets.token_hex(8)}"
"""The name of a folder that is not there: that of sessions that write nothing."""
_MOST_BITS = 1024
"""Of a whole number in JSON: Python neither writes nor reads one of more than some thousand digits."""
_EXACT: frozenset[type] = frozenset({str, bool, NoneType})
_NAMES: frozenset[type] = frozenset({str})
_text = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode


class Frozen(NamedTuple):
    """A document as it is stored.

    Attributes:
        text: JSON.
        values: The sealed ``results.json`` with the values that are no JSON; ``None`` where there are none.
    """

    text: str
    values: bytes | None


class Unreadable(NamedTuple):
    """Stands where a value cannot be read here: its plugin is missing, say, or somebody else signed it.

    Attributes:
        reason: Why.
    """

    reason: str


def freeze(document: dict[str, Any], registry: Registry | None = None) -> Frozen:
    """Give the form in which a document is stored.

    Args:
        document: A dict with text for names, all the way down to the values.
        registry: Finds the packagers of values; that of what is installed if not given.

    Raises:
        StoreError: For a value that no packager takes as a result; it says where it stands.
    """
    plain, odd = _parted(document)
    return Frozen(_text(plain), _packed(odd, registry) if odd else None)


class Form:
    """Documents that have most in common, which is looked through and written once.

    Args:
        common: The fields by section that all of them have.
        registry: Finds the packagers of values that are no JSON; that of what is installed if not given.
    """

    def __init__(self, common: Mapping[str, dict[str, Any]], registry: Registry | None = None) -> None:
        self._common = common
        self._registry = registry
        self._texts = {name: _text(fields)[:-1] for name, fields in common.items() if fields} if is_exact(dict(common)) else None

    def freeze(self, own: dict[str, dict[str, Any]]) -> Frozen:
        """Give the form in which one of them is stored; see :func:`freeze`.

        Args:
                own: The fields by section that are its own: every section, none of them empty, and no field that is among those in common.
        """
        if self._texts is None or any(_VALUE in fields for fields in own.values()):
            return freeze({name: {**self._common.get(name, {}), **fields} for name, fields in own.items()}, self._registry)
        texts, (plain, odd) = self._texts, _parted(own)
        sections = {name: _text(fields) for name, fields in plain.items()}
        parts = [f'"{name}":' + (f"{texts[name]},{text[1:]}" if name in texts else text) for name, text in sections.items()]
        return Frozen("{" + ",".join(parts) + "}", _packed(odd, self._registry) if odd else None)


def is_exact(value: Any) -> bool:
    """Tell whether JSON holds a value as it is, with the type of everything in it."""
    try:
        return _is_exact(value)
    except RecursionError:
        return False


def _is_exact(value: Any) -> bool:
    kind = type(value)
    if kind in _EXACT:
        return True
    if kind is int:
        return bool(value.bit_length() <= _MOST_BITS)
    if kind is float:
        return math.isfinite(value)
    if kind is list:
        return _EXACT.issuperset(map(type, value)) or all(map(_is_exact, value))
    if kind is not dict or _VALUE in value or not _NAMES.issuperset(map(type, value)):
        return False
    return _EXACT.issuperset(map(type, value.values())) or all(map(_is_exact, value.values()))


def thaw(frozen: Frozen, registry: Registry | None = None) -> dict[str, Any]:
    """Give the document; where a value cannot be read here, an :class:`Unreadable` stands in its place.

    Args:
        frozen: As it was stored.
        registry: Finds the packagers of values; that of what is installed if not given.
    """
    document: dict[str, Any] = json.loads(frozen.text)
    if frozen.values is None:
        return document
    from packagers import DataItem

    with tempfile.TemporaryDirectory(prefix="packagers-runs-") as folder:
        Path(folder, _FILE).write_bytes(frozen.values)
        for holder, name, key in list(_places(document)):
            try:
                holder[name] = DataItem(Path(folder, key), registry=registry).unpack()
            except PackagersError as error:
                holder[name] = Unreadable(str(error))
    return document


def _parted(document: dict[str, Any]) -> tuple[dict[str, Any], dict[str, tuple[str, Any]]]:
    """Give a document as JSON holds it, and the values that are no JSON, by the keys that stand in their places, with those places."""
    odd: dict[str, tuple[str, Any]] = {}
    try:
        return (document if is_exact(document) else _frozen(document, "", odd)), odd
    except RecursionError:
        raise StoreError("a value contains itself, or is nested too deeply", remedy="Log it as an artifact.") from None


def _frozen(value: Any, path: str, odd: dict[str, tuple[str, Any]]) -> Any:
    if _is_exact(value):
        return value
    kind = type(value)
    if kind is list:
        return [_frozen(item, f"{path}[{index}]", odd) for index, item in enumerate(value)]
    if kind is dict and _VALUE not in value and all(type(name) is str for name in value):
        return {name: _frozen(item, f"{path}.{name}" if path else name, odd) for name, item in value.items()}
    if kind is Unreadable:
        raise StoreError(
            f"{path} could not be read here ({value.reason}), and storing the document would lose it",
            remedy="Change the run in an environment that has what the value needs.",
        )
    key = f"v{len(odd)}"
    odd[key] = path, value
    return {_VALUE: key}


def _packed(odd: dict[str, tuple[str, Any]], registry: Registry | None) -> bytes:
    from packagers import LogHint, Session

    with Session(Path(tempfile.gettempdir(), _NOWHERE), registry=registry, record=False) as session:
        for key, (path, value) in odd.items():
            try:
                session.pack(value, LogHint(key, artifact_type="result"))
            except PackagersError as error:
                raise StoreError(
                    f"{path} cannot be stored as a value: {error}", remedy="Log it as an artifact, or give a plain value."
                ) from error
        return session.results_text()


def _places(value: Any) -> Iterator[tuple[Any, Any, str]]:
    """Give every place where a value goes: what holds it, its name or index there, and its key."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        if isinstance(item, dict) and item.keys() == {_VALUE}:
            yield value, name, item[_VALUE]
        else:
            yield from _places(item)
