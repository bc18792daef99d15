"""What the document of a run says of its artifacts."""

from __future__ import annotations

from typing import Any

from packagers import Artifact
from packagers_runs.models.metadata import RunMetadata
from packagers_runs.store.addresses import Address, kind_of


def document_of(artifact: Artifact, metadata: RunMetadata, place: str) -> dict[str, Any]:
    """Give what a run's document says of an artifact.

    Args:
        artifact: The artifact.
        metadata: Of the run.
        place: The path or URL at which it is to be found.
    """
    address = Address(artifact.key, metadata.project or "", kind_of(artifact.artifact_type), metadata.iteration, "", metadata.uid or "")
    said = {
        "key": artifact.key,
        "project": metadata.project,
        "iter": metadata.iteration,
        "tree": metadata.uid,
        "hash": artifact.digest,
        "tag": artifact.tag or None,
        "labels": artifact.labels or None,
        "uri": str(address),
    }
    spec = {"target_path": place, "size": artifact.manifest.size, "object_type": artifact.object_type}
    return {"kind": artifact.artifact_type, "metadata": {name: value for name, value in said.items() if value is not None}, "spec": spec}
