"""Notifications of runs in processes of their own, what a kill leaves of them, their secret parameters, and the commands."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from packagers_runs import Notification, RunError, UnknownNameError, new_task
from packagers_runs.cli.group import runs
from packagers_runs.models.runobject import RunObject
from packagers_runs.running.launching import new_function
from packagers_runs.runstore import Store, connect

sys.path.insert(0, str(Path(__file__).parents[3] / "tests" / "fakes"))

from waiting import until

HUSH = "hunter2-Äß"
FILE = """
import os, pathlib, time
from packagers_runs import current_context, current_store

def tells(word="", fail=False):
    print("the word is", word)
    current_context().log_result("stolen", [word])
    if fail:
        raise ValueError(f"{word} is wrong")
    return 0.93

def until_told(name):
    context, end = current_context(), time.monotonic() + 30
    while name not in current_store().document(context.uid)["status"].get("notifications", {}):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)
    print(name, "is told")

def waits(marker, stubborn=False):
    pathlib.Path(marker).write_text(str(os.getpid()))
    while True:
        try:
            time.sleep(600)
        except BaseException:
            if not stubborn:
                raise
"""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "handlers_of_messages.py").write_text(FILE)
    with connect() as store:
        yield store
    sys.modules.pop("handlers_of_messages", None)


def run(handler: str, *notifications: Notification, watch: bool = True, limit: str | None = None, **params: Any) -> RunObject:
    task = new_task("train", handler=f"handlers_of_messages.py:{handler}", params=params, returns=["accuracy"])
    task.spec.notifications = list(notifications)
    if limit is not None:
        task.spec.state_thresholds = {"executing": limit}
    return new_function().run(task, watch=watch)


def secret(server: Any, name: str = "tell", **arguments: Any) -> Notification:
    return Notification(
        "webhook",
        name,
        secret_params={"url": f"{server.url}/path-that-is-secret", "headers": {"x-token": HUSH.encode().hex()}},
        params={"override_body": {"said": "{{ message }}", "runs": "{{ runs }}"}},
        **arguments,
    )


def said(server: Any) -> list[str]:
    return [json.loads(body)["said"] for _, _, _, body in server.heard]


def status_of(found: RunObject, name: str = "tell") -> Any:
    return found.refresh().status.notifications.get(name, {}).get("status")


def assert_nowhere(folder: Path, *texts: str) -> None:
    files = [path for path in (folder / ".packagers").rglob("*") if path.is_file()]
    assert any(path.name == "runs.db" for path in files)
    for word in ("path-that-is-secret", HUSH, HUSH.encode().hex()):
        assert not any(word.encode() in path.read_bytes() for path in files)
        assert not any(word in text for text in texts)


@pytest.mark.parametrize("watch", [True, False])
def test_secret_parameters_are_used_and_kept_nowhere(
    store: Store, tmp_path: Path, web_server: Any, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, watch: bool
) -> None:
    token = HUSH.encode().hex()
    found = run("tells", secret(web_server), watch=watch, word=f"path-that-is-secret {token}")
    until(lambda: status_of(found) == "sent")
    method, path, headers, body = web_server.heard.pop()
    assert (method, path, headers["x-token"]) == ("POST", "/path-that-is-secret", token)
    assert found.status.results == {"stolen": ["*** ***"], "accuracy": 0.93}
    assert "'stolen': ['*** ***']" in json.loads(body)["runs"]
    assert "the word is *** ***" in store.log(str(found.uid()))[0]
    assert found.spec.notifications[0].secret_params == {"url": "***", "headers": "***"}
    web_server.answers = lambda path: (500, token.encode() + path.encode())
    with pytest.raises(RunError) as caught:
        run("tells", secret(web_server, when=["error"]), word=token, fail=True)
    assert caught.value.run.status.notifications["tell"]["reason"].endswith(
        "answers 500 Internal Server Error: ***/*** → Look at the address and the parameters."
    )
    store.close()
    assert_nowhere(tmp_path, caplog.text, found.to_yaml(), str(caught.value), caught.value.run.to_yaml())


def test_short_and_plain_values_are_not_looked_for(store: Store, web_server: Any) -> None:
    given = {"url": web_server.url, "verify_ssl": True, "override_body": {"said": "{{ message }}", "a": "no", "b": 0.93}}
    found = run("tells", Notification("webhook", "tell", secret_params=given), word="no 0.93 True")
    assert found.status.results == {"stolen": ["no 0.93 True"], "accuracy": 0.93}


def test_a_run_that_takes_too_long_tells_that_it_was_aborted(store: Store, tmp_path: Path, web_server: Any) -> None:
    with pytest.raises(RunError, match="aborted"):
        run("waits", secret(web_server, when=["aborted"]), limit="1s", marker="here", stubborn=True)
    found = store.list_runs()[0]
    assert (found.status.state, status_of(found)) == ("aborted", "sent")
    assert said(web_server) == ["Run train was aborted in project default"]


def test_a_killed_run_is_told_of_by_the_process_that_watches_its_time(store: Store, tmp_path: Path, web_server: Any) -> None:
    found = run("waits", secret(web_server, when=["running", "error"]), limit="10m", watch=False, marker="here")
    pid = int(until(lambda: (tmp_path / "here").exists() and (tmp_path / "here").read_text()))
    until(lambda: len(web_server.heard) == 1)
    os.kill(pid, signal.SIGKILL)
    until(lambda: status_of(found) == "sent" and len(web_server.heard) == 2)
    assert (found.status.state, found.status.reason) == ("error", "lost")
    assert said(web_server)[1] == "Run train failed in project default"


def test_who_watches_tells_where_nobody_else_is_left(
    store: Store, tmp_path: Path, web_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(self: RunObject) -> None:
        until(lambda: (tmp_path / "here").exists())
        raise KeyboardInterrupt

    web_server.answers = lambda path: web_server.hang(path) if len(web_server.heard) == 1 else (200, b"")
    monkeypatch.setattr(RunObject, "logs", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run("waits", secret(web_server, when=["aborted"]), limit="10m", marker="here")
    found = store.list_runs()[0]
    assert (found.status.state, status_of(found)) == ("aborted", "sent")
    assert said(web_server) == len(web_server.heard) * ["Run train was aborted in project default"]


def test_a_kill_between_the_end_and_the_message_leaves_it_pending(store: Store, tmp_path: Path, web_server: Any) -> None:
    program = f"""
        from packagers_runs import Notification, connect, new_function, new_task
        connect()
        task = new_task("train", handler="handlers_of_messages.py:tells", returns=["accuracy"])
        body = {{"override_body": {{"said": "{{{{ message }}}}"}}}}
        task.spec.notifications = [Notification("webhook", "tell", secret_params={{"url": "{web_server.url}"}}, params=body)]
        new_function().run(task)
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], cwd=tmp_path)

    def kill(path: str) -> tuple[int, bytes]:
        process.kill()
        process.wait()
        return 200, b""

    web_server.answers = kill
    assert process.wait(60) == -signal.SIGKILL
    found = store.list_runs()[0]
    assert found.status.state == "completed"
    assert found.status.notifications == {"tell": {"status": "pending", "state": "completed"}}
    web_server.answers = lambda path: (200, b"")
    untold = store.notify(str(found.uid()))["tell"]
    assert untold["status"] == "error"
    assert "the value of url is kept nowhere" in untold["reason"]
    assert store.notify(str(found.uid()), secret_params={"tell": {"url": web_server.url}})["tell"]["status"] == "sent"
    assert said(web_server) == 2 * ["Run train completed in project default"]  # whoever was told may be told again
    store.close()
    assert web_server.address.encode() not in (tmp_path / ".packagers" / "runs.db").read_bytes()


