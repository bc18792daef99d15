"""Who is told of a run, and when: what is due is recorded with the state, then sent, and then it is recorded how that went.

A kill in between leaves it ``pending``, and :func:`notify` sends it: everybody is told at least once, or the document of the run says who
was not. Nothing waits for a server before the state is recorded, and for none longer than the timeout.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from packagers_runs.errors import FieldError, RunsError
from packagers_runs.models.documents import HIDDEN
from packagers_runs.models.expression import parse, values_of
from packagers_runs.models.notification import Notification
from packagers_runs.models.runobject import RunObject
from packagers_runs.models.status import TERMINAL_STATES, RunStates, utc_text
from packagers_runs.nearest import unknown_name
from packagers_runs.notifiers.notifier import notifier_class, notifier_of
from packagers_runs.notifiers.sending import send_all, timeout_here
from packagers_runs.notifiers.texts import one_line
from packagers_runs.running.masking import Masker
from packagers_runs.store.store import DocumentStore

Entry = dict[str, Any]
"""What ``status.notifications`` says of one: ``status sent_time reason``, and the ``state`` of the run that it is about."""

_SHORTEST = 4
_logger = logging.getLogger("packagers.runs.notifications")


class Teller:
    """Tells of one run, while it runs and when it has ended.

    Args:
        run: The run, whose notifications have the values of their secret parameters.
        store: Where it is recorded.
        masker: Keeps secrets out of what is told and recorded.
        local: Whether only the kinds are sent that show something here, or only the others; ``None`` for all.
    """

    def __init__(self, run: RunObject, store: DocumentStore, masker: Masker, *, local: bool | None = None) -> None:
        self._run = run
        self._store = store
        self._masker = masker
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._entries: dict[str, Entry] = dict(run.status.notifications)
        is_whole = not run.metadata.iteration  # of iterations, the run that they belong to tells
        self._mine = [each.copy() for each in run.spec.notifications if is_whole and local in (None, _is_local(each))]

    def mark(self) -> None:
        """Write into the document of the run, before it is recorded, what is due in the state that it goes into."""
        if not self._mine:
            return
        status = self._run.status
        with self._lock:
            self._entries = _left(self._entries, status.state)
            if status.state != RunStates.running or not status.retry_count:
                self._entries |= self._due(status.state, None, self._entries)
            status.notifications = dict(self._entries)

    def begun(self) -> None:
        """Tell that the run has begun; its handler does not wait for servers."""
        waiting = self._waiting(RunStates.running)
        if not waiting or self._thread is not None:
            return
        document = self._document()
        self._tell_beside([each for each in waiting if _is_local(each)], document)
        if others := [each for each in waiting if not _is_local(each)]:
            self._thread = threading.Thread(target=self._tell_beside, args=(others, document), name="packagers-runs-tell", daemon=True)
            self._thread.start()

    def follow(self) -> None:
        """Tell that a run in a process of its own has begun."""
        if self._mine and self._run.refresh().status.state == RunStates.running:
            self.mark()
            self.begun()

    def ended(self) -> None:
        """Tell how the run has ended, where that was not told, and record how that went; whatever goes wrong is logged."""
        if not self._mine:
            return
        try:
            if self._thread is not None:
                self._thread.join()
            if self._store.document(*self._key)["status"]["state"] in TERMINAL_STATES:  # else another process goes on with it
                self.tell()
        except Exception as error:  # noqa: BLE001 - the store may be gone, the run removed: its end is recorded, or not ours to tell
            _logger.warning("nobody was told of the run %s: %s", self._run.metadata.uid, error)

    def tell(self, redo: Collection[str | None] = ()) -> dict[str, Entry]:
        """Tell how the run stands, as it is recorded.

        Args:
            redo: The statuses of notifications, about this state, that are sent again: ``error``, ``sent``; ``None`` where a condition
                did not hold.

        Returns:
            How it went, by the names of those that it was tried with.

        Raises:
            RunsError: The store cannot be read or written.
        """
        document = self._store.document(*self._key)
        stored, state = document["status"].get("notifications", {}), document["status"]["state"]
        with self._lock:
            newer = {name: each for name, each in self._entries.items() if stored.get(name, each).get("state") == each.get("state")}
            names = {each.name for each in self._mine}
            entries = {
                name: each
                for name, each in _left({**stored, **newer}, state).items()
                if not (name in names and each.get("state") == state and each.get("status") in redo)
            }
            self._entries = entries | self._due(state, document, entries)
        return self._tell_and_record(self._waiting(state), document)

    @property
    def _key(self) -> tuple[str, int]:
        return str(self._run.metadata.uid), self._run.metadata.iteration

    def _document(self) -> dict[str, Any]:
        document = self._run.to_dict()
        return self._masker.hide(document) if self._masker else document

    def _due(self, state: str, document: Mapping[str, Any] | None, entries: Mapping[str, Entry]) -> dict[str, Entry]:
        """Give the entries of what is due in a state and has none about it."""
        new = [each for each in self._mine if state in each.when and not _is_decided(entries.get(each.name), state)]
        if new and document is None:
            document = self._document()
        return {each.name: _decided(each, document or {}) for each in new}

    def _waiting(self, state: str) -> list[Notification]:
        with self._lock:
            pending = {name for name, each in self._entries.items() if (each.get("status"), each.get("state")) == ("pending", state)}
        return [each for each in self._mine if each.name in pending]

    def _tell_beside(self, waiting: list[Notification], document: Mapping[str, Any]) -> None:
        try:
            if waiting:
                self._tell_and_record(waiting, document)
        except Exception as error:  # noqa: BLE001 - it is recorded with the end
            _logger.warning("who was told that the run %s has begun is not recorded: %s", self._run.metadata.uid, error)

    def _tell_and_record(self, waiting: list[Notification], document: Mapping[str, Any]) -> dict[str, Entry]:
        state = document["status"]["state"]
        sent = {name: {**entry, "state": state} for name, entry in send_all(waiting, document, self._masker.mask).items()}
        for name, entry in sent.items():
            if entry["status"] == "error":
                _logger.warning("the notification %r of the run %s was not sent: %s", name, self._run.metadata.uid, entry["reason"])
        with self._lock:
            self._entries |= sent
            self._run.status.notifications = dict(self._entries)
            told = {each.name: self._entries[each.name] for each in self._mine if each.name in self._entries}
        if told:
            self._store.change(self._key[0], {"status.notifications": told}, self._key[1], merge=True)
        return sent


def check_notifications(run: RunObject) -> None:
    """Check who is told of a run, before it begins; conditions that cannot be read are recorded as errors.

    Args:
        run: The run, which is changed.

    Raises:
        FieldError: A parameter cannot be what it is, or its value is hidden.
        UnknownNameError: There is no such kind or parameter.
        RunsError: What a kind needs is missing.
    """
    run.status.notifications = {}
    for each in run.spec.notifications:
        each.status = each.sent_time = each.reason = None
        each.validate()
        for name in each.secret_params:
            _check_secret(each, name)
        notifier_of(each, timeout_here()).check()
        if each.status == "error":
            run.status.notifications[each.name] = {"status": "error", "reason": each.reason}


def refuse_watching(run: RunObject) -> None:
    """Record of the notifications that only somebody who watches would see that nobody does.

    Args:
        run: The run, which is changed.
    """
    for each in run.spec.notifications:
        if _is_local(each) and each.status != "error":
            each.status, each.reason = "error", "nobody watches the run: leave watch=False out, or use another kind"
            run.status.notifications[each.name] = {"status": "error", "reason": each.reason}


def notify(
    uid: str, store: DocumentStore, *, again: bool = False, secret_params: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, Entry]:
    """Tell how a run stands, where that was not told or could not be.

    Args:
        uid: Of the run.
        store: Where it is.
        again: Whether also those are told that have been.
        secret_params: The values of secret parameters, by the name of the notification and of the parameter; they are kept nowhere.

    Returns:
        How it went, by the names of those that it was tried with: ``status sent_time reason state``.

    Raises:
        RunNotFoundError: There is no such run.
        UnknownNameError: There is no such notification or secret parameter.
    """
    run = RunObject.from_store(store, uid)
    give_secrets(run, secret_params or {})
    teller = Teller(run, store, Masker(secret_values(run.spec.notifications)))
    return teller.tell(("error", "sent", None) if again else ("error",))


def try_out(notification: Notification) -> Entry:
    """Send a notification about a run that never was.

    Args:
        notification: It, with the values of its secret parameters.

    Returns:
        How it went: ``status``, ``sent_time`` or ``reason``.

    Raises:
        FieldError: A parameter cannot be what it is.
        UnknownNameError: There is no such parameter.
        RunsError: What the kind needs is missing.
    """
    notification.validate()
    notifier_of(notification, timeout_here()).check()
    metadata = {"name": "notify-test", "project": "default", "uid": "0" * 32, "iteration": 0}
    run = {"metadata": metadata, "status": {"state": "completed", "results": {"accuracy": 0.97}, "start_time": utc_text()}}
    return send_all([notification], run, Masker(secret_values([notification])).mask)[notification.name]


def give_secrets(run: RunObject, secret_params: Mapping[str, Mapping[str, Any]]) -> None:
    """Give the notifications of a run the values that its document does not hold.

    Args:
        run: The run, which is changed.
        secret_params: The values, by the name of the notification and of the parameter.

    Raises:
        UnknownNameError: There is no such notification or secret parameter.
    """
    known = {each.name: each for each in run.spec.notifications}
    for name, values in secret_params.items():
        if name not in known:
            raise unknown_name("notification", name, known, owner=f"the run {run.metadata.uid}")
        for param in values:
            if param not in known[name].secret_params:
                raise unknown_name("secret parameter", param, known[name].secret_params, owner=f"the notification {name!r}")
        known[name].secret_params = {**known[name].secret_params, **values}


def secret_values(notifications: Iterable[Notification]) -> list[str]:
    """List what must not be seen of secret parameters: their texts, and of addresses also what comes after the server.

    Numbers and texts of fewer than four characters are left out, for they stand in all kinds of text.
    """
    return [text for each in notifications for text in _texts(each.secret_params)]


def _texts(value: Any) -> list[str]:
    if isinstance(value, Mapping | list | tuple):
        return [text for item in (value.values() if isinstance(value, Mapping) else value) for text in _texts(item)]
    if not isinstance(value, str) or value == HIDDEN:
        return []
    try:
        parts = urlsplit(value)
    except ValueError:
        parts = urlsplit("")
    found = [value]
    if parts.netloc:
        found += [parts.password or "", parts.path.strip("/"), parts.query]
    return [text for text in found if len(text) >= _SHORTEST]


def _check_secret(notification: Notification, name: str) -> None:
    value = notification.secret_params[name]
    if value == HIDDEN:
        raise FieldError(
            f"the value of {name} of the notification {notification.name!r} is hidden, as in every document",
            model="Notification",
            field=name,
            remedy="Set it in secret_params.",
        )
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        raise FieldError(
            f"the secret parameter {name} of the notification {notification.name!r} has no form in JSON",
            model="Notification",
            field=name,
            remedy="Give text, numbers, lists and dicts: a process of its own is told them.",
        ) from None


def _is_local(notification: Notification) -> bool:
    try:
        return notifier_class(notification.kind).is_local
    except RunsError:  # sending it says so
        return False


def _left(entries: Mapping[str, Entry], state: str) -> dict[str, Entry]:
    """Give what still means something in a state: nothing about an end that another attempt has left behind."""
    return {name: entry for name, entry in entries.items() if entry.get("state") in (None, RunStates.running, state)}


def _is_decided(entry: Entry | None, state: str) -> bool:
    """Tell whether an entry says what becomes of its notification in a state; one without a state says it of all."""
    return entry is not None and entry.get("state", state) == state


def _decided(notification: Notification, document: Mapping[str, Any]) -> Entry:
    """Give the entry of a notification whose state has come: its condition decides."""
    status = document["status"]
    state = status["state"]
    waiting = {"status": "pending", "state": state}
    if not notification.condition:
        return waiting
    offered = {"parameters": document.get("spec", {}).get("parameters", {}), "run": document, "notification": notification.to_dict()}
    try:
        holds = parse(notification.condition).evaluate(values_of(status.get("results", {}), state=state, **offered))
    except Exception as error:  # noqa: BLE001 - values are of anybody's types
        # Only a run that completed has all results: of a failure is told who wants to know of failures.
        return {"status": "error", "reason": one_line(error), "state": state} if state == RunStates.completed else waiting
    return waiting if holds else {"reason": "the condition does not hold", "state": state}
