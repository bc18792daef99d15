"""Links: what one output's hint says of the others, whatever their order, and what becomes of links that lead nowhere."""

from __future__ import annotations

import json
import shutil
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest

import packagers
from packagers import (
    Artifact,
    DefaultPackager,
    LogHint,
    PackagersWarning,
    PackError,
    PackingFailed,
    Registry,
    Session,
    UnpackError,
    handler,
)

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))

import elsewhere
from sample_types import Color, Holder, Pair


class ModelPackager(DefaultPackager):
    """Holders are models here."""

    DEFAULT_PACKING_ARTIFACT_TYPE = "model"

    def pack_model(self, obj: Holder, folder: Path) -> None:
        """Write the text of the value."""
        (folder / "model.txt").write_text(repr(obj.value))

    def unpack_model(self, folder: Path) -> Holder:
        """Read it."""
        return Holder(self.only_file(folder).read_text())


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    registry = Registry()
    registry.add("sample_types.Holder", ModelPackager)
    with Session(tmp_path, registry=registry) as made:
        yield made


MODEL = LogHint("model", metrics={"accuracy": ...}, extra_data={"array": ..., "note": "text"})


@pytest.mark.parametrize("order", [("model", "accuracy", "array"), ("array", "accuracy", "model"), ("accuracy", "model", "array")])
def test_the_order_of_outputs_does_not_matter(session: Session, order: tuple[str, ...]) -> None:
    values = {"model": Holder(1), "accuracy": 0.5, "array": np.arange(2)}
    hints: dict[str, Any] = {"model": MODEL, "accuracy": "accuracy", "array": "array"}
    outputs = session.pack_returns(tuple(values[key] for key in order), [hints[key] for key in order])
    assert tuple(outputs) == order
    model = outputs["model"]
    assert model.metrics == {"accuracy": 0.5}
    assert list(model.extra_data) == ["array", "note"]
    assert isinstance(model.extra_data["array"], Artifact)
    assert model.extra_data["array"].unpack().tolist() == [0, 1]
    assert model.extra_data["note"] == "text"
    assert packagers.DataItem(session.folder / "model").artifact_type == "model"
    model.verify()


