"""What a run was given and no document can say: its handler, where no name leads to it, and inputs that were live objects.

They are packed when the run is launched, signed like all that a run packs, and kept in the store as long as the run: so it can go on in
another process, be run again, and be explained. Only packages of the own key are unpacked where that runs code, as everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from packagers import Artifact, DataItem, LogHint, PackagersError, Registry, Session
from packagers_runs.errors import HandlerError, RunsError
from packagers_runs.models.inputs import is_live
from packagers_runs.models.runobject import RunObject
from packagers_runs.running.arguments import Arguments
from packagers_runs.running.handlers import Handler, find_handler
from packagers_runs.running.masking import Masker
from packagers_runs.running.recordable import can_be_kept
from packagers_runs.running.registries import registry_here
from packagers_runs.store.addresses import Address
from packagers_runs.store.runrows import Attempt
from packagers_runs.store.store import DocumentStore

HANDLER = ".handler"
INPUT = ".inputs."
SPACE = ".hyperparams"
NOT_KEPT = "packagers/not-kept"
"""The annotation that says why something could not be kept, by its key."""
_FOLDER = ".given"  # in the staging folder of the run, where no key begins with a dot
_CHUNK = 1 << 20
_OVERLAP = 1 << 16


def keep(
    run: RunObject,
    arguments: Arguments,
    attempt: Attempt,
    store: DocumentStore,
    registry: Registry,
    masker: Masker,
    space: Mapping[str, Any] | None = None,
) -> dict[str, str]:
    """Keep what a run was given.

    Args:
        run: The run, which has begun.
        arguments: What its handler is called with.
        attempt: The right to write it.
        store: Where it is recorded.
        registry: Finds the packagers.
        masker: Knows the values of its secrets: what holds one is not kept.
        space: The values of hyper-parameters, which are kept where no document can say them.

    Returns:
        Why something could not be kept, by key.
    """
    packed: dict[str, Artifact] = {}
    reasons: dict[str, str] = {}
    given = list(_given(run, arguments, space))
    if not given:
        return {}
    session = Session(store.staging(attempt) / _FOLDER, registry=registry, record="packages")
    for key, value, hint in given:
        try:
            if hasattr(type(value), "__next__"):
                raise RunsError("it is a stream, which can be read once")
            session.pack(value, hint)
            package = DataItem(session.folder / hint.key, registry=registry).unpack(Artifact)
            if masker and _holds_a_secret(package.path, masker):
                raise RunsError("it holds the value of a secret")
            packed[key] = package
        except Exception as error:  # noqa: BLE001 - what cannot be packed says so in any way
            reasons[key] = masker.mask(str(error) or type(error).__name__)
    if packed:
        store.keep(attempt, str(run.metadata.project), packed)
    return reasons


def _given(run: RunObject, arguments: Arguments, space: Mapping[str, Any] | None) -> Iterator[tuple[str, Any, LogHint]]:
    if space is not None and not can_be_kept(dict(space)):
        yield SPACE, dict(space), LogHint("hyperparams", artifact_type="object")
    if arguments.handler.reference is None:
        yield HANDLER, arguments.handler.function, LogHint("handler", artifact_type="object")
    for place, (name, source) in enumerate(arguments.inputs.items()):
        if is_live(run.spec.inputs[name]):
            yield f"{INPUT}{name}", source, LogHint(f"input-{place}")


def kept_handler(run: RunObject, store: DocumentStore, file: str | Path | None = None) -> Handler:
    """Find the handler of a run that is in a store, by its name or among what was kept.

    Args:
        run: The run.
        store: Where it is.
        file: Where a bare name is looked for.

    Raises:
        HandlerError: It is not found by its name any more, or could not be kept.
        UntrustedPackageError: Somebody else has packed it.
    """
    name = str(run.spec.handler)
    if ":" in name:
        return find_handler(name, file)
    if HANDLER not in kept_digests(run, store):
        raise HandlerError(
            f"the handler {name!r} has no name by which it can be found again, and was not kept{_why(run, HANDLER)}",
            remedy="Run it anew; a function of a module or file can be found.",
        )
    return Handler(_unpacked(HANDLER, run, store), None, name)


def kept_input(name: str, run: RunObject, store: DocumentStore) -> Any:
    """Give an input that was a live object.

    Args:
        name: Of the input.
        run: The run.
        store: Where it is.

    Raises:
        RunsError: It could not be kept.
        UntrustedPackageError: Somebody else has packed it, and reading it runs code.
    """
    key = f"{INPUT}{name}"
    if key not in kept_digests(run, store):
        raise RunsError(
            f"the input {name!r} was an object ({run.spec.inputs[name]}), and was not kept{_why(run, key)}",
            key=name,
            remedy="Run it anew; an artifact or a file can be read again.",
        )
    return _unpacked(key, run, store)


def kept_space(run: RunObject, store: DocumentStore) -> Mapping[str, Any] | None:
    """Give the values of hyper-parameters that no document can say; ``None`` where the document says them.

    Args:
        run: The run.
        store: Where it is.

    Raises:
        RunsError: They could not be kept.
        UntrustedPackageError: Somebody else has packed them.
    """
    if not run.spec.hyperparams:
        return None
    if SPACE in kept_digests(run, store):
        found: Mapping[str, Any] = _unpacked(SPACE, run, store)
        return found
    if SPACE in (run.metadata.annotations.get(NOT_KEPT) or {}):
        raise RunsError(f"the hyper-parameters hold objects that were not kept{_why(run, SPACE)}", remedy="Run it anew.")
    return None


def kept_digests(run: RunObject, store: DocumentStore) -> dict[str, str]:
    """Give the digests of what was kept of a run, by key."""
    return {each.key: each.digest for each in store.list_artifacts(uid=str(run.metadata.uid), iteration=0, given=True)}


def digests_of_live(run: RunObject, store: DocumentStore) -> dict[str, str | None]:
    """Give the digests of the inputs that were live objects, by name; ``None`` of one that was not kept."""
    names = [name for name, source in run.spec.inputs.items() if is_live(source)]
    kept = kept_digests(run, store) if names else {}
    return {name: kept.get(f"{INPUT}{name}") for name in names}


def _unpacked(key: str, run: RunObject, store: DocumentStore) -> Any:
    address = Address(key, str(run.metadata.project), uid=str(run.metadata.uid))
    with store.current():
        try:
            return DataItem(str(address), registry=registry_here()).unpack()
        except PackagersError as error:
            error.add_note(f"It was kept as {address} when the run was launched.")
            raise


def _why(run: RunObject, key: str) -> str:
    reasons = run.metadata.annotations.get(NOT_KEPT)
    reason = reasons.get(key) if isinstance(reasons, Mapping) else None
    return f": {reason}" if reason else " (the process that launched it died before that)"


def _holds_a_secret(package: Path, masker: Masker) -> bool:
    """Tell whether a file of a package holds the value of a secret as it stands."""
    for path in package.rglob("*"):
        if not path.is_file():
            continue
        with path.open("rb") as file:
            tail = b""
            while chunk := file.read(_CHUNK):
                data = tail + chunk
                if masker.hide(data) != data:
                    return True
                tail = data[-_OVERLAP:]
    return False
