"""Nothing is loaded that is not used: what importing, packing and choosing bring into a fresh interpreter with everything installed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import packagers

HEAVY = {"click", "cloudpickle", "fsspec", "matplotlib", "numpy", "pandas", "pyarrow", "rich", "scipy", "skops", "sklearn", "torch", "yaml"}
PLUGINS = {"packagers_numpy", "packagers_pandas", "packagers_torch", "packagers_sklearn", "packagers_matplotlib"}
REPORT = "\nimport json as _json, sys as _sys\n_sys.stdout.write(_json.dumps(sorted({name.partition('.')[0] for name in _sys.modules})))"


def loaded_by(program: str, *arguments: str) -> set[str]:
    """Run a program in a fresh interpreter; give the top-level names of all modules that are loaded at its end."""
    command = [sys.executable, "-c", program + REPORT, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def test_what_is_checked_is_installed() -> None:
    from packagers.discovery import installed_version

    for plugin in PLUGINS:
        assert installed_version(plugin.replace("_", "-"))


def test_importing_the_core() -> None:
    loaded = loaded_by("import packagers")
    assert loaded & (HEAVY | PLUGINS) == set()
    assert loaded & {"pluggy", "importlib_metadata", "blake3", "dataclasses", "inspect"} == set()


def test_defining_a_packager() -> None:
    program = "from packagers import Packager\nclass P(Packager):\n    def pack_file(self, obj, folder): ..."
    assert loaded_by(program) & (HEAVY | PLUGINS | {"importlib_metadata", "pluggy"}) == set()


@pytest.mark.parametrize(
    "program",
    [
        "from packagers import Registry; list(Registry())",
        "from packagers import Registry; Registry().find({'a': [1]}); Registry().explain({'a': 1})",
        "import sys; from packagers import pack, unpack; pack({'a': [1, 'x']}, 'config', sys.argv[1]); unpack(sys.argv[1] + '/config')",
        "import sys; from packagers import pack, unpack; pack(b'abc', 'blob : file', sys.argv[1]); unpack(sys.argv[1] + '/blob', bytes)",
        "import sys; from packagers import call; call(lambda x: x + 1, params={'x': 1}, returns=['y'], folder=sys.argv[1])",
        "from packagers import LogHint, settings; LogHint.parse('2*key : model[a=[1]]'); settings.trust",
    ],
)
def test_plain_values(program: str, tmp_path: Path) -> None:
    assert loaded_by(program, str(tmp_path)) & (HEAVY | PLUGINS) == set()


PACKING = """
import sys
from packagers import pack, unpack
{make}
pack(value, "key", sys.argv[1])
unpack(sys.argv[1] + "/key")
"""


@pytest.mark.parametrize(
    ("make", "plugin", "others"),
    [
        ("import numpy; value = numpy.arange(3)", "packagers_numpy", HEAVY - {"numpy"}),
        ("import numpy; value = {'a': [numpy.arange(3)], 'b': numpy.float32(1)}", "packagers_numpy", {"pandas", "torch"}),
        ("import pandas; value = pandas.DataFrame({'a': [1]})", "packagers_pandas", {"torch", "sklearn", "matplotlib"}),
        ("import torch; value = torch.zeros(2)", "packagers_torch", {"pandas", "sklearn", "matplotlib"}),
    ],
)
def test_a_value_of_one_library_loads_its_plugin_alone(make: str, plugin: str, others: set[str], tmp_path: Path) -> None:
    loaded = loaded_by(PACKING.format(make=make), str(tmp_path))
    assert loaded & PLUGINS == {plugin}
    assert loaded & others == set()


def test_every_public_name_resolves() -> None:
    for name in packagers.__all__:
        assert getattr(packagers, name) is not None
        assert name in dir(packagers)
    assert sorted(set(packagers.__all__)) == list(packagers.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        packagers.nothing  # type: ignore[attr-defined]  # noqa: B018


EACH = """
import packagers
for name in packagers.__all__:
    exec(f"from packagers import {name}")
    assert eval(name) is getattr(packagers, name)
"""
STAYS = """
from packagers import {name}
import packagers.policy, packagers.config, packagers.calling
assert packagers.{name} is {name}
"""


def test_each_public_name_can_be_imported() -> None:
    assert loaded_by(EACH) & (HEAVY | PLUGINS) == set()


@pytest.mark.parametrize("name", ["trust", "settings", "pack", "call"])
def test_a_public_name_is_not_replaced_by_a_module(name: str) -> None:
    loaded_by(STAYS.format(name=name))
