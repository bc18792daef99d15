"""The project of a new plugin, complete: its tests pass before anything is edited."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import cloudpickle
import importlib_metadata

from packagers.errors import PackagersError
from packagers.names import did_you_mean
from packagers.testing.likeness import alike, has_eq
from packagers.typepath import parse

_PREFIX = "packagers-"
_NAME = re.compile(r"[a-z0-9]+([-_.][a-z0-9]+)*")
_FILES = {
    "pyproject.toml": "pyproject.toml",
    "README.md": "README.md",
    "src/$package/__init__.py": "init.py",
    "src/$package/packager.py": "packager.py",
    "tests/test_$module.py": "suite.py",
}
_MARKER = "src/$package/py.typed"


@dataclass(frozen=True)
class Library:
    """What is known of the type and of the library that it belongs to.

    Attributes:
        module: The module that shows the class.
        name: The name of the class in there, with dots if it is nested.
        requirement: What to depend on; empty where nothing has to be installed.
        fault: Why ``module.name()`` is no sample; empty where it is one, or where the library is not installed and nothing is known.
        equality: What tells two values apart: ``"=="`` where it answers with a truth value, ``"equals"`` (a method), or nothing.
    """

    module: str
    name: str
    requirement: str
    fault: str = ""
    equality: str = ""


def scaffold(name: str, type_path: str, target: Path) -> list[Path]:
    """Write the project of a plugin.

    Args:
        name: What it is called, such as ``"graphs"``: the distribution is ``packagers-graphs``, what is imported ``packagers_graphs``.
        type_path: The type that it packs, such as ``"networkx.Graph"``. Its library is imported where it is installed.
        target: The project's folder; made where it is missing.

    Returns:
        The files.

    Raises:
        PackagersError: For a name or type that will not do, and where the folder is not empty.
    """
    module = _checked_name(name)
    library = look_up(_checked_type(type_path))
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise PackagersError("there is something already", file=target, remedy="Name a folder that is empty or is not there yet.")
    last = library.name.rpartition(".")[2]
    class_name = last[0].upper() + last[1:]
    requirements = [_core_requirement(), *([library.requirement] if library.requirement else [])]
    fields = {
        "distribution": _PREFIX + module.replace("_", "-"),
        "package": f"packagers_{module}",
        "module": module,
        "type_path": f"{library.module}.{library.name}",
        "class_name": class_name,
        "packager": f"{class_name}Packager",
        "dependencies": "\n".join(f'    "{requirement}",' for requirement in requirements),
        "import_line": f"import {library.module}",
        "samples": _samples(library),
        "same": _same(library),
    }
    templates = files("packagers.testing") / "project"
    texts = {_MARKER: "", **{place: (templates / f"{template}.txt").read_text(encoding="utf-8") for place, template in _FILES.items()}}
    written = []
    for place, text in sorted(texts.items()):
        path = target / Template(place).substitute(fields)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Template(text).substitute(fields), encoding="utf-8")
        written.append(path)
    return written


def look_up(type_path: str) -> Library:
    """Find the class of a type path, where its library is installed.

    Raises:
        PackagersError: Where the library is there and has no such class.
    """
    parts = type_path.split(".")
    for split in range(len(parts) - 1, 0, -1):
        module = ".".join(parts[:split])
        try:
            found: Any = import_module(module)
        except (Exception, SystemExit) as error:
            if isinstance(error, ModuleNotFoundError) and error.name and f"{module}.".startswith(f"{error.name}."):
                continue
            raise PackagersError(f"{module} cannot be imported: {type(error).__name__}: {error}") from error
        for part in parts[split:]:
            if not hasattr(found, part):
                raise PackagersError(f"{module} has no {'.'.join(parts[split:])}", remedy=did_you_mean(part, dir(found)))
            found = getattr(found, part)
        if not isinstance(found, type):
            raise PackagersError(f"{type_path} is a {type(found).__name__}, not a class")
        return Library(module, ".".join(parts[split:]), _requirement(parts[0]), _fault(found), _equality(found))
    return Library(".".join(parts[:-1]), parts[-1], parts[0].replace("_", "-"))


def _checked_name(name: str) -> str:
    """Give the last part of the import name."""
    short = name.strip().lower().removeprefix(_PREFIX).removeprefix("packagers_")
    if not _NAME.fullmatch(short):
        raise PackagersError(f"{name!r} cannot be the name of a plugin", remedy="Use letters, digits and single hyphens, such as graphs.")
    return re.sub(r"[-.]", "_", short)


def _checked_type(type_path: str) -> str:
    path = parse(type_path)
    if path.items or path.label:
        raise PackagersError(
            f"a project is made for a single class, and {type_path!r} is more",
            remedy=f"Make it for {path.name}, or for what it holds, and add the entry point for {path} by hand.",
        )
    if "." not in path.name:
        raise PackagersError(f"{path.name!r} names no module", remedy="Write where the class is imported from, such as networkx.Graph.")
    return path.name


def _core_requirement() -> str:
    release = _release("packagers")
    major, _, minor = release.partition(".")
    return f"packagers>={release},<{major}.{int(minor or 0) + 1}"


def _requirement(package: str) -> str:
    """Give what provides an installed package, from its installed version on; nothing where no distribution does."""
    if package in sys.stdlib_module_names:
        return ""
    names = importlib_metadata.packages_distributions().get(package, ())
    if not names:
        return ""
    name = min(names)
    return f"{name}>={_release(name)}"


def _release(distribution: str) -> str:
    """Give the first two numbers of an installed version."""
    found = re.match(r"\d+(\.\d+)?", importlib_metadata.version(distribution))
    return found[0] if found else "0"


def _fault(cls: type[Any]) -> str:
    """Say why what the class gives without arguments is no sample."""
    try:
        sample = cls()
    except Exception as error:  # noqa: BLE001 - whatever the class does, its author will see it in the message
        return f"it cannot be called without arguments ({_named(error)})"
    if type(sample) is not cls:
        return f"it gives a {type(sample).__qualname__}"
    try:
        again = cloudpickle.loads(cloudpickle.dumps(sample))
    except Exception as error:  # noqa: BLE001 - as above
        return f"it cannot be pickled ({_named(error)})"
    return "" if alike(sample, again) else "two of them cannot be compared, so same(self, left, right) is needed too"


def _equality(cls: type[Any]) -> str:
    """Tell what of a class says when two values are equal, as far as an empty one shows."""
    if not has_eq(cls):
        return ""
    try:
        sample = cls()
        answer = sample == sample
    except Exception:  # noqa: BLE001 - as above; then it is taken to be like most
        return "=="
    if isinstance(answer, bool):
        return "=="
    return "equals" if callable(getattr(cls, "equals", None)) else ""


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".removesuffix(": ")


def _samples(library: Library) -> str:
    call = f"{library.module}.{library.name}()"
    if not library.fault:
        return f"        return [{call}]"
    fault = " ".join(library.fault.split())
    message = f"edit samples(): return a list of {library.module}.{library.name} objects as users have them; {call} will not do: {fault}"
    return f"        raise NotImplementedError({message!r})"


def _same(library: Library) -> str:
    """Give the method that compares two values, or what to know of it."""
    name = f"{library.module}.{library.name}"
    if library.equality == "==":
        lines = [
            f"# Values are compared by their whole state and, where that differs, by the == of {name}. Define same(self, left, right)",
            "# where a user sees more than == compares, or less than the state holds.",
        ]
    elif library.equality == "equals":
        lines = [
            "def same(self, left, right):",
            f'    """Compare two values: the == of {name} does not answer with True or False."""',
            "    return left.equals(right)  # is that all that a user sees: dtypes, labels, attributes?",
        ]
    else:
        lines = [
            f"# {name} has no == of its own, so values are compared by their whole state; say here when two are the same to a user:",
            "#",
            "# def same(self, left, right):",
            "#     return left.name == right.name",
        ]
    return "\n".join(f"    {line}".rstrip() for line in ["", *lines])
