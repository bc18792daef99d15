"""Modules: whole with everything that is tied, set and hooked in them, their weights alone, and what runs code when."""

from __future__ import annotations

import copy
import subprocess
import sys
import textwrap
import warnings
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import packagers


class Net(nn.Module):
    """A bit of everything that modules do."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(5, 4)
        self.head = nn.Linear(4, 5, bias=False)
        self.head.weight = self.embedding.weight
        self.norm = nn.BatchNorm1d(4)
        self.norm.bias.requires_grad_(False)
        self.norm.weight.tag = "mine"
        self.register_buffer("mask", torch.tensor([True, True, False, True]), persistent=False)
        self.rows = self.embedding.weight.detach()[:2]
        self.others = [self.norm.weight, torch.arange(3, dtype=torch.bfloat16), torch.eye(2).to_sparse()]
        self.recurrent = nn.LSTM(4, 4)
        self.called: list[int] = []
        self.register_forward_hook(lambda module, inputs, output: module.called.append(1))

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        """Give scores."""
        hidden, _ = self.recurrent(self.norm(self.embedding(words)) * self.mask)
        return self.head(hidden)


WORDS = torch.tensor([0, 3, 1])


@pytest.fixture
def net() -> Net:
    torch.manual_seed(0)
    return Net().eval()


def test_a_whole_module_comes_back(again: Any, net: Net) -> None:
    before = copy.deepcopy(net.state_dict())
    found = again(net, trust="own")
    assert type(found) is Net
    assert torch.equal(found(WORDS), net(WORDS))
    assert found.called == [1]
    assert not found.training
    assert list(found.state_dict()) == list(before)
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert [p.requires_grad for p in found.parameters()] == [p.requires_grad for p in net.parameters()]
    assert found.mask.dtype == torch.bool
    assert found.others[1].dtype == torch.bfloat16
    assert found.others[2].is_sparse


def test_what_is_tied_in_a_module_stays_tied(again: Any, net: Net) -> None:
    found = again(net, trust="own")
    assert found.head.weight is found.embedding.weight
    assert found.others[0] is found.norm.weight
    assert found.norm.weight.tag == "mine"
    assert found.recurrent._flat_weights[0] is found.recurrent.weight_ih_l0
    found.rows[0, 0] = 99
    assert found.head.weight[0, 0] == 99


def test_a_module_that_was_unpacked_can_be_trained(again: Any, net: Net, tmp_path: Path) -> None:
    found = again(net.train(), trust="own")
    optimizer = torch.optim.SGD((p for p in found.parameters() if p.requires_grad), lr=0.1)
    found(WORDS).sum().backward()
    optimizer.step()
    assert not torch.equal(found.head.weight, net.head.weight)
    assert torch.equal(packagers.unpack(tmp_path / "value", dict[str, torch.Tensor])["head.weight"], net.head.weight)


@pytest.mark.parametrize("format", ["module", "state_dict"])
def test_the_weights_are_data(again: Any, net: Net, format: str) -> None:
    log = f"value : model[format='{format}']"
    state = net.state_dict()
    found = again(net, log, dict[str, torch.Tensor])
    assert type(found) is dict
    assert list(found) == list(state)
    assert all(torch.equal(found[name], state[name]) and type(found[name]) is torch.Tensor for name in state)
    assert not any(tensor.requires_grad for tensor in found.values())
    found["embedding.weight"][0] = 1
    assert found["head.weight"][0, 0] == 1
    ordered = again(net, log, OrderedDict[str, torch.Tensor])
    assert ordered._metadata == state._metadata
    mine = Net()
    assert again(net, log, into=mine) is mine
    assert torch.equal(mine.eval()(WORDS), net(WORDS))


def test_a_whole_module_runs_code_and_the_policy_says_whether(again: Any, net: Net) -> None:
    with pytest.raises(packagers.UntrustedPackageError, match="cloudpickle"):
        again(net)


def test_weights_alone_need_a_module_to_go_into(again: Any, net: Net, tmp_path: Path) -> None:
    with pytest.raises(packagers.UnpackError, match="class") as caught:
        again(net, "value : model[format='state_dict']", trust="all")
    assert "into=" in str(caught.value)
    with pytest.raises(packagers.UnpackError, match="do not fit"):
        packagers.unpack(tmp_path / "value", into=nn.Linear(2, 2))


def test_a_plain_file_goes_into_a_module(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    source, target = nn.Linear(2, 2), nn.Linear(2, 2)
    save_file(source.state_dict(), tmp_path / "weights.safetensors")
    assert packagers.unpack(tmp_path / "weights.safetensors", nn.Module, into=target) is target
    assert torch.equal(source.weight, target.weight)


def test_the_weights_alone_make_the_same_bytes(net: Net, tmp_path: Path) -> None:
    hints = ["a : model[format='state_dict']", "b : model[format='state_dict']"]
    assert len({packagers.pack(copy.deepcopy(net), hint, tmp_path).digest for hint in hints}) == 1


def test_a_module_without_weights(again: Any) -> None:
    assert type(again(nn.ReLU(), trust="own")) is nn.ReLU


class Counting(nn.Linear):
    """A module with state that is no tensor."""

    def get_extra_state(self) -> dict[str, int]:
        """Give the state."""
        return {"count": 3}

    def set_extra_state(self, state: Any) -> None:
        """Take the state."""


def test_state_that_is_no_tensor_is_only_in_the_whole_module(again: Any) -> None:
    assert type(again(Counting(2, 2), trust="own")) is Counting
    for log, hint in (("value : model[format='state_dict']", None), ("value", dict[str, torch.Tensor])):
        with pytest.raises(packagers.PackagersError, match="_extra_state"):
            again(Counting(2, 2), log, hint)


def test_a_lazy_module_has_no_weights_yet(again: Any) -> None:
    found = again(nn.LazyLinear(3), trust="own")
    assert found(torch.ones(1, 2)).shape == (1, 3)
    with pytest.raises(packagers.PackError, match="Uninitialized"):
        again(nn.LazyLinear(3), "value : model[format='state_dict']")


def test_what_no_pickle_keeps_is_refused(again: Any) -> None:
    hooked = nn.Linear(2, 2)
    hooked.weight.register_hook(lambda gradient: gradient)
    with pytest.raises(packagers.PackError, match="hooks"):
        again(hooked)
    with pytest.raises(packagers.PackError, match="parametrized"):
        again(nn.utils.parametrizations.weight_norm(nn.Linear(2, 2)))
    found = again(nn.utils.parametrizations.weight_norm(nn.Linear(2, 2)), "value : model[format='state_dict']", dict[str, torch.Tensor])
    assert len(found) == 3


def test_a_model_packed_by_a_script_is_read_in_another_process(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(
            """
            import sys, torch, packagers

            class Mine(torch.nn.Linear):
                def forward(self, x):
                    return super().forward(x) + 1

            if sys.argv[1] == "pack":
                torch.manual_seed(0)
                packagers.pack(Mine(2, 2), "mine", sys.argv[2])
            """
        )
    )
    reader = "import sys, torch, packagers; print(packagers.unpack(sys.argv[1])(torch.ones(1, 2)).tolist())"
    subprocess.run([sys.executable, script, "pack", tmp_path], check=True)
    out = subprocess.run([sys.executable, "-c", reader, tmp_path / "mine"], check=True, capture_output=True, text=True).stdout
    torch.manual_seed(0)
    assert out.strip() == str((nn.Linear(2, 2)(torch.ones(1, 2)) + 1).tolist())


def test_the_summary_says_what_it_is(net: Net, tmp_path: Path) -> None:
    manifest = packagers.pack(net, "net", tmp_path).manifest
    assert manifest.description["class"].endswith("Net")
    assert manifest.description["parameters"] == sum(p.numel() for p in net.parameters())
    assert manifest.preview["table"]["rows"][1] == ["embedding", "Embedding", "20"]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_module_on_a_gpu(again: Any) -> None:
    found = again(nn.LSTM(4, 4).cuda(), trust="own")
    assert {p.device.type for p in found.parameters()} == {"cpu"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the weights are no longer one block of memory
        found.cuda()(torch.zeros(2, 1, 4, device="cuda"))
    assert {p.device.type for p in again(found, trust="own", device="cuda:0").parameters()} == {"cuda"}
