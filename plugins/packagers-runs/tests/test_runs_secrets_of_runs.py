"""The values of secrets reach the handler, and nothing that is kept or shown of its run."""

from __future__ import annotations

import base64
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from packagers_runs.errors import FieldError, RunError, UnknownNameError
from packagers_runs.models.runobject import RunObject
from packagers_runs.models.template import new_task
from packagers_runs.running.launching import new_function
from packagers_runs.runstore import Store, connect

SECRET = "hunter2-Äß/%&"
FILE = """
import os, subprocess, sys
from packagers_runs import current_context

def prints(fail=False, param=None):
    context = current_context()
    secret = context.get_secret("token")
    assert secret.startswith("hunter2")
    print("the token is", secret, "and", end=" ")
    sys.stdout.write(secret[:5]); sys.stdout.write(secret[5:] + "\\n")
    context.logger.info("logged %s", secret)
    context.log_result("stolen", {"in": [secret]})
    context.set_label("label", secret)
    assert not any(secret in value for value in os.environ.values())
    if fail:
        raise ValueError(f"cannot log in with {secret}")
    return len(secret)
"""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "handlers_of_secrets.py").write_text(FILE)
    with connect() as store:
        yield store
    sys.modules.pop("handlers_of_secrets", None)


def task(**arguments: Any) -> Any:
    return new_task(handler="handlers_of_secrets.py:prints", params=arguments, returns=["length"]).with_secrets("inline", {"token": SECRET})


def assert_nowhere(folder: Path, *texts: str) -> None:
    data = SECRET.encode()
    forms = (data, base64.b64encode(data), repr(SECRET)[1:-1].encode(), ascii(SECRET)[1:-1].encode())
    files = [path for path in folder.rglob("*") if (path.is_file() and "runs.db" in path.name) or ".packagers" in path.parts]
    assert any(path.name == "runs.db" for path in files)
    for path in files:
        if path.is_file():
            content = path.read_bytes()
            assert not any(form in content for form in forms), path
    for text in texts:
        assert SECRET not in text


@pytest.mark.parametrize("watch", [True, False])
def test_a_value_is_nowhere_in_the_store(store: Store, tmp_path: Path, watch: bool) -> None:
    run = new_function().run(task(param=SECRET), watch=watch)
    run.wait_for_completion(sleep=0.1, timeout=60, show_logs=False)
    assert run.status.results == {"stolen": {"in": ["***"]}, "length": len(SECRET)}
    text, _ = store.log(str(run.uid()))
    assert "the token is *** and ***\n" in text
    assert "logged ***" in text
    found = RunObject.from_store(store, str(run.uid()))
    assert found.metadata.labels["label"] == "***"
    assert found.spec.secret_sources == [{"kind": "inline", "source": {"token": "***"}}]
    store.close()
    assert_nowhere(tmp_path, text, found.to_yaml(), run.to_yaml() if not watch else "", repr(found.to_dict()))


def test_an_error_does_not_tell_a_value(store: Store, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"cannot log in with \*\*\*") as caught:
        new_function().run(task(fail=True))
    store.close()
    assert_nowhere(tmp_path, str(caught.value), caught.value.traceback, str(caught.value.run.status.to_dict()))


def test_sources_are_read_before_anything_runs(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secrets.txt").write_text(f"token={SECRET}\n")
    monkeypatch.setenv("SOME_TOKEN", "x")
    run = new_function().run(handler="handlers_of_secrets.py:prints", secrets=["file=secrets.txt"], returns=["length"])
    assert run.status.results["length"] == len(SECRET)
    assert os.environ["SOME_TOKEN"] == "x"
    for secrets, error in ((["file=no.txt"], Exception), (["env=NO_SUCH_TOKEN"], Exception)):
        with pytest.raises(error):
            new_function().run(handler="handlers_of_secrets.py:prints", secrets=secrets)
    assert len(store.documents()) == 1


def test_a_secret_that_is_not_there_is_told(store: Store) -> None:
    def asks(context: Any) -> None:
        context.get_secret("tokn")

    with pytest.raises(RunError, match="tokn") as caught:
        new_function().run(new_task(handler=asks).with_secrets("inline", {"token": SECRET}))
    assert isinstance(caught.value.__cause__, UnknownNameError)
    assert caught.value.__cause__.nearest == "token"


def test_a_run_whose_secrets_are_kept_nowhere_is_not_tried_again(store: Store) -> None:
    with pytest.raises(RunError):
        new_function().run(task(fail=True))
    with pytest.raises(FieldError, match="kept nowhere"):
        store.retry(store.documents()[0]["metadata"]["uid"])
