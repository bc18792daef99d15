"""Log hints: how one returned value is to be logged.

A hint is written as text, as a dict, or as an object; the three say the same::

    "model : model"
    {"key": "model", "artifact_type": "model"}
    LogHint("model", artifact_type="model")

The dict form is JSON: a link is ``{"$link": "<key>"}``, and what JSON does not have (tuples, sets, bytes, …) is typed JSON.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import lru_cache
from types import EllipsisType
from typing import Any, Literal, NoReturn, TypeAlias

from packagers import hinttext, jsonvalue
from packagers.errors import HintSyntaxError, PackError
from packagers.frozen import Copier, Frozen, JsonCopier, identity
from packagers.names import check_name, did_you_mean, find_fault, shorten

LINK = "$link"
EMPTY = Frozen()
"""Every section of a hint that has nothing in it."""

Link: TypeAlias = EllipsisType | Mapping[str, str]
"""A place that another output of the run fills: ``...`` is the output of the entry's own name, ``{"$link": "key"}`` that of another key."""


class ArtifactType(StrEnum):
    """The artifact types that packagers share by convention; any other identifier is an artifact type as well."""

    RESULT = "result"
    OBJECT = "object"
    FILE = "file"
    PATH = "path"
    DATASET = "dataset"
    MODEL = "model"
    PLOT = "plot"


def _mapping() -> Any:
    return field(default_factory=lambda: EMPTY)


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
        values = self.__dict__  # the fields of a frozen class can be set there alone
        values["key"] = _checked(check_name, self.key)
        try:
            values["artifact_type"] = _check_artifact_type(self.artifact_type)
            values["tag"] = _check_tag(self.tag)
            values["itemized"] = _check_itemized(self.itemized)
            values["artifact_path"] = _check_path(self.artifact_path)
            for section, check in _SECTIONS.items():
                if values[section] is not EMPTY:
                    values[section] = _check_section(section, values[section], check)
        except HintSyntaxError as error:
            error.key = self.key
            raise

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
        if type(hint) is str:
            return _from_text(hint)
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

    @property
    def has_links(self) -> bool:
        """Whether it has extra data or metrics, be they links or values."""
        return self.extra_data is not EMPTY or self.metrics is not EMPTY

    @property
    def is_for_artifacts(self) -> bool:
        """Whether it has what only an artifact can have: a tag, labels, extra data or metrics."""
        return self.labels is not EMPTY or self.tag != "" or self.extra_data is not EMPTY or self.metrics is not EMPTY

    def for_item(self, key: str) -> LogHint:
        """Give the hint for one item of what this one itemizes: all of it but the links, under another key.

        Args:
            key: The key of the item; the caller has checked it.
        """
        return self._renamed(key, False)

    def _renamed(self, key: str, itemized: bool | int) -> LogHint:
        """Give the same without links under another key; the caller has checked both."""
        values = self.__dict__.copy()
        values["key"], values["itemized"] = key, itemized
        values["extra_data"] = values["metrics"] = EMPTY
        made = object.__new__(LogHint)
        object.__setattr__(made, "__dict__", values)
        return made

    def __repr__(self) -> str:
        parts = [repr(self.key)]
        for each in fields(self)[1:]:
            value = getattr(self, each.name)
            if value is not each.default and value is not EMPTY:
                parts.append(f"{each.name}={value!r}")
        return f"LogHint({', '.join(parts)})"

    def __eq__(self, other: object) -> bool:
        return self._identity() == other._identity() if isinstance(other, LogHint) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._identity())

    def _identity(self) -> Any:
        return tuple(value.identity() if isinstance(value, Frozen) else identity(value) for value in self._values())

    def _values(self) -> list[Any]:
        return [getattr(self, each.name) for each in fields(self)]

    def __copy__(self) -> LogHint:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> LogHint:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(self._values())


