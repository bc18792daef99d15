"""The law, asked of a table of values: packed in this process, each comes back in a fresh one by default options.

::

    VALUES = {"empty": lambda: Graph(), "usual": lambda: Graph(3)}

    def same(left, right): ...

    @pytest.fixture(scope="module")
    def problems():
        return cross(__name__, "VALUES", "same")

    @pytest.mark.parametrize("name", VALUES)
    def test_it_comes_back(name, problems):
        assert problems.get(name) is None

What came back is compared over there, with a value that was made over there, so that no error of one direction is undone by the other.
It runs as a program, too, with a job file as its only argument.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

_TIMEOUT_S = 600
_OUTPUT = 2000
"""Characters of what a fresh process printed before it died that a message shows."""


def cross(module: str, table: str = "VALUES", same: str = "") -> dict[str, str]:
    """Pack every value of a table, unpack them in a fresh process, and compare them there with values made anew.

    Args:
        module: The name of the module that holds the table: ``__name__``.
        table: The name of a dict there: what makes each value, by the value's name. Another call makes an equal value.
        same: The name of a function there that tells whether two values of one type are the same; by default their state is compared.

    Returns:
        What is wrong with each value that did not come back, or that packing has changed, by name.

    Raises:
        ValueError: For the module ``__main__``, which is another one in a fresh process.
        AssertionError: Where the fresh process died.
    """
    from packagers.calling import pack

    if module == "__main__":
        raise ValueError("the table stands in __main__, which is another module in a fresh process: move it into a file that is imported")
    makers, compare = _found(module, table, same)
    problems: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="packagers-crossing-") as base:
        folder = Path(base).resolve()
        keys = {}
        for number, (name, make) in enumerate(makers.items()):
            value = make()
            try:
                pack(value, f"value-{number}", folder)
            except Exception as error:  # noqa: BLE001 - whatever goes wrong is what is looked for
                problems[name] = f"packing fails: {type(error).__name__}: {error}"
                continue
            keys[name] = f"value-{number}"
            if not hasattr(type(value), "__next__") and (difference := _difference(make(), value, compare)):
                problems[name] = f"packing has changed the value: {difference}"
        job = {
            "path": [os.path.abspath(place) for place in sys.path],
            "file": sys.modules[module].__file__,
            "folder": str(folder),
            "keys": keys,
        }
        (folder / "job.json").write_text(json.dumps(job | {"module": module, "table": table, "same": same}), encoding="utf-8")
        _run(folder)
        problems.update(json.loads((folder / "report.json").read_text(encoding="utf-8")))
    return problems


def _run(folder: Path) -> None:
    seed = "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"
    command = [sys.executable, __file__, str(folder / "job.json")]
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    if not (folder / "report.json").is_file():
        raise AssertionError(f"the fresh process ended with {done.returncode}: {done.stderr[-_OUTPUT:].strip()}")


def _found(module: str, table: str, same: str) -> tuple[Mapping[str, Callable[[], Any]], Callable[[Any, Any], Any]]:
    from packagers.testing.likeness import alike

    home = import_module(module)
    return getattr(home, table), getattr(home, same) if same else alike


def _difference(made: Any, back: Any, compare: Callable[[Any, Any], Any]) -> str:
    """Say how two values differ; a comparison may give False, or assert. Of a stream, no class is promised."""
    is_stream = hasattr(type(made), "__next__") and hasattr(type(back), "__next__")
    if type(made) is not type(back) and not is_stream:
        return f"a {type(made).__qualname__} came back as a {type(back).__qualname__}"
    try:
        result = compare(made, back)
    except AssertionError as error:
        return str(error) or "the comparison fails"
    return "" if result is None or result else f"{made!r:.200} came back as {back!r:.200}"


def _report(job: Mapping[str, Any]) -> dict[str, str]:
    """Unpack and compare, in the fresh process."""
    from packagers.calling import unpack

    makers, compare = _found(job["module"], job["table"], job["same"])
    problems = {}
    for name, key in job["keys"].items():
        try:
            difference = _difference(makers[name](), unpack(Path(job["folder"]) / key), compare)
        except Exception as error:  # noqa: BLE001 - as above
            difference = f"unpacking fails: {type(error).__name__}: {error}"
        if difference:
            problems[name] = difference
    return problems


def main(job_file: str) -> None:
    """Do the job, and write the report beside it."""
    job = json.loads(Path(job_file).read_text(encoding="utf-8"))
    sys.path[:] = job["path"]
    from packagers.testing.fresh import ModulesByFile

    sys.meta_path.append(ModulesByFile({job["module"]: job["file"]}))
    report = json.dumps(_report(job))
    Path(job_file).with_name("report.json").write_text(report, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
