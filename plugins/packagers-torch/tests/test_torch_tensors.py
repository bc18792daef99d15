"""One tensor: whatever its dtype, shape and strides, it comes back as it was; or the error says why it cannot."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import given

import packagers
from packagers_torch.tensors import TensorPackager


def _quietly(make: Any) -> Any:
    """Make a tensor of a kind that torch calls experimental."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make()


_BYTES = torch.arange(64, dtype=torch.uint8)
_DTYPES = [
    *(torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.complex64, torch.complex128),
    *(torch.int64, torch.int32, torch.int16, torch.int8, torch.uint64, torch.uint32, torch.uint16, torch.uint8),
    *(torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e4m3fnuz, torch.float8_e5m2fnuz),
]
_MATRIX = torch.arange(12.0).reshape(3, 4)
TENSORS = {
    **{str(dtype): _BYTES.view(dtype).reshape(2, -1) for dtype in _DTYPES},
    "bool": torch.tensor([True, False]),
    "complex32": _quietly(lambda: torch.ones(3, 2, dtype=torch.float16).view(torch.complex32)),
    "0-d": torch.tensor(3),
    "0-d complex": torch.tensor(1 - 2j, dtype=torch.complex128),
    "empty": torch.zeros(0, 3),
    "special": torch.tensor([float("nan"), -0.0, float("inf"), 5e-324], dtype=torch.float64),
    "transposed": _MATRIX.t(),
    "strided": _MATRIX[:, ::2],
    "expanded": torch.ones(1).expand(3, 4),
    "conjugated": torch.tensor([1 + 2j]).conj(),
    "negated": torch.tensor([1 + 2j]).conj().imag,
    "with gradients": torch.ones(2, requires_grad=True),
    "buffer": torch.nn.Buffer(torch.ones(2), persistent=False),
    "parameter": torch.nn.Parameter(torch.ones(2)),
    "frozen parameter": torch.nn.Parameter(torch.ones(2, dtype=torch.int8), requires_grad=False),
}
_SPARSE = torch.sparse_coo_tensor([[0, 1, 1], [0, 1, 1]], [1.0, 2.0, 3.0], (2, 2), check_invariants=True)
SPARSE = {
    "coo": _SPARSE,
    "coalesced": _SPARSE.coalesce(),
    "hybrid": torch.sparse_coo_tensor([[0, 1]], torch.ones(2, 3), check_invariants=True),
    "empty": torch.sparse_coo_tensor(size=(3, 3), check_invariants=True),
    "with gradients": _SPARSE.clone().requires_grad_(),
    "parameter": torch.nn.Parameter(_SPARSE.clone()),
    **{
        name: _quietly(lambda name=name: getattr(torch.eye(4), f"to_sparse_{name}")(*([(2, 2)] if name[0] == "b" else [])))
        for name in ("csr", "csc", "bsr", "bsc")
    },
}


@pytest.mark.parametrize("name", TENSORS)
def test_a_tensor_comes_back_as_it_was(again: Any, same: Any, name: str) -> None:
    before = _quietly(TENSORS[name].detach().clone)
    assert same(TENSORS[name], again(TENSORS[name]))
    assert same(before, _quietly(TENSORS[name].detach().clone))


@pytest.mark.parametrize("name", SPARSE)
def test_a_sparse_tensor_comes_back_as_it_was(again: Any, same: Any, name: str) -> None:
    tensor = SPARSE[name]
    found = again(tensor)
    assert same(tensor, found)
    if tensor.layout is torch.sparse_coo:
        assert found.is_coalesced() == tensor.is_coalesced()
        assert torch.equal(found.detach()._indices(), tensor.detach()._indices())


@given(
    dtype=st.sampled_from(_DTYPES),
    shape=st.lists(st.integers(0, 4), max_size=4),
    order=st.randoms(use_true_random=False),
    step=st.integers(1, 3),
)
def test_any_view_comes_back(
    tmp_path_factory: pytest.TempPathFactory, same: Any, dtype: Any, shape: list[int], order: Any, step: int
) -> None:
    size = dtype.itemsize * int(np.prod([2 * n for n in shape]))
    dims = list(range(len(shape)))
    order.shuffle(dims)
    whole = torch.arange(size).to(torch.uint8).view(dtype).reshape([2 * n for n in shape])
    view = whole.permute(dims)[tuple(slice(None, None, step) for _ in dims)]
    folder = tmp_path_factory.mktemp("any")
    packager = TensorPackager()
    assert same(view, packager.unpack_file(folder, **packager.pack_file(view, folder)))


