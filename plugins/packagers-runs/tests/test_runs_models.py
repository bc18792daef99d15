"""What holds of every model class: documents come back equal, wrong types say which field, wrong names say which was meant."""

from __future__ import annotations

import datetime
import inspect
import json
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy
import pandas
import pytest
import yaml
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

import packagers_runs as runs
from packagers import LogHint
from packagers_runs.models.datastores import DataStore
from packagers_runs.models.documents import same
from packagers_runs.models.limits import Retry, RetryBackoff
from packagers_runs.models.modelobj import ModelObj, fields_of

laws = settings(max_examples=25, derandomize=True, deadline=None, database=None, phases=[Phase.explicit, Phase.generate])

TEXT = st.text(max_size=8)
NAME = st.text("abcdefgh_0", min_size=1, max_size=6).filter(lambda text: text[0] != "0")
SCALAR = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
VALUE = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3) | st.tuples(inner, inner), max_leaves=6
)
DICT = st.dictionaries(TEXT, VALUE, max_size=3)
FLAG = st.none() | st.booleans()
OPTIONAL = st.none() | TEXT
NUMBER = st.none() | st.integers(1, 99)
HINT = st.none() | st.sampled_from(
    ["a", "b : model", '2*c : dataset[format="csv"]', {"key": "d", "labels": {"x": "y"}}, LogHint("e", tag="t", metrics={"m": ...})]
)
HYPER = st.builds(
    runs.HyperParamOptions,
    OPTIONAL,
    st.none() | st.sampled_from(runs.HyperParamStrategies),
    st.none() | st.sampled_from(["max.a", "min.b", "c"]),
    st.none() | st.sampled_from(["a > 1", "{{ b == 'x' }}"]),
    NUMBER,
    OPTIONAL,
    NUMBER,
    NUMBER,
    FLAG,
)
NOTIFICATION = st.builds(
    runs.Notification,
    st.none() | st.sampled_from(["console", "slack", "webhook", "mail", "git"]),
    OPTIONAL,
    OPTIONAL,
    st.none() | st.sampled_from(["info", "error"]),
    st.none() | st.lists(st.sampled_from(["running", "completed", "error", "aborted"]), max_size=3),
    OPTIONAL,
    DICT,
    DICT,
    st.none() | st.sampled_from(["pending", "sent", "error"]),
    OPTIONAL,
    OPTIONAL,
)
METADATA = st.builds(runs.RunMetadata, OPTIONAL, OPTIONAL, OPTIONAL, DICT, DICT, st.none() | st.integers(0, 9))
SECRETS = st.lists(
    st.sampled_from(["file=a", "env=A,B", {"kind": "inline", "source": {"k": "v"}}, {"kind": "vault", "source": []}]), max_size=2
)
LIMITS = st.dictionaries(st.sampled_from(["executing", "pending_scheduled"]), st.sampled_from(["1h", "1 day 2 hours", -1, 2.5]), max_size=2)
RETRY = st.builds(Retry, NUMBER, st.builds(RetryBackoff, st.none() | st.sampled_from(["30s", 0])))
STORE = st.builds(DataStore, OPTIONAL, OPTIONAL, DICT)
SPEC = st.builds(
    runs.RunSpec,
    parameters=DICT,
    hyperparams=DICT,
    param_file=OPTIONAL,
    selector=st.none() | st.sampled_from(["max.a", "b"]),
    handler=st.none() | st.sampled_from(["pkg.mod:fn", "Class::method"]) | st.just(json.dumps),
    inputs=st.dictionaries(NAME | st.just("x : pandas.DataFrame"), VALUE, max_size=3),
    outputs=st.none() | st.lists(NAME, max_size=3) | st.dictionaries(NAME, st.none() | NAME, max_size=3),
    input_path=OPTIONAL,
    output_path=OPTIONAL,
    function=OPTIONAL,
    secret_sources=SECRETS,
    data_stores=st.lists(STORE, max_size=2),
    strategy=st.none() | st.sampled_from(["grid", "custom"]),
    verbose=FLAG,
    scrape_metrics=FLAG,
    hyper_param_options=HYPER,
    allow_empty_resources=FLAG,
    inputs_type_hints=st.dictionaries(NAME, NAME, max_size=2),
    returns=st.lists(HINT, max_size=3),
    notifications=st.lists(NOTIFICATION, max_size=2),
    state_thresholds=LIMITS,
    retry=RETRY,
)
STATUS = st.builds(
    runs.RunStatus,
    st.none() | st.sampled_from(runs.RunStates),
    OPTIONAL,
    OPTIONAL,
    OPTIONAL,
    OPTIONAL,
    DICT,
    st.lists(DICT, max_size=2),
    OPTIONAL,
    st.none() | st.just(datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)),
    st.lists(st.lists(VALUE, max_size=2), max_size=2),
    OPTIONAL,
    OPTIONAL,
    st.dictionaries(NAME, NOTIFICATION | st.just({"status": "sent"}), max_size=2),
    end_time=OPTIONAL,
    artifact_uris=st.dictionaries(NAME, TEXT, max_size=2),
    retry_count=NUMBER,
    error_type=OPTIONAL,
    traceback=OPTIONAL,
)
MODELS: dict[str, st.SearchStrategy[Any]] = {
    "DataStore": STORE,
    "HyperParamOptions": HYPER,
    "Notification": NOTIFICATION,
    "Retry": RETRY,
    "RetryBackoff": st.builds(RetryBackoff, st.none() | st.sampled_from(["30s", 0, 1.5])),
    "RunMetadata": METADATA,
    "RunObject": st.builds(runs.RunObject, SPEC, METADATA, STATUS),
    "RunSpec": SPEC,
    "RunStatus": STATUS,
    "RunTemplate": st.builds(runs.RunTemplate, SPEC, METADATA),
}
CLASSES: dict[str, Any] = {"DataStore": DataStore, "Retry": Retry, "RetryBackoff": RetryBackoff} | {
    name: getattr(runs, name) for name in MODELS if name in runs.__all__
}


