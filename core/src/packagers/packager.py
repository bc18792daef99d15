"""What a packager is: a class whose methods pack and unpack one type.

A packager is a subclass of :class:`Packager`. Its artifact types are its methods, found by name and collected once when the class is
made, each direction on its own: ``pack_model`` without ``unpack_model`` is a packager that packs models and does not read them.

::

    class GraphPackager(Packager):
        DEFAULT_PACKING_ARTIFACT_TYPE = "file"
        READERS = {"graphml": "data"}

        def pack_file(self, obj, folder, *, format: Literal["graphml"] = "graphml"):
            networkx.write_graphml(obj, folder / "graph.graphml")

        def unpack_file(self, folder, *, format: Literal["graphml"] = "graphml"):
            return networkx.read_graphml(self.only_file(folder))

The rules are checked when the class is made; what breaks one is a :class:`PackagerDefinitionError` that names file, class and remedy.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Collection, Mapping
from functools import cached_property, partialmethod
from pathlib import Path
from types import MappingProxyType, NoneType
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Literal, TypeAlias

from packagers.digesting import create
from packagers.errors import PackagerDefinitionError, PackError, UnknownOptionError, UnpackError
from packagers.hinttext import RESERVED_OPTIONS
from packagers.inmemory import Room, read_whole, room
from packagers.policy import current
from packagers.signatures import Unresolved, hints_of
from packagers.typehint import alternatives

if TYPE_CHECKING:
    from packagers.files import Files

Instructions: TypeAlias = dict[str, Any]
"""JSON that a ``pack_x`` returns; it becomes the keyword arguments of the ``unpack_x`` of the same artifact type."""

READER_KINDS = ("data", "audited", "code")


class Method:
    """One direction of one artifact type: a ``pack_x`` or an ``unpack_x`` and the options it takes.

    Args:
        owner: The packager class.
        name: The method's name, such as ``"pack_model"``.
    """

    def __init__(self, owner: type[Packager], name: str) -> None:
        self.owner = owner
        self.name = name
        self.direction, self.artifact_type = name.split("_", 1)
        self._check()

    def __repr__(self) -> str:
        return f"<{self.owner.__qualname__}.{self.name}>"

    def _check(self) -> None:
        """Check the method against the rules and remember its options."""
        if not self.artifact_type:
            raise _definition_error(self.owner, f"{self.name!r} names no artifact type", "Call it pack_<type> or unpack_<type>.")
        function = getattr(self.owner, self.name)
        for is_other in (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction):
            if is_other(function):
                raise _definition_error(self.owner, f"{self.name} is asynchronous or a generator", "Make it a plain method.")
        try:
            parameters = list(inspect.signature(function).parameters.values())
        except (TypeError, ValueError) as error:
            raise _definition_error(self.owner, f"{self.name} has no signature ({error})", "Make it a plain method.") from error
        if not isinstance(inspect.getattr_static(self.owner, self.name), (staticmethod, classmethod)):
            parameters = parameters[1:]
        expected = self._positional()
        positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        if any(p.kind is p.VAR_POSITIONAL for p in parameters) or len(positional) != len(expected):
            raise _definition_error(
                self.owner,
                f"{self.name} must take ({', '.join(expected)}) and, after a *, its options",
                f"Make every option keyword-only; if it is only a helper, give it another name, such as _{self.name}.",
            )
        self.takes_any_option = any(p.kind is p.VAR_KEYWORD for p in parameters)
        self.options: dict[str, inspect.Parameter] = {p.name: p for p in parameters if p.kind is p.KEYWORD_ONLY}
        for option in self.options.values():
            self._check_option(option)

    def _check_option(self, option: inspect.Parameter) -> None:
        if option.name in RESERVED_OPTIONS:
            raise _definition_error(
                self.owner, f"{self.name} has an option {option.name!r}, a reserved name", "Give the option another name."
            )
        if self.direction == "unpack" and option.default is option.empty:
            raise _definition_error(
                self.owner,
                f"option {option.name!r} of {self.name} has no default",
                "Give it one: packages that were written before the option existed must stay readable.",
            )

    def _positional(self) -> tuple[str, ...]:
        if self.direction == "pack":
            return ("obj",) if self.artifact_type == "result" else ("obj", "folder")
        return ("value",) if self.artifact_type == "result" else ("folder",)

    @cached_property
    def choices(self) -> dict[str, tuple[Any, ...]]:
        """The allowed values of each option that is annotated with a ``Literal``.

        Raises:
            PackagerDefinitionError: Where the annotation of ``format`` cannot be resolved: the core chooses readers by it.
        """
        raw = inspect.getattr_static(self.owner, self.name)
        hints = hints_of(raw.func if isinstance(raw, partialmethod) else getattr(self.owner, self.name))[0]
        found = {name: _literals(hints[name]) for name in self.options if name in hints}
        unresolved = hints.get("format") if "format" in self.options else None
        if isinstance(unresolved, Unresolved):
            raise _definition_error(
                self.owner,
                f"the annotation {unresolved.name!r} of format in {self.name} cannot be resolved ({unresolved.reason})",
                'Write it out as Literal["csv", "json"], or define what it names at the top of the module.',
            )
        return {name: values for name, values in found.items() if values}

    @cached_property
    def formats(self) -> tuple[str, ...]:
        """The formats that the method writes or reads; empty where it has no ``format`` option."""
        return tuple(str(value) for value in self.choices.get("format", ()) if value is not None)

    @property
    def default_format(self) -> str | None:
        """The format that is used when none is asked for."""
        option = self.options.get("format")
        return option.default if option is not None and isinstance(option.default, str) else None

    def check_options(self, options: Mapping[str, Any]) -> None:
        """Refuse options that the method does not take, before anything is written or read.

        Args:
            options: Keyword arguments for the method.

        Raises:
            UnknownOptionError: For an unknown name; lists the known ones.
            PackError: For a value outside of the option's ``Literal``, when packing.
            UnpackError: The same, when unpacking.
        """
        known = tuple(self.options)
        for name, value in options.items():
            if name not in self.options:
                if self.takes_any_option and name not in RESERVED_OPTIONS:
                    continue
                raise UnknownOptionError(
                    f"{self.owner.__qualname__}.{self.name} has no option {name!r}",
                    option=name,
                    known=known,
                    remedy=f"It takes: {', '.join(known)}." if known else "It takes no options.",
                )
            allowed = self.choices.get(name)
            if allowed is not None and not any(type(value) is type(a) and value == a for a in allowed):
                wrong = PackError if self.direction == "pack" else UnpackError
                raise wrong(
                    f"{self.owner.__qualname__}.{self.name} cannot take {name}={value!r}",
                    remedy=f"It takes: {', '.join(repr(a) for a in allowed)}.",
                )
        if self.direction == "pack":
            for option in self.options.values():
                if option.default is option.empty and option.name not in options:
                    raise UnknownOptionError(
                        f"{self.owner.__qualname__}.{self.name} needs the option {option.name!r}",
                        option=option.name,
                        known=known,
                        remedy=f'Give it in the log hint: "key : {self.artifact_type}[{option.name}=…]".',
                    )


class Packager:
    """Base of every packager. It is stateless: the session makes, owns and removes every folder that its methods see.

    Attributes:
        PACKABLE_OBJECT_TYPE: The type (or its type path) that the class packs; needed only for ``registry.add_custom_packager``.
        PRIORITY: 1 (first) to 10 (last) among packagers that are equally near; 5 if unsaid, 3 for project registrations if unsaid.
        DEFAULT_PACKING_ARTIFACT_TYPE: The artifact type of a hint that names none.
        DEFAULT_UNPACKING_ARTIFACT_TYPE: The artifact type as which plain files are read.
        PACK_SUBCLASSES: Whether the packager can rebuild every subclass of its type. A subclass is never quietly turned into its parent.
        BUNDLE_FROM_LIST: Whether lists of inputs are bundled into the type, and its items can be itemized by position.
        BUNDLE_FROM_DICT: The same for dicts of inputs and items by name.
        READERS: How each format is read: ``data`` (cannot run code), ``audited`` (builds only allow-listed types) or ``code``. An artifact
            type without a ``format`` option stands under its own name. What is not named counts as ``code``.
        CODE_WITHIN: Formats that are read as data but for a part that is code, for which their reader calls ``allow_code`` itself.
        DETERMINISTIC: Formats (or artifact types without formats) whose bytes depend on the value alone.
        LOSSY: Formats (or artifact types without formats) that do not give back all of the value.
        TRUSTS: Names of types that an audited reader of this packager may build for any package.
        PARTIAL: Formats (or artifact types without formats) whose readers get at their files through ``only_file`` and ``open_file`` alone,
            so that a part can be read without fetching and checking the rest.
        CALLER_OPTIONS: Options of unpacking that only a caller may set, such as a place to write to or a device; a package whose
            instructions name one is refused.
        VERSIONS: How often the meaning of a format's files or instructions has changed, counted from 1, which is what is unsaid. It is
            recorded, and a package of a newer version is refused.
    """

    PACKABLE_OBJECT_TYPE: ClassVar[Any] = None
    PRIORITY: ClassVar[int | None] = None
    DEFAULT_PACKING_ARTIFACT_TYPE: ClassVar[str | None] = None
    DEFAULT_UNPACKING_ARTIFACT_TYPE: ClassVar[str | None] = None
    PACK_SUBCLASSES: ClassVar[bool] = False
    BUNDLE_FROM_LIST: ClassVar[bool] = False
    BUNDLE_FROM_DICT: ClassVar[bool] = False
    READERS: ClassVar[Mapping[str, str]] = MappingProxyType({})
    CODE_WITHIN: ClassVar[frozenset[str]] = frozenset()
    DETERMINISTIC: ClassVar[frozenset[str]] = frozenset()
    LOSSY: ClassVar[frozenset[str]] = frozenset()
    TRUSTS: ClassVar[frozenset[str]] = frozenset()
    PARTIAL: ClassVar[frozenset[str]] = frozenset()
    CALLER_OPTIONS: ClassVar[frozenset[str]] = frozenset()
    VERSIONS: ClassVar[Mapping[str, int]] = MappingProxyType({})

    packs: ClassVar[Mapping[str, Method]] = MappingProxyType({})
    unpacks: ClassVar[Mapping[str, Method]] = MappingProxyType({})

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Collect the artifact types of both directions and check the rules."""
        super().__init_subclass__(**kwargs)
        cls.packs = MappingProxyType(_collect(cls, "pack"))
        cls.unpacks = MappingProxyType(_collect(cls, "unpack"))
        _check_class(cls)

    @classmethod
    def is_container(cls) -> bool:
        """Tell whether the class takes its values apart with ``unbundle`` instead of writing files."""
        return cls.unbundle is not Packager.unbundle

    @classmethod
    def artifact_types(cls, direction: Literal["pack", "unpack"]) -> tuple[str, ...]:
        """List the artifact types of one direction, sorted. Containers have ``file`` and ``result`` without a method of that name."""
        names = set(cls.packs if direction == "pack" else cls.unpacks)
        is_walked = cls.is_container() and (direction == "pack" or cls.bundle is not Packager.bundle)
        return tuple(sorted(names | {"file", "result"} if is_walked else names))

    @classmethod
    def default_artifact_type(cls, direction: Literal["pack", "unpack"]) -> str | None:
        """Give the artifact type that is used when none is asked for, or ``None`` where there is none to prefer."""
        if direction == "pack" and cls.DEFAULT_PACKING_ARTIFACT_TYPE in cls.packs:
            return cls.DEFAULT_PACKING_ARTIFACT_TYPE
        known = cls.artifact_types(direction)
        asked = [cls.DEFAULT_PACKING_ARTIFACT_TYPE, "file" if cls.is_container() else None]
        if direction == "unpack":
            asked.insert(0, cls.DEFAULT_UNPACKING_ARTIFACT_TYPE)
        return next((name for name in asked if name in known), known[0] if len(known) == 1 else None)

    @classmethod
    def is_packable(cls, obj: Any, artifact_type: str | None = None) -> bool:
        """Tell whether ``obj`` (whose type is known to match) can be packed as ``artifact_type`` (``None``: as anything)."""
        known = cls.artifact_types("pack")
        return bool(known) if artifact_type is None else artifact_type in known

    @classmethod
    def is_unpackable(cls, hint: Any, artifact_type: str | None = None) -> bool:
        """Tell whether ``artifact_type`` (``None``: anything) can be unpacked as ``hint`` (which is known to match)."""
        known = cls.artifact_types("unpack")
        return bool(known) if artifact_type is None else artifact_type in known

    @classmethod
    def holds_class(cls, type_: type[Any]) -> bool:
        """Tell whether values of a class that matched are for this packager; for packagers of ``object`` that take some classes only."""
        return True

    def holds(self, obj: Any) -> bool:
        """Tell whether a value whose type matched is really one for this packager."""
        return self.holds_class(type(obj))

    def unbundle(self, obj: Any) -> list[Any] | dict[str, Any]:
        """Take a container apart: its items by position, or by name."""
        raise PackError(f"{type(self).__qualname__} does not take {type(obj).__qualname__} objects apart")

    def bundle(self, items: Any, cls: type[Any]) -> Any:
        """Put a container of class ``cls`` together from what :meth:`unbundle` gave, without calling its ``__init__``."""
        raise UnpackError(f"{type(self).__qualname__} does not put {cls.__qualname__} objects together")

    def audit(self, folder: Path, *, format: str | None = None) -> Mapping[str, str] | None:
        """Say which types the audited reader of a format would build, without building any; for ``packagers audit``.

        Args:
            folder: As for unpacking.
            format: The recorded format.

        Returns:
            By the full name of each type the distribution that vouches for it, empty text where nobody does; ``None`` where the packager
            cannot tell.
        """
        return None

    def describe(self, obj: Any) -> dict[str, Any]:
        """Give a bounded summary for people (schema, shape, parameters), as JSON."""
        return {}

    def preview(self, obj: Any) -> dict[str, Any]:
        """Give a small picture or table: ``{"text": …}``, ``{"table": {"columns": […], "rows": [[…]]}}`` or ``{"png": base64}``.

        ``"shape": [rows, columns]`` in a table says how many the whole has, so that those that are not shown can be counted.
        """
        return {}

    def preview_packed(self, obj: Any, folder: Path) -> dict[str, Any]:
        """Give the preview that is kept with a package; :meth:`preview`, unless a packager can tell it from what it has just written.

        Args:
            obj: What was packed.
            folder: What its method was given; hooks may have changed what stands there.
        """
        return self.preview(obj)

    def only_file(self, folder: Path) -> Path:
        """Give the one file in ``folder``: a package's payload, or the plain file that is being read.

        Args:
            folder: What the method was given.

        Raises:
            UnpackError: Where there is none, or several.
            IntegrityError: Where it is not what was packed.
        """
        files, path = self._only(folder)
        return path if files is None else files.whole(path)

    def open_file(self, folder: Path, name: str | None = None) -> BinaryIO:
        """Open the one file in ``folder``, or one by its name, of which perhaps only a part is read.

        In a format that the class has in ``PARTIAL``, no more is fetched from a URL than is read, and of a file over 8 MiB only the blocks
        of 1 MiB that are touched are checked. ``seek`` and ``read`` go anywhere in it.

        Args:
            folder: What the method was given.
            name: The file's name; the only file if not given.

        Raises:
            UnpackError: Where there is none or, without a name, several.
            IntegrityError: Where it is not what was packed; of a changed block, when it is read.
        """
        files, path = self._only(folder, name)
        return path.open("rb") if files is None else files.open(path)

    def read_file(self, folder: Path, name: str | None = None, room: Room = room) -> memoryview:
        """Read the one file in ``folder``, or one by its name, into memory of its own: writable, and nobody else's.

        It is read once and hashed meanwhile: what is given is what was checked. For readers that decode from memory, this is faster than
        ``only_file``, after which they read the file again.

        Args:
            folder: What the method was given.
            name: The file's name; the only file if not given.
            room: Makes so many bytes of writable memory, such as a library's own; plain memory if not given.

        Raises:
            UnpackError: Where there is none or, without a name, several.
            IntegrityError: Where it is not what was packed.
        """
        files, path = self._only(folder, name)
        return read_whole(path, room) if files is None else files.read(path, room)

    @staticmethod
    def create_file(folder: Path, name: str) -> BinaryIO:
        """Create a file in ``folder`` for writing that is digested on its way, so that it need not be read again to say what was packed.

        A packager may as well write its files in any other way; they are digested afterwards. ``seek`` and ``tell`` work; who goes back
        by more than a MiB, or into a piece of 64 KiB that went by itself, has the file read again. Close it, or use it in a ``with`` block.

        Args:
            folder: What the method was given, or a folder in it.
            name: The file's name.
        """
        return create(folder / name)

    def _only(self, folder: Path, name: str | None = None) -> tuple[Files | None, Path]:
        """Find a file, and what knows of it where not all are fetched and checked."""
        files, names = files_in(folder)
        if name is None and len(names) != 1:
            raise UnpackError(
                f"{type(self).__qualname__} expects one file and found {len(names)}: {', '.join(names[:5]) or 'none'}", file=folder
            )
        if name is not None and name not in names:
            raise UnpackError(f"{type(self).__qualname__} expects a file {name!r}, and there is none", file=folder)
        return files, folder / (name or names[0])


