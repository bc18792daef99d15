"""Artifacts beside the store: output_path, paths of single outputs, artifact_path of hints; and outputs that did not come out."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest

import packagers
from packagers import Artifact, LogHint, PackagersWarning
from packagers_runs.errors import ExportError, FieldError, RunError, UnknownNameError
from packagers_runs.models.runobject import RunObject
from packagers_runs.models.template import new_task
from packagers_runs.running.context import RunContext
from packagers_runs.running.exporting import put_package
from packagers_runs.running.launching import new_function
from packagers_runs.runstore import Store, connect


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.chdir(tmp_path)
    with connect() as store:
        yield store


@pytest.fixture(params=["folder", "file", "memory", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give an empty place that packages can be put to."""
    name = f"out-{uuid.uuid4().hex}"
    if request.param == "s3":
        import s3fs

        request.getfixturevalue("s3")
        s3fs.S3FileSystem().mkdir(name)
    folders = {"folder": str(tmp_path / name), "file": (tmp_path / name).as_uri(), "memory": f"memory://{name}/x", "s3": f"s3://{name}/x"}
    return folders[request.param]


def two() -> Any:
    return 0.5, np.arange(3), {"a": np.ones(2)}


def run(handler: Any = two, returns: Any = ("accuracy", "array", "frames : file"), **fields: Any) -> RunObject:
    return new_function().run(handler=handler, returns=list(returns), **fields)


def places(run: RunObject) -> dict[str, str]:
    return {artifact["metadata"]["key"]: artifact["spec"]["target_path"] for artifact in run.status.artifacts}


def names(folder: str) -> list[str]:
    system, path = fsspec.core.url_to_fs(folder)
    system.invalidate_cache()
    return sorted(found.rstrip("/").rpartition("/")[2] for found in system.ls(path, detail=False))


def test_artifacts_are_put_there_as_whole_packages_and_into_the_store(store: Store, place: str) -> None:
    made = run(out_path=place)
    local = place.removeprefix("file://")
    assert places(made) == {"array": f"{local}/array", "frames": f"{local}/frames"}
    assert names(place) == ["array", "frames"]
    for source in (f"{place}/array", made.outputs["array"]):
        assert packagers.unpack(source).tolist() == [0, 1, 2]
    packagers.unpack(f"{place}/frames", Artifact).verify()
    again = RunObject.from_store(store, str(made.uid()))
    assert places(again) == places(made)
    assert again.spec.output_path == place


def test_what_stands_there_is_replaced_whole(store: Store, place: str) -> None:
    run(out_path=place)
    run(lambda: np.arange(5), ["array"], out_path=place)
    assert packagers.unpack(f"{place}/array").tolist() == [0, 1, 2, 3, 4]
    assert len(names(f"{place}/array")) == 2


def test_paths_have_places_that_the_run_fills(store: Store, tmp_path: Path) -> None:
    (tmp_path / "in/shop").mkdir(parents=True)
    (tmp_path / "in/shop/x.json").write_text("[1]")
    task = new_task(project="shop", handler=lambda data: data, params={}, inputs={"data : list": "x.json"})
    task.spec.returns = ["one : file", "two : file"]
    task.spec.input_path = "in/{{project}}"
    task.spec.output_path = "out/{{ run.project }}"
    task.spec.outputs = {"one": "{{run.uid}}/first"}
    with pytest.warns(PackagersWarning, match="two"):
        made = new_function().run(task)
    assert made.spec.inputs == {"data": "in/shop/x.json"}
    assert (made.spec.output_path, made.spec.output_paths) == (f"{tmp_path}/out/shop", {"one": f"{made.uid()}/first"})
    assert places(made) == {"one": f"{tmp_path}/out/shop/{made.uid()}/first/one"}
    assert packagers.unpack(places(made)["one"]) == [1]
    hint = LogHint("array", artifact_path="{{project}}/sub")
    assert places(run(lambda: np.arange(2), [hint], project="shop"))["array"] == f"{tmp_path}/shop/sub/array"
    for wrong in ("{{projekt}}", "{{run.uid"):
        with pytest.raises((UnknownNameError, FieldError)):
            run(lambda: np.arange(2), [LogHint("array", artifact_path=wrong)])
    for field, value in (("in_path", "{{run.id}}"), ("out_path", "{{projct}}"), ("outputs", {"one": "{{uid}}"})):
        with pytest.raises(UnknownNameError):
            run(**{field: value})
    with pytest.raises(FieldError, match="braces") as caught:
        run(in_path="{{project")
    assert caught.value.field == "input_path"


def test_artifact_path_beats_out_path(store: Store, tmp_path: Path) -> None:
    made = run(out_path="one", artifact_path="two")
    assert (tmp_path / "two/array/manifest.json").exists()
    assert not (tmp_path / "one").exists()
    assert made.spec.output_path == f"{tmp_path}/two"


