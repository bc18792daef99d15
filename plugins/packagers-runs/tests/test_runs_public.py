"""What is public, what importing it costs, and that documents do not depend on the seed of hashes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import packagers_runs

DESCRIPTIONS = """DataSource DataTarget DataTargetBase HyperParamOptions HyperParamStrategies ModelObj Notification RunMetadata RunObject
    RunSpec RunStates RunStatus RunTemplate TargetPathObject new_task RunError FieldError"""
DOCUMENT = """
import packagers_runs as r
spec = r.RunSpec(
    {"set": {"b", "a", "c", "zz", ("t", 1)}, "frozen": frozenset(range(5)), "nan": float("nan"), "z": 1, "a": 2},
    outputs=["z", "y", "x"], returns=["w", "v", "z"], inputs={"i : int": "x", "h": {"q": 1, "p": 2}},
    notifications=[r.Notification("console", "n")],
    state_thresholds={"pending_scheduled": "1h", "executing": "2h"}, secret_sources=[{"kind": "inline", "source": {"k2": 1, "k1": 2}}],
    hyperparams={"q": [1], "p": [2]}, hyper_param_options={"selector": "max.a"}, retry={"count": 2})
spec.extract_type_hints_from_inputs()
run = r.RunObject(spec, r.RunMetadata("u", "n", labels={"z": 1, "a": 2}), r.RunStatus(results={"z": 1, "a": {"y", "x"}}))
run = r.RunObject.from_dict({**run.to_dict(), "unknown": {"z": 1, "a": 2}, "other": 1})
print(run.to_yaml() + run.to_json() + repr(run.spec.outputs))
try: r.RunSpec.from_dict({"paramters": 1}, strict=True)
except ValueError as error: print(error)
try: r.HyperParamOptions(strategy="gird")
except ValueError as error: print(error)
"""


def run(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env={**os.environ, **environment}, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_tasks_and_runs_are_described_without_any_heavy_library() -> None:
    heavy = "pandas pyarrow numpy sqlalchemy jinja2 httpx requests dask loky click rich yaml"
    code = f"import packagers_runs as r, sys\nfor name in {DESCRIPTIONS.split()}: getattr(r, name)\n"
    assert run(f"{code}print([m for m in {heavy!r}.split() if m in sys.modules])").strip() == "[]"


def test_every_public_name_is_there() -> None:
    for name in packagers_runs.__all__:
        assert getattr(packagers_runs, name) is not None
    assert set(DESCRIPTIONS.split()) <= set(packagers_runs.__all__)


def test_importing_the_package_loads_none_of_its_modules() -> None:
    assert run("import packagers_runs, sys; print([m for m in sys.modules if m.startswith('packagers_runs.')])").strip() == "[]"


def test_names_that_are_not_public() -> None:
    assert dir(packagers_runs) == sorted(packagers_runs.__all__)
    with pytest.raises(AttributeError, match="no attribute 'new_tsk'"):
        packagers_runs.new_tsk  # noqa: B018  # reading it is what this is about


def test_documents_are_the_same_text_for_twenty_seeds_of_hashes() -> None:
    texts = {run(DOCUMENT, PYTHONHASHSEED=str(seed)) for seed in range(20)}
    assert len(texts) == 1
    assert "Did you mean 'parameters'" in texts.pop()
