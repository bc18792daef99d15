"""What several commands take: the project folder, literals, and names that come from where the user stands."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from packagers.errors import PackagersError, SettingError
from packagers.names import did_you_mean

if TYPE_CHECKING:
    from packagers.registry import Registry

F = TypeVar("F", bound=Callable[..., Any])

_FILE = "pyproject.toml"


def project_option(function: F) -> F:
    """Add ``--project``, given as ``project``: a folder, or ``None``."""
    return click.option(
        "--project",
        type=click.Path(path_type=Path),
        callback=lambda context, parameter, value: project_of(value),
        help="The folder whose pyproject.toml counts; by default the working directory, if its file has a table [tool.packagers]. Trust is "
        "taken only from a folder that is named.",
    )(function)


def trust_option(function: F) -> F:
    """Add ``--trust``."""
    return click.option(
        "--trust", metavar="data|own|all", help="What may run code while it is read: nothing, one's own packages, or anything."
    )(function)


def project_of(given: Path | None) -> Path | None:
    """Give the project folder that counts: the one that was given, else the working directory if it is one.

    Raises:
        SettingError: For a given folder without a ``pyproject.toml``.
    """
    if given is not None:
        if given.is_dir() and not (given / _FILE).is_file():
            raise SettingError(f"the project folder has no {_FILE}", file=given, remedy=f"Name the folder that holds {_FILE}.")
        return given
    folder = Path.cwd()
    try:
        text = (folder / _FILE).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    if "packagers" not in text:
        return None
    import tomllib

    try:
        tool = tomllib.loads(text).get("tool")
    except (ValueError, RecursionError):
        return folder  # whoever reads it says what is wrong with it
    if not isinstance(tool, dict) or "packagers" not in tool:
        return None
    _check_owner(folder)
    return folder


def _check_owner(folder: Path) -> None:
    """Refuse a project that another user has put where this one works, for what it registers is code that runs."""
    if not hasattr(os, "geteuid"):
        return
    for path in (folder, folder / _FILE):
        owner = path.stat().st_uid
        if owner not in (0, os.geteuid()):
            raise SettingError(
                f"the working directory is a project that belongs to another user ({owner}), and its packagers are code",
                file=path,
                remedy="If you trust it, name it: --project . Otherwise work in another folder.",
            )


def is_project_named() -> bool:
    """Tell whether the user named the project folder. One that was found in the working directory has no say in what may run code."""
    return click.get_current_context().get_parameter_source("project") is ParameterSource.COMMANDLINE


@contextmanager
def trust_of(given: str | None) -> Iterator[str | None]:
    """Give the policy for reading, in a block in which a project that the user did not name cannot loosen it.

    Args:
        given: The value of ``--trust``.
    """
    if is_project_named():
        yield given
        return
    from packagers.config import settings

    own = settings.trust
    with settings(trust=own):  # for what a called function reads by itself
        yield own if given is None else given


def registry_of(project: Path | None) -> Registry:
    """Give the registry of a project folder, or of what is installed."""
    from packagers.registry import Registry, default_registry

    return default_registry() if project is None else Registry.for_project(project)


def literal(text: str) -> Any:
    """Give the Python literal that a text is, else the text.

    >>> literal("3"), literal("[1, 'a']"), literal("depth"), literal("'3'")
    (3, [1, 'a'], 'depth', '3')
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text


def pairs(texts: Iterable[str], option: str) -> dict[str, str]:
    """Read ``name=value`` texts.

    Args:
        texts: What was given.
        option: For messages.

    Raises:
        UsageError: For text without ``=``, and for a name that is given twice.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, separator, value = text.partition("=")
        name = name.strip()
        if not separator or not name:
            raise click.UsageError(f"{option} {text!r} is not of the form name=value.")
        if name in found:
            raise click.UsageError(f"{option} {name} is given twice.")
        found[name] = value
    return found


def load_object(reference: str) -> Any:
    """Import what ``FILE.py:name`` or ``module:name`` names, on the user's word.

    A module is looked for in the working directory first, as with ``python -m``; a file's own folder is importable, as with
    ``python FILE.py``.

    Raises:
        UsageError: For text of another form.
        PackagersError: Where it cannot be imported.
    """
    place, _, name = reference.rpartition(":")
    if not place or not name:
        raise click.UsageError(f"{reference!r} is not of the form FILE.py:name or module:name.")
    try:
        found: Any = _from_file(Path(place)) if place.endswith(".py") else _from_path(place)
    except PackagersError:
        raise
    except (Exception, SystemExit) as error:
        raise PackagersError(
            f"{place} cannot be imported: {type(error).__name__}: {error}", remedy="`packagers --traceback …` shows where it failed."
        ) from error
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError as error:
            known = [other for other in dir(found) if not other.startswith("_")]
            raise PackagersError(f"{place} has no {name!r}", remedy=did_you_mean(part, known)) from error
    return found


def importable(folder: Path, *, first: bool) -> None:
    """Make the modules of a folder importable.

    Args:
        folder: The folder.
        first: Whether they come before what is installed.
    """
    place = str(folder.resolve())
    if place not in sys.path:
        sys.path.insert(0 if first else len(sys.path), place)


def _from_path(module: str) -> ModuleType:
    importable(Path.cwd(), first=True)
    return importlib.import_module(module)


def _from_file(path: Path) -> ModuleType:
    """Import a file under its own name, so that other processes find the classes that it defines."""
    if not path.is_file():
        raise PackagersError("there is no such file", file=path)
    name = path.stem
    loaded = sys.modules.get(name)
    if loaded is not None:
        if getattr(loaded, "__file__", None) == str(path.resolve()):
            return loaded
        raise PackagersError(f"another module is called {name!r}", file=path, remedy="Rename the file.")
    importable(path.parent, first=True)
    specification = importlib.util.spec_from_file_location(name, path.resolve())
    if specification is None or specification.loader is None:
        raise PackagersError("the file cannot be imported", file=path)
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    try:
        specification.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