def comes_back(made: Any) -> None:
    cls, document = type(made), made.to_dict()
    again = cls.from_dict(document)
    assert again == made
    assert same(again.to_dict(), document)
    assert list(again.to_dict()) == list(document)
    assert cls.from_dict(document, strict=True) == made


def is_held_by_text(made: Any) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    from_json = type(made).from_dict(json.loads(made.to_json(), parse_constant=refuse))
    from_yaml = type(made).from_dict(yaml.safe_load(made.to_yaml()))
    assert from_json.to_json() == from_yaml.to_json() == made.to_json()
    assert from_yaml.to_yaml() == made.to_yaml()


def copies_share_nothing(made: Any) -> None:
    before, copy, document = made.to_json(), made.copy(), made.to_dict()
    assert copy == made
    assert type(copy) is type(made)
    again = type(made).from_dict(document)
    for value in (copy, document):
        spoil(value)
    assert made.to_json() == again.to_json() == before


LAWS = (comes_back, is_held_by_text, copies_share_nothing)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("name", MODELS)
def test_laws_of_every_model(name: str, law: Callable[[Any], None]) -> None:
    settings(laws, max_examples=10)(given(made=MODELS[name])(law))()


@pytest.mark.long
@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("name", MODELS)
def test_laws_of_every_model_at_length(name: str, law: Callable[[Any], None]) -> None:
    settings(max_examples=300, deadline=None, database=None, print_blob=True)(given(made=MODELS[name])(law))()


def spoil(value: Any) -> None:
    """Change every container inside of a value."""
    if isinstance(value, ModelObj):
        for part in vars(value).values():
            spoil(part)
    elif isinstance(value, dict):
        for part in value.values():
            spoil(part)
        value["spoilt"] = 1
    elif isinstance(value, list):
        for part in value:
            spoil(part)
        value.append("spoilt")
    elif isinstance(value, tuple):
        for part in value:
            spoil(part)


