"""Settings: what they are, and where each value comes from.

A later source wins over an earlier one:

1. the default, in the table :class:`SettingTable`
2. ``[tool.packagers]`` of the ``pyproject.toml`` in the project folder that the caller names; nothing is searched
3. the environment variable ``PACKAGERS_<NAME>``: ``true false 1 0 yes no on off``, lists with commas; an empty one counts as not set, but
   for a list it is the empty list
4. ``settings.<name> = value``, for the process
5. ``with settings(<name>=value):``, for the current thread or asyncio task
6. an argument of the call
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from packagers.environment import are_unset, kept, kept_name, text_of
from packagers.errors import SettingError
from packagers.setting import Setting, choice, flag, limit, names, rank, shown, text, whole_number

RANKS = ("RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID")
_REFERENCE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")
_NOTHING: Mapping[str, Any] = MappingProxyType({})


def warn_in_log(message: str, *facts: object) -> None:
    """Write a warning into the log, whose logger is ``packagers``."""
    import logging  # only where there is something to say

    logging.getLogger("packagers").warning(message, *facts, stacklevel=2)


class _NoSuchAttribute(SettingError, AttributeError):
    """A setting that does not exist or cannot be set, met as an attribute: ``hasattr`` and the like go on working."""


class SettingTable:
    """All settings, with their defaults; each of its kinds says where their values come from."""

    __slots__ = ()

    enabled = flag(True, "Whether inputs are unpacked and outputs packed; off, values pass untouched and nothing is logged.")
    auto_unpack_inputs = flag(False, "Whether inputs without a type hint are unpacked as well.")
    auto_pack_outputs = flag(False, "Whether outputs without a log hint are packed as well.")
    auto_pack_key = text("artifact", "The key of outputs without a log hint, before their number: artifact_0, artifact_1, ….")
    pack_tuples = flag(False, "Whether a returned tuple is one value, instead of one value for each item.")
    logging_worker = rank(0, "The rank of the worker that packs, where several workers run the same function.")
    errors = choice(("raise", "warn"), "What becomes of failures to pack: one error after all outputs, or warnings.")
    trust = choice(("own", "data", "all"), "Which packages may run code when they are read: those signed by an own key, none, or all.")
    digest = choice(("blake3", "xxh3"), "The hash of files; xxh3, which anybody can forge, only of what is read as data.")
    durability = choice(("process", "full"), "What a packed value survives: the end of the process, or a loss of power as well.")
    archive_entries = limit(100_000, "The most files, folders and links that an archive may unpack to.")
    archive_size = limit(16 << 30, "The most bytes that an archive may unpack to.")
    archive_ratio = limit(200, "How many times its own size an archive may unpack to; up to 64 MiB it does not count.")
    prefer = names("Distributions whose packagers win where the rule of choice leaves several.")
    disable = names("Distributions whose packagers are switched off.")

    def _value_of(self, setting: Setting[Any, Any]) -> Any:
        raise NotImplementedError

    def _set(self, setting: Setting[Any, Any], value: Any) -> None:
        raise _NoSuchAttribute(
            f"the setting {setting.name!r} cannot be changed here",
            setting=setting.name,
            remedy=f"Write {setting.for_process}, {setting.for_block}, or give an argument.",
        )

    def _forget(self, setting: Setting[Any, Any]) -> None:
        self._set(setting, None)


SETTINGS: Mapping[str, Setting[Any, Any]] = MappingProxyType(
    {name: setting for name, setting in vars(SettingTable).items() if isinstance(setting, Setting)}
)


class Explained(NamedTuple):
    """One setting, its value, and where that comes from.

    Attributes:
        name: The setting.
        value: Its value.
        origin: Where the value comes from, such as ``"default"`` or ``"PACKAGERS_TRUST"``.
        default: The default.
        doc: What the setting is for.
    """

    name: str
    value: Any
    origin: str
    default: Any
    doc: str


class Project(NamedTuple):
    """What a project's ``pyproject.toml`` says in ``[tool.packagers]``; it never changes.

    Attributes:
        folder: The project's folder, absolute.
        settings: Checked values by the name of the setting.
        types: ``[tool.packagers.types]``: a reference, or ``{"packager": reference, "optional": bool}``, by type path.
        defaults: ``[tool.packagers.defaults]``: artifact type and options as in a log hint, by type path.
    """

    folder: Path
    settings: Mapping[str, Any] = _NOTHING
    types: Mapping[str, Any] = _NOTHING
    defaults: Mapping[str, str] = _NOTHING

    @property
    def origin(self) -> str:
        """Where the values come from, for people."""
        return f"pyproject.toml of {self.folder}"


class Resolved(SettingTable):
    """All settings as they are at one moment; it never changes."""

    __slots__ = ("_values",)
    _values: dict[str, Any]

    def __init__(self, values: Mapping[str, Any]) -> None:
        object.__setattr__(self, "_values", dict(values))

    def __repr__(self) -> str:
        return f"Resolved({self._values})"

    def __eq__(self, other: object) -> bool:
        return self._values == other._values if isinstance(other, Resolved) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self._values.items()))

    def __reduce__(self) -> tuple[Any, ...]:
        return Resolved, (self._values,)

    def _value_of(self, setting: Setting[Any, Any]) -> Any:
        return self._values[setting.name]


class _OfProcess:
    """The values that were set for the process; each state of them is a mapping of its own, by which :func:`watch` tells it."""

    __slots__ = ("_lock", "values")

    def __init__(self) -> None:
        self.values = _NOTHING
        self._lock = threading.Lock()

    def change(self, name: str, new: Mapping[str, Any]) -> None:
        with self._lock:
            self.values = {**{other: value for other, value in self.values.items() if other != name}, **new}


class Settings(SettingTable):
    """The settings of this process; ``packagers.settings`` is the one object that counts.

    >>> with settings(errors="warn"):
    ...     settings.errors
    'warn'
    >>> settings.errors
    'raise'
    """

    __slots__ = ("_blocks", "_process")
    _blocks: ContextVar[Mapping[str, Any]]
    _process: _OfProcess

    def __init__(self) -> None:
        object.__setattr__(self, "_process", _OfProcess())
        object.__setattr__(self, "_blocks", ContextVar("packagers_settings", default=_NOTHING))

    if not TYPE_CHECKING:  # type checkers know the names by themselves, and would take any

        def __getattr__(self, name):
            raise _unknown(name, f"settings.{name}", _NoSuchAttribute)

        def __setattr__(self, name, value):
            if name not in SETTINGS:
                raise _unknown(name, f"settings.{name} = …", _NoSuchAttribute)
            object.__setattr__(self, name, value)

        def __delattr__(self, name):
            if name not in SETTINGS:
                raise _unknown(name, f"del settings.{name}", _NoSuchAttribute)
            object.__delattr__(self, name)

    def __call__(self, **values: Any) -> AbstractContextManager[Settings]:
        """Give settings other values in a ``with`` block, for the current thread or asyncio task.

        Args:
            **values: The values by name, checked at once.

        Raises:
            SettingError: There is no such setting, or it cannot have that value.
        """
        return self._block(
            {name: _setting(name, (origin := f"with settings({name}=…)")).check(value, origin) for name, value in values.items()}
        )

    @contextmanager
    def _block(self, values: dict[str, Any]) -> Iterator[Settings]:
        token = self._blocks.set({**self._blocks.get(), **values})
        try:
            yield self
        finally:
            self._blocks.reset(token)

    def get(self, name: str, project: Project | None = None) -> Any:
        """Give the value of a setting.

        Args:
            name: Its name.
            project: The project whose ``pyproject.toml`` counts, if any.

        Raises:
            SettingError: There is no such setting, or its environment variable has a value that it cannot have.
        """
        setting = SETTINGS.get(name)
        return self._find(_setting(name, f"settings.get({name!r})") if setting is None else setting, project)[0]

    def resolve(self, project: Project | None = None, **arguments: Any) -> Resolved:
        """Give all settings as they are now.

        Args:
            project: The project whose ``pyproject.toml`` counts, if any.
            **arguments: The arguments of a call, which win; those that are ``None`` were not given.

        Raises:
            SettingError: There is no such setting, or a value that it cannot have.
        """
        given = {}
        for name, value in arguments.items():
            setting = _setting(name, f"the argument {name}=…")
            if value is not None:
                given[name] = setting.check(value, f"the argument {name}=…")
        of_project = _NOTHING if project is None else project.settings
        later = {**self._process.values, **self._blocks.get(), **given}
        return Resolved({**_DEFAULTS, **of_project, **_of_environment(later), **later})

    def explain(self, project: Project | None = None) -> list[Explained]:
        """Say for each setting what it is and where that comes from.

        Args:
            project: The project whose ``pyproject.toml`` counts, if any.

        Raises:
            SettingError: An environment variable has a value that its setting cannot have.
        """
        return [Explained(name, *self._find(setting, project), setting.default, setting.doc) for name, setting in SETTINGS.items()]

    def _find(self, setting: Setting[Any, Any], project: Project | None) -> tuple[Any, str]:
        """Give a value and where it comes from."""
        name = setting.name
        block = self._blocks.get()
        if name in block:
            return block[name], setting.for_block
        value = self._process.values.get(name, _NOTHING)
        if value is not _NOTHING:
            return value, setting.for_process
        value = _in_environment(setting)
        if value is not _NOTHING:
            return value, setting.variable
        if project is not None and name in project.settings:
            return project.settings[name], project.origin
        return setting.default, "default"

    def _value_of(self, setting: Setting[Any, Any]) -> Any:
        return self._find(setting, None)[0]

    def _set(self, setting: Setting[Any, Any], value: Any) -> None:
        self._process.change(setting.name, {setting.name: setting.check(value, setting.for_process)})

    def _forget(self, setting: Setting[Any, Any]) -> None:
        self._process.change(setting.name, {})


settings = Settings()


def watch() -> Callable[[], bool]:
    """Watch the settings of the choice: ``prefer`` and ``disable``.

    What ``os.environ`` keeps is looked at itself, for it converts names and values each time. A project's file is read once.

    Returns:
        Tells, in a fraction of the time that asking for the settings takes, whether nothing has changed since; ``False`` where it cannot.
    """
    block_of, process = settings._blocks.get, settings._process
    block, values, environment = block_of(), process.values, os.environ
    variables = kept()
    if not variables:
        return bool
    prefer, disable, kept_of = variables.get(_PREFER), variables.get(_DISABLE), variables.get

    def unset() -> bool:
        is_same = block_of() is block and process.values is values and os.environ is environment
        return is_same and _PREFER not in variables and _DISABLE not in variables

    def same() -> bool:
        is_same = block_of() is block and process.values is values and os.environ is environment
        return is_same and kept_of(_PREFER) is prefer and kept_of(_DISABLE) is disable

    return unset if prefer is None and disable is None else same


def _in_environment(setting: Setting[Any, Any]) -> Any:
    """Give the value that a setting's environment variable says, ``_NOTHING`` where it says none."""
    text = text_of(setting.variable)
    return _NOTHING if text is None or not (setting.empty_counts or text.strip()) else setting.check_text(text)


