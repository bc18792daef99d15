"""Type paths as names of entry points: wheels of every usual build backend register the same types."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from packagers import discovery, registration

BACKENDS = {
    "hatchling": "hatchling.build",
    "setuptools": "setuptools.build_meta",
    "poetry-core": "poetry.core.masonry.api",  # strips the blanks of the names
    "flit-core": "flit_core.buildapi",
}

ENTRY_POINTS = """
"torch.Tensor" = "graphs:TensorPackager"
"torch.Tensor#legacy" = "graphs:OldTensorPackager"
"dict[str, torch.Tensor]" = "graphs:StateDictPackager"
"tuple[int, ...]" = "graphs.numbers:NumbersPackager"
"Iterator[ list[torch.Tensor] ]" = "graphs:Outer.StreamPackager"
"""

STANDARD = """
[project]
name = "graphs"
version = "1.2"
description = "Packagers for graphs."

[project.entry-points."packagers.types"]
"""

OLD_POETRY = """
[tool.poetry]
name = "graphs"
version = "1.2"
description = "Packagers for graphs."
authors = []

[tool.poetry.plugins."packagers.types"]
"""


@pytest.mark.parametrize(
    ("requirement", "project"),
    [pytest.param(name, STANDARD, id=name) for name in BACKENDS]
    + [pytest.param("poetry-core", OLD_POETRY, id="poetry-core, its own tables")],
)
def test_wheels_of_every_backend_register_the_same_types(
    requirement: str, project: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = BACKENDS[requirement]
    (tmp_path / "graphs").mkdir()
    (tmp_path / "dist").mkdir()
    (tmp_path / "graphs/__init__.py").touch()
    (tmp_path / "pyproject.toml").write_text(
        f'[build-system]\nrequires = ["{requirement}"]\nbuild-backend = "{backend}"\n{project}{ENTRY_POINTS}', encoding="utf-8"
    )
    build = f"import {backend} as backend; backend.build_wheel('dist')"
    subprocess.run([sys.executable, "-c", build], cwd=tmp_path, capture_output=True, check=True)
    site = tmp_path / "site"
    with zipfile.ZipFile(*(tmp_path / "dist").glob("*.whl")) as wheel:
        wheel.extractall(site)

    monkeypatch.syspath_prepend(site)
    found = [registration.of_entry_point(entry) for entry in discovery.scan().types if entry.distribution == "graphs"]
    assert [one.version for one in found] == ["1.2"] * 5
    assert {(str(one.path), one.path.label if one.path else None, one.reference) for one in found} == {
        ("torch.Tensor", "", "graphs:TensorPackager"),
        ("torch.Tensor", "legacy", "graphs:OldTensorPackager"),
        ("dict[str, torch.Tensor]", "", "graphs:StateDictPackager"),
        ("tuple[int, ...]", "", "graphs.numbers:NumbersPackager"),
        ("Iterator[list[torch.Tensor]]", "", "graphs:Outer.StreamPackager"),
    }
