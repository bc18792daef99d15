"""Tensors and models inside of other things, in streams, and read as something else than they were packed as."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from torch import nn
from torch.nn import Parameter

import packagers
from packagers_torch.statedicts import StateDictPackager


@dataclass
class Sample:
    """A record with a tensor and a file."""

    image: torch.Tensor
    file: Path
    label: int


def test_a_record_with_a_tensor_and_a_file(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    artifact = packagers.pack(Sample(torch.ones(2), tmp_path / "notes.txt", 3), "sample", tmp_path)
    found = packagers.unpack(tmp_path / "sample", Sample)
    assert torch.equal(found.image, torch.ones(2))
    assert found.file.read_text() == "x"
    assert found.label == 3
    assert len(artifact.manifest.parts) == 2


def test_tensors_in_containers_are_packed_together(tmp_path: Path) -> None:
    value = {"layers": [{"w": torch.full((2,), float(n)), "b": [torch.tensor(n)]} for n in range(500)], "name": "x"}
    artifact = packagers.pack(value, "value", tmp_path)
    assert len(artifact.manifest.files) <= 3
    found = packagers.unpack(tmp_path / "value", trust="data")
    assert [layer["w"][0].item() for layer in found["layers"]] == list(range(500))
    assert [layer["b"][0].item() for layer in found["layers"]] == list(range(500))


def test_tensors_in_containers_stay_tied(tmp_path: Path) -> None:
    weight = Parameter(torch.ones(2))
    found = packagers.unpack(packagers.pack({"x": [weight, 1], "y": (weight,), "z": {"row": [weight, 2]}}, "value", tmp_path).path)
    assert found["x"][0] is found["y"][0]
    assert found["x"][0] is found["z"]["row"][0]


def test_models_in_containers(tmp_path: Path) -> None:
    torch.manual_seed(0)
    models = [nn.Linear(2, 2), nn.BatchNorm1d(2).eval()]
    packagers.pack({"models": models, "steps": 3}, "value", tmp_path)
    found = packagers.unpack(tmp_path / "value")
    assert [type(model) for model in found["models"]] == [nn.Linear, nn.BatchNorm1d]
    assert torch.equal(found["models"][0].weight, models[0].weight)
    assert not found["models"][1].training
    with pytest.raises(packagers.UntrustedPackageError):
        packagers.unpack(tmp_path / "value", trust="data")


@pytest.mark.parametrize("where", ["list", "dict", "deep"])
def test_what_cannot_be_packed_is_found_by_its_path(tmp_path: Path, where: str) -> None:
    bad = torch.empty(2, device="meta")
    value, path = {
        "list": ([torch.ones(1), bad], "[1]"),
        "dict": ({"a": torch.ones(1), "bad": bad}, "bad"),
        "deep": ({"x": [1, {"y": (torch.ones(1), bad)}]}, "x"),
    }[where]
    with pytest.raises(packagers.PackError, match="no data") as caught:
        packagers.pack(value, "value", tmp_path)
    assert path in str(caught.value.leaf)


def test_a_stream_of_tensors_is_packed_chunk_by_chunk(tmp_path: Path) -> None:
    alive: list[weakref.ref[torch.Tensor]] = []
    most = 0

    def chunks() -> Iterator[torch.Tensor]:
        nonlocal most
        for number in range(20):
            chunk = torch.full((number, 3), number, dtype=torch.int16)
            alive.append(weakref.ref(chunk))
            most = max(most, sum(reference() is not None for reference in alive))
            yield chunk
            del chunk

    packagers.pack(chunks(), "stream", tmp_path)
    assert most <= 2
    found = packagers.unpack(tmp_path / "stream", Iterator[torch.Tensor], trust="data")
    for number, chunk in enumerate(found):
        assert chunk.dtype == torch.int16
        assert chunk.tolist() == [[number] * 3] * number
    assert number == 19


def test_a_stream_of_batches(tmp_path: Path) -> None:
    batches = [{"x": torch.ones(n, 2), "y": torch.arange(n)} for n in (3, 3, 1)]
    packagers.pack(iter(batches), "stream", tmp_path)
    found = list(packagers.unpack(tmp_path / "stream", trust="data"))
    assert all(torch.equal(ours["y"], theirs["y"]) for ours, theirs in zip(batches, found, strict=True))
    assert next(packagers.unpack(tmp_path / "stream"))["x"].shape == (3, 2)


@pytest.mark.parametrize("dtype", ["float32", "complex128", "bool", "uint16", ">i4"])
def test_arrays_and_tensors_are_read_as_one_another(tmp_path: Path, dtype: str) -> None:
    array = np.asfortranarray(np.arange(6).reshape(2, 3).astype(dtype))
    packagers.pack(array, "array", tmp_path)
    tensor = packagers.unpack(tmp_path / "array", torch.Tensor, trust="data")
    assert np.array_equal(tensor.numpy(), array)
    packagers.pack(tensor, "tensor : file[format='npy']", tmp_path)
    back = packagers.unpack(tmp_path / "tensor", np.ndarray, trust="data")
    assert np.array_equal(back, array)
    assert back.dtype == array.dtype.newbyteorder("=")


def test_a_parameter_as_npy_is_an_array_too(tmp_path: Path) -> None:
    packagers.pack(Parameter(torch.ones(2)), "weight : file[format='npy']", tmp_path)
    assert packagers.unpack(tmp_path / "weight", np.ndarray).tolist() == [1, 1]
    assert isinstance(packagers.unpack(tmp_path / "weight"), Parameter)


def test_arrays_that_make_no_tensor(tmp_path: Path) -> None:
    for number, array in enumerate([np.array(["x"]), np.array(["2020-01-01"], "M8[D]"), np.zeros(2, "i4,f8"), np.array([1], object)]):
        packagers.pack(array, f"array{number}", tmp_path)
        with pytest.raises(packagers.UnpackError, match="no tensor"):
            packagers.unpack(tmp_path / f"array{number}", torch.Tensor, trust="all")


def test_one_tensor_as_a_parameter_and_the_other_way(tmp_path: Path) -> None:
    packagers.pack(torch.ones(2), "tensor", tmp_path)
    packagers.pack(Parameter(torch.ones(2)), "parameter", tmp_path)
    found = packagers.unpack(tmp_path / "tensor", Parameter)
    assert type(found) is Parameter
    assert isinstance(packagers.unpack(tmp_path / "parameter", torch.Tensor), Parameter)


def test_state_dicts_and_dicts_are_read_as_one_another(tmp_path: Path) -> None:
    state = nn.BatchNorm1d(2).state_dict()
    packagers.pack(state, "state", tmp_path)
    packagers.pack(nn.BatchNorm1d(2), "model", tmp_path)
    found = packagers.unpack(tmp_path / "model", dict[str, torch.Tensor], trust="data")
    assert all(torch.equal(found[name], state[name]) for name in state)
    assert isinstance(packagers.unpack(tmp_path / "state", dict[str, torch.Tensor], trust="data"), dict)
    assert [type(t) for t in packagers.unpack(tmp_path / "model", dict[str, torch.Tensor], keys=["weight"]).values()] == [torch.Tensor]


def test_a_plain_file_as_a_list(tmp_path: Path) -> None:
    safetensors.torch.save_file({"a": torch.ones(1), "b": torch.zeros(2)}, tmp_path / "two.safetensors")
    found = packagers.unpack(tmp_path / "two.safetensors", list[torch.Tensor])
    assert sorted(map(len, found)) == [1, 2]


_SLICES = st.builds(slice, st.integers(0, 11), st.integers(1, 12), st.integers(1, 3))


@given(st.lists(st.tuples(_SLICES, st.booleans()), min_size=1, max_size=5))
@settings(max_examples=60)
def test_what_is_shared_by_any_views_stays_shared(tmp_path_factory: pytest.TempPathFactory, views: list[Any]) -> None:
    base = torch.arange(12)
    tensors = {str(n): base[part].unsqueeze(0).expand(2, -1) if twice else base[part] for n, (part, twice) in enumerate(views)}
    folder = tmp_path_factory.mktemp("views")
    packager = StateDictPackager()
    found = packager.unpack_file(folder, **packager.pack_file(tensors, folder))
    assert all(torch.equal(tensors[name], found[name]) for name in tensors)
    ours, theirs = ([places(tensor) for tensor in every.values()] for every in (tensors, found))
    shared = [[{a[place] for place in a.keys() & b.keys()} for b in ours] for a in ours]
    assert shared == [[{a[place] for place in a.keys() & b.keys()} for b in theirs] for a in theirs]


def places(tensor: torch.Tensor) -> dict[int, int]:
    """Give the elements by their addresses; what an expanded tensor shares with itself is not kept, as are no strides."""
    return {element.data_ptr(): int(element) for row in torch.atleast_2d(tensor).unbind() for element in row.unbind()}
