"""Log hints: how one returned value is to be logged.

A hint is written as text, as a dict, or as an object; the three say the same::

    "model : model"
    {"key": "model", "artifact_type": "model"}
    LogHint("model", artifact_type="model")

The dict form is JSON: a link is ``{"$link": "<key>"}``, and what JSON does not have (tuples, sets, bytes, …) is typed JSON.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from types import EllipsisType
from typing import Any, Literal, NoReturn, TypeAlias

from packagers import hinttext, jsonvalue
from packagers.errors import HintSyntaxError, PackError
from packagers.names import check_name, did_you_mean, find_fault, shorten

MAX_PARTS = 100_000
LINK = "$link"

Link: TypeAlias = EllipsisType | Mapping[str, str]
"""A place that another output of the same run fills: ``...`` is the output of the entry's own name, ``{"$link": "key"}`` that of another."""


class ArtifactType(StrEnum):
    """The artifact types that packagers share by convention; any other identifier is an artifact type as well."""

    RESULT = "result"
    OBJECT = "object"
    FILE = "file"
    PATH = "path"
    DATASET = "dataset"
    MODEL = "model"
    PLOT = "plot"


class _ReadOnly(Mapping[str, Any]):
    """A mapping whose values are handed out as copies, so that nobody can change them."""

    __slots__ = ("_values",)

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> Any:
        return copy.deepcopy(self._values[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return repr(self._values)

    def __deepcopy__(self, memo: dict[int, Any]) -> _ReadOnly:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _ReadOnly, (self._values,)


_EMPTY = _ReadOnly({})


def _mapping() -> Any:
    return field(default_factory=lambda: _EMPTY)


@dataclass(frozen=True, eq=False, repr=False)
class LogHint:
    """How one returned value is to be logged.

    A hint never changes, and neither what was passed in nor what is read from it is tied to it. Hints are equal if all their fields are
    equal in value and type (``itemized=True`` is not ``itemized=1``). ``dataclasses.replace`` makes a changed one. ``None`` stands for the
    default of every field but ``key`` and ``itemized``.

    Args:
        key: The name of the package or result.
        artifact_type: How to store the value, an identifier; the packager's own default if ``None``.
        tag: A tag of the artifact; none by default.
        itemized: Whether to log the items of a container one by one: ``False``, ``True`` for all levels, or the number of levels.
        packing_kwargs: Options for the packager, by name.
        labels: Labels of the artifact, text by name.
        artifact_path: Where to put the artifact, the session's folder if ``None``.
        extra_data: What else belongs to the artifact, by name: links, or values that JSON has.
        metrics: Metrics of a model, by name: links, or numbers.

    Raises:
        HintSyntaxError: A field has a value that it cannot have.

    >>> LogHint("model", "model", metrics={"accuracy": ...})
    LogHint('model', artifact_type='model', metrics={'accuracy': Ellipsis})
    """

    key: str
    artifact_type: str | None = None
    tag: str = ""
    itemized: bool | int = False
    packing_kwargs: Mapping[str, Any] = _mapping()
    labels: Mapping[str, str] = _mapping()
    artifact_path: str | os.PathLike[str] | None = None
    extra_data: Mapping[str, Any] = _mapping()
    metrics: Mapping[str, Any] = _mapping()

    def __post_init__(self) -> None:
        set_field = object.__setattr__
        set_field(self, "key", _check_name(self.key, "key"))
        set_field(self, "artifact_type", _check_artifact_type(self.artifact_type))
        set_field(self, "tag", _check_name(self.tag, "tag") if self.tag else _check_no_tag(self.tag))
        set_field(self, "itemized", _check_itemized(self.itemized))
        set_field(self, "artifact_path", _check_path(self.artifact_path))
        for section, check in (
            ("packing_kwargs", _check_option),
            ("labels", _check_label),
            ("extra_data", _check_extra),
            ("metrics", _check_metric),
        ):
            given = getattr(self, section)
            if not isinstance(given, Mapping | None):
                _fail(f"{section} must be a dict, not {_type_name(given)}", f"Write {section}={{name: value}}.")
            checked = {str(name): check(name, value) for name, value in given.items()} if given else {}
            set_field(self, section, _ReadOnly(checked) if checked else _EMPTY)

    @classmethod
    def parse(cls, hint: str | Mapping[str, Any] | LogHint) -> LogHint:
        """Read a hint in any of its forms.

        Args:
            hint: ``"2*key : type[option=literal]"``, a dict of fields such as :meth:`to_dict` gives, or a hint.

        Returns:
            The hint; a ``LogHint`` itself.

        Raises:
            HintSyntaxError: The hint cannot be read; says where, and what to do.

        >>> LogHint.parse('data : dataset[format="parquet"]')
        LogHint('data', artifact_type='dataset', packing_kwargs={'format': 'parquet'})
        """
        if isinstance(hint, LogHint):
            return hint
        if isinstance(hint, str):
            return _from_text(str.__str__(hint))
        if isinstance(hint, Mapping):
            return _from_dict(hint)
        _fail(
            f"a log hint cannot be of type {_type_name(hint)}",
            "Write text such as 'key : type[option=value]', a dict with 'key' in it, or a LogHint.",
        )

    def to_dict(self) -> dict[str, Any]:
        """Give the hint as JSON, without the fields that have their defaults.

        Returns:
            A new dict, which :meth:`parse` reads back to an equal hint, also after it was written and read as JSON.

        Raises:
            HintSyntaxError: An option's value is neither a plain value nor one of the standard library's scalars.

        >>> LogHint("m", metrics={"accuracy": ...}).to_dict()
        {'key': 'm', 'metrics': {'accuracy': {'$link': 'accuracy'}}}
        """
        found: dict[str, Any] = {"key": self.key}
        for each in fields(self)[1:]:
            value = getattr(self, each.name)
            if isinstance(value, Mapping):
                if value:
                    is_links = each.name in ("extra_data", "metrics")
                    found[each.name] = {name: self._encode(each.name, name, item, is_links) for name, item in value.items()}
            elif value is not each.default:
                found[each.name] = value
        return found

    def _encode(self, section: str, name: str, value: Any, is_links: bool) -> Any:
        if is_links and (target := _target(name, value)) is not None:
            return {LINK: target}
        try:
            return jsonvalue.encode(value)
        except (PackError, RecursionError) as error:
            message = str(error.args[0]) if error.args else type(error).__name__
            raise HintSyntaxError(
                f"{section}[{name!r}] has no JSON form: {message}",
                remedy="Use a plain value (text, numbers, lists, dicts, …) where the hint has to be written down.",
                key=self.key,
            ) from error

    def links(self, section: Literal["extra_data", "metrics"]) -> dict[str, str]:
        """Give the links of a section.

        Args:
            section: ``"extra_data"`` or ``"metrics"``.

        Returns:
            The key that each linked entry takes its value from, by the entry's name.

        >>> LogHint("m", extra_data={"figure": ..., "test": {"$link": "test_set"}, "note": "x"}).links("extra_data")
        {'figure': 'figure', 'test': 'test_set'}
        """
        targets = {name: _target(name, value) for name, value in getattr(self, section).items()}
        return {name: target for name, target in targets.items() if target is not None}

    def __repr__(self) -> str:
        parts = [repr(self.key)]
        for each in fields(self)[1:]:
            value = getattr(self, each.name)
            if value is not each.default and value is not _EMPTY:
                parts.append(f"{each.name}={value!r}")
        return f"LogHint({', '.join(parts)})"

    def __eq__(self, other: object) -> bool:
        return self._identity() == other._identity() if isinstance(other, LogHint) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._identity())

    def _identity(self) -> Any:
        values = (getattr(self, each.name) for each in fields(self))
        return tuple(_identity(value._values if isinstance(value, _ReadOnly) else value) for value in values)

    def __copy__(self) -> LogHint:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> LogHint:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        values = (getattr(self, each.name) for each in fields(self))
        return type(self), tuple(value._values if isinstance(value, _ReadOnly) else value for value in values)


def _from_text(text: str) -> LogHint:
    head = hinttext.read_head(text)
    fault = find_fault(head.key)
    if fault:
        remedy = fault.remedy
        if "[" in head.key:
            remedy += " Options follow an artifact type, as in 'data : dataset[format=\"parquet\"]'."
        raise HintSyntaxError(f"the key {fault.problem}", text=text, position=head.position + fault.position, remedy=remedy)
    artifact_type, options = hinttext.read_tail(text, head.end)
    return LogHint(head.key, artifact_type, itemized=head.itemized, packing_kwargs=options)


def _from_dict(given: Mapping[Any, Any]) -> LogHint:
    known = [each.name for each in fields(LogHint)]
    for name in given:
        if name not in known:
            _fail(f"a log hint has no field {shorten(repr(name))}", did_you_mean(str(name), known))
    if "key" not in given:
        _fail("the log hint has no 'key'", "Give it one: {'key': 'data', …}.")
    values = dict(given)
    for section in ("packing_kwargs", "extra_data", "metrics"):
        entries = values.get(section)
        if isinstance(entries, Mapping):
            values[section] = {name: _decode(section, name, value) for name, value in entries.items()}
    return LogHint(**values)


def _decode(section: str, name: Any, value: Any) -> Any:
    if section != "packing_kwargs" and isinstance(value, Mapping) and LINK in value:
        return value
    try:
        return jsonvalue.decode(value)
    except Exception as error:  # decoding builds values of many types, each with errors of its own
        message = error.args[0] if error.args else type(error).__name__
        raise HintSyntaxError(
            f"{section}[{shorten(repr(name))}] cannot be read: {shorten(str(message))}",
            remedy="Names that begin with $ are those of typed JSON; write the dict form with to_dict().",
        ) from error


def _target(name: str, value: Any) -> str | None:
    """Give the key that an entry links to, ``None`` if it is no link."""
    if value is ...:
        return name
    return value[LINK] if isinstance(value, Mapping) and LINK in value else None


def _fail(message: str, remedy: str) -> NoReturn:
    raise HintSyntaxError(message, remedy=remedy)


def _type_name(value: Any) -> str:
    return type(value).__qualname__


def _check_name(name: Any, what: str) -> str:
    try:
        return check_name(name, what)
    except PackError as error:
        raise HintSyntaxError(str(error.args[0]), remedy=error.remedy) from None


def _check_no_tag(tag: Any) -> str:
    if tag not in ("", None):
        _fail(f"a tag must be text, not {_type_name(tag)}", "Write tag='name'.")
    return ""


def _check_artifact_type(artifact_type: Any) -> str | None:
    if artifact_type is None:
        return None
    if not isinstance(artifact_type, str) or not artifact_type.isidentifier():
        _fail(
            f"{shorten(repr(artifact_type))} cannot be an artifact type",
            "An artifact type is one word of letters, digits and _, such as 'dataset'; options go into packing_kwargs.",
        )
    return str.__str__(artifact_type)


def _check_itemized(itemized: Any) -> bool | int:
    if isinstance(itemized, bool):
        return itemized
    if type(itemized) is not int or itemized < 1:
        _fail(f"itemized cannot be {shorten(repr(itemized))}", "Use False, True for all levels, or a number of levels from 1.")
    return itemized


def _check_path(path: Any) -> str | None:
    if path is None:
        return None
    found = os.fspath(path) if isinstance(path, str | os.PathLike) else path
    if not isinstance(found, str) or not found or "\0" in found:
        _fail(f"{shorten(repr(path))} cannot be an artifact path", "Give a path as text or as a pathlib.Path, or None.")
    return str.__str__(found)


def _check_option(name: Any, value: Any) -> Any:
    if not isinstance(name, str) or not name.isidentifier():
        _fail(f"{shorten(repr(name))} cannot be the name of an option", "Options are keyword arguments: letters, digits and _.")
    if name in hinttext.RESERVED_OPTIONS:
        _fail(f"{name!r} cannot be an option, the name is reserved", "Packagers have no such option; leave it out.")
    return _Copier(f"packing_kwargs[{name!r}]").copy(value)


def _check_label(name: Any, value: Any) -> str:
    if not isinstance(name, str) or not name:
        _fail(f"{shorten(repr(name))} cannot be the name of a label", "Give the name as text.")
    if not isinstance(value, str):
        _fail(f"the label {shorten(repr(name))} must be text, not {_type_name(value)}", f"Write {shorten(repr(str(value)))}.")
    for text in (name, value):
        if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
            _fail(f"the label {shorten(repr(name))} has half of a surrogate pair, which UTF-8 cannot hold", "Leave it out.")
    return str.__str__(value)


def _check_extra(name: Any, value: Any) -> Any:
    link = _check_link(name, value, "extra_data")
    return _JsonCopier(f"extra_data[{name!r}]").copy(value) if link is None else link


def _check_metric(name: Any, value: Any) -> Any:
    link = _check_link(name, value, "metrics")
    if link is not None:
        return link
    if not isinstance(value, int | float):
        _fail(
            f"metrics[{name!r}] must be a number or a link, not {_type_name(value)}",
            "Write ... to take the result of this name, or float(value).",
        )
    return _JsonCopier(f"metrics[{name!r}]").copy(value)


def _check_link(name: Any, value: Any, section: str) -> Link | None:
    """Give the link that an entry is, in its one form, ``None`` if it is a value."""
    _check_name(name, f"name in {section}")
    if value is ... or not (isinstance(value, Mapping) and LINK in value):
        return ... if value is ... else None
    if len(value) > 1:
        _fail(f"{section}[{name!r}] has more in it than a link", f"Write {{{LINK!r}: key}} and nothing else.")
    target = _check_name(value[LINK], f"key that {section}[{name!r}] links to")
    return ... if target == name else {LINK: target}


class _Copier:
    """Copies a value into a hint, within bounds.

    Args:
        what: What the value is, for errors.
    """

    def __init__(self, what: str) -> None:
        self.what = what
        self.left = MAX_PARTS

    def copy(self, value: Any, depth: int = 0) -> Any:
        """Copy a value and all in it."""
        self.left -= 1
        if self.left < 0 or depth > hinttext.MAX_DEPTH:
            _fail(
                f"{self.what} has over {MAX_PARTS} parts" if self.left < 0 else f"{self.what} is nested too deeply",
                "A hint holds options, not data; pass large values to the function.",
            )
        cls = type(value)
        if cls is list:
            return [self.copy(item, depth + 1) for item in value]
        if cls is dict:
            return {self.copy(key, depth + 1): self.copy(item, depth + 1) for key, item in value.items()}
        return self.copy_other(value, depth)

    def copy_other(self, value: Any, depth: int) -> Any:
        """Copy what is neither a list nor a dict."""
        if type(value) in (tuple, set, frozenset):
            return type(value)(self.copy(item, depth + 1) for item in value)
        try:
            return copy.deepcopy(value)
        except Exception as error:
            raise HintSyntaxError(
                f"{self.what} cannot be copied: {type(error).__name__}: {error}",
                remedy="Give the option a value that can be copied, so that the hint can be used again.",
            ) from error


class _JsonCopier(_Copier):
    """Copies a value that JSON has."""

    def copy_other(self, value: Any, depth: int) -> Any:
        """Copy a scalar, as its plain type."""
        if value is None or isinstance(value, bool):
            return value
        for plain in (int, float):
            if isinstance(value, plain):
                return plain(value)
        if isinstance(value, str):
            return str.__str__(value)
        _fail(
            f"{self.what} holds {_type_name(value)}, which JSON does not have",
            "Use links, text, numbers, booleans, None, lists and dicts.",
        )


class _Other:
    """A value of a type that this module knows nothing about, compared by its own ``==``."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        try:
            return isinstance(other, _Other) and (self.value is other.value or bool(self.value == other.value))
        except Exception:  # arrays have no truth value
            return False

    def __hash__(self) -> int:
        return 0


def _identity(value: Any) -> Any:
    """Give what makes a value equal to another one: its types and values, NaN included."""
    cls = type(value)
    if cls is dict:
        return cls, frozenset((_identity(key), _identity(item)) for key, item in value.items())
    if cls in (list, tuple):
        return cls, tuple(map(_identity, value))
    if cls in (set, frozenset):
        return cls, frozenset(map(_identity, value))
    if cls in (float, complex):
        return cls, repr(value)
    if value is None or cls in (bool, int, str, bytes):
        return cls, value
    return cls, _Other(value)
