"""The example that makes spans of OpenTelemetry, installed as a plugin, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
PROGRAM = """
import contextlib, json, sys, threading
import numpy as np
import packagers, packagers_runs
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry_spans import launch, tracer

exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)

def train(data: np.ndarray, fails: bool = False):
    with tracer.start_as_current_span("handler"):
        if fails:
            raise ValueError("broke")
        return float(data.sum()), data * 2

packagers.pack(np.arange(10.0), "data")
function = packagers_runs.new_function("trainer")
task = {"handler": train, "inputs": {"data": "data"}, "returns": ["total", "model"]}
run = launch(function, **task)
with contextlib.suppress(packagers_runs.RunError):
    launch(function, **task, params={"fails": True})
with contextlib.suppress(packagers.PackagersError):
    packagers.pack(threading.Lock(), "wrong : object")
print(json.dumps({"uid": run.uid(), "spans": [json.loads(span.to_json()) for span in exporter.get_finished_spans()]}), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("spans")
    information = folder / "site" / "spans_example-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: spans-example\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[packagers]\nspans = opentelemetry_spans\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder / "site"), str(EXAMPLES)])}
    (folder / "program.py").write_text(PROGRAM)
    command = [sys.executable, str(folder / "program.py")]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stderr.splitlines()[-1])
    return found


def spans(told: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [span for span in told["spans"] if span["name"] == name]


def test_a_run_is_a_span_with_its_handler_and_its_packing_inside(told: dict[str, Any]) -> None:
    completed, failed = spans(told, "run trainer-train")
    assert (completed["attributes"]["packagers.run.uid"], completed["attributes"]["packagers.run.state"]) == (told["uid"], "completed")
    assert failed["attributes"]["packagers.run.state"] == "error"
    assert (failed["status"]["status_code"], failed["events"][0]["name"]) == ("ERROR", "exception")
    inside = [span["name"] for span in told["spans"] if span["parent_id"] == completed["context"]["span_id"]]
    assert inside == ["unpack file", "handler", "pack result", "pack file"]
    assert {span["context"]["trace_id"] for span in told["spans"] if span["parent_id"]} == {
        completed["context"]["trace_id"],
        failed["context"]["trace_id"],
    }


def test_packing_and_unpacking_tell_key_type_and_bytes(told: dict[str, Any]) -> None:
    first, inside = spans(told, "pack file")
    assert first["parent_id"] is None
    assert first["attributes"] == {
        "packagers.object_type": "numpy.ndarray",
        "packagers.artifact_type": "file",
        "packagers.packager": "ArrayPackager",
        "packagers.key": "data",
        "packagers.bytes": 208,
    }
    assert (inside["attributes"]["packagers.key"], inside["attributes"]["packagers.bytes"]) == ("model", 208)
    unpacked = spans(told, "unpack file")[0]["attributes"]
    assert (unpacked["packagers.key"], unpacked["packagers.object_type"], unpacked["packagers.bytes"]) == ("data", "numpy.ndarray", 208)


def test_what_cannot_be_packed_is_a_span_that_failed(told: dict[str, Any]) -> None:
    (wrong,) = spans(told, "pack object")
    assert (wrong["status"]["status_code"], wrong["attributes"]["packagers.object_type"]) == ("ERROR", "_thread.lock")