def test_golden_values() -> None:
    assert runs.RunSpec().to_dict() == {}
    assert runs.RunTemplate().to_dict() == {"metadata": {"iteration": 0}}
    assert runs.RunObject().to_dict() == {"metadata": {"iteration": 0}, "status": {"state": "created"}}
    assert runs.RunMetadata(iteration=None).iteration == 0
    assert runs.RunSpec(parameters=None).parameters == {}
    assert runs.RunStatus().state == "created"
    for cls in CLASSES.values():
        assert cls.from_dict(None) == cls() == cls.from_dict({})


def test_what_is_empty_is_left_out_and_what_is_false_stays() -> None:
    spec = runs.RunSpec({}, param_file="", verbose=False, inputs={}, returns=[], allow_empty_resources=False)
    assert spec.to_dict() == {"param_file": "", "verbose": False, "allow_empty_resources": False}
    assert runs.RunStatus(retry_count=0, results={"x": None, "y": 0}).to_dict() == {
        "state": "created",
        "results": {"x": None, "y": 0},
        "retry_count": 0,
    }


def test_documents_are_in_declared_order() -> None:
    spec = runs.RunSpec(returns=["a"], parameters={"z": 1, "b": 2}, handler="h")
    assert list(spec.to_dict()) == ["parameters", "handler", "outputs", "returns"]
    assert list(spec.to_dict()["parameters"]) == ["z", "b"]
    assert list(runs.RunSpec.from_dict({"returns": ["a"], "handler": "h"}).to_dict()) == ["handler", "outputs", "returns"]


def test_positions_of_parameters_are_those_of_the_seed() -> None:
    seed: dict[Any, str] = {
        runs.RunMetadata: "uid name project labels annotations iteration",
        runs.RunSpec: """parameters hyperparams param_file selector handler inputs outputs input_path output_path function secret_sources
            data_stores strategy verbose scrape_metrics hyper_param_options allow_empty_resources inputs_type_hints returns notifications
            state_thresholds""",
        runs.RunStatus: """state error host commit status_text results artifacts start_time last_update iterations ui_url reason
            notifications""",
        runs.RunTemplate: "spec metadata",
        runs.RunObject: "spec metadata status",
        runs.HyperParamOptions: """param_file strategy selector stop_condition parallel_runs dask_cluster_uri max_iterations max_errors
            teardown_dask""",
        runs.Notification: "kind name message severity when condition secret_params params status sent_time reason",
        runs.new_task: """name project handler params hyper_params param_file selector hyper_param_options inputs outputs in_path out_path
            artifact_path secrets base returns""",
    }
    for made, names in seed.items():
        assert list(inspect.signature(made).parameters)[: len(names.split())] == names.split(), made
        assert made(*[None] * len(names.split())) == made()


def test_fields_and_exclude() -> None:
    task = runs.new_task("n", params={"a": 1})
    assert task.to_dict(fields=["metadata"]) == {"metadata": {"name": "n", "iteration": 0}}
    assert task.to_dict(exclude=["metadata"]) == {"spec": {"parameters": {"a": 1}}}
    assert json.loads(runs.RunObject().to_json(exclude=["status"])) == {"metadata": {"iteration": 0}}
    assert runs.RunMetadata.from_dict({"name": "n", "project": "p"}, fields=["project"]).to_dict() == {"project": "p", "iteration": 0}
    with pytest.raises(runs.UnknownNameError, match="Did you mean 'metadata'"):
        task.to_dict(exclude=["metdata"])
    with pytest.raises(runs.UnknownNameError, match="Did you mean 'project'"):
        runs.RunMetadata.from_dict({}, fields=["projct"])
    with pytest.raises(runs.FieldError, match="must be a list"):
        task.to_dict(exclude="metadata")
    run = runs.RunObject(status={"artifacts": [{"key": "a"}], "results": {"r": 1}})
    assert run.to_dict(strip=True)["status"] == {"state": "created", "results": {"r": 1}}


