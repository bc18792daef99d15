"""The lines of an export: what is written of an iteration, and what is believed of a line that a stranger may have written."""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packagers_runs.errors import RunsError
from packagers_runs.models.runobject import RunObject
from packagers_runs.models.status import TERMINAL_STATES
from packagers_runs.store.addresses import Address
from packagers_runs.store.artifactrows import GIVEN, columns_of
from packagers_runs.store.runrows import DEFAULT_PROJECT
from packagers_runs.transfer.archive import LINE_BYTES
from packagers_runs.transfer.sealing import FOREIGN, package_of

SKEW_S = 24 * 3600.0
"""How far the clock of another machine may be ahead."""
_MOST = 2**31 - 1  # what an Integer of a database holds
_LONGEST = 200  # characters of a name in a database
_UNFIT = re.compile(r"[\x00\ud800-\udfff]")  # what PostgreSQL takes in no text
_FIELDS = {"iteration", "attempt", "created", "updated", "document", "values", "artifacts"}
_ARTIFACT_FIELDS = {"key", "attempt", "tag", "made", "manifest"}


@dataclass(frozen=True, slots=True)
class Iteration:
    """A run or an iteration of one, as it travels.

    Attributes:
        row: The columns of its row, but for the uid.
        document: Its document, with values that are no JSON as they were frozen.
        artifacts: The columns of the rows of its artifacts, but for uid, iteration and where the objects keep their payload.
    """

    row: dict[str, Any]
    document: dict[str, Any]
    artifacts: list[dict[str, Any]]

    @property
    def number(self) -> int:
        """Which iteration it is, 0 for the run itself."""
        return int(self.row["iteration"])


def written(row: Any, artifacts: list[Any]) -> bytes:
    """Give the line of an iteration.

    Args:
        row: Of the run.
        artifacts: The rows of its artifacts, in the order in which they were recorded.

    Raises:
        RunsError: Where it is too long.
    """
    line = {
        "iteration": row.iteration,
        "attempt": row.attempt,
        "created": row.created,
        "updated": row.updated,
        "document": moved(json.loads(row.document), lambda digest: f"objects/{digest.replace(':', '-', 1)}"),
        "values": None if row.values is None else bytes(row.values).decode("ascii"),
        "artifacts": [
            {
                "key": each.key,
                "attempt": each.attempt,
                "tag": each.tag,
                "made": each.made,
                "manifest": zlib.decompress(each.manifest).decode("ascii"),
            }
            for each in artifacts
        ],
    }
    text = json.dumps(line, allow_nan=False, separators=(",", ":")).encode("ascii") + b"\n"
    if len(text) > LINE_BYTES:
        raise RunsError(
            f"an export takes {LINE_BYTES:,} bytes of a document and its manifests, and those of the run {row.uid} have {len(text):,}",
            remedy="Log large values as artifacts.",
        )
    return text


def moved(document: dict[str, Any], place: Callable[[str], str]) -> dict[str, Any]:
    """Let a document say where its artifacts are: in the export, or in the store that they come to.

    Args:
        document: Of a run; it is changed.
        place: Gives where an object is, by its digest.
    """
    for artifact in document.get("status", {}).get("artifacts") or []:
        spec, metadata = artifact.get("spec"), artifact.get("metadata")
        if isinstance(spec, dict) and isinstance(metadata, dict) and "target_path" in spec:
            spec["target_path"] = place(str(metadata.get("hash")))
    return document


