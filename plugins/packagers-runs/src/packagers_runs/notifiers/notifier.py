"""The base of every kind of notification, and how the class of a kind is found."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import Any, ClassVar

from packagers_runs.errors import FieldError, RunsError
from packagers_runs.extensions import load_extension
from packagers_runs.models.notification import NOTIFIERS, Notification


class NotificationError(RunsError):
    """A notification could not be sent; no value of a secret parameter is in the message."""


class Notifier(abc.ABC):
    """Tells of runs in one way.

    A distribution adds a kind of notification by deriving a class from this one and naming it in its ``pyproject.toml``; ``kind`` then
    takes the name that stands there::

        [project.entry-points."packagers.notifiers"]
        pager = "their_pager:Pager"

    ::

        class Pager(Notifier):
            def check(self) -> None:
                if "number" not in self.params:
                    raise FieldError("a pager needs a number", model="Notification", field="number", remedy="Write params={'number': …}.")

            def send(self, message: str, severity: str, run: Mapping[str, Any]) -> None:
                page(self.params["number"], f"[{severity}] {message}", timeout=self.timeout)

    What ``send`` is given comes from whoever wrote the task and the handler: names, results and messages may hold any character, and have
    to be escaped for the place that they go to. The values of secrets are ``***`` in all of it. An exception never fails the run: it is
    recorded as the reason, without the values of secret parameters, and the notification can be sent again.

    Attributes:
        is_local: Whether it shows something to whoever watches the run, and means nothing in a process that nobody watches. Such a kind
            is sent from the thread that runs the run; the others from threads of their own, which are left to themselves in the end.

    Args:
        name: The name of the notification.
        params: Its parameters, secret or not.
        timeout: Seconds that sending may take.
    """

    is_local: ClassVar[bool] = False

    def __init__(self, name: str, params: Mapping[str, Any], timeout: float) -> None:
        self.name = name
        self.params = dict(params)
        self.timeout = timeout

    def check(self) -> None:  # noqa: B027 - a kind without parameters has nothing to check
        """Check the parameters, and that what the kind needs is installed, before the run begins.

        Raises:
            FieldError: A parameter cannot be what it is. No value of a secret is shown.
            NotificationError: Something is missing; says the pip line.
        """

    @abc.abstractmethod
    def send(self, message: str, severity: str, run: Mapping[str, Any]) -> None:
        """Tell of a run.

        Args:
            message: What has happened, in one line.
            severity: ``info debug verbose warning error``.
            run: The document of the run, as it is recorded; results have their types.

        Raises:
            NotificationError: It could not be sent; so does any other exception say.
        """

    def refuse(self, field: str, problem: str, remedy: str) -> FieldError:
        """Make the error of a parameter, to be raised by the caller.

        Args:
            field: The parameter.
            problem: What is wrong with it, without its value.
            remedy: What to do.
        """
        return FieldError(f"the notification {self.name!r}: {problem}", model="Notification", field=field, remedy=remedy)


def notifier_class(kind: str) -> type[Notifier]:
    """Load the class of a kind.

    Args:
        kind: The kind.

    Raises:
        UnknownNameError: There is none; says which there are.
        RunsError: It cannot be loaded.
    """
    return load_extension(NOTIFIERS, "kind of notification", kind, Notifier)  # type: ignore[type-abstract]  # a subclass that is none


def notifier_of(notification: Notification, timeout: float) -> Notifier:
    """Make what sends a notification.

    Args:
        notification: It, with its secret parameters.
        timeout: Seconds that sending may take.
    """
    return notifier_class(notification.kind)(notification.name, {**notification.params, **notification.secret_params}, timeout)
