"""What both sides make: arguments of every model class, as JSON."""

from __future__ import annotations

from typing import Any

ARTIFACT = {
    "kind": "model",
    "metadata": {"key": "model", "project": "churn", "iter": 2, "tree": "4f", "tag": "latest"},
    "spec": {"target_path": "s3://bucket/model.pkl", "db_key": "grid_model"},
    "status": {"state": "created"},
}
HYPER = {
    "strategy": "list",
    "selector": "max.accuracy",
    "stop_condition": "accuracy > 0.9",
    "parallel_runs": 2,
    "max_errors": 0,
    "teardown_dask": False,
}
NOTIFICATION = {
    "kind": "webhook",
    "name": "done",
    "message": "it is done",
    "severity": "warning",
    "when": ["completed", "error"],
    "condition": '{{ run["status"]["results"]["accuracy"] < 0.9 }}',
    "params": {"url": "https://example.org", "method": "post", "verify_ssl": False},
    "status": "sent",
    "sent_time": "2026-11-22T05:30:00+00:00",
}
METADATA = {
    "uid": "0123456789abcdef0123456789abcdef",
    "name": "grid",
    "project": "churn",
    "labels": {"owner": "me", "kind": "local"},
    "annotations": {"note": "first"},
    "iteration": 2,
}
SPEC = {
    "parameters": {"depth": 3, "rate": 0.1, "name": "", "deep": {"a": [1, None, True]}, "zero": 0, "no": False},
    "hyperparams": {"p1": [2, 4, 1], "p2": [10, 20]},
    "param_file": "params.csv",
    "selector": "min.loss",
    "handler": "train",
    "inputs": {"data : pandas.DataFrame": "iris.csv", "many": ["a.csv", "b.csv"]},
    "outputs": ["model"],
    "input_path": "s3://bucket/in",
    "output_path": "s3://bucket/{{project}}/{{run.uid}}",
    "function": "churn/trainer",
    "secret_sources": [{"kind": "file", "source": "secrets.txt"}, {"kind": "env", "source": "A,B"}],
    "data_stores": [{"name": "lake", "url": "s3://bucket", "options": {"anon": True}}],
    "strategy": "grid",
    "verbose": False,
    "scrape_metrics": True,
    "hyper_param_options": HYPER,
    "allow_empty_resources": False,
    "inputs_type_hints": {"many": "list"},
    "returns": ["accuracy", "2*parts : dataset", {"key": "table", "artifact_type": "dataset"}],
    "notifications": [NOTIFICATION],
    "state_thresholds": {"executing": "1d 2 hours", "pending_scheduled": "-1"},
    "retry": {"count": 3, "backoff": {"base_delay": "30s"}},
}
STATUS = {
    "state": "completed",
    "error": "",
    "host": "here",
    "commit": "abc",
    "status_text": "done",
    "results": {"accuracy": 0.93, "best_iteration": 2, "name": "", "nothing": 0},
    "artifacts": [ARTIFACT],
    "start_time": "2026-11-22T05:00:00+00:00",
    "last_update": "2026-11-22T05:30:00+00:00",
    "iterations": [["state", "iter", "param.p1", "output.accuracy"], ["completed", 1, 2, 0.9]],
    "ui_url": "file:///report.html",
    "reason": "",
    "notifications": {"done": {"status": "sent", "sent_time": "2026-11-22T05:30:00+00:00"}},
    "end_time": "2026-11-22T05:30:00+00:00",
    "artifact_uris": {"model": "store://models/churn/grid_model#2:latest@4f"},
    "retry_count": 1,
}

SAMPLES: dict[str, list[dict[str, Any]]] = {
    "DataSource": [
        {},
        {
            "name": "events",
            "path": "events.parquet",
            "attributes": {"a": 1},
            "key_field": "id",
            "time_field": "at",
            "schedule": "0 * * * *",
        },
        {"name": "window", "path": "x.csv", "time_field": "at", "start_time": "2026-11-01T00:00:00", "end_time": "2026-11-22T00:00:00"},
    ],
    "DataTarget": [{}, {"kind": "parquet", "name": "out", "path": "out/", "online": False}],
    "DataTargetBase": [
        {},
        {
            "kind": "parquet",
            "name": "out",
            "path": "out/",
            "attributes": {"a": "b"},
            "partitioned": True,
            "partition_cols": ["country"],
            "time_partitioning_granularity": "hour",
            "max_events": 100,
            "flush_after_seconds": 5,
            "storage_options": {"anon": "1"},
        },
        {"kind": "csv", "path": "out.csv", "partitioned": False},
    ],
    "FeatureSetProducer": [{}, {"kind": "run", "name": "n", "uri": "churn@4f#0", "owner": "me", "sources": {"a": "b.csv"}}],
    "HyperParamOptions": [
        {},
        HYPER,
        {"param_file": "p.csv", "strategy": "random", "max_iterations": 5, "dask_cluster_uri": "db://churn/dask"},
    ],
    "Notification": [{"kind": "console"}, NOTIFICATION],
    "RunMetadata": [{}, METADATA],
    "RunObject": [
        {},
        {"spec": {**SPEC, "param_file": None}, "metadata": METADATA, "status": {**STATUS, "state": "error", "error": "it broke"}},
    ],
    "RunSpec": [{}, SPEC, {"parameters": {}, "verbose": False, "param_file": ""}, {"retry": {"count": 0}}],
    "RunStatus": [{}, STATUS, {"state": "pendingRetry", "reason": "lost", "retry_count": 0}],
    "RunTemplate": [{}, {"spec": SPEC, "metadata": METADATA}],
}
THEIRS: dict[str, list[dict[str, Any]]] = {
    "RunSpec": [{"node_selector": {"zone": "a"}, "reset_on_run": True, "tolerations": [{"key": "gpu"}], "auth": {"token_name": "t"}}],
    "RunStatus": [{"retries": [{"retry_count": 1, "start_time": "2026-11-22T05:00:00+00:00"}]}],
}
"""Arguments that only MLRun's classes have; their documents are kept aside here, and written back."""

PATHS = [
    ("/a/b", None, False),
    ("/a/b/", None, False),
    ("/a/b", "R1", False),
    ("/a/b/", "R1", False),
    ("/a/b.csv", "R1", True),
    ("b.csv", "R1", True),
    ("/a/b/", "R1", True),
    ("s3://b/x/{run_id}", "R1", False),
    ("s3://b/x/{run_id}/f.pq", "R1", False),
    ("/a/{run_id}", None, False),
]