def _of_environment(later: Collection[str]) -> Mapping[str, Any]:
    """Give the values that environment variables say; what wins over them all the same is not looked at."""
    if are_unset(*_KEPT_NAMES):
        return _NOTHING
    found = {name: _in_environment(setting) for name, setting in SETTINGS.items() if name not in later}
    return {name: value for name, value in found.items() if value is not _NOTHING}


_PREFER, _DISABLE = (kept_name(SETTINGS[name].variable) for name in ("prefer", "disable"))
_KEPT_RANKS = tuple(map(kept_name, RANKS))
_KEPT_NAMES = tuple(kept_name(setting.variable) for setting in SETTINGS.values())
_DEFAULTS = {name: setting.default for name, setting in SETTINGS.items()}


def is_logging_worker(values: SettingTable) -> bool:
    """Tell whether this process is the one of a multi-worker run that packs; it is where there is only one.

    Args:
        values: The settings.
    """
    if are_unset(*_KEPT_RANKS):
        return True
    for variable in RANKS:
        rank = whole_number(os.environ.get(variable, ""), None)
        if rank is not None:
            return bool(rank == values.logging_worker)
    return True


def read_project(folder: str | os.PathLike[str]) -> Project:
    """Read ``[tool.packagers]`` of the ``pyproject.toml`` in a folder, and in no other.

    Args:
        folder: The project's folder.

    Returns:
        What it says; nothing, if there is no such file or table.

    Raises:
        SettingError: There is no such folder, or the file cannot be read, or a key or value in it is wrong.
    """
    folder = Path(os.path.abspath(folder))
    file = folder / "pyproject.toml"
    if not folder.is_dir():
        raise SettingError(
            "there is no such project folder", file=folder, remedy="Name the folder that holds the project's pyproject.toml."
        )
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Project(folder)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"the project cannot be read: {error}", file=file, remedy="Make it a readable file in UTF-8.") from error
    return _TableReader(file).read(text)


