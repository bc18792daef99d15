"""Modules as programs (``pt2``) and ONNX models, files of ``torch.save``, and weights for modules without memory."""

from __future__ import annotations

import pickle
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import packagers
from packagers import LogHint


class Net(nn.Module):
    """A module that computes something."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Linear(3, 2)
        self.register_buffer("shift", torch.ones(2), persistent=False)

    def forward(self, x: torch.Tensor, scale: float = 1.0) -> torch.Tensor:
        """Give scores."""
        return torch.relu(self.layer(x)) * scale + self.shift


X = torch.arange(12.0).reshape(4, 3)


def pack(value: Any, folder: Path, **options: Any) -> packagers.Artifact:
    made = packagers.pack(value, LogHint("net", artifact_type="model", packing_kwargs=options), folder)
    assert isinstance(made, packagers.Artifact)
    return made


def test_a_program_computes_what_the_module_did(tmp_path: Path) -> None:
    net = Net().eval()
    sizes = {"x": {0: torch.export.Dim("rows")}, "scale": None}
    artifact = pack(net, tmp_path, format="pt2", args=(X,), kwargs={"scale": 2.0}, dynamic_shapes=sizes)
    assert not artifact.manifest.lossless
    found = packagers.unpack(tmp_path / "net", nn.Module)
    assert isinstance(found, torch.fx.GraphModule)
    assert torch.equal(found(X[:3], scale=2.0), net(X[:3], 2.0))
    assert {name: p.requires_grad for name, p in found.named_parameters()} == {"layer.weight": True, "layer.bias": True}


def test_a_program_is_code(tmp_path: Path) -> None:
    pack(Net(), tmp_path, format="pt2", args=(X,))
    for hint in (None, nn.Module):
        with pytest.raises(packagers.UntrustedPackageError, match="pt2"):
            packagers.unpack(tmp_path / "net", hint, trust="data")
    (file,) = (tmp_path / "net").rglob("*.pt2")
    with pytest.raises(packagers.UntrustedPackageError, match="pt2"):
        packagers.unpack(file, nn.Module)
    assert torch.equal(packagers.unpack(file, nn.Module, trust="all")(X), Net()(X))
    with pytest.raises(packagers.UnpackError, match="as a whole"):
        packagers.unpack(tmp_path / "net", into=Net())
    (tmp_path / "bad.pt2").write_bytes(file.read_bytes()[:999])
    with pytest.raises(packagers.UnpackError, match="cannot read the program"):
        packagers.unpack(tmp_path / "bad.pt2", nn.Module, trust="all")


class Branching(nn.Module):
    """A module that cannot be traced."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Give something that depends on the values."""
        return x + 1 if x.sum() > 0 else x


@pytest.mark.parametrize(
    ("module", "options", "why"),
    [
        (Net(), {"format": "pt2"}, "example inputs"),
        (Net(), {"format": "onnx", "args": X}, "example inputs"),
        (Net(), {"format": "pt2", "args": (torch.ones(5),)}, "torch.export cannot take"),
        (Branching(), {"format": "pt2", "args": (X,)}, "torch.export cannot take"),
        (Branching(), {"format": "onnx", "args": (X,)}, "torch.onnx cannot take"),
        (Net(), {"format": "module", "args": (X,)}, "'args' is not one of format 'module'"),
        (Net(), {"format": "pt2", "args": (X,), "opset_version": 18}, "'opset_version' is not one of format 'pt2'"),
    ],
    ids=range(7),
)
def test_what_cannot_be_exported_is_refused(tmp_path: Path, module: nn.Module, options: dict[str, Any], why: str) -> None:
    with pytest.raises(packagers.PackError, match=why) as caught:
        pack(module, tmp_path, **options)
    assert caught.value.remedy
    assert not list(tmp_path.rglob("*.*"))