def test_unknown_keys_are_kept_aside_and_written_back() -> None:
    document = {"spec": {"parameters": {"a": 1}, "node_selector": {}, "later": None}, "kind": "run", "metadata": {"iteration": 0, "x": [1]}}
    run = runs.RunObject.from_dict(document)
    assert run.to_dict() == {**document, "status": {"state": "created"}}
    assert run == run.copy() != runs.RunObject.from_dict({**document, "kind": "other"})
    document["metadata"]["x"].append(2)  # type: ignore[index]
    assert run.metadata.to_dict()["x"] == [1]
    assert run.to_dict(exclude=["kind"]).keys() == {"spec", "metadata", "status"}


@pytest.mark.parametrize(
    ("document", "typed", "meant"),
    [
        ({"spec": {"paramters": {}}}, "paramters", "parameters"),
        ({"metadat": {}}, "metadat", "metadata"),
        ({"spec": {"hyper_param_options": {"selectr": "a"}}}, "selectr", "selector"),
        ({"spec": {"notifications": [{"kind": "console", "sevrity": "info"}]}}, "sevrity", "severity"),
        ({"status": {"result": {}}}, "result", "results"),
        ({"spec": {"retry": {"cuont": 1}}}, "cuont", "count"),
        ({"spec": {"data_stores": [{"nme": "a"}]}}, "nme", "name"),
    ],
)
def test_strict_documents_refuse_unknown_keys(document: dict[str, Any], typed: str, meant: str) -> None:
    assert runs.RunObject.from_dict(document).to_dict() != {}
    with pytest.raises(runs.UnknownNameError, match=f"Did you mean '{meant}'") as found:
        runs.RunObject.from_dict(document, strict=True)
    assert (found.value.name, found.value.nearest) == (typed, meant)
    assert meant in found.value.known


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        ({"retry": {"cuont": 1}}, "count"),
        ({"hyper_param_options": {"selectr": "a"}}, "selector"),
        ({"notifications": [{"knd": "x"}]}, "kind"),
    ],
)
def test_dicts_in_place_of_models_are_strict(arguments: dict[str, Any], meant: str) -> None:
    with pytest.raises(runs.UnknownNameError, match=f"Did you mean '{meant}'"):
        runs.RunSpec(**arguments)


def test_attributes_that_do_not_exist_cannot_be_set() -> None:
    with pytest.raises(runs.UnknownNameError, match="Did you mean 'parameters'"):
        runs.RunSpec().paramters = {}  # type: ignore[attr-defined]


