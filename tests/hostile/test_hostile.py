"""The hostile corpus under an audit hook: nothing in it runs, imports, writes, connects or exhausts anything.

The short form opens a part of every group in one process; the exhaustive form opens all of each group, in a process for each.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import forging
import gadgets
import hostile_corpus

HERE = Path(__file__).resolve().parent

GROUPS = [
    *(
        "objects",
        "leaves",
        "renamed",
        "arrays",
        "models",
        "asking",
        "forged",
        "archives",
        "sizes",
        "claims",
        "truncated",
        "arrow",
        "skops",
        "shown",
    ),
]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("hostile") / "corpus"
    with pytest.warns(UserWarning, match="Duplicate name"):  # the standard library says so of zips with a name twice
        hostile_corpus.make(root)
    return root


Opened = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def opened(corpus: Path, tmp_path: Path) -> Opened:
    def run(groups: Iterable[str], step: int = 1, policy: str = "own", script: str = "watching.py") -> list[dict[str, Any]]:
        scratch = tmp_path / "scratch"
        scratch.mkdir()
        environment = {
            **os.environ,
            "TMPDIR": str(scratch),
            "PACKAGERS_CONFIG_DIR": str(tmp_path / "config"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        before = digests(corpus)
        done = subprocess.run(
            [sys.executable, "-W", "ignore", str(HERE / script), str(corpus), policy, str(step), *groups],
            capture_output=True,
            text=True,
            env=environment,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        if policy != "all":
            assert digests(corpus) == before
            assert not list(scratch.iterdir())
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"name"')]

    return run


def digests(root: Path) -> dict[str, str]:
    """Give a digest of every file, and what every link leads to."""
    found = {}
    for path in sorted(root.rglob("*")):
        if path.is_symlink():
            found[str(path)] = os.readlink(path)
        elif path.is_file():
            with path.open("rb") as file:
                found[str(path)] = hashlib.file_digest(file, "blake2b").hexdigest()
        else:
            found[str(path)] = "folder or pipe"
    return found


def wrong(corpus: Path, reports: list[dict[str, Any]]) -> list[str]:
    """List the cases that did anything, or ended in anything but an error of ours or the value that they state."""
    cases = {case["name"]: case for case in json.loads((corpus / "cases.json").read_text())}
    return [
        f"{report['name']}: {report['end']} {report['told'][:300]} {report['seen']}"
        for report in reports
        if report["seen"] or (report["end"] != "error" and report["end"] not in cases[report["name"]]["gives"])
    ]


def test_the_corpus_is_as_large_as_promised(corpus: Path) -> None:
    cases = json.loads((corpus / "cases.json").read_text())
    assert len(cases) >= 1000
    assert {case["group"] for case in cases} == set(GROUPS)
    assert sum(not case["gives"] for case in cases) >= 800


def test_a_part_of_every_group(corpus: Path, opened: Opened, figure: Any) -> None:
    reports = opened(GROUPS, step=4)
    broken = wrong(corpus, reports)
    figure("hostile packages", "packages and files opened, policy own", points=len(reports), violations=len(broken))
    assert len(reports) >= 300
    assert broken == []


LOOKING = ("audit", "show", "inspect", "verify")


def test_looking_at_a_part_of_the_packages(opened: Opened) -> None:
    _look(opened, 32, 18 * len(LOOKING))


@pytest.mark.long
def test_looking_at_every_package(opened: Opened, figure: Any) -> None:
    reports = _look(opened, 1, 550 * len(LOOKING))
    figure("hostile packages", f"packages looked at: {', '.join(LOOKING)}", points=len(reports), violations=0)


def _look(opened: Opened, step: int, least: int) -> list[dict[str, Any]]:
    """Give packages to the commands that read none, and to those that have nothing to do with any."""
    *reports, others = opened(LOOKING, step=step, script="looking.py")
    assert others == {"name": "list, explain", "end": "exit codes [0, 0]", "told": "", "seen": []}
    assert [each for each in reports if each["seen"] or each["end"] not in ("error", "builtins.str")] == []
    assert len(reports) >= least
    return reports


@pytest.mark.long
@pytest.mark.parametrize("policy", ["own", "data"])
@pytest.mark.parametrize("group", GROUPS)
def test_every_case(group: str, policy: str, corpus: Path, opened: Opened, figure: Any) -> None:
    reports = opened([group], policy=policy)
    broken = wrong(corpus, reports)
    figure("hostile packages", f"packages and files opened, policy {policy}", points=len(reports), violations=len(broken))
    assert len(reports) == sum(case["group"] == group for case in json.loads((corpus / "cases.json").read_text()))
    assert broken == []


def test_the_hook_hears_what_a_gadget_does_where_it_is_let(tmp_path: Path) -> None:
    """The control: the same cases under ``all`` are found out, by each kind of event."""
    wanted = ["STACK-GLOBAL-REDUCE-cloudpickle", "call-exec", "call-os-system", "call-open", "call-socket", "call-remove", "call-import"]
    control = tmp_path / "control"
    control.mkdir()
    cases = [case for name in wanted for case in map(hostile_corpus.asdict, _as_pickle(control, name.removesuffix("-cloudpickle")))]
    (control / "modules").mkdir()
    (control / "modules" / "canary.py").write_text(hostile_corpus.CANARY)
    (control / "cases.json").write_text(json.dumps(cases))
    (control / "good.json").write_text("[]")
    (scratch := tmp_path / "scratch").mkdir()
    environment = {**os.environ, "TMPDIR": str(scratch), "PACKAGERS_CONFIG_DIR": str(tmp_path / "config"), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-W", "ignore", str(HERE / "watching.py"), str(control), "all", "1", "control"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    seen = [event for line in done.stdout.splitlines() for event in json.loads(line)["seen"]]
    kinds = {event.partition(":")[0] for event in seen}
    assert kinds >= {"pickle.find_class", "import", "exec", "compile", "os.system", "open", "os.remove", "socket.getaddrinfo"}
    assert (control / "modules" / "BOOM").exists()


def _as_pickle(root: Path, name: str) -> list[hostile_corpus.Case]:
    data = forging.described(hostile_corpus.OBJECT, "builtins.object", "object", pickle_module_name="pickle")
    forging.package(root / name / "v", data, {"object.pkl": gadgets.GADGETS[name]})
    return [hostile_corpus.Case("control", name, "package", f"{name}/v")]