def files_in(folder: Path) -> tuple[Files | None, list[str]]:
    """List the files of a folder that is being read by name, with what knows of them where not all are fetched and checked."""
    now = current()
    files = None if now is None else now.files
    names = None if files is None else files.names(folder)
    if names is None:
        return None, sorted(path.name for path in folder.iterdir() if path.is_file())
    return files, names


def _literals(hint: Any) -> tuple[Any, ...]:
    """Give the values of a ``Literal``, also an optional one or a union of several; nothing for any other hint."""
    try:
        members = alternatives(hint)
    except UnpackError:
        return ()
    if not any(member.literals for member in members) or not all(member.literals or member.type is NoneType for member in members):
        return ()
    return tuple(value for member in members for value in member.literals or (None,))


def _collect(cls: type[Packager], direction: str) -> dict[str, Method]:
    """Find the methods of one direction, inherited ones included; one that is set to ``None`` is switched off."""
    prefix = f"{direction}_"
    found: dict[str, Method] = {}
    for name in sorted(n for n in dir(cls) if n.startswith(prefix)):
        value = getattr(cls, name)
        if value is None:
            continue
        if not callable(value) or isinstance(value, type):
            raise _definition_error(
                cls, f"attribute {name!r} looks like a method but is {value!r}", f"Make it a method, or a name without {prefix!r} in front."
            )
        method = Method(cls, name)
        found[method.artifact_type] = method
    return found