WRONG: list[tuple[type[Any], str, Any, str]] = [
    (runs.RunSpec, "outputs", "accuracy", "a list"),
    (runs.RunSpec, "outputs", 3, "a list"),
    (runs.RunSpec, "outputs", [1], "a list of keys"),
    (runs.RunSpec, "returns", "accuracy", "a list"),
    (runs.RunSpec, "parameters", [1], "a dict"),
    (runs.RunSpec, "parameters", {1: 2}, "a dict with text as keys"),
    (runs.RunSpec, "inputs", "x.csv", "a dict"),
    (runs.RunSpec, "handler", 3, "a function or its name"),
    (runs.RunSpec, "notifications", {}, "a list"),
    (runs.RunSpec, "notifications[0]", [None], "a dict or a Notification"),
    (runs.RunSpec, "secret_sources", "file=x", "a list"),
    (runs.RunSpec, "data_stores", {}, "a list"),
    (runs.RunSpec, "verbose", 1, "a boolean"),
    (runs.RunSpec, "verbose", "yes", "a boolean"),
    (runs.RunSpec, "retry", 3, "a dict or a Retry"),
    (runs.RunSpec, "hyper_param_options", "grid", "a dict or a HyperParamOptions"),
    (runs.RunSpec, "state_thresholds", "1h", "a dict"),
    (runs.RunSpec, "inputs_type_hints['a']", {"a": " "}, "a type, or its name"),
    (runs.RunMetadata, "name", 3, "a string"),
    (runs.RunMetadata, "iteration", "3", "an integer"),
    (runs.RunMetadata, "iteration", True, "an integer"),
    (runs.RunMetadata, "iteration", -1, "an integer of at least 0"),
    (runs.RunMetadata, "labels", ["a"], "a dict"),
    (runs.RunStatus, "results", [1], "a dict"),
    (runs.RunStatus, "artifacts[1]", [{}, 1], "a dict"),
    (runs.RunStatus, "iterations[0]", ["x"], "a list"),
    (runs.RunStatus, "start_time", 3, "an ISO 8601 time"),
    (runs.RunStatus, "artifact_uris['a']", {"a": 1}, "a string"),
    (runs.RunStatus, "notifications['a']", {"a": 1}, "a dict or a Notification"),
    (runs.RunTemplate, "spec", "x", "a dict or a RunSpec"),
    (runs.RunTemplate, "metadata", runs.RunSpec(), "a dict or a RunMetadata"),
    (runs.RunObject, "status", [], "a dict or a RunStatus"),
    (runs.HyperParamOptions, "selector", 1, "a string"),
    (runs.HyperParamOptions, "stop_condition", 1, "a string"),
    (runs.HyperParamOptions, "strategy", 1, "a string"),
    (runs.HyperParamOptions, "parallel_runs", 2.0, "an integer"),
    (runs.HyperParamOptions, "max_iterations", 0, "an integer of at least 1"),
    (runs.Notification, "when", "error", "a list"),
    (runs.Notification, "kind", 1, "a string"),
    (runs.Notification, "params", [], "a dict"),
    (Retry, "count", -1, "an integer of at least 0"),
    (RetryBackoff, "base_delay", "soon", "a length of time"),
    (RetryBackoff, "base_delay", -1, "a length of time"),
]


@pytest.mark.parametrize(("cls", "field", "value", "expected"), WRONG, ids=range(len(WRONG)))
def test_wrong_types_say_which_field(cls: type[Any], field: str, value: Any, expected: str) -> None:
    name = field.partition("[")[0]
    with pytest.raises(ValueError, match="Parameter") as given:
        cls(**{name: value})
    assert str(given.value).splitlines()[0] == f"Parameter {field} must be {expected}"
    assert isinstance(given.value, runs.FieldError)
    assert (given.value.field, given.value.model) == (field, cls.__name__)
    with pytest.raises(ValueError, match="Parameter"):
        setattr(cls(), name, value)
    with pytest.raises(ValueError, match="Parameter"):
        cls.from_dict({name: value})


def test_a_document_is_a_dict() -> None:
    with pytest.raises(runs.FieldError, match="Parameter struct must be a dict"):
        runs.RunSpec.from_dict([])  # type: ignore[arg-type]


def test_values_without_a_text_form_say_where_they_are() -> None:
    spec = runs.RunSpec({"model": {"deep": [object()]}})
    with pytest.raises(runs.FieldError, match=r"RunSpec\.parameters\.model\.deep\[0\] is a object") as found:
        spec.to_json()
    assert found.value.field == "parameters.model.deep[0]"
    circle: dict[str, Any] = {}
    circle["self"] = circle
    with pytest.raises(runs.FieldError, match="contains itself"):
        runs.RunStatus.from_dict({"results": circle})
    with pytest.raises(runs.FieldError, match="contains itself"):
        runs.RunStatus(results=circle).to_dict()
    with pytest.raises(runs.FieldError, match="two keys that are '1' as text"):
        runs.RunSpec({"a": {1: 2, "1": 3}}).to_yaml()
    with pytest.raises(runs.FieldError, match="function without a name"):
        runs.RunSpec(handler=lambda: 0).to_json()


