"""Data stores: inputs by name, options of the file systems behind them, and no secret of theirs anywhere."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from packagers import DataItem, UnpackError
from packagers_runs.errors import FieldError, RunError, UnknownNameError
from packagers_runs.models.datastores import DataStore
from packagers_runs.models.template import RunTemplate, new_task
from packagers_runs.running.existence import MissingInputError
from packagers_runs.running.launching import new_function
from packagers_runs.runstore import Store, connect

SECRET = "wJalrXUtnFEMI-K7MDENG-bPxRfiCY"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.chdir(tmp_path)
    with connect() as store:
        yield store


@pytest.fixture
def lake(s3: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Give a data store on a server that nothing but its options leads to."""
    import s3fs

    bucket = f"lake-{uuid.uuid4().hex}"
    system = s3fs.S3FileSystem()
    system.mkdir(bucket)
    for name in ("one", "two"):
        system.pipe(f"{bucket}/in/{name}.csv", f"a\n{len(name)}\n".encode())
    for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("LAKE_SECRET", SECRET)
    options = {
        "key": "{{secrets.LAKE_SECRET}}",
        "secret": "{{ secrets.LAKE_SECRET }}",
        "client_kwargs": {"endpoint_url": s3},
        "default_block_size": 6 << 20,
        "skip_instance_cache": True,
    }
    return {"name": "lake", "url": f"s3://{bucket}/in", "options": options}


def read(data: pd.DataFrame) -> Any:
    return data["a"].tolist()


def task(handler: Any, lake: dict[str, Any], inputs: dict[str, Any], **fields: Any) -> RunTemplate:
    made = new_task(handler=handler, inputs=inputs, returns=["seen"], secrets=["env=LAKE_SECRET"], **fields)
    made.spec.data_stores = [lake]
    return made


def test_inputs_are_read_with_the_options_and_secrets_of_their_store(store: Store, lake: dict[str, Any]) -> None:
    run = new_function().run(task(read, lake, {"data": "lake/one.csv"}))
    assert run.status.results == {"seen": [3]}
    assert run.spec.inputs == {"data": "lake/one.csv"}

    def read_all(many: list[pd.DataFrame], named: dict[str, pd.DataFrame], item: DataItem) -> Any:
        return [*(frame["a"][0] for frame in many), named["x"]["a"][0], item.url, item.get().decode()]

    inputs = {"many": ["lake/one.csv", "lake/two.csv"], "named": {"x": "lake/two.csv"}, "item": None}
    run = new_function().run(task(read_all, lake, {**inputs, "item": "one.csv"}, in_path="lake"))
    assert [str(each) for each in run.status.results["seen"]] == ["3", "3", "3", f"{lake['url']}/one.csv", "a\n3\n"]


def test_what_is_not_there_is_missing(store: Store, lake: dict[str, Any]) -> None:
    with pytest.raises(MissingInputError) as caught:
        new_function().run(task(read, lake, {"data": "lake/oen.csv"}))
    assert (caught.value.file, caught.value.nearest) == (f"{lake['url']}/oen.csv", "one.csv")
    made = task(read, lake, {"data": "lake/oen.csv"})
    made.spec.returns = ["seen : result"]
    made.spec.allow_empty_resources = True
    made.spec.handler = is_there
    assert new_function().run(made).status.results == {"seen": False}


def is_there(data: DataItem) -> bool:
    return data.exists()


def test_a_process_of_its_own_and_another_attempt_read_them_too(store: Store, lake: dict[str, Any], tmp_path: Path) -> None:
    program = (
        "import pathlib, pandas\n"
        "def read(data: pandas.DataFrame):\n"
        "    if not pathlib.Path('ready').exists(): raise ValueError('not ready')\n"
        "    return data['a'].tolist()\n"
    )
    (tmp_path / "reads_a_lake.py").write_text(program)
    run = new_function().run(task("reads_a_lake.py:read", lake, {"data": "lake/one.csv"}), watch=False)
    assert run.wait_for_completion(sleep=0.05, timeout=60, raise_on_failure=False) == "error"
    assert run.refresh().error == "ValueError: not ready"
    (tmp_path / "ready").touch()
    assert store.retry(str(run.uid())).status.results == {"seen": [3]}


