"""Who is told of a run, and when: states, conditions, servers that are dead or slow, repeats, kinds of strangers."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from packagers.testing import distributions
from packagers_runs import FieldError, Notification, RunError, RunsError, UnknownNameError, new_task
from packagers_runs.models.notification import NOTIFIERS
from packagers_runs.models.runobject import RunObject
from packagers_runs.models.template import RunTemplate
from packagers_runs.running.launching import new_function
from packagers_runs.runstore import Store, connect

KEPT_NOWHERE = pytest.mark.filterwarnings("ignore:.*its handler cannot be kept")  # it holds a lock of the test
ALL = ["running", "completed", "error", "aborted"]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.chdir(tmp_path)
    with connect() as store:
        yield store


def hook(server: Any, name: str = "tell", **arguments: Any) -> Notification:
    params = {"url": f"{server.url}/{name}", "override_body": {"said": "{{ message }}", "severity": "{{ severity }}"}}
    return Notification("webhook", name, params={**params, **arguments.pop("params", {})}, **arguments)


def task_of(handler: Any, *notifications: Notification, **arguments: Any) -> RunTemplate:
    task = new_task(handler=handler, **{"returns": ["accuracy"], "name": "train", **arguments})
    task.spec.notifications = list(notifications)
    return task


def run(handler: Any, *notifications: Notification, **arguments: Any) -> RunObject:
    """Run a task; give the run however it ended."""
    try:
        return new_function().run(task_of(handler, *notifications, **arguments))
    except RunError as error:
        found = error.run
        assert isinstance(found, RunObject)
        return found


def said(server: Any) -> list[str]:
    return [json.loads(body)["said"] for _, _, _, body in server.heard]


def entry(found: RunObject, name: str = "tell") -> dict[str, Any]:
    """Give what is recorded of a notification, and check that the object of the run says the same."""
    stored = found._store.document(str(found.uid()))["status"]["notifications"]
    assert found.status.notifications == stored
    kept: dict[str, Any] = dict(stored[name])
    assert ("sent_time" in kept) == (kept.get("status") == "sent")
    kept.pop("sent_time", None)
    return kept


def good() -> float:
    return 0.93


def bad() -> None:
    raise ValueError("it is broken")


def stops() -> None:
    raise KeyboardInterrupt


def test_of_a_run_that_completes(database_url: str, tmp_path: Path, web_server: Any) -> None:
    with connect(database_url, tmp_path / "objects"):
        found = run(good, hook(web_server, message="look", severity="warning"), hook(web_server, "never", when=["error", "aborted"]))
        assert entry(found) == {"status": "sent", "state": "completed"}
        assert "never" not in found.status.notifications
    assert said(web_server) == ["Run train completed in project default: look"]
    assert json.loads(web_server.heard[0][3])["severity"] == "warning"


def test_the_document_of_the_run_is_sent_without_whom_else_is_told(store: Store, web_server: Any) -> None:
    whole = Notification("webhook", "whole", params={"url": web_server.url, "method": "PUT"})
    found = run(good, hook(web_server, when=["error"]), whole)
    (sent,) = json.loads(web_server.heard[0][3])["runs"]
    recorded = json.loads(found.to_json())
    assert recorded["spec"].pop("notifications")
    assert recorded["status"].pop("notifications")["whole"]["status"] == "sent"
    assert sent["status"].pop("notifications") == {"whole": {"status": "pending", "state": "completed"}}
    for document in (sent, recorded):
        document["status"].pop("last_update")
    assert sent == recorded


def test_of_a_run_that_fails_or_is_aborted(store: Store, web_server: Any) -> None:
    assert entry(run(bad, hook(web_server, when=["error"]), hook(web_server, "never"))) == {"status": "sent", "state": "error"}
    with pytest.raises(KeyboardInterrupt):
        run(stops, hook(web_server, when=ALL[1:]))
    assert entry(store.list_runs()[0]) == {"status": "sent", "state": "aborted"}
    assert said(web_server) == ["Run train failed in project default", "Run train was aborted in project default"]


@KEPT_NOWHERE
def test_that_it_begins_is_told_while_it_runs(store: Store, web_server: Any) -> None:
    heard = threading.Event()
    web_server.answers = lambda path: (heard.set(), (200, b""))[1]

    def waits() -> float:
        assert heard.wait(30)
        return 1.0

    found = run(waits, hook(web_server, when=["running"]), hook(web_server, "both", when=["completed", "running"]))
    assert found.status.state == "completed"
    assert entry(found) == {"status": "sent", "state": "running"}
    assert entry(found, "both") == {"status": "sent", "state": "completed"}
    assert sorted(said(web_server)) == ["Run train completed in project default"] + 2 * ["Run train started in project default"]


def test_no_server_is_waited_for_before_the_end_is_recorded(store: Store, web_server: Any) -> None:
    seen: list[Any] = []

    def look(path: str) -> tuple[int, bytes]:
        status = store.documents()[0]["status"]
        seen.append((path, status["state"], status["notifications"]["tell"]["status"], status["results"]))
        return 200, b""

    web_server.answers = look
    run(good, hook(web_server))
    assert seen == [("/tell", "completed", "pending", {"accuracy": 0.93})]


@KEPT_NOWHERE
def test_a_handler_does_not_wait_for_a_slow_server(store: Store, web_server: Any) -> None:
    done = threading.Event()
    web_server.answers = lambda path: (200, b"") if path == "/tell" and done.wait(30) else (500, b"late")

    def handler() -> float:
        done.set()
        return 1.0

    assert entry(run(handler, hook(web_server, when=["running"]))) == {"status": "sent", "state": "running"}


def test_the_end_is_told_after_the_beginning(store: Store, web_server: Any) -> None:
    ended = threading.Event()
    told: list[str] = []

    def answers(path: str) -> tuple[int, bytes]:
        if not told:
            told.append("begun")
            while store.documents()[0]["status"]["state"] != "completed":
                threading.Event().wait(0.01)
            told.append(f"ended: {ended.wait(0.5)}")
        else:
            ended.set()
        return 200, b""

    web_server.answers = answers
    found = run(good, hook(web_server, when=["running"]), hook(web_server, "end"))
    assert told == ["begun", "ended: False"]
    assert entry(found) == {"status": "sent", "state": "running"}
    assert [path for _, path, _, _ in web_server.heard] == ["/tell", "/end"]


@pytest.mark.parametrize(
    ("condition", "sent"),
    [
        ("accuracy > 0.9", True),
        ("{{ accuracy > 0.9 }}", True),
        ('{{ run["status"]["results"]["accuracy"] < 0.9 }}', False),
        ('results["accuracy"] < 0.9 or state == "error"', False),
        ('parameters["depth"] == 3 and state == "completed"', True),
        ('notification["severity"] == "info" and run["metadata"]["name"] == "train"', True),
        ("not true", False),
    ],
)
def test_a_condition_decides(store: Store, web_server: Any, condition: str, sent: bool) -> None:
    found = run(lambda depth: 0.93, hook(web_server, condition=condition), params={"depth": 3})
    decided = {"status": "sent", "state": "completed"} if sent else {"reason": "the condition does not hold", "state": "completed"}
    assert entry(found) == decided
    assert len(web_server.heard) == sent
    assert store.notify(str(found.uid())) == {}


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ("accuracy >", "invalid syntax"),
        ("__import__('os').system('touch hacked')", "is no part of conditions"),
        ("accuracy.__class__", "an attribute is no part"),
        ("(" * 900 + "1" + ")" * 900, "longer than 1000"),
        ("9 ** 9 ** 9 ** 9 > 1", "too large"),
        ("acuracy > 0.9", "Did you mean 'accuracy'"),
        ("accuracy", "neither true nor false"),
        ("accuracy > 'a'", "not supported"),
    ],
)
def test_a_condition_that_is_broken_or_hostile(store: Store, web_server: Any, tmp_path: Path, condition: str, says: str) -> None:
    found = run(good, hook(web_server, condition=condition), hook(web_server, "other"))
    assert found.status.state == "completed"
    assert found.status.notifications["tell"]["status"] == "error"
    assert says in found.status.notifications["tell"]["reason"]
    assert [path for _, path, _, _ in web_server.heard] == ["/other"]
    assert not (tmp_path / "hacked").exists()


def test_a_condition_that_cannot_be_read_is_told_at_the_launch(store: Store, web_server: Any) -> None:
    states: list[Any] = []

    def looks() -> float:
        states.append(store.documents()[0]["status"]["notifications"])
        return 1.0

    run(looks, hook(web_server, condition="accuracy >"))
    assert [state["tell"]["status"] for state in states] == ["error"]
    assert web_server.heard == []


def test_of_a_failure_is_told_whoever_asks_for_results_that_are_not_there(store: Store, web_server: Any) -> None:
    when = ["error", "completed"]
    assert entry(run(bad, hook(web_server, condition="accuracy < 0.9", when=when))) == {"status": "sent", "state": "error"}
    found = run(bad, hook(web_server, condition='state == "completed"', when=when))
    assert entry(found) == {"reason": "the condition does not hold", "state": "error"}


def test_dead_servers_fail_no_run_and_can_be_told_again(
    store: Store, web_server: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PACKAGERS_NOTIFY_TIMEOUT", "0.3")
    refused = hook(web_server, "refused", params={"url": "http://127.0.0.1:1/"})
    web_server.answers = lambda path: (200, b"") if path == "/fine" else (500, b"no") if path == "/broken" else web_server.hang(path)
    found = run(good, refused, hook(web_server, "broken"), hook(web_server, "hangs"), hook(web_server, "fine"))
    assert found.status.state == "completed"
    reasons = {name: each.get("reason", "") for name, each in found.status.notifications.items()}
    assert "Connection refused" in reasons["refused"]
    assert "answers 500 Internal Server Error: no" in reasons["broken"]
    assert "no answer within 0.3 s" in reasons["hangs"]
    assert reasons["fine"] == ""
    assert "the notification 'broken' of the run" in caplog.text
    monkeypatch.setenv("PACKAGERS_NOTIFY_TIMEOUT", "10")
    web_server.answers = lambda path: (200, b"")
    web_server.heard.clear()
    tried = store.notify(str(found.uid()))
    assert {name: each["status"] for name, each in tried.items()} == {"refused": "error", "broken": "sent", "hangs": "sent"}
    assert sorted(path for _, path, _, _ in web_server.heard) == ["/broken", "/hangs"]
    assert entry(found.refresh(), "broken") == {"status": "sent", "state": "completed"}
    assert set(store.notify(str(found.uid()))) == {"refused"}
    assert set(store.notify(str(found.uid()), again=True)) == {"refused", "broken", "hangs", "fine"}
    assert sorted(path for _, path, _, _ in web_server.heard) == ["/broken", "/broken", "/fine", "/hangs", "/hangs"]


@pytest.mark.parametrize("text", ["soon", "0", "-1", "nan"])
def test_a_timeout_that_is_none_is_said_at_once(store: Store, web_server: Any, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("PACKAGERS_NOTIFY_TIMEOUT", text)
    with pytest.raises(FieldError, match="Set a number of seconds"):
        run(good, hook(web_server))
    assert store.documents() == []


def test_of_several_attempts_only_the_last_failure_is_told(store: Store, web_server: Any) -> None:
    tries: list[int] = []

    def flaky() -> float:
        tries.append(1)
        if len(tries) < 3:
            raise OSError("not yet")
        return 1.0

    found = run(flaky, hook(web_server, when=ALL), retry={"count": 2})
    assert entry(found) == {"status": "sent", "state": "completed"}
    assert said(web_server) == ["Run train started in project default", "Run train completed in project default after 3 attempts"]
    web_server.heard.clear()
    run(bad, hook(web_server, when=ALL), retry={"count": 1})
    assert said(web_server) == ["Run train started in project default", "Run train failed in project default after 2 attempts"]


def test_a_run_that_is_tried_again_by_hand_is_told_again(
    store: Store, web_server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "handlers_of_telling.py").write_text("def fails():\n    raise ValueError\n")
    found = run("handlers_of_telling.py:fails", hook(web_server, when=ALL))
    for _ in range(2):
        with pytest.raises(RunError):
            store.retry(str(found.uid()))
        assert entry(found.refresh()) == {"status": "sent", "state": "error"}
    assert [text.split(" ")[2] for text in said(web_server)] == ["started", "failed", "failed", "failed"]
    sys.modules.pop("handlers_of_telling", None)


def test_names_are_told_apart(store: Store, web_server: Any) -> None:
    names = ["a.b", "a", "", "status.state", "é 'x'"]
    found = run(good, *(hook(web_server, name, params={"url": web_server.url}) for name in names))
    assert {name: entry(found, name) for name in names} == {name: {"status": "sent", "state": "completed"} for name in names}
    assert found.status.state == "completed"
    for one, other in (("x", "x"), ("", "")):
        with pytest.raises(FieldError, match="names must be unique"):
            run(good, hook(web_server, one), hook(web_server, other))
    assert len(store.documents()) == 1


@pytest.mark.parametrize(
    ("notification", "error", "says"),
    [
        ({"kind": "webhook", "name": "a", "params": {"ulr": "http://x"}}, UnknownNameError, "Did you mean 'url'"),
        ({"kind": "webhook", "name": "a", "params": {"url": "x"}}, FieldError, "url is no address"),
        ({"kind": "slack", "name": "a", "secret_params": {"webhook": "***"}}, FieldError, "is hidden, as in every document"),
        ({"kind": "slack", "name": "a", "secret_params": {"webhook": b"x"}}, FieldError, "must be str"),
        (
            {"kind": "webhook", "name": "a", "params": {"url": "http://x"}, "secret_params": {"headers": {"a": object()}}},
            FieldError,
            "no form in JSON",
        ),
    ],
    ids=range(5),
)
def test_what_cannot_be_sent_is_refused_before_anything_runs(store: Store, notification: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        run(good, Notification(**notification))
    assert store.documents() == []


def test_of_a_run_with_iterations_is_told_once(store: Store, web_server: Any) -> None:
    task = task_of(lambda depth: depth / 10, hook(web_server, when=ALL, condition="accuracy == 0.8 and best_iteration == 3"))
    found = new_function().run(task.with_hyper_params({"depth": [2, 4, 8]}, selector="max.accuracy"))
    assert entry(found) == {"status": "sent", "state": "completed"}
    assert said(web_server) == ["Run train started in project default", "Run train completed in project default"]


def test_iterations_tell_nothing(store: Store, web_server: Any) -> None:
    task = task_of(good, hook(web_server, when=ALL))
    task.metadata.iteration = 3
    assert new_function().run(task).status.state == "completed"
    assert web_server.heard == []


def test_a_run_that_was_removed_meanwhile(store: Store, web_server: Any, caplog: pytest.LogCaptureFixture) -> None:
    def removes(path: str) -> tuple[int, bytes]:
        store.remove(store.documents()[0]["metadata"]["uid"])
        return 200, b""

    web_server.answers = removes
    assert run(good, hook(web_server)).status.state == "completed"
    assert "there is no run" in caplog.text


def test_a_run_that_somebody_else_has_ended(store: Store, web_server: Any) -> None:
    def ends() -> float:
        store.change(store.documents()[0]["metadata"]["uid"], {"status.state": "error", "status.error": "lost it"})
        return 1.0

    run(ends, hook(web_server, when=["completed"]), hook(web_server, "failure", when=["error"]))
    assert said(web_server) == ["Run train failed in project default"]
    assert entry(store.list_runs()[0], "failure") == {"status": "sent", "state": "error"}


def test_a_run_that_another_process_goes_on_with_is_its_affair(store: Store, web_server: Any) -> None:
    def loses_it() -> float:
        uid = store.documents()[0]["metadata"]["uid"]
        store.change(uid, {"status.state": "error", "status.notifications": None})
        store.take(uid)
        return 1.0

    run(loses_it, hook(web_server, when=ALL))
    assert said(web_server) == ["Run train started in project default"]


def test_of_a_lost_run_tells_whoever_asks_for_it(store: Store, web_server: Any) -> None:
    unchecked = hook(web_server, "unchecked", when=["error"], params={"url": "ftp://x"})
    document = RunObject.from_template(task_of(None, hook(web_server, when=["error"]), unchecked)).to_dict()
    document["metadata"] |= {"uid": "ab" * 16, "project": "default"}
    store.begin(document, owned=False)
    store.change("ab" * 16, {"status.state": "error", "status.reason": "lost"})
    assert web_server.heard == []
    told = store.notify("ab" * 16)
    assert told["tell"]["status"] == "sent"
    assert "url is no address of a server" in told["unchecked"]["reason"]
    assert list(store.notify("ab" * 16)) == ["unchecked"]
    assert said(web_server) == ["Run train failed in project default"]


def test_console(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    def prints() -> float:
        print("it runs")
        return 0.93

    found = run(prints, Notification("console", "a", "\x1b[31mred", when=ALL))
    assert [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()] == [
        "[info] Run train started in project default: \\x1b[31mred",
        "project",
        "default",
        "it runs",
        "[info] Run train completed in project default: \\x1b[31mred",
        "project",
        "default",
    ]
    assert store.log(str(found.uid()))[0] == "it runs\n"


THEIRS = """
    import threading
    from packagers_runs import FieldError, Notifier

    told = []

    class Pager(Notifier):
        def check(self):
            if "number" not in self.params:
                raise self.refuse("number", "a pager needs a number", "Write params={'number': 7}.")

        def send(self, message, severity, run):
            told.append((self.name, self.params, message, severity, run["status"]["results"], self.timeout))

    class Broken(Notifier):
        def send(self, message, severity, run):
            raise LookupError("the word is " + self.params["word"])

    class Hanging(Notifier):
        released = threading.Event()

        def send(self, message, severity, run):
            self.released.wait(60)
