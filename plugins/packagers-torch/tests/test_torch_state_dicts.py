"""Several tensors in one file: any names, in order, tied where they were tied."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from torch.nn import Parameter

import packagers


def test_names_order_and_kinds(again: Any, same: Any) -> None:
    names = ["z", "a/b", "__metadata__", "", "\x00", "\ud800", "renamed-0", "é"]
    tensors = {name: torch.tensor(number) for number, name in enumerate(names)}
    tensors["p"] = Parameter(torch.ones(2))
    tensors["frozen"] = Parameter(torch.ones(2), requires_grad=False)
    found = again(tensors)
    assert type(found) is dict
    assert list(found) == list(tensors)
    assert all(same(tensors[name], found[name]) for name in tensors)


def test_a_state_dict_keeps_its_metadata(again: Any) -> None:
    state = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2)).state_dict()
    found = again(state)
    assert type(found) is OrderedDict
    assert list(found) == list(state)
    assert found._metadata == state._metadata
    assert type(found._metadata) is type(state._metadata)


def test_the_same_object_stays_the_same(again: Any) -> None:
    weight = Parameter(torch.ones(2))
    found = again({"a": weight, "b": weight, "c": weight.detach()})
    assert found["a"] is found["b"]
    with torch.no_grad():
        found["a"][0] = 7
    assert found["c"][0] == 7


_BASE = torch.arange(20.0).reshape(4, 5)


@pytest.mark.parametrize(
    ("tensors", "shared"),
    [
        ({"a": _BASE, "b": _BASE[1], "c": _BASE[:, 2]}, True),
        ({"a": _BASE[0], "b": _BASE}, True),
        ({"a": _BASE[:, 2], "c": _BASE, "b": _BASE[:, 2].detach()}, True),
        ({"a": _BASE.t(), "b": _BASE}, True),
        ({"a": _BASE.t(), "b": _BASE.t().detach()}, True),
        ({"a": _BASE.view(-1)[:12], "b": _BASE.view(-1)[8:]}, True),
        ({"a": _BASE[:, 0], "b": _BASE[:, 0].detach()}, True),
        ({"a": _BASE[0].expand(3, 5), "b": _BASE[0]}, True),
        ({"a": _BASE[:, 0], "b": _BASE[:, 1]}, False),
        ({"a": _BASE[0], "b": _BASE[1]}, False),
    ],
)
def test_tied_tensors_stay_tied_and_others_apart(again: Any, same: Any, tensors: dict[str, torch.Tensor], shared: bool) -> None:
    found = again(tensors)
    assert all(same(tensors[name], found[name]) for name in tensors)
    found["a"].fill_(99)
    assert bool((found["b"] == 99).any()) is shared


def test_tied_tensors_are_stored_once_and_views_without_their_base(again: Any, tmp_path: Path) -> None:
    big = torch.zeros(1000, 1000)
    again({"a": big[:, 0], "b": big[:, 1], "c": big[:, 0]})
    assert sum(path.stat().st_size for path in tmp_path.rglob("*.safetensors")) < 8500


def test_memory_under_two_dtypes_is_refused(again: Any) -> None:
    with pytest.raises(packagers.PackError, match="different dtypes"):
        again({"a": _BASE, "b": _BASE.view(torch.int32)})


def test_lists_and_tuples(again: Any, same: Any) -> None:
    weight = Parameter(torch.ones(2))
    for tensors in ([weight, torch.ones(1), weight], (weight, torch.ones(1), weight)):
        found = again({"nested": tensors})["nested"]
        assert type(found) is type(tensors)
        assert found[0] is found[2]
        assert all(map(same, tensors, found))


def test_a_part_is_read_by_keys(again: Any) -> None:
    tensors = {"a": torch.ones(1), "b": torch.zeros(1), "c": torch.ones(2)}
    assert list(again(tensors, keys=["c", "a"])) == ["c", "a"]
    with pytest.raises(packagers.UnpackError, match="'x'"):
        again(tensors, keys=["x"])


def test_tensors_that_do_not_fit_one_file_go_to_their_own_packager(again: Any, same: Any) -> None:
    tensors = {"dense": torch.ones(2), "sparse": torch.eye(2).to_sparse()}
    found = again(tensors)
    assert all(same(tensors[name], found[name]) for name in tensors)


def test_the_file_is_what_the_library_reads_and_the_same_each_time(tmp_path: Path) -> None:
    tensors = {"b": torch.arange(4.0), "a": torch.tensor(True), "e": torch.zeros(0, 3), "c": torch.ones(3, dtype=torch.complex64)}
    digests = {packagers.pack(tensors, f"value{number}", tmp_path).digest for number in range(3)}
    assert len(digests) == 1
    read = safetensors.torch.load_file(next(tmp_path.rglob("*.safetensors")))
    assert set(read) == set(tensors)
    assert all(torch.equal(read[name], tensors[name]) for name in tensors)


def test_ten_thousand_small_tensors_make_one_file(again: Any, tmp_path: Path) -> None:
    tensors = [torch.full((2,), float(number)) for number in range(10_000)]
    assert all(map(torch.equal, tensors, again(tensors)))
    assert len(list(tmp_path.rglob("*.safetensors"))) == 1


def test_a_plain_file_keeps_the_order_of_its_bytes(tmp_path: Path) -> None:
    safetensors.torch.save_file({"b": torch.ones(1), "a": torch.zeros(1)}, tmp_path / "x.safetensors")
    assert set(packagers.unpack(tmp_path / "x.safetensors", dict[str, torch.Tensor])) == {"a", "b"}
    assert type(packagers.unpack(tmp_path / "x.safetensors", OrderedDict[str, torch.Tensor])) is OrderedDict


def test_a_layout_that_leaves_its_memory_is_refused(tmp_path: Path) -> None:
    from packagers_torch.statedicts import StateDictPackager

    packager = StateDictPackager()
    instructions = packager.pack_file({"a": _BASE, "b": _BASE[1]}, tmp_path)
    for view in (["a", 18, [5], [1]], ["a", -1, [5], [1]], ["a", 0, [2, 2], [100, 1]]):
        instructions["layout"]["views"]["b"] = view
        with pytest.raises(packagers.UnpackError, match="leaves"):
            packager.unpack_file(tmp_path, **instructions)
    instructions["layout"]["views"] = {"a": ["b"], "b": ["a"]}
    with pytest.raises(packagers.UnpackError, match="circles"):
        packager.unpack_file(tmp_path, **instructions)
