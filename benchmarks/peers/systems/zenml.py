"""ZenML: a materializer alone, and ``save_artifact`` with the local store, as the client without a server has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.peers.system import LIBRARIES, Way

REQUIRES = ("zenml[local]", *LIBRARIES)
IMPORT = "from zenml import load_artifact, save_artifact"
ENVIRONMENT = {"ZENML_ANALYTICS_OPT_IN": "false", "ZENML_LOGGING_VERBOSITY": "ERROR", "AUTO_OPEN_DASHBOARD": "false"}
ABOUT = {
    "zenml, materializer": "what the registry has for the type, in the folder of the local store: `save(value)`, `load(type)`",
    "zenml, save_artifact": "`save_artifact` and `load_artifact` with the default local stack: rows in SQLite, metadata, visualisations",
}


def ways(folder: Path) -> dict[str, Way]:
    """Give the two levels."""
    from zenml import load_artifact, save_artifact
    from zenml.client import Client
    from zenml.integrations.registry import integration_registry
    from zenml.materializers.materializer_registry import materializer_registry

    store = Path(Client().active_stack.artifact_store.path)  # a materializer writes nowhere else
    integration_registry.activate_integrations()

    def choose(value: Any) -> Any:
        return materializer_registry[type(value)]

    def materialize(key: str, value: Any) -> str:
        uri = store / "materialized" / key
        uri.mkdir(parents=True)
        choose(value)(uri=str(uri)).save(value)
        return str(uri)

    def load(uri: str, hint: Any) -> Any:
        return materializer_registry[hint](uri=uri).load(hint)

    def record(key: str, value: Any) -> str:
        return str(save_artifact(value, key).id)

    def recorded(version: str, hint: Any) -> Any:
        return load_artifact(version)

    return {"zenml, materializer": Way(materialize, load, choose), "zenml, save_artifact": Way(record, recorded)}