"""


def test_kinds_of_strangers(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = {"pager": "their_pager:Pager", "broken": "their_pager:Broken", "hanging": "their_pager:Hanging", "nothing": "os:path"}
    distributions.write_files({"their-pager": {"entry_points": {NOTIFIERS: entries}, "files": {"their_pager.py": THEIRS}}}, tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PACKAGERS_NOTIFY_TIMEOUT", "0.2")
    import their_pager  # type: ignore[import-not-found]

    found = run(
        good,
        Notification("pager", "p", "hello", params={"number": 7}, secret_params={"code": "hunter2-value"}),
        Notification("broken", "b", secret_params={"word": "hunter2-value"}),
        Notification("hanging", "h"),
    )
    their_pager.Hanging.released.set()
    said = "Run train completed in project default: hello"
    assert their_pager.told == [("p", {"number": 7, "code": "hunter2-value"}, said, "info", {"accuracy": 0.93}, 0.2)]
    assert entry(found, "p") == {"status": "sent", "state": "completed"}
    assert entry(found, "b") == {"status": "error", "reason": "LookupError: the word is ***", "state": "completed"}
    assert entry(found, "h") == {"status": "error", "reason": "no answer within 0.2 s", "state": "completed"}
    with pytest.raises(FieldError, match="a pager needs a number"):
        run(good, Notification("pager", "p"))
    with pytest.raises(RunsError, match="no subclass of Notifier"):
        run(good, Notification("nothing", "n"))
    with pytest.raises(UnknownNameError, match="Did you mean 'pager'"):
        Notification("pagerr", "p")
    assert len(store.documents()) == 1
