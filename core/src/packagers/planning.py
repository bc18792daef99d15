"""How one value is packed: by which packager, as what, with which options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple

from packagers.builtin.streams import StreamPackager
from packagers.describing import bounded
from packagers.errors import NoPackagerError, PackError, UnknownArtifactTypeError, UnknownOptionError
from packagers.itemtypes import fit_of_items
from packagers.loghint import EMPTY, LogHint
from packagers.manifest import Written
from packagers.packager import Method
from packagers.registry import Found, Registry
from packagers.stream import Stream
from packagers.structure import Walk, type_name
from packagers.subject import NO_CHUNK
from packagers.typepath import names_class, parse


class Form(NamedTuple):
    """As what the values of a class are packed.

    Attributes:
        artifact_type: The artifact type.
        method: The packager's method; ``None`` where a container is walked instead.
        written: What is recorded of a result.
    """

    artifact_type: str
    method: Method | None
    written: Written


class Plan:
    """What is to be done with one value.

    Args:
        obj: The value; of a stream, one that starts over with the chunk that was looked at.
        hint: How it is to be logged.
        found: The packager.
        form: As what it is packed.
        options: Keyword arguments of the method.

    Attributes:
        walked: The walk that was made to see whether it is a result, and the skeleton.
    """

    __slots__ = ("form", "found", "hint", "obj", "options", "walked")

    def __init__(self, obj: Any, hint: LogHint, found: Found, form: Form, options: dict[str, Any]) -> None:
        self.obj = obj
        self.hint = hint
        self.found = found
        self.form = form
        self.options = options
        self.walked: tuple[Walk, Any] | None = None

    @property
    def artifact_type(self) -> str:
        """As what it is packed."""
        return self.form.artifact_type

    @property
    def method(self) -> Method | None:
        """The packager's method; ``None`` where a container is walked instead."""
        return self.form.method


class Planner:
    """Says how values are packed.

    Args:
        registry: Finds the packagers.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._has_defaults = bool(registry.project and registry.project.defaults)

    def plan(self, obj: Any, hint: LogHint) -> Plan:
        """Choose the packager, the artifact type and the options of a value; check the options.

        Raises:
            NoPackagerError: Where nobody packs it.
            UnknownArtifactTypeError: Where nobody packs it as what was asked.
            UnknownOptionError: For an option that the method does not take.
        """
        registry, asked = self._registry, hint.artifact_type
        if asked is None and self._has_defaults:
            hint = self._with_default(obj, hint)
            asked = hint.artifact_type
        found = registry.find(obj) if asked is None or hasattr(type(obj), "__next__") else None
        if found is not None and isinstance(found.packager, StreamPackager):
            obj = self._looked_at(obj, hint.key)
            found = registry.find(obj, asked, chunk=obj.ahead)
        elif found is None or asked is not None:
            found = registry.find(obj, asked)
        options = {} if hint.packing_kwargs is EMPTY else dict(hint.packing_kwargs)
        form = None if options else found.forms.get(asked)
        if form is None:
            form = _form(obj, found, asked, options)
            if not options:
                found.forms[asked] = form
        return Plan(obj, hint, found, form, options)

    def _looked_at(self, obj: Iterator[Any], key: str) -> Stream:
        """Take the first chunk of a stream, which says what the stream is of, and let it be summarized before it goes."""
        if getattr(obj, "gi_frame", obj) is None:
            raise PackError("the generator is used up: nothing of it is left to be packed", key=key, remedy="Return a new one, or a list.")
        stream = Stream(obj, key)
        if stream.ahead is not NO_CHUNK:
            with suppress(NoPackagerError):
                packager = self._registry.find(stream.ahead).packager
                stream.description, stream.preview = (bounded(each, stream.ahead) for each in (packager.describe, packager.preview))
        return stream

    def _with_default(self, obj: Any, hint: LogHint) -> LogHint:
        """Give a hint without artifact type the project's standard form for the type."""
        project = self._registry.project
        found: tuple[int, str] | None = None
        for type_path, text in (project.defaults if project else {}).items():
            path = parse(type_path)
            fit = fit_of_items(path, obj) if names_class(path.name, type(obj)) else None
            if fit is not None and fit.exact and (found is None or fit.distance < found[0]):
                found = fit.distance, text
        if found is None:
            return hint
        standard = LogHint.parse(f"{hint.key} : {found[1]}")
        options = {**standard.packing_kwargs, **hint.packing_kwargs}
        return replace(hint, artifact_type=standard.artifact_type, packing_kwargs=options)


def _form(obj: Any, found: Found, asked: str | None, options: Mapping[str, Any]) -> Form:
    """Find out as what a packager packs the values of a class; check the options."""
    packager = found.packager
    artifact_type = asked or packager.default_artifact_type("pack")
    if artifact_type is None:
        raise UnknownArtifactTypeError(
            f"{type(packager).__qualname__} has no default artifact type",
            known=packager.artifact_types("pack"),
            remedy='Name one in the log hint: "key : type".',
        )
    is_walked = not options and artifact_type in ("file", "result") and packager.is_container()
    method = None if is_walked else packager.packs.get(artifact_type)
    if method is not None:
        method.check_options(options)
    elif options:
        raise UnknownOptionError(
            f"{type(packager).__qualname__} takes no options for artifact type {artifact_type!r}", option=next(iter(options))
        )
    written = Written(found.registration.identity, type_name(obj, found), "result", version=packager.VERSIONS.get("result", 1))
    return Form(artifact_type, method, written)