def test_text_forms_of_what_json_has_not() -> None:
    import numpy as np

    spec = runs.RunSpec(
        {
            "nan": math.nan,
            "inf": -math.inf,
            "time": datetime.datetime(2026, 11, 22, 5, 30, tzinfo=datetime.UTC),
            "date": datetime.date(2026, 11, 22),
            "decimal": Decimal("1.10"),
            "bytes": b"\x00\xff",
            "tuple": (1, 2),
            "set": {"b", "a", "c"},
            "number": np.float64(0.5),
            "flag": np.bool_(True),
            "keys": {0: "a", None: "b"},
        }
    )
    plain = {
        "time": "2026-11-22T05:30:00+00:00",
        "date": "2026-11-22",
        "decimal": "1.10",
        "bytes": "AP8=",
        "tuple": [1, 2],
        "set": ["a", "b", "c"],
        "number": 0.5,
        "flag": True,
        "keys": {"0": "a", "null": "b"},
    }
    assert json.loads(spec.to_json())["parameters"] == {"nan": "NaN", "inf": "-Infinity", **plain}
    read = yaml.safe_load(spec.to_yaml())["parameters"]
    assert math.isnan(read.pop("nan"))
    assert read == {"inf": -math.inf, **plain}


def test_repr_shows_what_is_set_and_no_secret() -> None:
    run = runs.RunObject.from_template(runs.new_task("n", params={"a": 1}).with_secrets("inline", {"token": "t0p"}))
    run.spec.notifications = [runs.Notification("slack", "s", secret_params={"webhook": "https://t0p"})]
    assert repr(run.metadata) == "RunMetadata(name='n', iteration=0)"
    for text in (repr(run), str(run), run.to_json(), run.to_yaml(), str(run.to_dict())):
        assert "t0p" not in text
        assert "***" in text
    assert run.copy().spec.secret_sources[0]["source"] == {"token": "t0p"}
    assert runs.new_task(base=run).spec.notifications[0].secret_params == {"webhook": "https://t0p"}


def test_models_are_not_hashable_and_differ_from_others() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(runs.RunSpec())
    assert runs.RunTemplate() != runs.RunObject()
    assert runs.RunSpec() != {}
    assert runs.RunSpec({"a": [math.nan, {"b": math.nan}]}) == runs.RunSpec({"a": [float("nan"), {"b": float("nan")}]})
    assert runs.RunSpec({"a": 1}) != runs.RunSpec({"a": 2})


def test_every_field_has_a_word_in_the_docstring() -> None:
    for cls in CLASSES.values():
        owners = [owner for owner in cls.__mro__ if owner.__doc__]
        for name in fields_of(cls):
            assert any(f"        {name}: " in (owner.__doc__ or "") for owner in owners), (cls, name)


@laws
@example(text="a\x85b")  # what PyYAML would write in single quotes, and read as a space
@example(text="a\u2028b")
@given(text=st.text(st.sampled_from(" ab\n\t\r\x85\u2028\u2029\ufeff\ud800#:-'\"|>\\\0"), max_size=12))
def test_yaml_holds_any_text(text: str) -> None:
    spec = runs.RunSpec({"text": text, f"{text}key": [text]}, inputs={text: text})
    assert runs.RunSpec.from_dict(yaml.safe_load(spec.to_yaml())) == spec


def test_a_model_shares_nothing_with_what_it_was_made_of() -> None:
    inner = {"list": [1]}
    spec = runs.RunSpec(inner, secret_sources=[{"kind": "vault", "source": inner["list"]}], returns=(returns := ["a"]))
    inner["list"].append(2)
    returns.append("b")
    assert (spec.parameters, spec.secret_sources[0]["source"], spec.returns) == ({"list": [1]}, [1], ["a"])


def test_live_objects_are_compared_by_their_own_rules() -> None:
    frame = pandas.DataFrame({"a": [1, float("nan")], "b": [1, 2]})
    for one, other, expected in (
        (frame, frame.copy(), True),
        (frame, frame + 1, False),
        (frame, frame.iloc[:1], False),
        (frame, 3, False),
        (3, frame, False),
        (numpy.ones((2, 2)), numpy.ones((2, 2)), True),
        (numpy.ones((2, 2)), numpy.ones((3, 2)), False),
    ):
        assert (runs.RunSpec(inputs={"data": one}) == runs.RunSpec(inputs={"data": other})) is expected