@pytest.mark.parametrize("name", ["torch.float32", "torch.complex128", "torch.uint64", "bool", "0-d", "empty", "transposed", "buffer"])
def test_npy_is_numpys_own(again: Any, same: Any, tmp_path: Path, name: str) -> None:
    tensor = TENSORS[name]
    assert same(tensor, again(tensor, "value : file[format='npy']"))
    assert np.array_equal(np.load(next(tmp_path.rglob("*.npy"))), tensor.detach().numpy())


@pytest.mark.parametrize("shape", ["(1125899906842624,)", "(4294967296, 4294967296)", "(-1,)", "(2,)", "(0,)"])
@pytest.mark.parametrize("version", [1, 2])
def test_an_npy_that_claims_another_size_is_refused_before_room_is_made(tmp_path: Path, shape: str, version: int) -> None:
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}".encode()
    length = len(header).to_bytes(2 * version, "little")
    (tmp_path / "x.npy").write_bytes(b"\x93NUMPY" + bytes([version, 0]) + length + header + bytes(8))
    with pytest.raises(packagers.UnpackError, match="shorter or longer"):
        packagers.unpack(tmp_path / "x.npy", torch.Tensor)
    (tmp_path / "x.npy").write_bytes(b"\x93NUMPY\2\0\xff\xff\xff\xff" + header)
    with pytest.raises(packagers.UnpackError, match="header is longer"):
        packagers.unpack(tmp_path / "x.npy", torch.Tensor)


@pytest.mark.parametrize("name", ["torch.bfloat16", "torch.complex64", "torch.float8_e5m2", "0-d", "empty", "special", "parameter"])
def test_a_small_tensor_can_be_a_result(again: Any, same: Any, name: str) -> None:
    assert same(TENSORS[name], again(TENSORS[name], "value : result"))


def test_a_view_does_not_drag_its_base_along(again: Any, tmp_path: Path) -> None:
    again(torch.zeros(1000, 1000)[3, :5])
    assert sum(path.stat().st_size for path in tmp_path.rglob("*.safetensors")) < 200


def test_what_is_unpacked_can_be_changed_and_the_package_stays(again: Any, tmp_path: Path) -> None:
    found = again(torch.zeros(3))
    found += 1
    assert found.tolist() == [1, 1, 1]
    assert packagers.unpack(tmp_path / "value").tolist() == [0, 0, 0]


def _hooked() -> torch.Tensor:
    tensor = torch.ones(2, requires_grad=True)
    tensor.register_hook(lambda gradient: gradient)
    return tensor


def _hooked_sparse() -> torch.Tensor:
    tensor = torch.eye(2).to_sparse().requires_grad_()
    tensor.register_hook(lambda gradient: gradient)
    return tensor


def _tagged() -> torch.Tensor:
    tensor = torch.ones(2)
    tensor.tag = object()
    return tensor


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8), "quantised"),
        (lambda: torch.nested.nested_tensor([torch.zeros(2), torch.zeros(3)]), "nested"),
        (lambda: torch.empty(2, device="meta"), "no data"),
        (_hooked, "hooks"),
        (_hooked_sparse, "hooks"),
        (_tagged, "'tag'"),
    ],
)
def test_what_cannot_be_kept_is_refused(again: Any, make: Any, why: str) -> None:
    with pytest.raises(packagers.PackError, match=why) as caught:
        again(_quietly(make))
    assert caught.value.remedy


@pytest.mark.parametrize(
    "make", [lambda: torch.nested.nested_tensor([torch.zeros(2), torch.ones(3)]), lambda: torch.empty(2, device="meta")]
)
def test_what_the_refusal_proposes_works(again: Any, make: Any) -> None:
    tensor = _quietly(make)
    with pytest.raises(packagers.PackError, match='"key : object"'):
        again(tensor)
    found = again(tensor, "value : object", trust="own")
    assert type(found) is type(tensor)
    assert found.device == tensor.device
    assert tensor.is_meta or all(map(torch.equal, found.unbind(), tensor.unbind()))


def test_hooks_have_a_remedy_of_their_own(again: Any) -> None:
    with pytest.raises(packagers.PackError, match="register_hook") as caught:
        again(_hooked())
    assert "object" not in str(caught.value.remedy)
    assert again(_hooked().detach()).tolist() == [1, 1]


