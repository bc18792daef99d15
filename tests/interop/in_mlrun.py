"""The side of MLRun: reads documents from its input and writes what MLRun's classes make of them; nothing of packagers is here.

MLRun asks its server for the artifacts of a status. There is none, so that an artifact is its URI.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def main() -> None:
    """Answer one request: documents to load and arguments to make objects of, by the name of the class."""
    import mlrun
    from mlrun import model

    class Resource:
        def __init__(self, uri: str) -> None:
            self.uri = uri

        def to_dict(self) -> dict[str, Any]:
            return {"metadata": {"key": self.uri}}

    mlrun.datastore.get_store_resource = Resource
    request = json.load(sys.stdin)

    def attempt(make: Any) -> Any:
        try:
            return {"document": plain(make())}
        except Exception as error:  # noqa: BLE001  # whatever MLRun raises is the answer
            return {"error": f"{type(error).__name__}: {error}"}

    def plain(made: Any) -> Any:
        document = made.to_dict()
        status = document.get("status", document)
        if isinstance(status, dict) and "artifact_uris" in status:
            status.pop("artifacts", None)  # fetched from the server by MLRun, and no part of what it keeps
        return json.loads(json.dumps(document, default=str))

    def path(base: str, run_id: str | None, single: bool) -> Any:
        made = model.TargetPathObject(base, run_id, single)
        return {"template": made.get_templated_path(), "absolute": made.get_absolute_path()}

    def path_or_error(arguments: list[Any]) -> Any:
        try:
            return path(*arguments)
        except Exception as error:  # noqa: BLE001  # whatever MLRun raises is the answer
            return f"{type(error).__name__}: {error}"

    classes = {name: getattr(model, name) for name in request["arguments"]}
    answer = {
        "version": mlrun.__version__,
        "made": {
            name: [attempt(lambda cls=classes[name], each=each: cls(**each)) for each in many]
            for name, many in request["arguments"].items()
        },
        "loaded": {
            name: [attempt(lambda cls=classes[name], each=each: cls.from_dict(each)) for each in many]
            for name, many in request["documents"].items()
        },
        "paths": [path_or_error(each) for each in request["paths"]],
        "task": plain(model.new_task(**request["task"]).with_params(depth=3).with_input("more", "m.csv").set_label("n", 1)),
    }
    sys.stdout.write("\n" + json.dumps(answer))


if __name__ == "__main__":
    main()
