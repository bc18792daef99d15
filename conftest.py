"""What all tests share: no setting of the user's, no unnoticed skip, no times of hypothesis, and the figures that SECURITY.md tells."""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import hypothesis
import pytest

hypothesis.settings.register_profile("packagers", deadline=None, print_blob=True)
hypothesis.settings.load_profile("packagers")
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell's jobs in the background have it, and all their children
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the list of expected skips, the folder of wheels that are already built, and the file of figures."""
    parser.addini("expected_skips", "what the reason of a skip may start with", type="linelist")
    parser.addoption("--wheels", type=Path, default=None, help="test the wheels in this folder instead of building them")
    parser.addoption("--figures", type=Path, default=None, help="where to write what the suites behind SECURITY.md counted, as JSON lines")


class Figure(Protocol):
    """What the fixture ``figure`` gives a test."""

    def __call__(self, suite: str, done: str, /, *, points: int, violations: int) -> None:
        """Record a figure; equal ``suite`` and ``done`` of several tests, or of one test's parameters, are added up.

        Args:
            suite: The promise that is tested, in a word or two: ``"faults"``.
            done: What was done, as SECURITY.md says it: ``"kill -9 at a system call"``.
            points: How often it was done.
            violations: How often the promise did not hold.
        """


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Figure:
    """Give what records how much a test did and how often the promise broke; call it before asserting that it never did."""
    form = "long" if request.node.get_closest_marker("long") else "short"

    def record(suite: str, done: str, /, *, points: int, violations: int) -> None:
        row = {"suite": suite, "done": done, "form": form, "points": int(points), "violations": int(violations)}
        request.node.user_properties.append(("figure", row))

    return record


class Figures:
    """Writes what tests recorded, one line a figure behind one line about the run; in one process, whoever ran the tests."""

    def __init__(self, file: Path) -> None:
        self.file = file
        git = shutil.which("git")
        describe = [git or "git", "-C", os.path.dirname(__file__), "describe", "--always", "--dirty", "--exclude=*"]
        run = {
            "date": datetime.now(UTC).date().isoformat(),
            "commit": subprocess.run(describe, capture_output=True, text=True, check=False).stdout.strip() if git else "",
            "machine": f"{os.cpu_count()} cores, {platform.python_implementation()} {platform.python_version()}, "
            f"{platform.system()} {platform.release()}",
        }
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(run) + "\n", encoding="utf-8")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Append the figures of a test, and whether it passed."""
        if report.when != "call":
            return
        with self.file.open("a", encoding="utf-8") as stream:
            for name, row in report.user_properties:
                if name == "figure":
                    line = {"file": report.nodeid.partition("::")[0], **row, "passed": report.passed}
                    stream.write(json.dumps(line) + "\n")


def pytest_configure(config: pytest.Config) -> None:
    """Write figures where that was asked for: in the process that the reports of all workers come to."""
    if config.option.figures is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Figures(config.option.figures.absolute()), "figures")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run if a test was skipped for a reason that is not expected."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return
    expected = tuple(session.config.getini("expected_skips"))
    for report in reporter.getreports("skipped"):
        reason = report.longrepr[2].removeprefix("Skipped: ") if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if not reason.startswith(expected):
            reporter.write_line(f"\nUnexpected skip of {report.nodeid}: {reason}", red=True)
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session", autouse=True)
def _no_settings_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Take away the variables that configure packagers, and the user's keys."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("PACKAGERS_")]:
            patch.delenv(name)
        patch.setenv("PACKAGERS_CONFIG_DIR", str(tmp_path_factory.mktemp("config")))
        yield