def test_named_dimensions_are_refused(again: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.Tensor, "names", ("rows",), raising=False)  # as releases before 2.13 have it
    with pytest.raises(packagers.PackError, match="names"):
        again(torch.ones(2))


@pytest.mark.parametrize("dtype", [torch.uint64, torch.int64, torch.complex128, torch.float64, torch.bool, torch.float16])
def test_results_are_exact(again: Any, same: Any, dtype: torch.dtype) -> None:
    edges = torch.tensor([0, 1, -1, 2**62], dtype=torch.int64).to(dtype)
    if dtype == torch.uint64:
        edges = torch.tensor([2**64 - 1, 0], dtype=dtype)
    if dtype.is_floating_point:
        edges = torch.tensor([float("nan"), -0.0, float("inf"), torch.finfo(dtype).tiny, 0.1], dtype=dtype)
    found = again(edges, "value : result")
    assert same(edges, found)
    assert not dtype.is_floating_point or torch.signbit(found[1])


@pytest.mark.parametrize("log", ["value : file[format='npy']", "value : result"])
def test_forms_that_are_too_narrow_say_so(again: Any, log: str) -> None:
    with pytest.raises(packagers.PackError):
        again(torch.ones(3000, dtype=torch.bfloat16), log)
    with pytest.raises(packagers.PackError):
        again(_SPARSE, log)


def test_plain_files_are_read_by_hint_and_suffix(tmp_path: Path) -> None:
    safetensors.torch.save_file({"only": torch.arange(3)}, tmp_path / "one.SafeTensors")
    assert packagers.unpack(tmp_path / "one.SafeTensors", torch.Tensor).tolist() == [0, 1, 2]
    assert type(packagers.unpack(tmp_path / "one.SafeTensors", torch.nn.Parameter)) is torch.nn.Parameter
    safetensors.torch.save_file({"a": torch.ones(1), "b": torch.zeros(1)}, tmp_path / "two.safetensors")
    assert packagers.unpack(tmp_path / "two.safetensors", torch.Tensor, name="b").tolist() == [0]
    with pytest.raises(packagers.UnpackError, match="holds 2"):
        packagers.unpack(tmp_path / "two.safetensors", torch.Tensor)
    np.save(tmp_path / "swapped.npy", np.arange(3, dtype=">f4"))
    assert packagers.unpack(tmp_path / "swapped.npy", torch.Tensor).tolist() == [0, 1, 2]
    np.save(tmp_path / "text.npy", np.array(["a"]))
    with pytest.raises(packagers.UnpackError, match="no tensor"):
        packagers.unpack(tmp_path / "text.npy", torch.Tensor)
    (tmp_path / "bad.safetensors").write_bytes(os.urandom(40))
    with pytest.raises(packagers.UnpackError, match="safetensors"):
        packagers.unpack(tmp_path / "bad.safetensors", torch.Tensor)


def test_summaries_are_small(tmp_path: Path) -> None:
    artifact = packagers.pack(torch.zeros(*[7] * 7), "deep", tmp_path)
    assert artifact.manifest.description["shape"] == [7] * 7
    assert len(artifact.manifest.preview["text"]) < 1000


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_tensor_on_a_gpu_comes_back_on_the_cpu_unless_told_otherwise(again: Any) -> None:
    tensor = torch.arange(3.0, device="cuda:0")
    assert again(tensor).device.type == "cpu"
    assert again(tensor, device="cuda:0").device.type == "cuda"


@pytest.mark.parametrize("name", ["torch.float32", "torch.complex128", "parameter"])
def test_defaults_of_the_process_have_no_say(again: Any, same: Any, name: str) -> None:
    torch.set_default_device("meta")
    torch.set_default_dtype(torch.float64)
    try:
        found = [again(TENSORS[name], log) for log in ("value", "value : file[format='npy']", "value : result")]
        shared = again({"a": _MATRIX[0], "b": _MATRIX.view(-1)[2:8]})
        sparse = again(_SPARSE)
    finally:
        torch.set_default_device(None)
        torch.set_default_dtype(torch.float32)
    assert all(same(TENSORS[name], tensor) for tensor in found)
    assert same(shared["b"], _MATRIX.view(-1)[2:8])
    assert same(sparse, _SPARSE)
