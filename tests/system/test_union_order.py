"""What a union becomes is the first of its members that what is stored, or the file, can be: in every process, whatever its hash seed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import packagers

SEEDS = range(20)
NAMES = {
    "F": "pd.DataFrame",
    "A": "np.ndarray",
    "D": "dict[str, np.ndarray]",
    "L": "list",
    "M": "Mapping[str, Any]",
    "T": "str",
    "B": "bytes",
}
# What is unpacked, the members of the union in order, and the class of what comes.
ROWS = {
    "frame F A": "DataFrame",
    "frame A F": "DataFrame",  # a package is what it was packed as, where the hint has that
    "frame A D": "ndarray",
    "frame D A": "dict",
    "array F A": "ndarray",
    "array A F": "ndarray",
    "array A B": "ndarray",
    "array F B": "DataFrame",
    "arrays D F": "dict",
    "arrays M D": "dict",
    "table.csv F A": "DataFrame",
    "table.csv A F": "ndarray",
    "table.csv T F": "str",
    "table.csv B T": "bytes",
    "named.csv A F": "DataFrame",  # its first line is no row of numbers
    "table.parquet F A": "DataFrame",
    "table.parquet A F": "ndarray",
    "table.parquet D F": "dict",
    "array.npy F A": "DataFrame",
    "array.npy A F": "ndarray",
    "arrays.npz F D": "dict",
    "arrays.npz A D": "dict",  # it holds two
    "arrays.npz D A": "dict",
    "one.npz A D": "ndarray",
    "one.npz D A": "dict",
    "list.json L M": "list",
    "list.json M L": "list",
    "dict.json L M": "dict",
    "dict.json F M": "DataFrame",
    "dict.json M F": "dict",
    "dict.json T M": "str",
}
PROGRAM = """
import json, sys
from collections.abc import Mapping
from typing import Any, Union
import numpy
import numpy as np
import pandas
import pandas as pd
import packagers

NAMES = {NAMES!r}
classes = {{key: eval(name) for key, name in NAMES.items()}}
found = {{}}
for row in json.loads(sys.argv[2]):
    name, *members = row.split()
    first, second = (classes[member] for member in members)
    text = " | ".join(NAMES[member].replace("pd.", "pandas.").replace("np.", "numpy.") for member in members)
    # Not Optional[Union[A, B]]: where Optional[Union[B, A]] is written, too, Python makes one object of both.
    hints = [Union[first, second], Union[first, None, second], first | second, first | None | second]
    if "Any" not in text:
        hints.append(text)
    def function(x): return x
    for hint in hints:
        value = packagers.unpack(sys.argv[1] + "/" + name, hint)
        function.__annotations__["x"] = hint
        same = packagers.call(function, inputs={{"x": sys.argv[1] + "/" + name}}, folder=sys.argv[3]).returned
        found.setdefault(row, []).extend([type(value).__name__, type(same).__name__])
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("unions")
    frame, arrays = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]}), {"x": np.arange(3), "y": np.ones(2)}
    packagers.pack(frame, "frame", place)
    packagers.pack(np.arange(3), "array", place)
    packagers.pack(arrays, "arrays", place)
    frame.to_csv(place / "table.csv", index=False, header=False)
    frame.to_csv(place / "named.csv", index=False)
    frame.to_parquet(place / "table.parquet")
    np.save(place / "array.npy", np.arange(3))
    np.savez(place / "arrays.npz", **arrays)
    np.savez(place / "one.npz", x=np.arange(3))
    (place / "list.json").write_text("[1, 2]")
    (place / "dict.json").write_text('{"a": [1, 2]}')
    return place


@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_member_is_chosen_under_every_hash_seed(seed: int, folder: Path, tmp_path: Path) -> None:
    # Each process asks in another order, so that nothing that was asked before decides.
    rows = sorted(ROWS, key=lambda row: hash((seed, *row.encode())))
    command = [sys.executable, "-c", PROGRAM.format(NAMES=NAMES), str(folder), json.dumps(rows), str(tmp_path / "out")]
    done = subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": str(seed)}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-1500:]
    found = json.loads(done.stdout)
    assert {row: set(classes) for row, classes in found.items()} == {row: {cls} for row, cls in ROWS.items()}