def test_another_runtime_runs_the_onnx_model(tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    net = Net().eval()
    options = {"input_names": ["x"], "output_names": ["y"], "dynamic_shapes": ({0: torch.export.Dim.DYNAMIC},), "opset_version": 20}
    artifact = pack(net, tmp_path, format="onnx", args=(X,), **options)
    assert not artifact.manifest.lossless
    assert [Path(file.path).name for file in artifact.manifest.files] == ["model.onnx"]
    session = onnxruntime.InferenceSession(packagers.unpack(tmp_path / "net", bytes))
    assert [node.name for node in (*session.get_inputs(), *session.get_outputs())] == ["x", "y"]
    torch.testing.assert_close(torch.from_numpy(session.run(None, {"x": X[:2].numpy()})[0]), net(X[:2]).detach())


def test_nothing_here_reads_onnx(tmp_path: Path) -> None:
    pack(nn.Linear(3, 2).eval(), tmp_path, format="onnx", args=(X,), external_data=True)
    with pytest.raises(packagers.UnpackError, match="onnx"):
        packagers.unpack(tmp_path / "net")
    assert {path.name for path in packagers.unpack(tmp_path / "net", Path).rglob("*.onnx*")} == {"model.onnx", "model.onnx.data"}


@pytest.mark.parametrize("library", ["onnx", "onnxscript"])
def test_a_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(packagers.PackError, match=library) as caught:
        pack(Net(), tmp_path, format="onnx", args=(X,))
    assert caught.value.remedy == 'pip install "packagers-torch[onnx]"'


def test_npy_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packagers.pack(X, "x : file[format='npy']", tmp_path)
    monkeypatch.setitem(sys.modules, "numpy", None)
    for attempt in (lambda: packagers.unpack(tmp_path / "x"), lambda: packagers.pack(X, "y : file[format='npy']", tmp_path)):
        with pytest.raises(packagers.PackagersError, match="numpy") as caught:
            attempt()
        assert caught.value.remedy == 'pip install "packagers-torch[numpy]"'


def test_files_of_torch_save_are_read_where_code_is_allowed(tmp_path: Path) -> None:
    state = Net().state_dict()
    torch.save(state, tmp_path / "state.PT")
    torch.save(X, tmp_path / "x.pth")
    for file, hint in (("state.PT", dict[str, torch.Tensor]), ("x.pth", torch.Tensor), ("state.PT", nn.Module)):
        with pytest.raises(packagers.UntrustedPackageError):
            packagers.unpack(tmp_path / file, hint)
    found = packagers.unpack(tmp_path / "state.PT", OrderedDict[str, torch.Tensor], trust="all")
    assert type(found) is OrderedDict
    assert found._metadata == state._metadata
    assert all(torch.equal(found[name], state[name]) for name in state)
    assert type(packagers.unpack(tmp_path / "state.PT", dict[str, torch.Tensor], trust="all")) is dict
    assert list(packagers.unpack(tmp_path / "state.PT", dict[str, torch.Tensor], trust="all", keys=["layer.bias"])) == ["layer.bias"]
    assert torch.equal(packagers.unpack(tmp_path / "x.pth", torch.Tensor, trust="all"), X)
    assert type(packagers.unpack(tmp_path / "x.pth", nn.Parameter, trust="all")) is nn.Parameter
    mine = Net()
    nn.init.zeros_(mine.layer.weight)
    assert packagers.unpack(tmp_path / "state.PT", nn.Module, into=mine, trust="all") is mine
    assert torch.equal(mine.layer.weight, state["layer.weight"])


def test_files_of_torch_save_build_no_classes(tmp_path: Path) -> None:
    torch.save(Net(), tmp_path / "net.pt")
    torch.save({"state": {"a": X}, "b": X, "epoch": 3}, tmp_path / "checkpoint.pt")
    (tmp_path / "pickle.pt").write_bytes(pickle.dumps(print))
    (tmp_path / "bad.pt").write_bytes(b"PK\x03\x04 and no more")
    (tmp_path / "empty.pt").write_bytes(b"")
    for file, hint, why in (
        ("net.pt", nn.Module, "not its class"),
        ("net.pt", dict[str, torch.Tensor], "more than tensors"),
        ("checkpoint.pt", dict[str, torch.Tensor], "'state'"),
        ("checkpoint.pt", torch.Tensor, "holds a dict"),
        ("pickle.pt", torch.Tensor, "more than tensors"),
        ("bad.pt", torch.Tensor, "torch.save|more than tensors"),
        ("empty.pt", torch.Tensor, "torch.save|more than tensors"),
    ):
        with pytest.raises(packagers.UnpackError, match=why):
            packagers.unpack(tmp_path / file, hint, trust="all")
    assert torch.equal(packagers.unpack(tmp_path / "checkpoint.pt", dict[str, torch.Tensor], trust="all", keys=["b"])["b"], X)


class Tied(nn.Module):
    """A module whose weights are tied."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.Embedding(4, 3), nn.BatchNorm1d(3))
        self.head = nn.Linear(3, 4, bias=False)
        self.head.weight = self.inner[0].weight
        self.inner[1].weight.requires_grad_(False)


@pytest.mark.parametrize("device", ["nowhere", "meta", "cuda:99", "xla"])
@pytest.mark.parametrize("form", ["file", "file[format='npy']"])
def test_a_device_that_is_not_there_is_named(tmp_path: Path, device: str, form: str) -> None:
    packagers.pack(X, f"x : {form}", tmp_path)
    with pytest.raises(packagers.UnpackError, match=f"device '{device}'") as caught:
        packagers.unpack(tmp_path / "x", device=device)
    assert caught.value.remedy


def test_into_takes_a_module(tmp_path: Path) -> None:
    pack(Net(), tmp_path)
    with pytest.raises(packagers.UnpackError, match="takes a module, not a int"):
        packagers.unpack(tmp_path / "net", into=5)
    optimizer = torch.optim.SGD(Net().parameters())
    packagers.pack(optimizer, "steps : file[format='state_dict']", tmp_path)
    with pytest.raises(packagers.UnpackError, match="takes an optimizer, not a Net"):
        packagers.unpack(tmp_path / "steps", into=Net())


def is_mapped(tensor: torch.Tensor, file: Path) -> bool:
    """Tell whether a tensor lies in a mapped file; where the system does not say, it does."""
    maps = Path("/proc/self/maps")
    for line in maps.read_text().splitlines() if maps.exists() else ():
        start, stop = (int(number, 16) for number in line.split()[0].split("-"))
        if start <= tensor.data_ptr() < stop:
            return line.endswith(str(file))
    return not maps.exists()


def test_a_module_without_memory_takes_the_mapped_weights(tmp_path: Path) -> None:
    torch.manual_seed(0)
    packed = Tied()
    pack(packed, tmp_path)
    with torch.device("meta"):
        mine = Tied().eval()
    assert packagers.unpack(tmp_path / "net", into=mine, trust="data") is mine
    assert mine.head.weight is mine.inner[0].weight
    assert isinstance(mine.head.weight, nn.Parameter)
    assert not mine.inner[1].weight.requires_grad
    assert not mine.training
    (file,) = (tmp_path / "net").rglob("weights.safetensors")
    assert all(torch.equal(mine.state_dict()[name], tensor) for name, tensor in packed.state_dict().items())
    assert all(is_mapped(tensor, file) for tensor in mine.state_dict().values())


def test_a_module_without_memory_keeps_its_dtypes(tmp_path: Path) -> None:
    pack(Net(), tmp_path)
    with torch.device("meta"):
        mine = Net().to(torch.bfloat16)
    packagers.unpack(tmp_path / "net", into=mine)
    assert {p.dtype for p in mine.parameters()} == {torch.bfloat16}
    assert mine.shift.is_meta  # it is no part of a state dict
    with torch.device("meta"), pytest.raises(packagers.UnpackError, match="do not fit"):
        packagers.unpack(tmp_path / "net", into=nn.Linear(3, 9))


def test_a_lazy_module_takes_weights(tmp_path: Path) -> None:
    net = nn.Linear(3, 2)
    pack(net, tmp_path, format="state_dict")
    mine = nn.LazyLinear(2)
    packagers.unpack(tmp_path / "net", into=mine)
    assert torch.equal(mine(X), net(X))


def test_a_module_is_mapped_and_not_copied(tmp_path: Path) -> None:
    pack(Tied(), tmp_path)
    (file,) = (tmp_path / "net").rglob("weights.safetensors")
    before = file.read_bytes()
    for found in (packagers.unpack(tmp_path / "net"), packagers.unpack(tmp_path / "net", dict[str, torch.Tensor])):
        tensors = list((found.state_dict() if isinstance(found, nn.Module) else found).values())
        assert all(is_mapped(tensor, file) for tensor in tensors)
        with torch.no_grad():
            tensors[0].zero_()
    assert file.read_bytes() == before


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_program_from_a_gpu_comes_back_on_the_cpu(tmp_path: Path) -> None:
    net = Net().cuda().eval()
    pack(net, tmp_path, format="pt2", args=(X.cuda(),))
    assert torch.allclose(packagers.unpack(tmp_path / "net")(X), net(X.cuda()).cpu())
    assert packagers.unpack(tmp_path / "net", device="cuda:0")(X.cuda()).is_cuda
