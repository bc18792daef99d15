"""Single questions to a packager, each answered by a list of problems."""

from __future__ import annotations

import copy
import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from packagers.dataitem import DataItem
from packagers.errors import PackagersError, PackError, UnknownArtifactTypeError, UnknownOptionError, UnpackError
from packagers.packager import Packager
from packagers.previews import read_preview
from packagers.registry import Registry
from packagers.testing import fresh
from packagers.testing.evidence import Trip
from packagers.testing.forms import Form
from packagers.testing.leftovers import Surroundings, shared
from packagers.typepath import path_of

_STRANGE = "an_option_that_no_packager_takes"
_ADDRESS = re.compile(r"<[^<>]* at 0x[0-9a-fA-F]+>")
_SUMMARY_BYTES = 64 << 10
_MODULE = "packagers_testing_subclasses"


def instruction_problems(packager: Packager, form: Form, value: Any, folder: Path) -> list[str] | None:
    """Call a packing method itself and look at what it returns.

    Returns:
        The problems; ``None`` where the packager does not pack this value in this form.
    """
    method = getattr(packager, f"pack_{form.artifact_type}")
    try:
        instructions = method(value, folder, **form.options)
    except PackError:
        return None
    except Exception as error:  # noqa: BLE001 - whatever goes wrong is what the suite looks for
        return [f"{form.name} fails: {type(error).__name__}: {error}"]
    if instructions is None:
        return []
    try:
        is_json = isinstance(instructions, dict) and json.loads(json.dumps(instructions, allow_nan=False)) == instructions
    except (TypeError, ValueError):
        is_json = False
    if not is_json:
        return [f"{form.name} returns {instructions!r:.200}, which is no JSON object"]
    reader = packager.unpacks.get(form.artifact_type)
    if reader is None or reader.takes_any_option:
        return []
    return [f"{form.name} returns {name!r}, which {reader.name} does not take" for name in instructions if name not in reader.options]


def refusal_problems(packager: Packager, trip: Trip, value: Any, folder: Path) -> list[str]:
    """Pack a value that the packager refuses, and look whether it had begun to write."""
    try:
        getattr(packager, f"pack_{trip.form.artifact_type}")(value, folder, **trip.form.options)
    except Exception:  # noqa: BLE001 - that it is refused is known
        return [f"{trip}: {path.name} was written before the value was refused" for path in folder.iterdir()]
    return []


def surroundings_problems(registry: Registry, trip: Trip, value: Any, root: Path) -> list[str]:
    """Pack and unpack a value, and look at what the process has become; it is done twice, for libraries do much when they are imported."""
    problems = []
    for number in range(2):
        before = Surroundings()
        package = fresh.pack(registry, value, root / str(number), trip.form.artifact_type, trip.form.options)
        problems = [f"{trip}: packing changes {name}" for name in before.changes()]
        if trip.came_back:
            before = Surroundings()
            fresh.read(registry, package.folder, trip.form.kind)
            problems += [f"{trip}: unpacking changes {name}" for name in before.changes()]
    return problems


def sharing_problems(registry: Registry, trip: Trip, value: Any) -> list[str]:
    """Unpack a package twice, and look at what the two values share."""
    assert trip.package is not None
    try:
        first, second = (fresh.read(registry, trip.package.folder, trip.form.kind)[0] for _ in range(2))
    except PackagersError as error:
        return [f"{trip}: it is unpacked once, and not again: {error}"]
    problem = shared(first, second, value)
    return [f"{trip}: {problem}"] if problem else []


def summary_problems(packager: Packager, value: Any) -> list[str]:
    """Describe and preview a value, each twice."""
    problems = []
    for summary in (packager.describe, packager.preview):
        name = summary.__name__
        try:
            found, again = summary(value), summary(value)
            text = json.dumps(found, allow_nan=False)
        except Exception as error:  # noqa: BLE001 - as above
            problems.append(f"{name} fails: {type(error).__name__}: {error}")
            continue
        if not isinstance(found, dict):
            problems.append(f"{name} gives a {type(found).__qualname__}, and not a dict")
        elif name == "preview" and found and read_preview(found) is None:
            problems.append(f'{name} gives {", ".join(map(str, found))}, and nobody can show that; give "table", "text" or "png"')
        if len(text) > _SUMMARY_BYTES:
            problems.append(f"{name} gives {len(text)} bytes, and {_SUMMARY_BYTES} are kept")
        if found != again:
            problems.append(f"{name} gives something else the second time")
        if (address := _ADDRESS.search(text)) is not None:
            problems.append(f"{name} tells an address in memory ({address[0]}), which means nothing to a reader")
    return problems


