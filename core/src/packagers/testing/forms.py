"""The forms of a packager: each artifact type that it packs, in each of its formats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from packagers.packager import DefaultPackager, Method, Packager

_CORE = (Packager, DefaultPackager)


@dataclass(frozen=True)
class Form:
    """One artifact type in one format.

    Attributes:
        artifact_type: The artifact type.
        format: The format; ``None`` where the method has none.
        options: What the packing method is given.
        missing: The options that it needs and is not given.
        is_default: Whether this is how a value is packed when nothing is asked for.
        is_own: Whether the packager says how, rather than :class:`packagers.DefaultPackager`.
        is_read: Whether the packager reads it again.
        is_lossy: Whether it does not give back all of a value.
        is_deterministic: Whether its bytes depend on the value alone.
        kind: How it is read: ``data``, ``audited`` or ``code``.
    """

    artifact_type: str
    format: str | None
    options: Mapping[str, Any] = field(hash=False)
    missing: tuple[str, ...]
    is_default: bool
    is_own: bool
    is_read: bool
    is_lossy: bool
    is_deterministic: bool
    kind: str

    @property
    def name(self) -> str:
        """The name by which a suite gives options or leaves a form out: ``"file:csv"``, or ``"object"``."""
        return f"{self.artifact_type}:{self.format}" if self.format is not None else self.artifact_type


def forms_of(packager: type[Packager], options: Mapping[str, Mapping[str, Any]]) -> list[Form]:
    """List the forms that a packager packs.

    Args:
        packager: The class.
        options: Options of packing methods, by artifact type or by form.
    """
    return [
        _form(packager, artifact_type, format, options)
        for artifact_type in packager.artifact_types("pack")
        for format in (_formats(packager.packs.get(artifact_type)) or (None,))
    ]


def own_methods(packager: type[Packager]) -> list[Method]:
    """List the methods of both directions that are not the core's."""
    return [m for m in (*packager.packs.values(), *packager.unpacks.values()) if is_own(packager, m.name)]


def is_own(packager: type[Packager], method: str) -> bool:
    """Tell whether a method is defined by the packager or by a base class that is not the core's."""
    definer = next((cls for cls in packager.__mro__ if method in vars(cls)), None)
    return definer is not None and definer not in _CORE


def _formats(method: Method | None) -> tuple[str, ...]:
    return () if method is None else method.formats


def _form(packager: type[Packager], artifact_type: str, format: str | None, options: Mapping[str, Mapping[str, Any]]) -> Form:
    writer, reader = packager.packs.get(artifact_type), packager.unpacks.get(artifact_type)
    is_usual = writer is None or format == writer.default_format
    given: dict[str, Any] = {} if is_usual else {"format": format}
    given |= options.get(artifact_type, {})
    given |= options.get(f"{artifact_type}:{format}", {})
    needed = [] if writer is None else [o.name for o in writer.options.values() if o.default is o.empty]
    is_read = artifact_type in packager.artifact_types("unpack")
    if reader is not None and format is not None and reader.formats:
        is_read = format in reader.formats
    name = format or artifact_type
    return Form(
        artifact_type=artifact_type,
        format=format,
        options=given,
        missing=tuple(option for option in needed if option not in given),
        is_default=is_usual and artifact_type == packager.default_artifact_type("pack"),
        is_own=writer is not None and is_own(packager, writer.name),
        is_read=is_read,
        is_lossy=name in packager.LOSSY,
        is_deterministic=name in packager.DETERMINISTIC,
        kind=packager.READERS.get(name, "code"),
    )
