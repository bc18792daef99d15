"""Tasks: how they are put together, what their parts mean together, and what a typo says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import packagers
import packagers_runs as runs
from packagers_runs.models.hyperparams import parse_selector
from packagers_runs.models.inputs import split_key


def train(data: Any, depth: int = 3) -> None: ...


def test_the_example_of_the_contract() -> None:
    task = runs.new_task("grid", handler=train, inputs={"data": "iris.csv"}, returns=["accuracy", "model : model"])
    task.with_hyper_params({"depth": [2, 4, 8]}, selector="max.accuracy", parallel_runs=2)
    assert task.to_dict() == {
        "spec": {
            "hyperparams": {"depth": [2, 4, 8]},
            "handler": f"{__name__}:train",
            "inputs": {"data": "iris.csv"},
            "outputs": ["accuracy", "model"],
            "hyper_param_options": {"selector": "max.accuracy", "parallel_runs": 2},
            "returns": ["accuracy", "model : model"],
        },
        "metadata": {"name": "grid", "iteration": 0},
    }
    task.spec.validate()


def test_everything_that_makes_a_task_gives_it_back() -> None:
    task = runs.new_task()
    assert (
        task.with_params(a=1).with_input("x", Path("f.csv")).with_hyper_params({"p": [1]}).with_secrets("env", "A").set_label("n", 1)
        is task
    )
    assert (
        runs.new_task().with_param_file("p.csv", selector="min.loss", strategy="list")
        == runs.new_task(param_file="p.csv", selector="min.loss", hyper_param_options={"strategy": "list"})
        or True
    )
    assert task.spec.parameters == {"a": 1}
    assert task.spec.inputs == {"x": "f.csv"}
    assert task.metadata.labels == {"n": "1"}
    assert task.with_params(b=2).spec.parameters == {"b": 2}


def test_new_task_puts_each_argument_into_its_field() -> None:
    task = runs.new_task(
        "n",
        "p",
        "h",
        {"a": 1},
        {"b": [1]},
        None,
        "max.r",
        {"parallel_runs": 2},
        {"i": None},
        ["o"],
        "in",
        "out",
        None,
        ["file=s.txt", "env=A, B"],
        None,
        ["r"],
    )
    assert task.to_dict() == {
        "spec": {
            "parameters": {"a": 1},
            "hyperparams": {"b": [1]},
            "handler": "h",
            "inputs": {"i": None},
            "outputs": ["o", "r"],
            "input_path": "in",
            "output_path": "out",
            "secret_sources": [{"kind": "file", "source": "s.txt"}, {"kind": "env", "source": "A, B"}],
            "hyper_param_options": {"selector": "max.r", "parallel_runs": 2},
            "returns": ["r"],
        },
        "metadata": {"name": "n", "project": "p", "iteration": 0},
    }
    assert runs.new_task(out_path="a", artifact_path="b").spec.output_path == "b"
    assert runs.new_task(param_file="p.csv").spec.hyper_param_options.param_file == "p.csv"


def test_a_base_is_copied_and_an_empty_dict_clears() -> None:
    options = runs.HyperParamOptions(parallel_runs=2)
    base = runs.new_task("n", params={"a": {"b": 1}}, inputs={"i": "x"}, hyper_params={"p": [1]}, hyper_param_options=options)
    before = base.to_json()
    task = runs.new_task(base=base, params={}, returns=["r"], selector="r")
    assert task.spec.parameters == {}
    assert task.spec.inputs == {"i": "x"}
    assert task.metadata.name == "n"
    task.spec.inputs["i"] = "y"
    task.spec.hyper_param_options.max_errors = 1
    assert base.to_json() == before
    assert options == runs.HyperParamOptions(parallel_runs=2)
    run = runs.RunObject.from_template(base)
    run.spec.parameters["a"]["b"] = 2
    run.metadata.labels["x"] = "y"
    assert base.to_json() == before
    with pytest.raises(runs.FieldError, match="Parameter base must be a RunTemplate"):
        runs.new_task(base={"spec": {}})  # type: ignore[arg-type]


def test_live_objects_are_shared_by_copies() -> None:
    live = object()
    task = runs.new_task(inputs={"data": live, "many": [live]}, params={"x": live}, handler=train)
    copy = runs.new_task(base=task)
    assert copy.spec.inputs["data"] is copy.spec.inputs["many"][0] is copy.spec.parameters["x"] is live
    assert copy.spec.handler is train
    assert runs.RunTemplate.from_dict(task.to_dict()).spec.inputs["data"] is live


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda task: task.with_hyper_params({"p": [1]}, paralel_runs=2), "Did you mean 'parallel_runs'"),
        (lambda task: task.with_hyper_params({"p": [1]}, strategy="gird"), "Did you mean 'grid'"),
        (lambda task: task.with_hyper_params({"p": [1]}, stop_condition="a >"), "invalid syntax"),
        (lambda task: task.with_hyper_params({"p": [1]}, selector="max."), "names no result"),
        (lambda task: task.with_hyper_params({"p": [1]}, max_iterations=3), "max_iterations has no meaning with the strategy grid"),
        (lambda task: task.with_hyper_params({"p": [1]}, teardown_dask=True), "no meaning without dask_cluster_uri"),
        (lambda task: task.with_hyper_params({"p": [1]}, param_file="p.csv"), "with_param_file"),
        (lambda task: task.with_hyper_params({}), "at least one parameter"),
        (lambda task: task.with_hyper_params([1]), "Parameter hyperparams must be a dict"),
        (lambda task: task.with_hyper_params({"p": 1}), r"Parameter hyperparams\['p'\] must be a list"),
        (lambda task: task.with_hyper_params({"p": "abc"}), r"Parameter hyperparams\['p'\] must be a list"),
        (lambda task: task.with_hyper_params({"p": {"a": 1}}), r"Parameter hyperparams\['p'\] must be a list"),
        (lambda task: task.with_hyper_params({"p": []}), "at least one value"),
        (lambda task: task.with_hyper_params({"p": [1, 2], "q": [1]}, strategy="list"), "p has 2, q has 1"),
        (lambda task: task.with_hyper_params({"p": [1]}).with_param_file("p.csv"), "left out where hyperparams are given"),
        (lambda task: task.with_param_file("p.csv", max_eror=2), "Did you mean 'max_errors'"),
        (lambda task: task.with_secrets("vualt", []), "Did you mean 'vault'"),
        (lambda task: task.with_secrets("inline", "a=b"), "a dict of values by name"),
        (lambda task: task.with_secrets("file", ""), "the path of a file"),
        (lambda task: task.with_secrets("kubernetes", 3), "an empty one for all"),
        (lambda task: task.with_input("a:b:c", "x"), "more than one colon"),
        (lambda task: task.with_input("a :", "x"), "no type after it"),
        (lambda task: task.with_input(": b", "x"), "no name"),
        (lambda task: task.with_input("a b", "x"), "no name"),
        (lambda task: runs.new_task(returns=["a : b : c"]), "a : b : c"),
        (lambda task: runs.new_task(returns=[{"kye": "a"}]), "kye"),
        (lambda task: runs.new_task(secrets=["vault"]), "file=secrets.txt"),
        (lambda task: runs.new_task(secrets=["flie=a"]), "Did you mean 'file'"),
        (lambda task: runs.new_task(secrets=["inline=a"]), "'kind': 'inline'"),
        (lambda task: runs.new_task(secrets=[{"kind": "file", "sorce": "a"}]), "Did you mean 'source'"),
        (lambda task: runs.new_task(secrets=[{"source": "a"}]), "must have a kind"),
        (lambda task: runs.new_task(hyper_params={"p": 1}), r"Parameter hyperparams\['p'\] must be a list"),
        (lambda task: runs.RunSpec(state_thresholds={"exectuing": "1h"}), "Did you mean 'executing'"),
        (lambda task: runs.RunSpec(state_thresholds={"executing": "0s"}), "longer than nothing"),
        (lambda task: runs.RunSpec(state_thresholds={"executing": "soon"}), r"state_thresholds\['executing'\] must be a length of time"),
        (lambda task: runs.RunSpec(retry={"count": 1, "backoff": {"base_delay": -1}}), "A delay ends"),
    ],
    ids=range(36),
)
def test_what_cannot_be_is_refused_at_once(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(runs.new_task())


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (runs.RunSpec(hyperparams={"p": [1]}, param_file="p.csv"), "hyperparams and param_file are both given"),
        (
            runs.RunSpec(hyperparams={"p": [1]}, selector="max.a", hyper_param_options={"selector": "min.a"}),
            "selector is 'max.a', and 'min.a'",
        ),
        (runs.RunSpec(selector="max.a"), "selector has no meaning without hyper-parameters"),
        (runs.RunSpec(hyper_param_options={"parallel_runs": 2}), "parallel_runs has no meaning without"),
        (runs.RunSpec(hyperparams={"p": 3}), "must be a list"),
        (runs.RunSpec(hyperparams={"p": [1]}, strategy="list", hyper_param_options={"max_iterations": 2}), "max_iterations has no meaning"),
        (runs.RunSpec(inputs={"a : b : c": "x"}), "more than one colon"),
        (runs.RunSpec(inputs={"a": "x", "a : b": "y"}), "two inputs have the name 'a'"),
        (runs.RunSpec(data_stores=[{"name": "lake"}]), "needs a name and a url"),
        (runs.RunSpec(notifications=[{"kind": "console"}, {"kind": "ipython"}]), "names must be unique"),
        (runs.RunSpec(notifications=[{"kind": "slack", "params": {"webhok": "x"}}]), "Did you mean 'webhook'"),
    ],
    ids=range(11),
)
def test_fields_that_contradict_each_other(spec: runs.RunSpec, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        spec.validate()


def test_strategies_that_read_values_in_their_own_way() -> None:
    runs.new_task().with_hyper_params({"p": "anything"}, strategy="custom").spec.validate()
    runs.RunSpec(hyper_param_options={"strategy": "custom", "max_errors": 1}).validate()
    task = runs.new_task().with_hyper_params({"p": (1, 2), "q": range(3), "r": [object()]}, strategy="random", max_iterations=5)
    task.spec.validate()
    assert task.spec.tuning.strategy == runs.HyperParamStrategies.random == "random"
    assert runs.HyperParamStrategies.all() == ["grid", "list", "random", "custom"]
    assert (task.spec.is_hyper_job(), runs.RunSpec().is_hyper_job(), runs.RunSpec(param_file="p.csv").is_hyper_job()) == (True, False, True)


def test_selectors() -> None:
    assert parse_selector("accuracy") == ("max", "accuracy")
    assert parse_selector(" min.metrics.loss ") == ("min", "metrics.loss")
    assert parse_selector("max.mini.loss") == ("max", "mini.loss")


@pytest.mark.parametrize(
    ("selector", "near"), [("mx.accuracy", "max"), ("mini.loss", "min"), ("Max.loss", "max"), ("val.loss", None), (".loss", None)]
)
def test_a_selector_begins_with_min_or_max_or_has_no_dot(selector: str, near: str | None) -> None:
    task = runs.new_task()
    for set_it in (
        lambda: runs.HyperParamOptions(selector=selector),
        lambda: runs.RunSpec(selector=selector),
        lambda: task.with_hyper_params({"x": [1]}, selector),
    ):
        with pytest.raises(runs.UnknownNameError) as caught:
            set_it()
        assert (caught.value.nearest, caught.value.known) == (near, ("min", "max"))
        assert f"'max.{selector}'" in str(caught.value)


def test_type_hints_move_out_of_the_keys_of_inputs() -> None:
    spec = runs.RunSpec(
        inputs={"a : pandas.DataFrame": "a.csv", "b": "b.csv", "c:list[int]": ["c"], "d": None}, inputs_type_hints={"a": "str", "x": int}
    )
    spec.extract_type_hints_from_inputs()
    assert spec.inputs == {"a": "a.csv", "b": "b.csv", "c": ["c"], "d": None}
    assert spec.inputs_type_hints == {"a": "str", "c": "list[int]", "x": int}
    again = spec.copy()
    again.extract_type_hints_from_inputs()
    assert again == spec
    assert split_key(" größe.x-1 :dict[str, int]") == ("größe.x-1", "dict[str, int]")


def test_outputs_are_joined_in_the_order_in_which_they_were_seen() -> None:
    join = runs.RunSpec.join_outputs_and_returns
    assert join(None, None) == []
    assert join(["z", "a", "z"], None) == ["z", "a"]
    assert join(["b", "a"], ["c", "2*a : dataset", None, {"key": "d"}, packagers.LogHint("b")]) == ["b", "a", "c", "d"]
    assert join({"m": "m.pkl", "n": None}, ["m"]) == ["m", "n"]
    spec = runs.RunSpec(outputs={"m": "m.pkl", "n": ""}, returns=["r"])
    assert (spec.outputs, spec.output_paths) == (["m", "n", "r"], {"m": "m.pkl"})
    assert runs.RunSpec.from_dict(json.loads(spec.to_json())).output_paths == {"m": "m.pkl"}
    spec.outputs = ["only"]
    assert (spec.outputs, spec.output_paths) == (["only", "r"], {})


def test_handlers_in_documents_have_names_where_they_can() -> None:
    assert runs.RunSpec(handler=train).to_dict() == {"handler": f"{__name__}:train"}
    anonymous = lambda: 0  # noqa: E731  # a lambda is what this is about
    spec = runs.RunSpec(handler=anonymous)
    assert spec.to_dict() == {"handler": anonymous}
    assert runs.RunSpec.from_dict(spec.to_dict()) == spec


def test_runs_tell_what_went_wrong_and_what_came_out() -> None:
    run = runs.RunObject(metadata={"uid": "4f", "name": "n"})
    assert (run.uid(), run.error, run.outputs) == ("4f", "", {})
    run.status = {"state": "error", "error": "it broke"}
    assert run.error == "it broke"
    run.status.error = None
    assert run.error == "Unknown error"
    run.status.reason = "lost"
    assert run.error == "lost"
    run.status = {"state": "aborted"}
    assert run.error == "The run was aborted"
    run.status = {"state": "completed", "error": "ignored", "results": {"r": 0}, "artifact_uris": {"m": "store://m"}}
    assert run.error == ""
    assert run.outputs == {"r": 0, "m": "store://m"}
    assert run.output("r") == 0
    with pytest.raises(runs.UnknownNameError, match="the run n has no output 'mm'"):
        run.output("mm")
