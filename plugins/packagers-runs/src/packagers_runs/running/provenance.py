"""Where something comes from: the run that made it, the inputs of that run, the runs that made those, and so on.

What an input was is told by what was recorded when the run began: the address of an artifact, or the digest of a file or an object, whoever
handed it over. So the chain is found, too, where somebody unpacked an artifact and passed the object on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from attrs import evolve, field, frozen

from packagers_runs.errors import RunNotFoundError
from packagers_runs.models.inputs import is_live
from packagers_runs.models.runobject import RunObject
from packagers_runs.models.status import utc_text
from packagers_runs.nearest import unknown_name
from packagers_runs.running.marks import INPUTS
from packagers_runs.store.addresses import SCHEME, Address
from packagers_runs.store.artifactrows import Recorded
from packagers_runs.store.errors import ArtifactNotFoundError
from packagers_runs.store.store import DocumentStore

BEST = "best_iteration"
MOST_RUNS = 1000
"""Runs that one answer tells of."""


@frozen
class Input:
    """An input of a run.

    Attributes:
        name: Its name; ``data[0]`` of one that has several sources.
        source: Where it was, as the run's document says.
        digest: What told its version when the run began; empty where that is not known.
        origin: What made it; ``None`` where no run of the store did.
    """

    name: str
    source: str
    digest: str
    origin: Origin | None = None


@frozen
class Origin:
    """Something that a run made, and what that run was given.

    Attributes:
        key: Its key.
        address: Of an artifact; empty for a result.
        digest: Of an artifact.
        object_type: The type of its value.
        uid: Of the run.
        iteration: Of the run.
        name: Of the run.
        handler: What the run called.
        made: When the run ended, or began, in ISO 8601.
        parameters: Of the run, by name.
        inputs: Of the run.
        note: What else is to be said, such as that the run is told of elsewhere in the tree.
    """

    key: str
    address: str
    digest: str
    object_type: str
    uid: str
    iteration: int
    name: str = ""
    handler: str = ""
    made: str = ""
    parameters: Mapping[str, Any] = field(factory=dict)
    inputs: tuple[Input, ...] = ()
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Give it as a plain document, with all that leads to it."""
        plain = {name: getattr(self, name) for name in ("key", "address", "digest", "object_type", "note")}
        run = {name: getattr(self, name) for name in ("uid", "iteration", "name", "handler", "made")}
        inputs = [
            {
                "name": each.name,
                "source": each.source,
                "digest": each.digest,
                "origin": None if each.origin is None else each.origin.to_dict(),
            }
            for each in self.inputs
        ]
        return {**plain, "run": {**run, "parameters": dict(self.parameters)}, "inputs": inputs}


def why(what: str, store: DocumentStore) -> Origin:
    """Tell where something comes from.

    Args:
        what: The address of an artifact, or ``uid:key``, ``uid#iteration:key``, of an artifact or a result.
        store: Where it is.

    Raises:
        ArtifactNotFoundError: There is no such artifact.
        RunNotFoundError: There is no such run.
        UnknownNameError: Nothing of this key came out of it; says what did.
    """
    tracing = _Tracing(store)
    if what.startswith(SCHEME):
        return tracing.of_artifact(store.find(what))
    named, colon, key = what.partition(":")
    uid, _, number = named.partition("#")
    if not colon or not (number or "0").isdecimal():
        raise RunNotFoundError(f"{what!r} names nothing that a run made", uid=uid, remedy="Write uid:key, uid#iteration:key or store://…")
    run = RunObject.from_store(store, uid, int(number or 0))
    found = store.list_artifacts(uid=uid, iteration=run.metadata.iteration, key=key, limit=1)
    if found:
        return tracing.of_artifact(found[0])
    if key not in run.status.results:
        raise unknown_name("output", key, run.outputs, owner=f"the run {run.metadata.name}")
    value = run.status.results[key]
    return tracing.of_run(run, Origin(key, "", "", type(value).__qualname__, uid, run.metadata.iteration))


