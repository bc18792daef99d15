"""``packagers audit``: what reading a package would do, told without reading it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from packagers.cli.options import project_option, registry_of, trust_of, trust_option
from packagers.cli.packages import open_package, signature_of
from packagers.cli.report import Report, command
from packagers.cli.screen import Screen
from packagers.errors import IntegrityError, PackagersError, UntrustedPackageError

if TYPE_CHECKING:
    from packagers.manifest import Written
    from packagers.package import Package
    from packagers.packager import Packager
    from packagers.registry import Registry

_ARRAYS = ("npy", "npz")
"""Formats of data in which an array of Python objects is a pickle, for which their readers ask the gate."""
_MOST_CHUNKS = 10_000
_SHOWN = 30
"""Names that are listed for people, of each place."""


class _Place(NamedTuple):
    """Something in a package that one reader reads.

    Attributes:
        name: Where it stands; empty for the whole payload.
        written: How it was written.
        folder: Its files.
    """

    name: str
    written: Written
    folder: Path


@command("audit")
@click.argument("package")
@project_option
@trust_option
def audit(package: str, project: Path | None, trust: str | None) -> Report:
    """Say what reading a package would do, without reading it.

    PACKAGE is a folder, a zip, a URL or a result. Nothing in it is decoded or run: of pickles the names are told that they look up, of
    formats that build only known types those types and who vouches for them; and what of this cannot be known. The verdict is that of the
    policy in force, or of --trust. Installed plugins are imported. Exits with 1 where reading would be refused.
    """
    from packagers.policy import effective_policy

    opened = open_package(package)
    registry = registry_of(project)
    with trust_of(trust) as given:
        policy = effective_policy(given, registry.setting("trust"))
    signature = signature_of(opened)
    damage = _damage(opened)
    places = [] if damage else [_told(place, opened, registry, policy) for place in _places(opened, registry)]
    refused = [place["refusal"] for place in places if place["refusal"]]
    data = {
        "package": opened.location,
        "key": opened.manifest.key,
        "signature": signature,
        "digests": damage or "ok",
        "policy": policy,
        "verdict": "damaged" if damage else "refused" if refused else "read",
        "places": places,
        "rebuilds": [] if damage else _rebuilds(opened),
    }
    error: PackagersError | None = None
    if damage:
        error = IntegrityError(damage)
    elif refused:
        first = next(place for place in places if place["refusal"])
        error = UntrustedPackageError(f"reading {opened.location} would be refused: {refused[0]}", policy=policy, remedy=first["remedy"])
    return Report(data, lambda screen: _show(screen, data), error)


def _damage(package: Package) -> str:
    """Say what is not as it was packed; empty where all is."""
    try:
        package.verify()
    except IntegrityError as error:
        return f"{error.args[0]}{f' ({error.file})' if error.file else ''}"
    return ""


def _places(package: Package, registry: Registry) -> Iterator[_Place]:
    """Give everything that a reader of its own reads."""
    manifest = package.manifest
    yield _Place("", manifest.written, package.payload)
    for part in manifest.parts:
        yield _Place(part.folder, part.written, package.payload / part.folder)
    yield from _chunks(package)


def _chunks(package: Package) -> Iterator[_Place]:
    """Give the parts of the chunks of a stream."""
    import json

    from packagers.manifest import Part
    from packagers.writing import CHUNKS

    file = package.payload / CHUNKS
    if not package.manifest.payload or package.manifest.written.format is not None or not file.is_file():
        return
    with file.open(encoding="ascii") as lines:
        for index, line in zip(range(_MOST_CHUNKS), lines, strict=False):
            try:
                parts = [Part.from_dict(part) for part in json.loads(line).get("parts", ())]
            except (ValueError, AttributeError, TypeError, RecursionError):
                return
            for part in parts:
                yield _Place(f"chunk-{index}/{part.folder}", part.written, file.parent / f"chunk-{index}" / part.folder)


def _told(place: _Place, package: Package, registry: Registry, policy: str) -> dict[str, Any]:
    """Say of one place who reads it, how, what that would build or import, and whether it would be refused."""
    written = place.written
    found: dict[str, Any] = {
        "place": place.name,
        "object_type": written.object_type,
        "format": written.form,
        "packager": written.packager,
        "distribution": "",
        "kind": "unknown",
        "types": {},
        "imports": {"pickles": [], "names": [], "complete": True},
        "unknown": [],
        "refusal": "",
        "remedy": "",
    }
    registration = registry.by_identity(written.packager, written.object_type)
    if registration is None:
        found["refusal"] = f"the packager {written.packager} is not installed"
        found["remedy"] = "Install or register what provides it; packagers inspect shows what the package says of itself."
        return found
    found["distribution"] = f"{registration.distribution} {registration.version}".strip()
    types: Mapping[str, str] | None = None
    try:
        packager = registry.instance(registration)
        found["kind"] = _kind(packager, place, package)
        may_hold_code = found["kind"] == "data" and (written.format in _ARRAYS or written.form in packager.CODE_WITHIN)
        if found["kind"] == "code" or may_hold_code:
            imports, others = _imports(place, package)
            if found["kind"] == "code" or imports["pickles"]:
                found |= {"kind": "code", "imports": imports, "unknown": _unknown(imports, others)}
        elif found["kind"] == "audited":
            types = _types(packager, place, registration.distribution)
            found["types"] = types or {}
            found["unknown"] = [] if types is not None else ["which types its reader would build: its packager does not say"]
    except PackagersError as error:
        found |= {"refusal": str(error.args[0]), "remedy": error.remedy or ""}
        return found
    trusted = policy == "all" or (policy == "own" and package.owned and package.doubt is None)
    strange = [name for name, voucher in found["types"].items() if not voucher]
    if not trusted and found["kind"] == "code":
        found["refusal"] = f"{type(packager).__qualname__} ({written.form}) can run any code that its maker put in"
    elif not trusted and found["kind"] == "audited" and types is None:
        found["refusal"] = (
            f"{type(packager).__qualname__} cannot tell which types it would build; those that nobody vouches for are refused"
        )
    elif not trusted and strange:
        found["refusal"] = f"it would build types that no installed plugin vouches for: {', '.join(strange[:5])}"
    if found["refusal"]:
        found["remedy"] = _remedy(package)
    return found


def _kind(packager: Packager, place: _Place, package: Package) -> str:
    """Say how a place is read: ``data``, ``audited`` or ``code``, as the gate takes it."""
    from packagers.manifest import MISSING

    written = place.written
    manifest = package.manifest
    if place.name == "" and (
        manifest.parts or manifest.skeleton is not MISSING or manifest.value is not MISSING or packager.is_container()
    ):
        return "data"
    method = packager.unpacks.get(written.artifact_type)
    if method is None:
        return "data" if written.object_type.startswith("Iterator") else "not unpacked"
    name = written.format or written.instructions.get("format") if method.formats else written.artifact_type
    return str(packager.READERS.get(str(name), "code"))


def _types(packager: Packager, place: _Place, distribution: str) -> Mapping[str, str] | None:
    from packagers.loading import guarded

    with guarded("its types cannot be told", distribution):
        told = packager.audit(place.folder, format=place.written.format)
        return None if told is None else {str(name): str(voucher) for name, voucher in told.items()}


def _imports(place: _Place, package: Package) -> tuple[dict[str, Any], list[str]]:
    """Say which names the pickles of a place would import, and which of its files are none as far as can be seen."""
    from packagers.opcodes import imports_of

    parts = {part.folder for part in package.manifest.parts} if place.name == "" else set()
    names: dict[str, None] = {}
    pickles: list[str] = []
    others: list[str] = []
    complete = True
    for entry in package.manifest.files:
        path = package.payload / entry.path
        if not path.is_relative_to(place.folder) or entry.path.partition("/")[0] in parts:
            continue
        told = imports_of(path)
        names.update(dict.fromkeys(told.names))
        (pickles if told.found else others).append(entry.path)
        complete &= told.complete or not told.found
    return {"pickles": pickles, "names": list(names), "complete": complete and bool(pickles)}, others


def _unknown(imports: Mapping[str, Any], others: list[str]) -> list[str]:
    """Say what cannot be known of a reader that can run code."""
    found = ["what the functions do that the package calls, with arguments of its choice: the names are those that it looks up itself"]
    if not imports["pickles"]:
        found.append("what its reader would look up: there is no pickle in it of a form that is known")
    elif not imports["complete"]:
        found.append("all of the names: a pickle in it goes on where it cannot be followed")
    if imports["pickles"] and others:
        more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
        found.append(f"what its reader does with files that are no pickles as far as can be seen: {', '.join(others[:_SHOWN])}{more}")
    return found


def _rebuilds(package: Package) -> list[str]:
    """Say which classes the skeleton names: registered ones are rebuilt, others imported where the policy allows it."""
    from packagers.manifest import MISSING

    manifest = package.manifest
    found: dict[str, None] = {}
    waiting = [each for each in (manifest.value, manifest.skeleton) if each is not MISSING]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            if isinstance(node.get("$object"), str):
                found[node["$object"]] = None
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
    return sorted(found)


def _remedy(package: Package) -> str:
    if package.owned and package.doubt is not None:
        return f"It is signed with a key of yours, but {package.doubt.why}: {package.doubt.remedy}, or allow it once with --trust all."
    if package.owned:
        return "It is signed with a key of yours: allow it once with --trust own."
    return (
        'If you trust its maker, allow it once: packagers unpack --trust all …, or unpack(…, trust="all"). '
        "Or accept the key of a maker whom you know: packagers keys import"
    )


def _show(screen: Screen, data: dict[str, Any]) -> None:
    signature = data["signature"]
    screen.facts(
        [
            ("package", data["package"]),
            ("signature", signature["state"] + (f", key {signature['key']}" if signature["key"] else "") + signature["problem"]),
            ("digests", data["digests"]),
            ("policy", data["policy"]),
            ("rebuilds", ", ".join(data["rebuilds"][:_SHOWN])),
            ("verdict", {"read": "would be read", "refused": "would be refused", "damaged": "would be refused: damaged"}[data["verdict"]]),
        ]
    )
    rows = [
        (
            place["place"] or "payload",
            place["object_type"],
            place["format"],
            place["kind"],
            place["distribution"] or place["packager"],
            "refused" if place["refusal"] else "read",
        )
        for place in data["places"]
    ]
    if rows:
        screen.table(("place", "object type", "format", "read as", "by", "verdict"), rows)
    for place in data["places"]:
        where = place["place"] or "payload"
        if place["types"]:
            listed = list(place["types"].items())[:_SHOWN]
            screen.table((f"{where} would build", "vouched for by"), [(name, voucher or "nobody") for name, voucher in listed])
        imports = place["imports"]
        if imports["pickles"]:
            names = [(name,) for name in imports["names"][:_SHOWN]] or [("nothing",)]
            more = len(imports["names"]) - _SHOWN
            screen.table((f"{where}: the pickles in it look up",), [*names, *([(f"and {more} more: see --json",)] if more > 0 else [])])
        if place["unknown"]:
            screen.table((f"{where}: what cannot be known",), [(text,) for text in place["unknown"]])