def _check_class(cls: type[Packager]) -> None:
    """Check the class attributes."""
    priority = cls.PRIORITY
    if priority is not None and (type(priority) is not int or not 1 <= priority <= 10):
        raise _definition_error(cls, f"PRIORITY is {priority!r}", "Give an int from 1 (first) to 10 (last).")
    for attribute, direction in (("DEFAULT_PACKING_ARTIFACT_TYPE", "pack"), ("DEFAULT_UNPACKING_ARTIFACT_TYPE", "unpack")):
        asked = getattr(cls, attribute)
        known = cls.artifact_types("pack" if direction == "pack" else "unpack")
        if asked is not None and attribute in vars(cls) and asked not in known:
            raise _definition_error(
                cls, f"{attribute} is {asked!r}, and there is no {direction}_{asked}", f"Known: {', '.join(known) or 'none'}."
            )
    if len(cls.packs) > 1 and cls.default_artifact_type("pack") is None:
        raise _definition_error(
            cls, "it packs several artifact types and does not say which is the default", "Set DEFAULT_PACKING_ARTIFACT_TYPE."
        )
    if not isinstance(cls.READERS, Mapping):
        raise _definition_error(cls, f"READERS is {cls.READERS!r}", 'Write {"format": "data"}.')
    for name, kind in cls.READERS.items():
        if kind not in READER_KINDS:
            raise _definition_error(cls, f"READERS[{name!r}] is {kind!r}", f"Give one of {', '.join(READER_KINDS)}.")
    for attribute in ("PACK_SUBCLASSES", "BUNDLE_FROM_LIST", "BUNDLE_FROM_DICT"):
        if type(getattr(cls, attribute)) is not bool:
            raise _definition_error(cls, f"{attribute} is {getattr(cls, attribute)!r}", "Write True or False.")
    versions: Any = cls.VERSIONS
    if not isinstance(versions, Mapping) or not all(type(number) is int and number > 0 for number in versions.values()):
        raise _definition_error(cls, f"VERSIONS is {cls.VERSIONS!r}", 'Write {"format": 2}; what is not named has version 1.')
    for attribute in ("CODE_WITHIN", "DETERMINISTIC", "LOSSY", "TRUSTS", "PARTIAL", "CALLER_OPTIONS"):
        names = getattr(cls, attribute)
        if isinstance(names, str) or not isinstance(names, Collection) or not all(isinstance(name, str) for name in names):
            raise _definition_error(cls, f"{attribute} is {names!r}", 'Write frozenset({"name"}).')
    if (cls.BUNDLE_FROM_LIST or cls.BUNDLE_FROM_DICT) and cls.bundle is Packager.bundle:
        raise _definition_error(cls, "it says that it bundles and has no bundle method", "Write bundle(items, cls) and unbundle(obj).")


