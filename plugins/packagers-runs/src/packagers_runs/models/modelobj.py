"""The base of every model class: a value with named fields that becomes a plain document and comes back from one."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any, ClassVar, Self

import attrs

from packagers_runs.errors import FieldError
from packagers_runs.models.documents import as_document, as_plain, clone, same, yaml_text
from packagers_runs.nearest import unknown_name


class ModelObj:
    """A value with named fields, shaped like its document.

    A subclass is an attrs class (``@attrs.define(slots=False, eq=False, repr=False, on_setattr=attrs.setters.NO_OP)``, in short
    ``@model``), whose fields are made by the functions of :mod:`packagers_runs.models.fields`; each is checked whenever it is set. A field
    ``_name`` is the storage of a property ``name``, which its document holds.
    """

    STRIPPED: ClassVar[tuple[str, ...]] = ()
    """The fields that ``strip=True`` leaves out: they belong to one run on one machine."""

    def __setattr__(self, name: str, value: Any) -> None:
        field = _stored(type(self)).get(name)
        if field is not None:
            check = field.metadata.get("check")
            object.__setattr__(self, name, check(value, field.alias, type(self).__name__) if check else value)
        elif name.startswith("__") or isinstance(getattr(type(self), name, None), property):
            object.__setattr__(self, name, value)
        else:
            raise unknown_name("field", name, fields_of(type(self)), owner=type(self).__name__)

    def to_dict(self, fields: Collection[str] | None = None, exclude: Collection[str] | None = None, strip: bool = False) -> dict[str, Any]:
        """Give the document: what is set, in the order in which the fields are declared.

        A field that is ``None``, ``{}`` or ``[]`` is left out, and so is an object without any content; ``""``, ``0`` and ``False`` stay.

        Args:
            fields: The fields to give; all of them if ``None``.
            exclude: The fields to leave out.
            strip: Whether to leave out what only describes one run on one machine.

        Returns:
            A new dict, which shares no container with this object.

        Raises:
            UnknownNameError: ``fields`` or ``exclude`` name a field that does not exist.
        """
        owner = type(self)
        kept = self._kept_aside()
        known = fields_of(owner)
        wanted = _checked_names(owner, fields, [*known, *kept]) if fields is not None else [*known, *kept]
        left_out = set(_checked_names(owner, exclude or (), [*known, *kept]))
        if strip:
            left_out.update(self.STRIPPED)
        document: dict[str, Any] = {}
        for name, field in known.items():
            if name in left_out or name not in wanted:
                continue
            value = getattr(self, name) if hasattr(owner, name) else getattr(self, field.name)
            form = field.metadata.get("document")
            value = as_document(form(value) if form else value, strip=strip)
            if value is not None and not (isinstance(value, dict | list) and not value):
                document[name] = value
        document.update({name: as_document(kept[name]) for name in kept if name in wanted and name not in left_out})
        return document

    @classmethod
    def from_dict(cls, struct: Mapping[str, Any] | None = None, fields: Collection[str] | None = None, *, strict: bool = False) -> Self:
        """Make the object of a document.

        Args:
            struct: The document; ``None`` gives the defaults.
            fields: The fields to read; all of them if ``None``.
            strict: Whether a key that no field has is an error. Otherwise it is kept aside, and written back by ``to_dict``.

        Returns:
            A new object, which shares no container with the document.

        Raises:
            FieldError: A field has a value of a wrong type.
            UnknownNameError: With ``strict``, a key that no field has; or ``fields`` names one that does not exist.
        """
        if struct is not None and not isinstance(struct, Mapping):
            raise FieldError(
                "Parameter struct must be a dict", model=cls.__name__, field="struct", remedy=f"It is a {type(struct).__name__}."
            )
        known = fields_of(cls)
        given = dict(struct or {})
        if strict:
            refuse_unknown(cls, given)
        if fields is not None:
            wanted = set(_checked_names(cls, fields, known))
            given = {name: value for name, value in given.items() if name in wanted}
        values = {name: _from_document(known[name], clone(given[name])) for name in known if name in given}
        made = cls(**{name: value for name, value in values.items() if known[name].init})
        for name, value in values.items():
            if not known[name].init:
                setattr(made, name, value)
        aside = {name: clone(value) for name, value in given.items() if name not in known}
        if aside:
            object.__setattr__(made, "_aside", aside)
        return made

    def to_json(self, exclude: Collection[str] | None = None, strip: bool = False) -> str:
        """Give the document as JSON (RFC 8259), the same text in every process.

        What JSON lacks is written as text: ``NaN`` and ``Infinity``, times in ISO 8601, ``Decimal``, paths; bytes in base64.

        Args:
            exclude: The fields to leave out.
            strip: Whether to leave out what only describes one run on one machine.

        Raises:
            FieldError: A value has no such form; says where.
        """
        return json.dumps(as_plain(self.to_dict(exclude=exclude, strip=strip), type(self).__name__), allow_nan=False)

    def to_yaml(self, exclude: Collection[str] | None = None, strip: bool = False) -> str:
        """Give the document as YAML, the same text in every process.

        Args:
            exclude: The fields to leave out.
            strip: Whether to leave out what only describes one run on one machine.

        Raises:
            FieldError: A value has no such form; says where.
        """
        return yaml_text(as_plain(self.to_dict(exclude=exclude, strip=strip), type(self).__name__, nan=True))

    def copy(self) -> Self:
        """Give a copy: models, dicts and lists are copied, the values in them are not."""
        made = object.__new__(type(self))
        made.__dict__.update({name: clone(value) for name, value in self.__dict__.items()})
        return made

    def _kept_aside(self) -> dict[str, Any]:
        aside: dict[str, Any] = self.__dict__.get("_aside", {})
        return aside

    def __eq__(self, other: object) -> bool:
        return same(self.to_dict(), other.to_dict()) if type(other) is type(self) and isinstance(other, ModelObj) else NotImplemented

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.to_dict().items())})"


def _from_document(field: attrs.Attribute[Any], value: Any) -> Any:
    """Make the models of a field, each with what it does not know kept aside; a caller's own dicts are checked more strictly."""
    inner = field.metadata.get("model")
    if inner is None:
        return value
    if isinstance(value, Mapping):
        return inner.from_dict(value)
    return [inner.from_dict(item) if isinstance(item, Mapping) else item for item in value] if isinstance(value, list) else value