class _TableReader:
    """Checks ``[tool.packagers]``.

    Args:
        file: The file, for errors.
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    def read(self, text: str) -> Project:
        """Read the text of a ``pyproject.toml``."""
        import tomllib  # only where there is a project

        try:
            document = tomllib.loads(text)
        except (ValueError, RecursionError) as error:
            raise SettingError(f"the file is not TOML: {error}", file=self.file, remedy="Correct it at that place.") from error
        tool = self.table(document.get("tool", {}), "tool")
        table = self.table(tool.get("packagers", {}), "tool.packagers")
        types = self.table(table.pop("types", {}), "tool.packagers.types")
        defaults = self.table(table.pop("defaults", {}), "tool.packagers.defaults")
        values = {}
        for name, value in table.items():
            if name not in SETTINGS:
                self.fail(f"tool.packagers has no key {shown(name)}", _did_you_mean(name, [*SETTINGS, "types", "defaults"]))
            if not SETTINGS[name].in_project:
                self.fail(f"{name} is no setting of projects: it protects the machine", f"Set the variable {SETTINGS[name].variable}.")
            values[name] = SETTINGS[name].check(value, f"tool.packagers.{name}", file=self.file)
        return Project(
            self.file.parent,
            MappingProxyType(values),
            MappingProxyType({path: self.registration(path, entry) for path, entry in types.items()}),
            MappingProxyType({path: self.default(path, text) for path, text in defaults.items()}),
        )

    def table(self, value: Any, key: str) -> dict[str, Any]:
        """Check that a value is a table."""
        if not isinstance(value, dict):
            self.fail(f"{key} is not a table", f"Write it as [{key}].")
        return value

    def registration(self, path: str, entry: Any) -> Any:
        """Check an entry of ``[tool.packagers.types]``."""
        key = f"tool.packagers.types.{shown(path)}"
        parts = entry if isinstance(entry, dict) else {"packager": entry}
        for name in parts:
            if name not in ("packager", "optional"):
                quoted = f'If {path}.{name} is the type, put it in quotes: "{path}.{name}" = …'
                self.fail(f"{key} has no key {shown(name)}", f"{_did_you_mean(name, ['packager', 'optional'])} {quoted}")
        reference = parts.get("packager")
        if not isinstance(reference, str) or not _REFERENCE.fullmatch(reference):
            self.fail(
                f"{key} names no packager" if reference is None else f"{key} cannot be {shown(reference)}",
                'Write "package.module:Class", or {packager = "package.module:Class", optional = true}.',
            )
        if not isinstance(parts.get("optional", False), bool):
            self.fail(f"{key}.optional cannot be {shown(parts['optional'])}", "It takes true or false.")
        return MappingProxyType(entry) if isinstance(entry, dict) else entry

    def default(self, path: str, text: Any) -> str:
        """Check an entry of ``[tool.packagers.defaults]``."""
        if not isinstance(text, str) or not text.strip():
            self.fail(f"tool.packagers.defaults.{shown(path)} cannot be {shown(text)}", """Write 'dataset[format="parquet"]', in quotes.""")
        return text

    def fail(self, message: str, remedy: str) -> NoReturn:
        """Raise the error for something in the file."""
        raise SettingError(message, file=self.file, origin=f"pyproject.toml of {self.file.parent}", remedy=remedy)


def _setting(name: str, origin: str) -> Setting[Any, Any]:
    found = SETTINGS.get(name)
    if found is None:
        raise _unknown(name, origin)
    return found


def _unknown(name: str, origin: str, kind: type[SettingError] = SettingError) -> SettingError:
    return kind(f"there is no setting {shown(name)}", setting=name, origin=origin, remedy=_did_you_mean(name, SETTINGS))


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    import difflib  # only needed for messages

    names = sorted(known)
    near = difflib.get_close_matches(name.lower(), names, n=1)
    return (f"Did you mean {near[0]!r}? " if near else "") + f"Known: {', '.join(names)}."