class _Tracing:
    """Follows artifacts to the runs that made them; each run is told of once.

    Args:
        store: Where they are.
    """

    def __init__(self, store: DocumentStore) -> None:
        self._store = store
        self._told: set[tuple[str, int]] = set()

    def of_artifact(self, found: Recorded, note: str = "") -> Origin:
        origin = Origin(found.key, str(found.address), found.digest, found.object_type, found.uid, found.iteration, note=note)
        try:
            run = RunObject.from_store(self._store, found.uid, found.iteration)
        except RunNotFoundError:  # it was removed in this moment
            return origin
        return self.of_run(run, origin)

    def of_run(self, run: RunObject, origin: Origin) -> Origin:
        """Give what a run made with what is to be told of the run."""
        run = self._maker(run, origin)
        metadata, spec, status = run.metadata, run.spec, run.status
        origin = evolve(origin, iteration=metadata.iteration)
        named = evolve(origin, name=metadata.name or "", handler=str(spec.handler or ""), made=status.end_time or status.start_time or "")
        this = (origin.uid, origin.iteration)
        if this in self._told:
            return evolve(named, note=_joined(origin.note, "told of above"))
        if len(self._told) >= MOST_RUNS:
            return evolve(named, note=_joined(origin.note, "what leads to it is left out"))
        self._told.add(this)
        return evolve(named, parameters=spec.parameters, inputs=tuple(self._inputs(run)))

    def _maker(self, run: RunObject, origin: Origin) -> RunObject:
        """Give the iteration that made what a run of several has from its best one; the run itself of all else."""
        best = run.status.results.get(BEST)
        if run.metadata.iteration or type(best) is not int:
            return run
        try:
            child = RunObject.from_store(self._store, origin.uid, best)
        except RunNotFoundError:
            return run
        made = self._store.list_artifacts(uid=origin.uid, iteration=best, key=origin.key)
        is_from_it = any(each.digest == origin.digest for each in made) if origin.digest else origin.key in child.status.results
        return child if is_from_it else run

    def _inputs(self, run: RunObject) -> Iterator[Input]:
        versions = run.metadata.annotations.get(INPUTS)
        if versions is None and run.metadata.iteration:
            versions = self._versions_of_parent(run)
        for name, source in run.spec.inputs.items():
            version = versions.get(name) if isinstance(versions, Mapping) else None
            for place, each, told in _single(name, source, version):
                digest = str(told.get("digest", "")) if isinstance(told, Mapping) else ""
                size = told.get("size") if isinstance(told, Mapping) else None
                yield Input(place, str(each), digest, self._origin(str(each), digest, size, run))

    def _versions_of_parent(self, run: RunObject) -> Any:
        try:
            parent = self._store.document(str(run.metadata.uid))
        except RunNotFoundError:
            return None
        return parent["metadata"].get("annotations", {}).get(INPUTS)

    def _origin(self, source: str, digest: str, size: int | None, run: RunObject) -> Origin | None:
        if source.startswith(SCHEME):
            try:
                found = self._store.find(Address.parse(source))
            except ArtifactNotFoundError:
                pass
            else:
                changed = digest not in ("", found.digest)
                return self.of_artifact(found, "it was another version then, which a later attempt has replaced" if changed else "")
        if not digest:
            return None
        made = [each for each in self._store.list_artifacts(digest=digest) if each.uid != run.metadata.uid]
        if not made and size is not None:
            made = [each for each in self._store.list_artifacts(size=size) if each.uid != run.metadata.uid and self._has_file(each, digest)]
        earlier = [each for each in made if not run.status.start_time or _iso(each.made) <= run.status.start_time]
        if not earlier:
            return None
        others = len({(each.uid, each.iteration) for each in earlier}) - 1
        note = f"found by its digest, which {others} other runs gave, too" if others else "found by its digest"
        return self.of_artifact(earlier[0], note)

    def _has_file(self, found: Recorded, digest: str) -> bool:
        """Tell whether the one file of an artifact has a digest."""
        files = json.loads(self._store.manifest(found)).get("files", [])
        return len(files) == 1 and files[0].get("digest") == digest


def _single(name: str, source: Any, version: Any) -> Iterator[tuple[str, Any, Any]]:
    """Give every single source of an input with its place and its version."""
    if is_live(source):
        yield name, source, version
    elif isinstance(source, list):
        versions = version if isinstance(version, list) else []
        for place, each in enumerate(source):
            yield from _single(f"{name}[{place}]", each, versions[place] if place < len(versions) else None)
    elif isinstance(source, Mapping):
        for key, each in source.items():
            yield from _single(f"{name}.{key}", each, version.get(key) if isinstance(version, Mapping) else None)
    else:
        yield name, source, version


def _iso(seconds: float) -> str:
    return utc_text(datetime.fromtimestamp(seconds, UTC))


def _joined(*notes: str) -> str:
    return "; ".join(note for note in notes if note)