def strange_option_problems(registry: Registry, trip: Trip, value: Any, root: Path) -> list[str]:
    """Pack and unpack with an option that there is not."""
    packager = registry.find(value).packager
    writer, reader = packager.packs.get(trip.form.artifact_type), packager.unpacks.get(trip.form.artifact_type)
    problems = []
    if writer is not None and not writer.takes_any_option:
        options = {**trip.form.options, _STRANGE: 1}
        problems += _wrong(lambda: fresh.pack(registry, value, root, trip.form.artifact_type, options), UnknownOptionError)
        problems += [f"{path.name} was written before the option was refused" for path in root.rglob("*") if path.is_file()]
    if writer is not None and "format" in writer.options and not writer.formats:
        try:
            fresh.pack(registry, value, root, trip.form.artifact_type, {**trip.form.options, "format": _STRANGE})
        except PackagersError:
            pass
        else:
            problems.append("any format is taken, even one that there is not; name those there are: format: Literal[…]")
    if trip.came_back and reader is not None and trip.package is not None and not reader.takes_any_option:
        item = DataItem(trip.package.folder, registry=registry)
        problems += _wrong(lambda: item.unpack(trust="all", **{_STRANGE: 1}), UnknownOptionError)
    return [f"{trip}: {problem}" for problem in problems]


def unpack_only_problems(registry: Registry, packager: type[Packager], artifact_type: str, value: Any, root: Path) -> list[str]:
    """Pack a value as what its packager only unpacks."""
    if packager.is_packable(value, artifact_type):
        return [f"is_packable says that a {path_of(type(value))} can be packed as {artifact_type}"]
    if registry.is_packable(value, artifact_type):
        return []  # by the packager of a farther type
    problems = _wrong(lambda: fresh.pack(registry, value, root, artifact_type, {}), UnknownArtifactTypeError)
    return [f"packing as {artifact_type}: {problem}" for problem in problems]


def pack_only_problems(registry: Registry, packager: type[Packager], trip: Trip, value: Any) -> list[str]:
    """Unpack a value that its packager only packs."""
    assert trip.package is not None
    item = DataItem(trip.package.folder, registry=registry)
    problems = _wrong(lambda: item.unpack(trust="all"), UnpackError)
    if packager.is_unpackable(type(value), trip.form.artifact_type):
        problems.append("is_unpackable says that it can be unpacked")
    return [f"{trip}: {problem}" for problem in problems]


def subclass_problems(registry: Registry, trip: Trip, value: Any, root: Path) -> list[str]:
    """Pack and unpack an object of a new subclass of a value's class, where one can be made of the value."""
    with _object_of_subclass(value) as made:
        if made is None or registry.find(made).registration != registry.find(value).registration:
            return []
        try:
            package = fresh.pack(registry, made, root, trip.form.artifact_type, trip.form.options)
            came_back, _ = fresh.read(registry, package.folder, trip.form.kind)
        except PackagersError:
            return []  # refused, which is no silent change
        if type(came_back) is type(made):
            return []
        return [f"{trip}: an object of a subclass came back as a {path_of(type(came_back))}"]


@contextmanager
def _object_of_subclass(value: Any) -> Iterator[Any]:
    """Give a copy of a value that belongs to a new subclass; ``None`` where the class does not let it."""
    module = ModuleType(_MODULE)
    try:
        subclass = type("Subclass", (type(value),), {"__module__": _MODULE, "__qualname__": "Subclass"})
        made = copy.copy(value)
        made.__class__ = subclass
    except Exception:  # noqa: BLE001 - a class may refuse in any way
        yield None
        return
    vars(module)["Subclass"] = subclass
    sys.modules[_MODULE] = module
    try:
        yield made if made is not value else None
    finally:
        del sys.modules[_MODULE]


def _wrong(action: Callable[[], Any], expected: type[PackagersError]) -> list[str]:
    """Say what is wrong with how an action is refused."""
    try:
        action()
    except expected as error:
        if type(error) is not expected:
            return [f"it raises {type(error).__name__}, not {expected.__name__}: {error}"]
        return [] if error.remedy else [f"the {expected.__name__} does not say what to do instead: {error}"]
    except Exception as error:  # noqa: BLE001 - as above
        return [f"it raises {type(error).__name__}, not {expected.__name__}: {error}"]
    return [f"it raises no {expected.__name__}"]