class Lines:
    """Reads the lines of runs.

    Args:
        scratch: A folder to read manifests in.
        place: Gives where the objects of the store to be are, by digest.
        latest: The latest time that can be true, in seconds since 1970.
        is_foreign: Whether the runs are somebody else's, and are to be marked.
    """

    def __init__(self, scratch: Path, place: Callable[[str], str], latest: float, *, is_foreign: bool) -> None:
        self._scratch = scratch
        self._place = place
        self._latest = latest
        self._is_foreign = is_foreign
        self._known: dict[bytes, dict[str, Any]] = {}

    def read(self, uid: str, lines: Iterable[dict[str, Any]]) -> list[Iteration]:
        """Give all iterations of a run, the run itself first.

        Args:
            uid: Of the run, as the name of the member tells.
            lines: As they stand there.

        Raises:
            ValueError: Where something cannot be true; it says what.
        """
        found = [self._iteration(uid, line) for line in lines]
        _expect(bool(found), "it is empty")
        numbers = [each.number for each in found]
        _expect(numbers[0] == 0 and numbers == sorted(set(numbers)), "its iterations are not in order, or 0 is not among them")
        return found

    def _iteration(self, uid: str, line: dict[str, Any]) -> Iteration:
        _expect(line.keys() == _FIELDS, "a line has other fields than it should")
        number, document, values = line["iteration"], line["document"], line["values"]
        _expect(_is_number(number, 0, 10**9 - 1), f"an iteration has the number {number!r:.50}")
        where = f"iteration {number}"
        _expect(_is_number(line["attempt"], 1, _MOST), f"{where} has the attempt {line['attempt']!r:.50}")
        _expect(self._is_time(line["created"]) and self._is_time(line["updated"]), f"{where} is of a time that cannot be")
        _expect(values is None or (type(values) is str and values.isascii()), f"{where} has values that are no text")
        _expect(type(line["artifacts"]) is list, f"{where} has no list of artifacts")
        try:
            run = RunObject.from_dict(document)
        except (RunsError, ValueError, TypeError, RecursionError) as error:
            raise ValueError(f"the document of {where} is that of no run: {error}") from error
        _expect((run.metadata.uid, run.metadata.iteration) == (uid, number), f"the document of {where} is that of another run")
        _expect(run.status.state in TERMINAL_STATES, f"{where} is {run.status.state!r:.50} and has not ended")
        project, name = run.metadata.project or DEFAULT_PROJECT, run.metadata.name or ""
        Address("key", project)
        _expect(_is_text(name), f"{where} has the name {name!r:.50}")
        for label, text in run.metadata.labels.items():
            _expect(_is_text(label) and len(label) <= _LONGEST and _is_text(text), f"{where} has the label {label!r:.50}")
        artifacts = [self._artifact(each, where) for each in line["artifacts"]]
        _expect(len({each["key"] for each in artifacts}) == len(artifacts), f"{where} has two artifacts of one key")
        moved(document, self._place)
        if self._is_foreign:
            document["metadata"].setdefault("annotations", {})[FOREIGN] = "yes"
        row = {
            "iteration": number,
            "attempt": line["attempt"],
            "project": project,
            "name": name,
            "state": str(run.status.state),
            "created": float(line["created"]),
            "updated": float(line["updated"]),
            "document": json.dumps(document, ensure_ascii=True, allow_nan=False, separators=(",", ":")),
            "values": None if values is None else _checked_values(values, where),
        }
        return Iteration(row, document, [{"project": project, **each} for each in artifacts])

    def _artifact(self, told: Any, where: str) -> dict[str, Any]:
        _expect(type(told) is dict and told.keys() == _ARTIFACT_FIELDS, f"an artifact of {where} has other fields than it should")
        key, tag, manifest = told["key"], told["tag"], told["manifest"]
        what = f"the artifact {key!r:.50} of {where}"
        _expect(Address(key, tag=tag).tag == tag and _is_text(key) and _is_text(tag), f"{what} has the tag {tag!r:.50}")
        _expect(_is_number(told["attempt"], GIVEN, _MOST) and self._is_time(told["made"]), f"{what} is of no attempt")
        _expect(key.startswith(".") == (told["attempt"] == GIVEN), f"{what} is of an attempt that has no such artifact")
        _expect(type(manifest) is str and manifest.isascii(), f"{what} has no manifest")
        text = manifest.encode("ascii")
        digest = hashlib.sha256(text).digest()  # each is read twice: when it is checked, and when it is recorded
        columns = self._known.get(digest) or columns_of(package_of(text, self._scratch), b"")
        self._known[digest] = columns
        return {
            **columns,
            "manifest": zlib.compress(text, 6),
            "key": key,
            "tag": tag,
            "attempt": told["attempt"],
            "made": float(told["made"]),
        }

    def _is_time(self, value: Any) -> bool:
        return type(value) in (int, float) and 0 < value <= self._latest


def _checked_values(text: str, where: str) -> bytes:
    found = json.loads(text)
    _expect(type(found) is dict, f"the values of {where} are no object of JSON")
    return text.encode("ascii")


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)


def _is_number(value: Any, least: int, most: int) -> bool:
    return type(value) is int and least <= value <= most


def _is_text(value: Any) -> bool:
    return type(value) is str and _UNFIT.search(value) is None
