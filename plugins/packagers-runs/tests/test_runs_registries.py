"""The registry of runs is made once, and anew where the project or what is installed has changed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import packagers
from packagers_runs.running.registries import registry_here


def test_it_is_made_once_and_anew_where_something_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plain = registry_here()
    assert registry_here() is plain
    with packagers.settings(disable=["packagers-numpy"]):
        assert registry_here() is not plain
    assert registry_here() is plain
    for name in ("One", "Two"):
        (tmp_path / "pyproject.toml").write_text(f'[tool.packagers.types]\n"decimal.Decimal" = "mine:{name}"\n')
        assert registry_here() is registry_here()
        assert registry_here() is not plain
        assert f"mine:{name}" in repr(list(registry_here()))
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "elsewhere")])
    (tmp_path / "pyproject.toml").unlink()
    assert registry_here() is not plain