@lru_cache(maxsize=4096)
def _from_text(text: str) -> LogHint:
    """Read a hint in its text form; the same text gives the same hint, which never changes."""
    head = hinttext.read_head(text)
    fault = find_fault(head.key)
    if fault:
        remedy = fault.remedy
        if "[" in head.key:
            remedy += " Options follow an artifact type, as in 'data : dataset[format=\"parquet\"]'."
        raise HintSyntaxError(f"the key {fault.problem}", text=text, position=head.position + fault.position, remedy=remedy)
    if head.end == len(text):
        return _UNNAMED._renamed(head.key, head.itemized)
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


def _checked(check: Callable[..., Any], *arguments: Any) -> Any:
    """Call a check, and raise what it finds as the error of a hint."""
    try:
        return check(*arguments)
    except PackError as error:
        raise HintSyntaxError(str(error.args[0]), remedy=error.remedy) from error.__cause__


def _check_tag(tag: Any) -> str:
    return "" if tag is None or tag == "" else _checked(check_name, tag, "tag")


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


def _check_section(section: str, given: Any, check: Callable[[Any, Any], Any]) -> Frozen:
    if given is None:
        return EMPTY
    if not isinstance(given, Mapping):
        _fail(f"{section} must be a dict, not {_type_name(given)}", f"Write {section}={{name: value}}.")
    checked = {}
    for name, value in given.items():
        item = check(name, value)
        checked[str.__str__(name)] = item
    return Frozen(checked) if checked else EMPTY


def _check_option(name: Any, value: Any) -> Any:
    if not isinstance(name, str) or not name.isidentifier():
        _fail(f"{shorten(repr(name))} cannot be the name of an option", "Options are keyword arguments: letters, digits and _.")
    if name in hinttext.RESERVED_OPTIONS:
        _fail(f"{name!r} cannot be an option, the name is reserved", "Packagers have no such option; leave it out.")
    return _checked(Copier(f"packing_kwargs[{name!r}]").copy, value)


def _check_label(name: Any, value: Any) -> str:
    if not isinstance(name, str) or not name:
        _fail(f"{shorten(repr(name))} cannot be the name of a label", "Give the name as text.")
    if not isinstance(value, str):
        remedy = f"Write {str(value)!r}." if isinstance(value, int | float) else "Give its value as text."
        _fail(f"the label {shorten(repr(name))} must be text, not {_type_name(value)}", remedy)
    for text in (name, value):
        if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
            _fail(f"the label {shorten(repr(name))} has half of a surrogate pair, which UTF-8 cannot hold", "Leave it out.")
    return str.__str__(value)


def _check_extra(name: Any, value: Any) -> Any:
    link = _check_link(name, value, "extra_data")
    return _checked(JsonCopier(f"extra_data[{name!r}]").copy, value) if link is None else link


def _check_metric(name: Any, value: Any) -> Any:
    link = _check_link(name, value, "metrics")
    if link is not None:
        return link
    if not isinstance(value, int | float):
        _fail(
            f"metrics[{name!r}] must be a number or a link, not {_type_name(value)}",
            "Write ... to take the result of this name, or float(value).",
        )
    return _checked(JsonCopier(f"metrics[{name!r}]").copy, value)


def _check_link(name: Any, value: Any, section: str) -> Link | None:
    """Give the link that an entry is, in its one form, ``None`` if it is a value."""
    _checked(check_name, name, f"name in {section}")
    if value is ... or not (isinstance(value, Mapping) and LINK in value):
        return ... if value is ... else None
    if len(value) > 1:
        _fail(f"{section}[{name!r}] has more in it than a link", f"Write {{{LINK!r}: key}} and nothing else.")
    target = _checked(check_name, value[LINK], f"key that {section}[{name!r}] links to")
    return ... if target == name else {LINK: target}


_SECTIONS: dict[str, Callable[[Any, Any], Any]] = {
    "packing_kwargs": _check_option,
    "labels": _check_label,
    "extra_data": _check_extra,
    "metrics": _check_metric,
}
_UNNAMED = LogHint("unnamed")
"""All fields but the key as they are where nothing is said."""
