"""Documents go to MLRun's classes and back: makes an environment with ``mlrun==1.12.1``, compares, and prints a table.

``python tests/interop/mlrun_documents.py [--python ENVIRONMENT/bin/python]``, with packagers-runs installed. MLRun needs an environment of
its own, which takes about 1 GB and some minutes, and is removed afterwards. Ends with 1 if anything differs that is not in ``OURS_ALONE``
or ``KNOWN``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import venv
from collections.abc import Set
from pathlib import Path
from typing import Any

MLRUN = "mlrun==1.12.1"
HERE = Path(__file__).parent

OURS_ALONE = {"RunSpec": {"output_paths"}, "RunStatus": {"error_type", "traceback"}, "DataTargetBase": {"credentials_prefix"}}
"""Fields of ours that MLRun's class does not know, and leaves out."""

FETCHED = frozenset({"artifacts"})
"""What MLRun's status asks its server for, where it has ``artifact_uris``."""

KNOWN = {"RunStatus 2: made alike": "a number of 0 stays here; MLRun leaves out a retry_count of 0"}
"""Where both differ on purpose."""

TASK = {
    "name": "t",
    "project": "churn",
    "handler": "train",
    "params": {"a": 1},
    "hyper_params": {"p": [1, 2]},
    "selector": "max.a",
    "inputs": {"data": "iris.csv"},
    "outputs": ["model"],
    "in_path": "in",
    "out_path": "out",
    "artifact_path": "art",
    "returns": ["accuracy"],
}


def environment(folder: Path) -> Path:
    """Make an environment with MLRun in it, and give its Python."""
    venv.create(folder, with_pip=True)
    python = folder / "bin/python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", MLRUN], check=True)
    return python


def ask(python: Path, request: dict[str, Any]) -> dict[str, Any]:
    """Let MLRun's side answer."""
    run = subprocess.run([python, HERE / "in_mlrun.py"], input=json.dumps(request), text=True, capture_output=True, check=False)
    if run.returncode:
        sys.exit(run.stderr)
    answer: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return answer


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{text}\n")


class Table:
    """Prints what was compared, a line for each, and counts what differs."""

    def __init__(self) -> None:
        self.compared = self.different = 0

    def line(self, what: str, expected: Any, found: Any) -> None:
        """Compare two values and print the result."""
        self.compared += 1
        same = expected == found
        reason = "" if same else KNOWN.get(what, "")
        self.different += not (same or reason)
        say(f"{'same' if same else 'known' if reason else 'DIFFERENT':9}  {what}{reason and f' ({reason})'}")
        if not (same or reason):
            say(f"           expected {expected!r}\n           found    {found!r}")


def unordered(document: Any, *, drop: Set[str] = frozenset()) -> Any:
    """Give a document without the order of ``outputs``, which MLRun takes from a set, and without some fields."""
    if isinstance(document, dict):
        return {
            name: sorted(value) if name == "outputs" and isinstance(value, list) else unordered(value, drop=drop)
            for name, value in document.items()
            if name not in drop
        }
    return [unordered(item, drop=drop) for item in document] if isinstance(document, list) else document


def main() -> int:
    """Compare both directions for every class, the defaults, a task and the paths of targets."""
    import packagers_runs as runs

    sys.path.insert(0, str(HERE))
    from samples import PATHS, SAMPLES, THEIRS

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", type=Path, help="the Python of an environment that has MLRun")
    python = parser.parse_args().python
    with tempfile.TemporaryDirectory() as folder:
        python = python or environment(Path(folder))
        ours = {name: [json.loads(getattr(runs, name)(**each).to_json()) for each in many] for name, many in SAMPLES.items()}
        answer = ask(
            python,
            {
                "arguments": {name: many + THEIRS.get(name, []) for name, many in SAMPLES.items()},
                "documents": ours,
                "paths": PATHS,
                "task": TASK,
            },
        )
    table = Table()
    say(f"MLRun {answer['version']}")
    for name in SAMPLES:
        drop = FETCHED | OURS_ALONE.get(name, set())
        for place, document in enumerate(ours[name]):
            loaded = answer["loaded"][name][place]
            found = loaded.get("document", loaded)
            table.line(f"{name} {place}: ours, loaded there", unordered(document, drop=drop), unordered(found, drop=FETCHED))
        for place, made in enumerate(answer["made"][name]):
            theirs = made.get("document", made)
            again = json.loads(getattr(runs, name).from_dict(theirs).to_json())
            table.line(f"{name} {place}: theirs, loaded here and written back", unordered(theirs), unordered(again))
            if place < len(ours[name]):
                table.line(f"{name} {place}: made alike", unordered(theirs, drop=FETCHED), unordered(ours[name][place], drop=drop))
    task = runs.new_task(**TASK).with_params(depth=3).with_input("more", "m.csv").set_label("n", 1)
    table.line("new_task, with_params, with_input, set_label", unordered(answer["task"]), unordered(json.loads(task.to_json())))
    for arguments, theirs in zip(PATHS, answer["paths"], strict=True):
        try:
            made = runs.TargetPathObject(*arguments)
            mine: Any = {"template": made.get_templated_path(), "absolute": made.get_absolute_path()}
        except ValueError as error:
            mine = f"ValueError: {error}"
        refused = isinstance(theirs, str) and isinstance(mine, str)
        table.line(f"TargetPathObject{arguments}" + (", refused" if refused else ""), refused or theirs, refused or mine)
    say(f"{table.compared} compared, {table.different} different")
    return 1 if table.different else 0


if __name__ == "__main__":
    sys.exit(main())
