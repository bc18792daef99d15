"""The report of a run as a file that is there whenever it is asked for: written when it is missing, or older than the run."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from packagers_runs.errors import RunNotFoundError
from packagers_runs.report.pages import stamp_tag
from packagers_runs.report.previews import Told, list_of, mapping_of, told_by
from packagers_runs.report.runpage import RunView, run_page
from packagers_runs.store.addresses import SCHEME, Address
from packagers_runs.store.artifactrows import Recorded
from packagers_runs.store.errors import AddressError, ArtifactNotFoundError, StoreError
from packagers_runs.store.store import DocumentStore
from packagers_runs.strategies.strategy import Outcome
from packagers_runs.strategies.table import iteration_table

_LOG = 128 << 10
_HEAD = 2048
_MANIFESTS = 16 << 20
_FOLLOWED = 100
_SOURCES = 500


def write_report(store: DocumentStore, uid: str, iteration: int = 0) -> Path:
    """Write the report of a run, unless it is there and right; and where they are missing, those of the runs that it links to.

    Args:
        store: Where the run is.
        uid: Of the run.
        iteration: 0 for the run itself.

    Returns:
        The file.

    Raises:
        RunNotFoundError: There is no such run.
        StoreError: It cannot be written.
    """
    waiting, seen = [(uid, iteration)], {(uid, iteration)}
    for place, wanted in enumerate(waiting):
        if place and store.reports.path(*wanted).is_file():
            continue
        with contextlib.suppress(RunNotFoundError) if place else contextlib.nullcontext():
            linked = _write(store, *wanted)
            waiting += [each for each in linked if each not in seen][: _FOLLOWED - len(waiting)]
            seen.update(waiting)
    return store.reports.path(uid, iteration)


def _write(store: DocumentStore, uid: str, iteration: int) -> list[tuple[str, int]]:
    """Write one report; gives the runs that it links to."""
    path = store.reports.path(uid, iteration)
    stamp = hashlib.sha256(f"{_edition()} {store.record_digest(uid, iteration)} {store.log_size(uid, iteration)}".encode()).hexdigest()
    if _head(path).find(stamp_tag(stamp)) >= 0:
        return []
    document = _with_iterations(store, store.document(uid, iteration))
    linked = dict(linked_runs(store, document))
    log_size = store.log_size(uid, iteration)
    log, _ = store.log(uid, iteration, max(0, log_size - _LOG))
    view = RunView(
        document,
        store.attempt(uid, iteration),
        told_of(store, document),
        log if log_size <= _LOG else log.partition("\n")[2] or log,
        log_size,
        {name: store.reports.path(*run).name for name, run in linked.items()},
    )
    replace_file(path, run_page(view, stamp))
    return list(linked.values())


def _with_iterations(store: DocumentStore, document: dict[str, Any]) -> dict[str, Any]:
    """Give the document of a run with the table of its iterations, which it has itself once it has ended."""
    metadata, spec, status = (mapping_of(document, name) for name in ("metadata", "spec", "status"))
    is_search = any(spec.get(name) for name in ("hyperparams", "param_file", "hyper_param_options"))
    if metadata.get("iteration") or not is_search or status.get("iterations"):
        return document
    space, common = mapping_of(spec, "hyperparams"), mapping_of(spec, "parameters")
    outcomes = [
        Outcome(
            iteration=found["metadata"]["iteration"],
            parameters={
                name: value for name, value in mapping_of(found, "spec", "parameters").items() if name in space or name not in common
            },
            state=str(mapping_of(found, "status").get("state")),
            results=mapping_of(found, "status", "results"),
        )
        for found in store.documents(uid=metadata["uid"])
        if found["metadata"].get("iteration")
    ]
    return {**document, "status": {**status, "iterations": iteration_table(outcomes, space)}}


def linked_runs(store: DocumentStore, document: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, int]]]:
    """Give the runs that the report of a run leads to: those that made its inputs, by address, the whole run and its best iteration.

    Args:
        store: Where they are.
        document: Of the run.
    """
    metadata = document["metadata"]
    uid, iteration = metadata["uid"], metadata.get("iteration") or 0
    best = mapping_of(document, "status", "results").get("best_iteration")
    others = {"parent": (uid, 0)} if iteration else {"best": (uid, best)} if type(best) is int and best > 0 else {}
    for name, other in others.items():
        with contextlib.suppress(RunNotFoundError):
            store.attempt(*other)
            yield name, other
    for source in _sources(mapping_of(document, "spec", "inputs")):
        with contextlib.suppress(AddressError, ArtifactNotFoundError):
            found = store.find(Address.parse(source))
            yield source, (found.uid, found.iteration)


def _sources(inputs: dict[str, Any]) -> list[str]:
    found: list[Any] = []
    for source in inputs.values():
        found += source.values() if isinstance(source, dict) else source if isinstance(source, list) else [source]
    return [each for each in found if isinstance(each, str) and each.startswith(SCHEME)][:_SOURCES]


def told_of(store: DocumentStore, document: Mapping[str, Any]) -> dict[str, Told]:
    """Read what the manifests of a run's artifacts tell, by key, as long as they are not too much for a page.

    Args:
        store: Where the run is.
        document: Of the run.
    """
    metadata = document["metadata"]
    known = {each.key: each for each in store.list_artifacts(uid=metadata["uid"], iteration=metadata.get("iteration") or 0)}
    told: dict[str, Told] = {}
    left = _MANIFESTS
    for artifact in list_of(mapping_of(document, "status"), "artifacts"):
        key, address = (mapping_of(artifact, "metadata").get(name) for name in ("key", "uri"))
        recorded = known.get(str(key)) or _found(store, address)
        if recorded is None or left <= 0:
            continue
        with contextlib.suppress(ArtifactNotFoundError):
            manifest = store.manifest(recorded)
            left -= len(manifest)
            told[str(key)] = told_by(manifest)
    return told


def _found(store: DocumentStore, address: Any) -> Recorded | None:
    try:
        return store.find(Address.parse(address))
    except (AddressError, ArtifactNotFoundError):
        return None


@cache
def _edition() -> str:
    """Identify what pages are made with."""
    found = hashlib.sha256(version("packagers-runs").encode())
    for path in sorted(files("packagers_runs.report").joinpath("templates").iterdir(), key=lambda each: each.name):
        found.update(path.read_bytes())
    return found.hexdigest()


def _head(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD).decode("utf-8", "replace")
    except OSError:
        return ""


def replace_file(path: Path, text: str) -> None:
    """Write a file, so that whoever reads it sees the old one or the new one.

    Args:
        path: The file.
        text: What is to be in it.

    Raises:
        StoreError: It cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        try:
            beside.write_text(text, encoding="utf-8", newline="\n")
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"the report cannot be written: {error}", file=path, remedy="Look at who may write to the folder.") from error
