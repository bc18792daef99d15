"""A skipped test is noticed: the run fails unless the reason is one of ``expected_skips``, in one process and in several."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

CONFTEST = (Path(__file__).parents[2] / "conftest.py").read_text(encoding="utf-8")


UNEXPECTED = "import pytest\n@pytest.mark.skip('broken')\ndef test_a():\n    pass"


@pytest.mark.parametrize(
    ("source", "arguments", "succeeds"),
    [
        pytest.param("def test_a():\n    pass", [], True, id="no skip"),
        pytest.param("import pytest\n@pytest.mark.skip('needs a GPU with 40 GB')\ndef test_a():\n    pass", [], True, id="expected"),
        pytest.param(UNEXPECTED, [], False, id="unexpected"),
        pytest.param(UNEXPECTED, ["--numprocesses=1"], False, id="unexpected, in a worker"),
        pytest.param("import pytest\npytest.importorskip('no_such_module')", [], False, id="missing module of a whole file"),
    ],
)
def test_only_expected_skips_pass(pytester: pytest.Pytester, source: str, arguments: list[str], succeeds: bool) -> None:
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_one=source, test_two="def test_b():\n    pass")
    pytester.makeini("[pytest]\nexpected_skips =\n    needs a GPU\n    needs Windows\n")
    result = pytester.runpytest_subprocess(*arguments)
    assert (result.ret == 0) == succeeds
    assert ("Unexpected skip" in result.stdout.str()) != succeeds
