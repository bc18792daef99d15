"""What people write with packagers-runs; only mypy reads this."""

from __future__ import annotations

import packagers_runs as runs
from packagers import LogHint


def train(depth: int = 3) -> float:
    return depth / 10


spec = runs.RunSpec(
    {"depth": 3},
    handler=train,
    inputs={"data : pandas.DataFrame": "iris.csv"},
    outputs=["model"],
    returns=["accuracy", LogHint("model", artifact_type="model"), None],
    notifications=[runs.Notification("console", "done", when=["completed", "error"])],
    state_thresholds={"executing": "1h"},
    hyper_param_options=runs.HyperParamOptions(selector="max.accuracy", parallel_runs=2),
)
spec.outputs = ["model", "table"]
keys: list[str] = spec.outputs
paths: dict[str, str] = spec.output_paths
joined: list[str] = runs.RunSpec.join_outputs_and_returns(["a"], ["b : model"])

task: runs.RunTemplate = (
    runs.new_task("grid", handler=train, returns=["accuracy"], retry={"count": 2}, outputs={"model": "m.pkl"})
    .with_params(depth=4)
    .with_input("data", "iris.csv")
    .with_hyper_params({"depth": [2, 4]}, selector="max.accuracy", strategy=runs.HyperParamStrategies.grid)
    .with_secrets("env", ["TOKEN"])
    .set_label("owner", "me")
)
template = runs.RunTemplate(spec, runs.RunMetadata(name="grid", labels={"a": "b"}))
run: runs.RunObject = runs.RunObject.from_template(template)
document: dict[str, object] = run.to_dict(exclude=["status"], strip=True)
again: runs.RunObject = runs.RunObject.from_dict(document, strict=True)
copy: runs.RunSpec = spec.copy()
text: str = again.to_json() + again.to_yaml()
state: str = run.status.state
iteration: int = run.metadata.iteration
uid: str | None = run.uid()
uri: tuple[str, str, str, str] = runs.RunObject.parse_uri(runs.RunObject.create_uri("p", "4f", 1))
failed: bool = runs.RunStatus("error").is_failed() and runs.RunStates.error.is_terminal