def test_links_are_there_from_the_first_moment(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sees the package sees its links: what it links to is packed before it."""
    from packagers import linking

    monkeypatch.setattr(linking, "rewrite_manifest", None)
    outputs = session.pack_returns((Holder(1), 0.5, np.arange(2)), [MODEL, "accuracy", "array"])
    assert outputs["model"].metrics == {"accuracy": 0.5}


def test_artifacts_may_link_to_one_another(session: Session) -> None:
    hints = [LogHint("a", extra_data={"other": {"$link": "b"}, "self": {"$link": "a"}}), LogHint("b", extra_data={"other": {"$link": "a"}})]
    session.pack_returns((np.arange(1), np.arange(2)), hints)
    a, b = session.artifacts["a"], session.artifacts["b"]
    assert a.extra_data["other"].digest == b.digest
    assert b.extra_data["other"].digest == a.extra_data["self"].digest == a.digest
    a.verify()


def test_links_do_not_change_the_digest(session: Session) -> None:
    plain = session.pack(Holder(1), "plain")
    outputs = session.pack_returns((Holder(1), 0.5, np.arange(2)), [MODEL, "accuracy", "array"])
    assert isinstance(plain, Artifact)
    assert outputs["model"].digest == plain.digest


@pytest.mark.parametrize(
    "value", [True, 7, 0.25, "good", None, [1, (2,)], {"a": {1}}, np.float64(0.5), np.bool_(True), np.int8(3), Color.RED]
)
def test_a_linked_result_keeps_its_type(session: Session, value: Any) -> None:
    outputs = session.pack_returns(
        (Holder(1), value), [LogHint("model", metrics={"m": {"$link": "v"}}, extra_data={"v": ...}), "v : result"]
    )
    for found in (outputs["model"].metrics["m"], outputs["model"].extra_data["v"]):
        assert found == value
        assert type(found) is type(value)


def test_a_linked_result_is_read_from_a_package_that_was_moved_alone(session: Session, tmp_path: Path) -> None:
    session.pack_returns((Holder(1), np.float64(0.5), np.arange(2)), [MODEL, "accuracy", "array"])
    (tmp_path / "elsewhere").mkdir()
    shutil.move(tmp_path / "model", tmp_path / "elsewhere/model")
    model = packagers.unpack(tmp_path / "elsewhere/model", Artifact)
    assert model.metrics == {"accuracy": 0.5}
    assert list(model.extra_data) == ["array", "note"]
    assert model.extra_data["note"] == "text"
    with pytest.raises(UnpackError, match="same folder"):
        model.extra_data["array"]


def test_what_is_linked_to_and_packed_again_is_not_given_for_the_old(session: Session, tmp_path: Path) -> None:
    outputs = session.pack_returns((Holder(1), 0.5, np.arange(2)), [MODEL, "accuracy", "array"])
    packagers.pack(np.arange(3), "array", tmp_path)
    with pytest.raises(UnpackError, match="packed again"):
        outputs["model"].extra_data["array"]


def test_a_missing_link_is_left_out_with_a_warning_that_names_the_nearest(session: Session) -> None:
    with pytest.warns(PackagersWarning, match=r"metrics of 'model' link to 'accuracy', .* left out. Did you mean 'acuracy'\?"):
        outputs = session.pack_returns((Holder(1), 0.5, np.arange(2)), [MODEL, "acuracy", "array"])
    assert outputs["model"].metrics == {}
    assert list(outputs["model"].extra_data) == ["array", "note"]


def test_a_link_to_what_could_not_be_packed_is_left_out(session: Session) -> None:
    with pytest.warns(PackagersWarning, match="'accuracy'"), pytest.raises(PackingFailed) as caught:
        session.pack_returns((Holder(1), np.arange(1), np.arange(2)), [MODEL, "accuracy : dataset[format='nonsense']", "array"])
    assert list(caught.value.outputs) == ["model", "array"]
    assert caught.value.outputs["model"].metrics == {}


def test_metrics_link_to_results_alone(session: Session) -> None:
    with pytest.raises(PackingFailed) as caught:
        session.pack_returns((Holder(1), np.arange(2)), [LogHint("model", metrics={"array": ...}, extra_data={"array": ...}), "array"])
    (failure,) = caught.value.exceptions
    assert "metrics link to results, and 'array' is an artifact" in str(failure)
    assert caught.value.outputs["model"].metrics == {}
    assert "array" in caught.value.outputs["model"].extra_data


def test_metrics_are_for_models(session: Session) -> None:
    with pytest.raises(PackingFailed, match="'array'"):
        session.pack_returns((np.arange(2), 0.5), [LogHint("array", metrics={"accuracy": ...}), "accuracy"])
    with pytest.raises(PackError, match="metrics are for models"):
        session.pack(np.arange(2), LogHint("array", metrics={"accuracy": 0.5}))


@pytest.mark.parametrize(
    "given", [{"tag": "v1"}, {"labels": {"a": "b"}}, {"extra_data": {"b": ...}}, {"metrics": {"b": ...}}, {"extra_data": {"b": 1}}]
)
def test_a_result_has_no_tag_labels_or_links(session: Session, given: dict[str, Any]) -> None:
    with pytest.raises(PackError, match=f"a result has no {next(iter(given))}") as caught:
        session.pack(1, LogHint("a", **given))
    assert caught.value.key == "a"
    assert "a" not in session.results


def test_literal_metrics_and_extra_data_are_recorded(session: Session) -> None:
    extra = {"params": {"depth": 3, "names": ["a", "b"]}, "none": None}
    made = session.pack(Holder(1), LogHint("model", metrics={"accuracy": 0.5, "flag": True}, extra_data=extra))
    assert isinstance(made, Artifact)
    assert made.metrics == {"accuracy": 0.5, "flag": True}
    assert made.extra_data == extra


def test_links_of_a_value_that_is_packed_by_hand_are_filled_when_the_session_closes(session: Session) -> None:
    session.pack(Holder(1), MODEL)
    session.pack(0.5, "accuracy")
    session.pack(np.arange(2), "array")
    session.close()
    assert session.artifacts["model"].metrics == {"accuracy": 0.5}
    assert packagers.DataItem(session.folder / "model", registry=session.registry).unpack() == Holder("1")
    assert "array" in json.loads((session.folder / "model/manifest.json").read_text())["extra_data"]


def test_links_between_what_several_handlers_return_are_filled_when_the_session_closes(session: Session) -> None:
    @handler(returns=MODEL)
    def train() -> Holder:
        return Holder(1)

    @handler(returns=["accuracy", "array"])
    def evaluate(model: Holder) -> tuple[float, Any]:
        return 0.5, np.arange(2)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        evaluate(train())
        session.close()
    assert session.artifacts["model"].metrics == {"accuracy": 0.5}
    assert list(session.artifacts["model"].extra_data) == ["array", "note"]


def test_links_that_are_missing_when_the_session_closes_are_left_out(tmp_path: Path) -> None:
    with pytest.warns(PackagersWarning, match="'b', which was not packed"), Session(tmp_path) as session:
        session.pack(np.arange(2), LogHint("a", extra_data={"b": ...}))
    assert session.artifacts["a"].extra_data == {}


def test_what_is_packed_again_is_linked_as_it_is_then(session: Session) -> None:
    for value in (1, 2):
        session.pack_returns((Holder(value), value / 10, np.arange(value)), [MODEL, "accuracy", "array"])
    assert session.artifacts["model"].metrics == {"accuracy": 0.2}
    assert session.artifacts["model"].extra_data["array"].unpack().tolist() == [0, 1]


def test_a_link_does_not_bring_back_a_package_that_somebody_replaced(session: Session, tmp_path: Path) -> None:
    session.pack(np.arange(2), LogHint("a", extra_data={"b": ...}))
    packagers.pack(np.arange(5), "a", tmp_path)
    session.pack(1, "b")
    with pytest.raises(PackingFailed, match="'a'") as caught:
        session.close()
    assert "somebody else has packed this key" in str(caught.value)
    assert packagers.unpack(tmp_path / "a").tolist() == [0, 1, 2, 3, 4]


def test_a_bundle_of_results_is_linked_by_value(session: Session) -> None:
    hint = LogHint("model", metrics={"scores": ...}, extra_data={"first": {"$link": "scores_a"}})
    outputs = session.pack_returns((Holder(1), {"a": 0.5, "b": np.float32(0.25)}), [hint, "*scores"])
    assert outputs["model"].metrics == {"scores": {"a": 0.5, "b": np.float32(0.25)}}
    assert outputs["model"].extra_data == {"first": 0.5}


def test_a_bundle_with_artifacts_is_linked_as_a_whole(session: Session) -> None:
    value = {"pair": Pair(1, np.arange(2))}
    session.pack_returns((Holder(1), value), [LogHint("model", extra_data={"bundle": ..., "item": {"$link": "bundle_pair_1"}}), "*bundle"])
    session.close()
    found = session.artifacts["model"].extra_data
    assert type(found["bundle"]["pair"]) is Pair
    assert found["bundle"]["pair"].right.tolist() == [0, 1]
    assert found["item"].unpack().tolist() == [0, 1]
    with pytest.raises(PackingFailed) as caught:
        session.pack_returns((Holder(1), value), [LogHint("model", metrics={"bundle": ...}), "*bundle"])
    assert "'bundle' holds artifacts" in str(caught.value)


def test_an_itemized_value_has_no_links_of_its_own(session: Session) -> None:
    with pytest.raises(PackError, match="Link from an output that is not itemized"):
        session.pack([1, 2], LogHint("x", itemized=True, extra_data={"y": ...}))


def test_an_artifact_in_another_folder_cannot_be_linked_by_key(session: Session) -> None:
    hints = [LogHint("a", extra_data={"b": ..., "c": ...}), LogHint("b", artifact_path="sub"), LogHint("c", artifact_path="sub")]
    with pytest.raises(PackingFailed) as caught:
        session.pack_returns((np.arange(1), np.arange(2), 0.5), hints)
    assert "'b' stands in another folder" in str(caught.value)
    assert caught.value.outputs["a"].extra_data == {"c": 0.5}
    hints = [LogHint("d", artifact_path="sub", extra_data={"e": ...}), LogHint("e", artifact_path="sub/../sub")]
    outputs = session.pack_returns((np.arange(1), np.arange(2)), hints)
    assert outputs["d"].extra_data["e"].unpack().tolist() == [0, 1]


def test_another_process_follows_the_links(tmp_path: Path) -> None:
    def function() -> Any:
        return np.arange(3), 0.5, {"a": np.ones(1), "b": 2}

    packagers.call(function, returns=[LogHint("a", extra_data={"b": ..., "c": ..., "c_a": ...}), "b", "*c"], folder=tmp_path)
    code = (
        "import sys, json\n"
        "from packagers import Artifact, unpack\n"
        "def show(artifact): print(json.dumps([artifact.extra_data['b'], artifact.extra_data['c']['a'].tolist(),\n"
        "                                      artifact.extra_data['c_a'].unpack().tolist(), list(artifact.extra_data)]))\n"
        "show(unpack(sys.argv[1], Artifact))\n"
    )
    assert json.loads(elsewhere.run(code, tmp_path / "a")) == [0.5, [1.0], [1.0], ["b", "c", "c_a"]]


def test_links_are_shown(session: Session) -> None:
    outputs = session.pack_returns((Holder(1), np.float64(0.125), np.arange(2)), [MODEL, "accuracy", "array"])
    html = outputs["model"]._repr_html_()
    assert "0.125" in html
    assert "→ array" in html


@pytest.mark.parametrize("record", ["packages", "structures"])
def test_links_and_shapes_lead_to_what_stands_beside_at_a_url(tmp_path: Path, record: Any) -> None:
    with Session(tmp_path, record=record) as session:
        made = (np.arange(3), np.ones(2), {"a": np.ones(1), "b": 2})
        session.pack_returns(made, [LogHint("a", extra_data={"b c": ..., "c": ...}), "b c", "*c"])
    fsspec.filesystem("memory").put(f"{tmp_path}/", f"/links-{record}", recursive=True)
    linked = packagers.unpack(f"memory://links-{record}/a", Artifact).extra_data
    linked["b c"].verify()
    assert linked["b c"].unpack().tolist() == [1, 1]
    assert linked["c"]["a"].tolist() == [1]
    whole = packagers.unpack(f"memory://links-{record}/c")
    assert (whole["a"].tolist(), whole["b"]) == ([1], 2)
    fsspec.filesystem("memory").rm(f"/links-{record}/b c", recursive=True)
    with pytest.raises(UnpackError, match="b c"):
        linked["b c"]