def _checked_names(owner: type, names: Collection[str], known: Collection[str]) -> Collection[str]:
    if isinstance(names, str):
        raise FieldError("Parameter fields must be a list", model=owner.__name__, field="fields", remedy=f"Write [{names!r}].")
    for name in names:
        if name not in known:
            raise unknown_name("field", name, known, owner=owner.__name__)
    return names


@cache
def _fields(owner: Any) -> tuple[dict[str, attrs.Attribute[Any]], dict[str, attrs.Attribute[Any]]]:
    fields = attrs.fields(owner)
    return {field.name: field for field in fields}, {field.alias or field.name: field for field in fields}


def _stored(owner: Any) -> dict[str, attrs.Attribute[Any]]:
    """Give the fields of a model class by the name of the attribute that holds them."""
    return _fields(owner)[0]


def fields_of(owner: Any) -> dict[str, attrs.Attribute[Any]]:
    """Give the fields of a model class by the name that its document uses, in declared order."""
    return _fields(owner)[1]


def refuse_unknown(owner: type, struct: Mapping[str, Any]) -> None:
    """Refuse a document with a key that no field has, in the objects inside of it too.

    Raises:
        UnknownNameError: There is one; says which was probably meant.
    """
    known = fields_of(owner)
    for name, value in struct.items():
        if name not in known:
            raise unknown_name("field", name, known, owner=owner.__name__)
        inner = known[name].metadata.get("model")
        if inner is None:
            continue
        parts = value if isinstance(value, list) else [value]
        for part in parts:
            if isinstance(part, Mapping):
                refuse_unknown(inner, part)