def test_no_secret_of_theirs_is_anywhere(store: Store, lake: dict[str, Any], tmp_path: Path) -> None:
    def wrong(data: DataItem) -> None:
        raise ValueError(f"{data!r} {data.__reduce__()}")

    made = task(wrong, lake, {"data": "lake/one.csv"})
    with pytest.raises(RunError) as caught:
        new_function().run(made)
    run = caught.value.run
    assert run.to_dict()["spec"]["data_stores"] == [lake]
    assert "***" in run.error
    store.close()
    kept = b"".join(path.read_bytes() for path in (tmp_path / ".packagers").rglob("*") if path.is_file())
    assert b"{{secrets.LAKE_SECRET}}" in kept
    for text in (run.error, str(made.to_dict()), run.to_yaml(), kept.decode("latin-1")):
        assert SECRET not in text


CLEAR = [
    {"secret": SECRET},
    {"client_kwargs": {"aws_secret_access_key": SECRET}},
    {"many": [{"accountKey": SECRET}]},
    {"x-api-key": SECRET},
    {"password": SECRET.encode()},
    {"headers": {"Authorization": SECRET}},
]


@pytest.mark.parametrize("options", CLEAR, ids=repr)
def test_a_secret_in_the_clear_is_refused_and_shown_nowhere(store: Store, options: dict[str, Any]) -> None:
    place = DataStore("lake", "memory://x", options)
    assert SECRET not in str(place.to_dict())
    assert "***" in json.dumps(place.to_dict())
    with pytest.raises(FieldError, match="is a secret in the clear") as caught:
        new_function().run(task(read, place, {"data": "lake/x.csv"}))  # type: ignore[arg-type]
    assert SECRET not in str(caught.value)
    assert "{{secrets.NAME}}" in str(caught.value)
    again = RunTemplate.from_dict(task(read, place, {}).to_dict())  # type: ignore[arg-type]
    with pytest.raises(FieldError, match="is a secret in the clear"):
        new_function().run(again)
    assert store.documents() == []


def test_what_is_no_secret_stands_in_documents() -> None:
    options = {"anon": True, "endpoint_url": "http://x", "token": None, "key_id": "A", "secret": "a{{secrets.X}}", "nested": {"n": [1]}}
    assert DataStore("lake", "s3://x", options).to_dict()["options"] == options


@pytest.mark.parametrize(
    ("stores", "words"),
    [
        ([{"name": "a/b", "url": "x"}], "cannot be 'a/b'"),
        ([{"name": "a"}], "needs a name and a url"),
        ([{"url": "a"}], "needs a name and a url"),
        ([{"name": "a", "url": "x"}, {"name": "a", "url": "y"}], "two data stores have the name 'a'"),
    ],
)
def test_stores_that_mean_nothing_are_refused(store: Store, stores: Any, words: str) -> None:
    made = new_task(handler=read)
    made.spec.data_stores = stores
    with pytest.raises(FieldError, match=words):
        new_function().run(made)


def test_a_secret_that_there_is_not_is_refused_with_the_nearest(store: Store, lake: dict[str, Any]) -> None:
    lake["options"] = {"secret": "{{secrets.LAKE_SECERT}}"}
    with pytest.raises(UnknownNameError, match="Did you mean 'LAKE_SECRET'"):
        new_function().run(task(read, lake, {"data": "lake/one.csv"}))
    assert store.documents() == []


def test_options_of_what_takes_none_are_refused(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_SECRET", SECRET)
    place = {"name": "lake", "url": str(tmp_path), "options": {"anon": True}}
    with pytest.raises(UnpackError, match="storage options are for URLs"):
        new_function().run(task(read, place, {"data": "lake/one.csv"}))


def test_a_store_without_options_is_its_url(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_SECRET", SECRET)
    (tmp_path / "in").mkdir()
    (tmp_path / "in/x.csv").write_text("a\n1\n")
    run = new_function().run(task(read, {"name": "lake", "url": f"{tmp_path}/in/"}, {"data": "lake/x.csv"}))
    assert (run.spec.inputs, run.status.results) == ({"data": f"{tmp_path}/in/x.csv"}, {"seen": [1]})