def _definition_error(cls: type[Any], what: str, remedy: str) -> PackagerDefinitionError:
    module = sys.modules.get(cls.__module__)
    file = getattr(module, "__file__", None)
    return PackagerDefinitionError(f"{cls.__module__}.{cls.__qualname__}: {what}", remedy=remedy, file=file)


class DefaultPackager(Packager):
    """A packager with a pickle fallback: subclass it where a pickle is wanted for want of something better."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "object"

    def pack_object(self, obj: Any, folder: Path, *, pickle_module_name: str = "cloudpickle") -> Instructions:
        """Pickle ``obj`` with protocol 5: ``object.pkl``, and its large buffers side by side in ``buffers.bin``.

        Args:
            obj: Any value that the pickle module takes.
            folder: Where to write.
            pickle_module_name: One of the registered pickle readers.
        """
        from packagers import pickles

        return pickles.dump(obj, folder, pickle_module_name)

    def unpack_object(
        self, folder: Path, *, pickle_module_name: str = "cloudpickle", buffer_sizes: tuple[int, ...] | list[int] = ()
    ) -> Any:
        """Read what :meth:`pack_object` wrote. Runs code: only where the reader's policy allows it."""
        from packagers import pickles

        return pickles.load(folder, pickle_module_name, buffer_sizes)

    def pack_result(self, obj: Any) -> Any:
        """Record the value itself, where it is made of plain values."""
        return obj

    def unpack_result(self, value: Any) -> Any:
        """Give the recorded value."""
        return value