def test_values_are_given_by_names_that_exist(store: Store, web_server: Any) -> None:
    uid = str(run("tells", secret(web_server)).uid())
    with pytest.raises(UnknownNameError, match="Did you mean 'tell'"):
        store.notify(uid, secret_params={"tel": {}})
    with pytest.raises(UnknownNameError, match="Did you mean 'url'"):
        store.notify(uid, secret_params={"tell": {"ulr": "http://x"}})
    wrong = store.notify(uid, secret_params={"tell": {"url": 7, "headers": {}}}, again=True)["tell"]
    assert (wrong["status"], "must be str" in wrong["reason"]) == ("error", True)


def test_who_watches_sees_the_console(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    told = Notification("console", "c", "look", when=["running", "completed"])
    found = run("until_told", told, Notification("console", "begins", when=["running"]), limit="10m", name="begins")
    lines = [line for line in capsys.readouterr().out.splitlines() if "look" in line or "is told" in line]
    assert lines == [
        "[info] Run train started in project default: look",
        "begins is told",
        "[info] Run train completed in project default: look",
    ]
    assert (status_of(found, "c"), status_of(found, "begins")) == ("sent", "sent")
    assert "look" not in store.log(str(found.uid()))[0]


def test_where_nobody_watches_there_is_no_console(store: Store, web_server: Any) -> None:
    found = run("tells", Notification("console", "c"), secret(web_server), watch=False)
    assert "nobody watches the run" in found.status.notifications["c"]["reason"]
    until(lambda: status_of(found) == "sent")
    assert "nobody watches the run" in found.status.notifications["c"]["reason"]
    assert store.notify(str(found.uid())) == {}


def command(*arguments: str, code: int = 0, typed: str | None = None) -> str:
    result = CliRunner().invoke(runs, arguments, input=typed)
    assert result.exit_code == code, (result.output, result.exception)
    return result.stdout if code != 2 else result.output


def test_notify(store: Store, tmp_path: Path, web_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    web_server.answers = lambda path: (500, b"")
    run("tells", secret(web_server), Notification("console", "c", condition="accuracy < 0.5"), Notification("console", "d", when=["error"]))
    web_server.answers = lambda path: (200, b"")
    monkeypatch.setenv("HOOK", f"{web_server.url}/path-that-is-secret")
    (tmp_path / "headers.json").write_text('{"x-token": "t"}\n')
    lines = command("notify", "last", code=1).splitlines()
    assert lines[0].split("\t") == ["notification", "tried", "about", "status", "sent", "reason"]
    assert "the value of url, headers is kept nowhere" in lines[1]
    assert lines[2].split("\t") == ["c", "", "completed", "not due", "", "the condition does not hold"]
    given = ("--secret", "url=env:HOOK", "--secret", "tell.headers=file:headers.json")
    found = json.loads(command("notify", "last", *given, "--json"))
    assert (found["state"], found["tried"], found["notifications"]["tell"]["status"]) == ("completed", ["tell"], "sent")
    assert web_server.heard[-1][2]["x-token"] == "t"
    assert json.loads(command("notify", "last", "--json"))["tried"] == []
    assert json.loads(command("notify", "last", *given, "--again", "--json"))["tried"] == ["tell"]
    for wrong in ("url=HOOK", "url=env:NO_SUCH_VARIABLE", "url=file:none"):
        assert "--secret" in command("notify", "last", "--secret", wrong, code=2)
    with pytest.raises(UnknownNameError, match="Did you mean 'url'"):
        CliRunner().invoke(runs, ["notify", "last", "--secret", "ulr=env:HOOK"], catch_exceptions=False)


def test_in_a_terminal_secrets_are_asked_for(store: Store, web_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    web_server.answers = lambda path: (500, b"")
    run("tells", secret(web_server), secret(web_server, "other", when=["error"]))
    web_server.answers = lambda path: (200, b"")
    asked: list[str] = []

    def prompt(text: str, hide_input: bool) -> str:
        asked.append(text)
        assert hide_input
        return web_server.url if text.startswith("url") else "{}"

    monkeypatch.setattr(click, "prompt", prompt)
    monkeypatch.setattr("packagers_runs.cli.notifying._is_terminal", lambda: True)
    command("notify", "last")
    assert asked == ["url of 'tell'", "headers of 'tell'"]


def test_notify_test(web_server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOOK", web_server.url)
    assert command("notify-test", "webhook", "-p", f"url={web_server.url}", "-p", "verify_ssl=False").startswith("sent in ")
    assert json.loads(web_server.heard.pop()[3])["message"] == "Run notify-test completed in project default: a test"
    web_server.answers = lambda path: (404, b"")
    found = json.loads(command("notify-test", "slack", "--secret", "webhook=env:HOOK", "-m", "hello", "--json", code=1))
    assert (found["kind"], found["status"]) == ("slack", "error")
    assert "answers 404 Not Found" in found["reason"]
    assert web_server.url not in found["reason"]
    assert "hello" in web_server.heard.pop()[3].decode()
    assert "[info] Run notify-test completed" in command("notify-test", "console")
    assert "not sent: " in command("notify-test", "slack", "-p", "webhook=http://127.0.0.1:1", code=1)
    web_server.answers = lambda path: (201, b"")
    command("notify-test", "git", "-p", "repo=a/b", "-p", "token=123", "-p", "issue=7", "-p", f"server={web_server.url}")
    assert web_server.heard.pop()[2]["authorization"] == "token 123"  # a number that has to be text is text
    for kind, param, near in (("webhok", "url=http://x", "webhook"), ("webhook", "ulr=http://x", "url")):
        with pytest.raises(UnknownNameError, match=f"Did you mean '{near}'"):
            CliRunner().invoke(runs, ["notify-test", kind, "-p", param], catch_exceptions=False)
    assert not (tmp_path / ".packagers").exists()
