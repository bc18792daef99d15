"""What packing gives: artifacts, results, bundles, and the outputs of a run."""

from __future__ import annotations

import copy
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import packagers
from packagers import Artifact, Bundle, IntegrityError, LogHint, Outputs, Result, UnpackError, call

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))

from sample_types import Holder


@pytest.fixture
def outputs(tmp_path: Path) -> Outputs:
    hints = [
        "accuracy",
        LogHint("array", labels={"made": "<b>here</b>"}, tag="v1", extra_data={"accuracy": ..., "note": "<i>"}),
        "*items",
        LogHint("holder", "object"),
    ]
    return call(lambda: (0.5, np.arange(3), [1, np.arange(2)], Holder(1)), returns=hints, folder=tmp_path)


def test_outputs_are_a_mapping_of_values_and_artifacts(outputs: Outputs) -> None:
    assert list(outputs) == ["accuracy", "array", "items_0", "items_1", "items", "holder"]
    assert len(outputs) == 6
    assert outputs["accuracy"] == 0.5
    assert isinstance(outputs["array"], Artifact)
    assert outputs["items"] is outputs.returned[2]
    assert outputs.results == {"accuracy": 0.5, "items_0": 1}
    assert list(outputs.artifacts) == ["array", "items_1", "holder"]
    assert outputs.bundles == {"items": Bundle("items", outputs.returned[2], dict(outputs.bundles["items"].items))}
    assert dict(outputs.bundles["items"].items) == {"items_0": Result("items_0", 1), "items_1": outputs["items_1"]}
    assert outputs.get("nothing") is None
    with pytest.raises(KeyError, match="nothing"):
        outputs["nothing"]


def test_an_artifact_says_what_it_is(outputs: Outputs, tmp_path: Path) -> None:
    artifact = outputs["array"]
    assert (artifact.key, artifact.artifact_type, artifact.object_type) == ("array", "file", "numpy.ndarray")
    assert (artifact.path, artifact.labels, artifact.tag) == (tmp_path / "array", {"made": "<b>here</b>"}, "v1")
    assert artifact.digest == artifact.manifest.digest
    assert artifact.extra_data == {"accuracy": 0.5, "note": "<i>"}
    assert artifact.unpack().tolist() == [0, 1, 2]
    assert isinstance(artifact.unpack(mmap_mode="r"), np.memmap)
    assert artifact.unpack(bytes).startswith(b"\x93NUMPY")
    assert repr(artifact).startswith("<Artifact 'array': numpy.ndarray as file, ")
    artifact.labels["more"] = "text"
    assert artifact.labels == {"made": "<b>here</b>"}


def test_an_artifact_checks_every_byte(outputs: Outputs) -> None:
    artifact = outputs["array"]
    artifact.verify()
    (file,) = artifact.package.payload.iterdir()
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(IntegrityError):
        artifact.verify()
    with pytest.raises(IntegrityError):
        artifact.unpack()
    assert artifact.unpack(verify=False).shape == (3,)


def test_trust_of_one_unpacking(outputs: Outputs) -> None:
    assert outputs["holder"].unpack() == Holder(1)
    with pytest.raises(packagers.UntrustedPackageError):
        outputs["holder"].unpack(trust="data")


def test_a_hint_that_names_the_artifact_gives_it(outputs: Outputs, tmp_path: Path) -> None:
    again = packagers.unpack(tmp_path / "array", Artifact)
    assert (again.path, again.digest, again.tag) == (tmp_path / "array", outputs["array"].digest, "v1")
    with pytest.raises(UnpackError):
        packagers.unpack(tmp_path / "accuracy", Artifact)


def test_html_shows_data_as_text(outputs: Outputs) -> None:
    for html in (outputs["array"]._repr_html_(), outputs._repr_html_()):
        assert "<b>here" not in html
        assert "<i>" not in html
    assert "&lt;b&gt;here&lt;/b&gt;" in outputs["array"]._repr_html_()
    assert '<th scope="row">accuracy</th><td>0.5</td>' in outputs._repr_html_()
    assert "numpy.ndarray as file, 152 B" in outputs._repr_html_()


def test_a_preview_is_what_was_recorded(outputs: Outputs) -> None:
    artifact = outputs["array"]
    assert artifact.preview() == dict(artifact.manifest.preview)


@pytest.mark.parametrize("clone", [copy.copy, copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))])
def test_outputs_can_be_copied_and_sent(outputs: Outputs, clone: Any) -> None:
    again = clone(outputs)
    assert again.results == outputs.results
    assert again["array"].unpack().tolist() == [0, 1, 2]
    assert again["array"].extra_data == {"accuracy": 0.5, "note": "<i>"}
    assert again["array"].manifest.to_dict() == outputs["array"].manifest.to_dict()


def test_results_and_bundles_can_be_unpacked(outputs: Outputs) -> None:
    assert packagers.unpack(Result("a", 1)) == packagers.unpack(Result("a", 1), int) == 1
    assert packagers.unpack(outputs.bundles["items"], list) is outputs.returned[2]
    with pytest.raises(UnpackError, match="expected str, found int"):
        packagers.unpack(Result("a", 1), str)


def test_shown_values_are_bounded(tmp_path: Path) -> None:
    outputs = call(lambda: ("x" * 10_000, {"a": ["y" * 10_000]}), returns=["text", "*items"], folder=tmp_path)
    assert len(repr(outputs)) < 1000
    assert len(outputs._repr_html_()) < 2000
    many = call(lambda: list(range(1000)), returns="*items", folder=tmp_path)
    assert len(repr(many)) < 10_000
    assert "<td>901 more</td>" in many._repr_html_()