def test_a_path_of_its_own_and_one_left_out(store: Store, tmp_path: Path) -> None:
    made = run(out_path="out", outputs={"array": str(tmp_path / "own/place"), "frames": None})
    assert places(made) == {"array": f"{tmp_path}/own/place", "frames": f"{tmp_path}/out/frames"}
    assert places(run(outputs={"array": "own/array"})) | {"frames": ""} == {"array": f"{tmp_path}/own/array", "frames": ""}
    assert packagers.unpack("own/place").tolist() == [0, 1, 2]


def handler_with_contexts(context: RunContext) -> Any:
    context.log_artifact("logged", np.arange(2), artifact_path="hint")
    context.log_dataset("bare", np.arange(4))
    os.chdir("/")
    return np.arange(1)


def test_hints_have_paths_of_their_own(store: Store, tmp_path: Path) -> None:
    far = f"memory://{uuid.uuid4().hex}"
    array = LogHint("array", artifact_path=far)
    made = run(handler_with_contexts, [array])
    own = store.objects.place(made.status.artifacts[1]["metadata"]["hash"])
    assert places(made) == {"logged": f"{tmp_path}/hint/logged", "bare": own, "array": f"{far}/array"}
    assert made.spec.returns == [array]
    os.chdir(tmp_path)
    made = run(handler_with_contexts, [array], out_path="out")
    assert places(made) == {"logged": f"{tmp_path}/out/hint/logged", "bare": f"{tmp_path}/out/bare", "array": f"{far}/array"}
    assert {key: len(made.unpack(key)) for key in places(made)} == {"logged": 2, "bare": 4, "array": 1}


@packagers.handler(returns=[LogHint("array", artifact_path="decorated")])
def decorated() -> Any:
    return np.arange(3)


def test_the_hints_of_a_decorator_have_paths_too(store: Store, tmp_path: Path) -> None:
    assert places(run(decorated, [])) == {"array": f"{tmp_path}/decorated/array"}


def test_links_hold_wherever_artifacts_go(store: Store) -> None:
    hints = [LogHint("array", artifact_path="a"), LogHint("model", "file", artifact_path="b", extra_data={"array": ...})]
    run(lambda: (np.arange(3), {"x": 1}), hints)
    assert packagers.unpack("store://model", Artifact).extra_data["array"].unpack().tolist() == [0, 1, 2]
    hints = [LogHint("array"), LogHint("model", "file", extra_data={"array": ...})]
    run(lambda: (np.arange(3), {"x": 1}), hints, out_path="memory://linked-outputs")
    assert packagers.unpack("memory://linked-outputs/model", Artifact).extra_data["array"].unpack().tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("outputs", "returns"),
    [
        ({"a": "x", "b": "x"}, []),
        ({"a": "x", "b": "./x/"}, []),
        ({"a": "x", "b": "x/deeper"}, []),
        ({"a": "b"}, ["b"]),
        ({"a": "s3://x/y/b"}, [LogHint("b", artifact_path="s3://x/y")]),
    ],
)
def test_two_outputs_with_one_place_are_refused(store: Store, outputs: Any, returns: Any) -> None:
    with pytest.raises(FieldError, match="the outputs 'a' and 'b' go to one place"):
        run(outputs=outputs, returns=returns, out_path="out")
    assert store.documents() == []


def test_an_itemized_output_has_no_path_of_its_own_and_its_items_do(store: Store, tmp_path: Path) -> None:
    def many() -> Any:
        return [np.arange(1), np.arange(2)]

    with pytest.raises(FieldError, match="'many' is itemized"):
        run(many, ["*many"], outputs={"many": "x"})
    made = run(many, ["*many"], outputs={"many_1": "last"}, out_path="out")
    assert places(made) == {"many_0": f"{tmp_path}/out/many_0", "many_1": f"{tmp_path}/out/last", "many": f"{tmp_path}/out/many"}
    made = run(many, [LogHint("many", itemized=True, artifact_path="here")])
    assert [len(item) for item in packagers.unpack("here/many")] == [1, 2]


# What goes wrong.


