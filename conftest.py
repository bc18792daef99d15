"""What all tests share: no setting of the user's reaches them, no skip goes unnoticed, and hypothesis measures no time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

hypothesis.settings.register_profile("packagers", deadline=None, print_blob=True)
hypothesis.settings.load_profile("packagers")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the list of expected skips and the folder of wheels that are already built."""
    parser.addini("expected_skips", "what the reason of a skip may start with", type="linelist")
    parser.addoption("--wheels", type=Path, default=None, help="test the wheels in this folder instead of building them")


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
