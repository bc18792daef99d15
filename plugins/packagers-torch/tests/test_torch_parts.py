"""Reading some tensors of many reads the header and their bytes, and no more; weights come without the code beside them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import fsspec
import pytest
import safetensors.torch
import torch
from fsspec.implementations.local import LocalFileOpener, LocalFileSystem
from torch import nn

import packagers

READ: Counter[str] = Counter()


class CountingFile(LocalFileOpener):  # type: ignore[misc]
    """A file that counts the bytes that are read."""

    def read(self, size: int = -1) -> bytes:
        """Read, and count."""
        found: bytes = self.f.read(size)
        READ[Path(self.path).name] += len(found)
        return found

    def readinto(self, target: Any) -> int:
        """Read, and count."""
        count: int = self.f.readinto(target)
        READ[Path(self.path).name] += count
        return count


class CountingSystem(LocalFileSystem):  # type: ignore[misc]
    """Files of this machine, whose bytes are counted as they are read."""

    protocol = "counted-torch"

    def _open(self, path: str, mode: str = "rb", **options: Any) -> Any:
        return CountingFile(path, mode, fs=self)


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Give the URL of the folder, where every byte that is read counts."""
    fsspec.register_implementation("counted-torch", CountingSystem, clobber=True)
    READ.clear()
    return f"counted-torch://{tmp_path}"


def many() -> dict[str, torch.Tensor]:
    """Make 200 tensors of 100 kB."""
    return {f"layer {number}": torch.full((25_000,), float(number)) for number in range(200)}


def share(file: Path) -> float:
    """Give the part of a file that was read."""
    return READ[file.name] / file.stat().st_size


def test_two_of_many_tensors_are_read_alone(tmp_path: Path, url: str) -> None:
    tensors = many()
    tensors["tied"] = tensors["layer 7"][10:20]
    packagers.pack(tensors, "tensors", tmp_path)
    (file,) = (tmp_path / "tensors").rglob("*.safetensors")
    found = packagers.unpack(f"{url}/tensors", keys=["layer 150"])
    assert list(found) == ["layer 150"]
    assert torch.equal(found["layer 150"], tensors["layer 150"])
    assert 0 < share(file) < 0.11  # blocks of 1 MiB are checked: the header's, and one or two more
    READ.clear()
    found = packagers.unpack(f"{url}/tensors", keys=["tied", "layer 7"], verify=False)
    assert found["tied"].tolist() == [7.0] * 10
    found["layer 7"][12] = 1
    assert found["tied"][2] == 1
    assert 0 < share(file) < 0.02


def test_all_of_them_are_read_once(tmp_path: Path, url: str) -> None:
    packagers.pack(many(), "tensors", tmp_path)
    (file,) = (tmp_path / "tensors").rglob("*.safetensors")
    assert len(packagers.unpack(f"{url}/tensors")) == 200
    assert 1 <= share(file) < 1.001  # how it begins was looked at before


def test_a_part_of_a_plain_file_is_read_alone(tmp_path: Path, url: str) -> None:
    safetensors.torch.save_file(many(), tmp_path / "plain.safetensors")
    found = packagers.unpack(f"{url}/plain.safetensors", dict[str, torch.Tensor], keys=["layer 9", "layer 3"])
    assert [(name, tensor[0].item()) for name, tensor in found.items()] == [("layer 9", 9.0), ("layer 3", 3.0)]
    assert 0 < share(tmp_path / "plain.safetensors") < 0.02
    READ.clear()
    assert packagers.unpack(f"{url}/plain.safetensors", torch.Tensor, name="layer 5")[0] == 5
    assert 0 < share(tmp_path / "plain.safetensors") < 0.02
    with pytest.raises(packagers.UnpackError, match="'layer'"):
        packagers.unpack(f"{url}/plain.safetensors", dict[str, torch.Tensor], keys=["layer"])


def big() -> nn.Module:
    """Make a module with 12 MB of weights."""
    torch.manual_seed(0)
    return nn.Sequential(*(nn.Linear(500, 500) for _ in range(12)))


def test_the_weights_of_a_model_come_without_its_code(tmp_path: Path, url: str) -> None:
    model = big()
    model.note = torch.zeros(100)
    packagers.pack(model, "model", tmp_path)
    (file,) = (tmp_path / "model").rglob("weights.safetensors")
    found = packagers.unpack(f"{url}/model", dict[str, torch.Tensor], keys=["3.bias"], trust="data")
    assert torch.equal(found["3.bias"], model[3].bias)
    assert set(READ) == {"manifest.json", file.name}
    assert 0 < share(file) < 0.3
    READ.clear()
    mine = big()
    nn.init.zeros_(mine[0].weight)
    packagers.unpack(f"{url}/model", into=mine, trust="data")
    assert torch.equal(mine[0].weight, model[0].weight)
    assert set(READ) == {"manifest.json", file.name}
    READ.clear()
    assert torch.equal(packagers.unpack(f"{url}/model", trust="own").note, model.note)
    assert set(READ) == {"manifest.json", file.name, "module.pkl", "extras.safetensors"}


def test_every_dtype_and_shape_comes_in_parts(tmp_path: Path) -> None:
    tensors = {
        "half": torch.ones(2, 3, dtype=torch.bfloat16),
        "f8": torch.ones(3).to(torch.float8_e4m3fn),
        "flag": torch.tensor(True),
        "empty": torch.zeros(0, 2),
        "odd": torch.ones(2, dtype=torch.complex128),
        "__metadata__": torch.tensor(5, dtype=torch.uint16),
    }
    packagers.pack(tensors, "tensors", tmp_path)
    for name, tensor in tensors.items():
        found = packagers.unpack(tmp_path / "tensors", keys=[name])[name]
        assert found.dtype == tensor.dtype
        assert found.shape == tensor.shape
        assert torch.equal(found.reshape(-1).view(torch.uint8), tensor.reshape(-1).view(torch.uint8))


def test_a_changed_block_is_noticed_when_it_is_read(tmp_path: Path) -> None:
    packagers.pack(many(), "tensors", tmp_path)
    (file,) = (tmp_path / "tensors").rglob("*.safetensors")
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.unlink()
    file.write_bytes(content)
    last = max(many())  # names are stored in alphabetical order
    assert packagers.unpack(tmp_path / "tensors", keys=["layer 0"])["layer 0"][0] == 0
    with pytest.raises(packagers.IntegrityError):
        packagers.unpack(tmp_path / "tensors", keys=[last])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x05",
        (1 << 40).to_bytes(8, "little"),
        (2).to_bytes(8, "little") + b"[]",
        (2).to_bytes(8, "little") + b"{",
        *(
            len(text := json.dumps({"a": entry}).encode()).to_bytes(8, "little") + text + bytes(8)
            for entry in (
                1,
                {"dtype": "F32", "shape": [2]},
                {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]},
                {"dtype": "F32", "shape": [2], "data_offsets": [0, 80]},
                {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]},
                {"dtype": "F99", "shape": [2], "data_offsets": [0, 8]},
                {"dtype": "F32", "shape": [2], "data_offsets": ["a", 8]},
            )
        ),
    ],
    ids=range(12),
)
def test_a_damaged_file_is_called_that(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.safetensors").write_bytes(content)
    with pytest.raises(packagers.UnpackError, match="safetensors"):
        packagers.unpack(tmp_path / "bad.safetensors", dict[str, torch.Tensor], keys=["a"])
