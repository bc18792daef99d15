"""What differs between runs: as data, which the command line, pages and notebooks show.

Values are compared with their types, artifacts and inputs by digest: the same data under another address is the same. Of what was a live
object and has no digest, and of what cannot be read here, nobody can tell.
"""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from attrs import frozen

from packagers import PackagersError
from packagers_runs.errors import FieldError, RunsError
from packagers_runs.models.documents import as_plain, same
from packagers_runs.models.inputs import LIVE
from packagers_runs.report.previews import mapping_of
from packagers_runs.report.tables import Table, took, uid_text
from packagers_runs.report.words import LONG, SHORT, size_text, type_text, value_text
from packagers_runs.store.addresses import SCHEME
from packagers_runs.store.freezing import Unreadable
from packagers_runs.store.store import DocumentStore

SECTIONS = {
    "outcome": "outcome",
    "parameters": "parameter",
    "inputs": "input",
    "results": "result",
    "artifacts": "artifact",
    "task": "task",
    "versions": "version",
    "labels": "label",
}
"""What is compared, in this order, and what one of it is called."""
_OWN_SECTION = ("parameters", "inputs", "outputs")
_MANIFESTS = 100
"""The most artifacts of a run that are asked for versions."""
_DIGEST = 19
_INPUTS = "packagers/inputs"
"""The annotation that tells the digests of inputs."""


class Missing:
    """Stands where a run has nothing of a name."""

    def __repr__(self) -> str:
        return "—"


MISSING = Missing()


class Data(NamedTuple):
    """An artifact or an input, as far as it is compared.

    Attributes:
        what: What people are told of it.
        digest: Of its data; ``None`` where it is not known.
    """

    what: str
    digest: str | None


@frozen
class Line:
    """One thing of each run.

    Attributes:
        section: One of ``SECTIONS``.
        name: What it is called there.
        values: Of each run; ``MISSING`` where it has none.
        differs: Whether they are not all the same; ``None`` where nobody can tell.
    """

    section: str
    name: str
    values: tuple[Any, ...]
    differs: bool | None

    @property
    def mark(self) -> str:
        """``≠``, ``=`` or ``?``."""
        return "?" if self.differs is None else "≠" if self.differs else "="

    @property
    def title(self) -> str:
        """The name, with what it is the name of."""
        return f"{SECTIONS[self.section]} {self.name}"

    def texts(self) -> list[str]:
        """Give the values for people; two that differ are never the same text."""
        found = [_text(value) for value in self.values]
        if self.differs and len(set(found)) == 1:
            found = [_text(value, LONG) for value in self.values]
            if len(set(found)) == 1:
                found = [f"{text[:SHORT]} ({type_text(value)})" for text, value in zip(found, self.values, strict=True)]
        return found

    def changes(self) -> list[str]:
        """Give by how much each number is more or less than that of the first run; empty where that has no meaning."""
        first = self.values[0]
        if not (self.section == "results" and self.differs and _is_number(first)):
            return [""] * len(self.values)
        return ["", *(_change(value - first) if _is_number(value) else "" for value in self.values[1:])]


@frozen(repr=False)
class Comparison:
    """What is the same in some runs, and what differs.

    Attributes:
        runs: Of each run ``uid iteration name project state started took``.
        lines: Everything that at least one of them has.
    """

    runs: tuple[Mapping[str, Any], ...]
    lines: tuple[Line, ...]

    @property
    def differences(self) -> tuple[Line, ...]:
        """What differs, and of what nobody can tell."""
        return tuple(line for line in self.lines if line.differs is not False)

    def __repr__(self) -> str:
        return f"<Comparison of {len(self.runs)} runs: {len(self.differences)} of {len(self.lines)} lines differ>"

    def _repr_html_(self) -> str:
        from packagers_runs.report.notebook import comparison_html

        return comparison_html(self)

    def show(self, everything: bool = False) -> None:
        """Show what differs: as a table in a terminal, as HTML in a notebook.

        Args:
            everything: Whether to show what is the same, too; a notebook has it below.
        """
        from packagers_runs.display.showing import show

        show(self, [self.table(everything)])

    def table(self, everything: bool = False) -> Table:
        """Give the lines as a table.

        Args:
            everything: Whether to give what is the same, too.
        """
        columns = ("", "what", *(f"{run['name']} {uid_text(run['uid'], run['iteration'])}".strip() for run in self.runs))
        rows: list[tuple[object, ...]] = []
        for line in self.lines if everything else self.differences:
            cells = [f"{text} {change}".rstrip() for text, change in zip(line.texts(), line.changes(), strict=True)]
            rows.append((line.mark, line.title, *cells))
        return Table(columns, rows)

    def to_dict(self) -> dict[str, Any]:
        """Give plain data: ``runs``, and ``lines`` with ``section name differs values``; ``present`` says which runs have it."""
        return {
            "runs": [dict(run) for run in self.runs],
            "lines": [
                {
                    "section": line.section,
                    "name": line.name,
                    "differs": line.differs,
                    "values": [None if value is MISSING else _plain(value) for value in line.values],
                    "present": [value is not MISSING for value in line.values],
                }
                for line in self.lines
            ],
        }