def test_a_copy_that_fails_is_seen_and_what_was_there_stays(store: Store, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run(out_path=place)
    monkeypatch.setattr(shutil, "copyfile", _no_manifest(shutil.copyfile))
    system = fsspec.core.url_to_fs(place)[0]
    monkeypatch.setattr(system, "put_file", _no_manifest(system.put_file))
    with pytest.raises(RunError, match="ExportError: the artifact cannot be put there: OSError: the disk is full") as caught:
        run(lambda: (0.25, np.arange(7)), ["accuracy", "array"], out_path=place)
    monkeypatch.undo()
    assert isinstance(caught.value.__cause__, ExportError)
    assert (caught.value.__cause__.key, caught.value.__cause__.file) == ("array", f"{place.removeprefix('file://')}/array")
    assert packagers.unpack(f"{place}/array").tolist() == [0, 1, 2]
    failed = store.get_run(caught.value.uid)
    assert (failed.status.state, failed.status.results) == ("error", {"accuracy": 0.25})
    assert failed.unpack("array").tolist() == [0, 1, 2, 3, 4, 5, 6]
    run(lambda: np.arange(8), ["array"], out_path=place)
    assert len(packagers.unpack(f"{place}/array")) == 8


def _no_manifest(copy: Any) -> Any:
    def fail(*arguments: Any, **options: Any) -> Any:
        if any("manifest.json" in str(argument) for argument in arguments):
            raise OSError("the disk is full")
        return copy(*arguments, **options)

    return fail


def test_a_copy_that_fails_first_leaves_nothing(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "copyfile", _no_manifest(shutil.copyfile))
    with pytest.raises(RunError, match="the disk is full"):
        run(out_path="out")
    assert list((tmp_path / "out").rglob("*")) == []


def test_what_is_no_package_is_never_replaced(store: Store, place: str) -> None:
    system, path = fsspec.core.url_to_fs(place)
    system.makedirs(f"{path}/array", exist_ok=True)
    system.pipe_file(f"{path}/array/precious.txt", b"mine")
    system.pipe_file(f"{path}/frames", b"mine")
    for returns in (["accuracy", "array", None], ["accuracy", None, "frames : file"]):
        with pytest.raises(RunError, match="something that is no package stands where the artifact is to go"):
            run(returns=returns, out_path=place)
    assert system.cat_file(f"{path}/array/precious.txt") == system.cat_file(f"{path}/frames") == b"mine"


def test_what_a_killed_copy_has_left_is_written_over(store: Store, tmp_path: Path) -> None:
    (tmp_path / "out/array/0a1b2c3d").mkdir(parents=True)
    (tmp_path / "out/array/0a1b2c3d/half.npy").write_bytes(b"x")
    (tmp_path / "out/array/manifest.json.0a1b2c3d").write_bytes(b"{")
    run(out_path="out")
    assert packagers.unpack("out/array").tolist() == [0, 1, 2]


KILLED = """
import os, shutil
import packagers_runs as runs

if __name__ == "__main__":
    shutil.copyfile = lambda *arguments, **options: os._exit(9)  # the payload is there, the manifest is not
    runs.connect()
    runs.new_function().run(handler="counts_up.py:count", params={"n": 5}, returns=["array"], out_path="out")
"""


def test_a_kill_in_the_middle_leaves_the_old_one_and_another_attempt_brings_the_new(store: Store, tmp_path: Path) -> None:
    (tmp_path / "counts_up.py").write_text("import numpy\ndef count(n): return numpy.arange(n)\n")
    (tmp_path / "killed.py").write_text(KILLED)
    run("counts_up.py:count", ["array"], params={"n": 2}, out_path="out")
    assert subprocess.run([sys.executable, "killed.py"], cwd=tmp_path, check=False).returncode == 9
    lost = store.list_runs(limit=1)[0]
    assert (lost.status.state, lost.status.reason) == ("error", "lost")
    assert packagers.unpack("out/array").tolist() == [0, 1]
    assert places(store.retry(str(lost.uid()))) == {"array": f"{tmp_path}/out/array"}
    assert packagers.unpack("out/array").tolist() == [0, 1, 2, 3, 4]


def test_two_that_write_one_place_leave_one_of_both_whole(store: Store, tmp_path: Path) -> None:
    for number in (1, 2):
        packagers.pack(np.arange(number), "array", tmp_path / str(number))
    first, second = (packagers.unpack(tmp_path / str(number) / "array", Artifact) for number in (1, 2))
    put_package(first, str(tmp_path / "out"))
    put_package(second, str(tmp_path / "out"))
    put_package(second, str(tmp_path / "out"))
    packagers.unpack(tmp_path / "out", Artifact).verify()
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_a_commit_in_between_puts_what_there_is(store: Store, tmp_path: Path) -> None:
    def handler(context: RunContext) -> bool:
        context.log_artifact("early", np.arange(2))
        context.commit()
        return (tmp_path / "out/early/manifest.json").exists()

    assert run(handler, ["was_there"], out_path="out").status.results == {"was_there": True}


def test_a_failing_handler_leaves_what_it_logged(store: Store, tmp_path: Path) -> None:
    def handler(context: RunContext) -> None:
        context.log_artifact("early", np.arange(2))
        raise ValueError("later")

    with pytest.raises(RunError, match="later"):
        run(handler, [], out_path="out")
    assert len(packagers.unpack("out/early")) == 2


def test_a_process_of_its_own_puts_them_too(store: Store, tmp_path: Path) -> None:
    (tmp_path / "makes_a_list.py").write_text("def make(): return [1, 2]\n")
    made = run("makes_a_list.py:make", ["numbers : file"], out_path="out/{{run.uid}}", watch=False)
    assert made.wait_for_completion(sleep=0.05, timeout=60) == "completed"
    assert places(made) == {"numbers": f"{tmp_path}/out/{made.uid()}/numbers"}
    assert packagers.unpack(places(made)["numbers"]) == [1, 2]


def search(n: int) -> Any:
    return float(n), np.arange(n), [np.ones(n), 2], {"n": n}


def test_iterations_have_folders_of_their_own_and_the_best_is_named(store: Store, tmp_path: Path) -> None:
    returns = ["score", LogHint("array", artifact_path="sub"), "*many", "own : file"]
    task = new_task(handler=search, returns=returns, artifact_path="out", outputs={"own": "mine/own"})
    task.with_hyper_params({"n": [1, 3, 2]}, selector="max.score").spec.scrape_metrics = True
    made = new_function().run(task)
    assert places(made)["array"] == f"{tmp_path}/out/sub/2/array"
    assert places(made)["own"] == f"{tmp_path}/out/mine/2/own"
    assert [len(packagers.unpack(f"out/sub/{number}/array")) for number in (1, 2, 3)] == [1, 3, 2]
    assert [len(packagers.unpack(f"out/{number}/many")[0]) for number in (1, 2, 3)] == [1, 3, 2]
    assert len(made.unpack("many")[0]) == 3
    assert 'result="score"} 3.0' in store.metrics.path(str(made.uid())).read_text(encoding="utf-8")


def test_a_run_that_is_verified_writes_to_no_path(store: Store, tmp_path: Path) -> None:
    returns = ["score", LogHint("array", artifact_path="sub"), "*many", "own : file"]
    task = new_task(handler=search, params={"n": 2}, returns=returns, artifact_path="out", outputs={"own": "mine/own"})
    task.spec.scrape_metrics = True
    made = new_function().run(task)
    shutil.rmtree(tmp_path / "out")
    shutil.rmtree(tmp_path / ".packagers/metrics")
    assert store.verify(str(made.uid())).outputs
    assert [path for name in ("out", "sub") for path in tmp_path.glob(name)] == []
    assert not (tmp_path / ".packagers/metrics").exists()


# Outputs that were to come out.


def test_an_output_that_did_not_come_out_is_a_warning_with_the_nearest(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.warns(PackagersWarning, match=r"'acuracy' did not come out\. Did you mean 'accuracy'\? There are: accuracy, array"):
        made = run(two, ["accuracy", "array", None], outputs=["acuracy", "array"])
    assert made.status.state == "completed"
    with pytest.warns(PackagersWarning, match="'model' did not come out. Nothing else did"):
        run(lambda: None, [], outputs=["model"])


def test_outputs_that_came_out_in_any_way_are_no_warning(store: Store) -> None:
    def handler(context: RunContext) -> Any:
        context.log_result("logged", 1)
        return [np.arange(1)]

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(handler, ["*items"], outputs=["logged", "items", "items_0"])
        with pytest.raises(RunError, match="fails"):
            run(fails, [], outputs=["never"])


def fails() -> None:
    raise ValueError("it fails")


def test_what_is_logged_again_after_a_commit_takes_its_place(store: Store) -> None:
    def handler(context: RunContext) -> None:
        for size in (2, 3):
            context.log_artifact("again", np.arange(size))
            context.commit()
        context.log_artifact("again", np.arange(4))

    made = run(handler, [], out_path="out")
    assert len(made.unpack("again")) == len(packagers.unpack("out/again")) == 4
    assert len(made.status.artifacts) == 1


def test_iterations_put_their_outputs_where_the_run_began_whatever_folder_a_handler_goes_to(store: Store, tmp_path: Path) -> None:
    def wanders(number: int) -> str:
        elsewhere = tmp_path / f"elsewhere-{number}"
        elsewhere.mkdir()
        os.chdir(elsewhere)
        return f"text {number}"

    task = new_task("wanders", handler=wanders, outputs={"note": "out/note"}, returns=["note : file"])
    made = new_function().run(task.with_hyper_params({"number": [7, 8]}))
    assert {number: packagers.unpack(tmp_path / f"out/{number}/note") for number in (1, 2)} == {1: "text 7", 2: "text 8"}
    assert [len(list((tmp_path / f"elsewhere-{number}").iterdir())) for number in (7, 8)] == [0, 0]
    assert made.state() == "completed"