def compare(documents: Sequence[Mapping[str, Any]], store: DocumentStore | None = None) -> Comparison:
    """Compare runs.

    Args:
        documents: Of the runs, at least two.
        store: Where they are; without it neither versions nor the digests of inputs are known.

    Raises:
        RunsError: There are fewer than two.
    """
    if len(documents) < 2:
        raise RunsError(f"{len(documents)} run{'s are' if len(documents) != 1 else ' is'} not to be compared", remedy="Give two or more.")
    sides = [_side(document, store) for document in documents]
    lines = [
        _line(section, name, [side[section].get(name, MISSING) for side in sides])
        for section in SECTIONS
        for name in dict.fromkeys(name for side in sides for name in side[section])
    ]
    return Comparison(tuple(map(_head, documents)), tuple(lines))


def _head(document: Mapping[str, Any]) -> dict[str, Any]:
    metadata, status = document.get("metadata", {}), document.get("status", {})
    return {
        "uid": metadata.get("uid") or "",
        "iteration": metadata.get("iteration") or 0,
        "name": metadata.get("name") or "",
        "project": metadata.get("project") or "",
        "state": status.get("state", "created"),
        "started": status.get("start_time"),
        "took": took(status),
    }


def _side(document: Mapping[str, Any], store: DocumentStore | None) -> dict[str, Mapping[str, Any]]:
    metadata, spec, status = (document.get(part, {}) for part in ("metadata", "spec", "status"))
    noted = mapping_of(metadata, "annotations", _INPUTS)
    named = {name: metadata[name] for name in ("name", "project") if name in metadata}
    task = named | {name: value for name, value in spec.items() if name not in _OWN_SECTION}
    return {
        "outcome": {name: status[name] for name in ("state", "reason", "error") if name in status},
        "parameters": spec.get("parameters", {}),
        "inputs": {name: _input(source, noted.get(name), store) for name, source in spec.get("inputs", {}).items()},
        "results": status.get("results", {}),
        "artifacts": {each.get("metadata", {}).get("key", ""): _artifact(each) for each in status.get("artifacts", [])},
        "task": task,
        "versions": {} if store is None else _versions(metadata.get("uid"), metadata.get("iteration") or 0, store),
        "labels": metadata.get("labels", {}),
    }


def _line(section: str, name: str, values: Sequence[Any]) -> Line:
    return Line(section, name, tuple(values), _differs(_is_same(values[0], value) for value in values[1:]))


def _differs(found: Iterable[bool | None]) -> bool | None:
    told = set(found)
    return True if False in told else None if None in told else False


def _is_same(one: Any, other: Any) -> bool | None:
    if type(one) is not type(other):
        return False
    if isinstance(one, Unreadable):
        return None
    if isinstance(one, Data):
        if None not in (one.digest, other.digest):
            return bool(one.digest == other.digest)
        return None if one.what.startswith(LIVE) else one.what == other.what
    if type(one) in (list, dict):
        if len(one) != len(other) or (type(one) is dict and one.keys() != other.keys()):
            return False
        pairs = zip(one, other, strict=True) if type(one) is list else ((value, other[name]) for name, value in one.items())
        differs = _differs(_is_same(*pair) for pair in pairs)
        return None if differs is None else not differs
    return same(one, other)


def _artifact(document: Mapping[str, Any]) -> Data:
    spec = document.get("spec", {})
    what = ", ".join(filter(None, (document.get("kind"), spec.get("object_type"), size_text(spec.get("size")))))
    return Data(what, document.get("metadata", {}).get("hash"))


def _input(source: Any, noted: Any, store: DocumentStore | None) -> Any:
    """Give an input, with the digest that was noted when the run began, or that of the artifact that its address means."""
    digest = noted.get("digest") if isinstance(noted, Mapping) else None
    if isinstance(digest, str):
        return Data(source if isinstance(source, str) else value_text(source), digest)
    if isinstance(source, list):
        parts = noted if isinstance(noted, list) and len(noted) == len(source) else [None] * len(source)
        return [_input(item, part, store) for item, part in zip(source, parts, strict=True)]
    if isinstance(source, Mapping):
        return {name: _input(item, mapping_of(noted).get(name), store) for name, item in source.items()}
    if not isinstance(source, str):
        return source
    if store is not None and source.startswith(SCHEME):
        with contextlib.suppress(PackagersError):  # it was removed meanwhile
            return Data(source, store.find(source).digest)
    return Data(source, None)


def _versions(uid: str | None, iteration: int, store: DocumentStore) -> dict[str, str]:
    """Give the versions that the artifacts of a run were written with."""
    found: dict[str, set[str]] = {}
    if uid is None:
        return {}
    for recorded in store.list_artifacts(uid=uid, iteration=iteration, limit=_MANIFESTS):
        for name, version in json.loads(store.manifest(recorded)).get("versions", {}).items():
            found.setdefault(str(name), set()).add(str(version))
    return {name: ", ".join(sorted(versions)) for name, versions in sorted(found.items())}


def _text(value: Any, length: int = SHORT) -> str:
    if isinstance(value, Unreadable):
        return f"cannot be read here: {value.reason}"[:length]
    if isinstance(value, Data):
        return value.what if value.digest is None else f"{value.what} {value.digest[:_DIGEST]}"
    return value_text(_readable(value), length)


def _readable(value: Any) -> Any:
    if isinstance(value, Data):
        return _text(value)
    if type(value) is list:
        return [_readable(item) for item in value]
    return {name: _readable(item) for name, item in value.items()} if type(value) is dict else value


def _plain(value: Any) -> Any:
    if isinstance(value, Data):
        return value._asdict()
    if type(value) is list:
        return [_plain(item) for item in value]
    if type(value) is dict:
        return {str(name): _plain(item) for name, item in value.items()}
    try:
        return as_plain(value, "comparison")
    except FieldError:
        return value_text(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _change(amount: float) -> str:
    return f"({amount:+.6g})" if amount else ""
