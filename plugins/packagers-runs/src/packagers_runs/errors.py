"""Every error that the run layer raises, below the core's one hierarchy.

::

    PackagersError
    └── RunsError                      anything that went wrong with runs
        ├── RunError                   a handler failed, or its run ended otherwise than completed
        ├── RunTimeoutError                a run has not ended in time                (also TimeoutError)
        ├── RunNotFoundError           there is no run of this uid                    (also LookupError)
        ├── FieldError                 a field has a value that it cannot have        (also ValueError)
        ├── HandlerError               what is to be run cannot be found or called    (also ValueError)
        ├── ExportError                an artifact cannot be put besides the store
        ├── IterationsError            some iterations of a run failed
        ├── ExecutorError              what does the iterations of a run cannot go on
        ├── UnknownNameError           a name that does not exist: a field, a kind …  (also ValueError)
        └── ExpressionError            a condition that cannot be read or evaluated   (also ValueError)

Each carries its facts as attributes, so that no caller has to read the message.
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from typing import Any

from packagers import PackagersError


class RunsError(PackagersError):
    """Base of every error of the run layer."""


class RunError(RunsError):
    """A run failed, or ended otherwise than completed; an exception of its handler is the cause.

    Attributes:
        run: The run, as far as it came.
        uid: Its uid.
        iteration: Its iteration, 0 for a run without any.
        error_type: The class of the original exception, by name.
        traceback: The original traceback, as text.
    """

    def __init__(
        self,
        message: str,
        *,
        run: Any = None,
        uid: str = "",
        iteration: int = 0,
        error_type: str = "",
        traceback: str = "",
        **where: Any,
    ) -> None:
        super().__init__(message, **where)
        self.run = run
        self.uid = uid
        self.iteration = iteration
        self.error_type = error_type
        self.traceback = traceback


class RunTimeoutError(RunsError, TimeoutError):
    """A run has not ended in the time that was given for waiting.

    Attributes:
        uid: Its uid.
        state: The state that it is in.
    """

    def __init__(self, message: str, *, uid: str = "", state: str = "", **where: Any) -> None:
        super().__init__(message, **where)
        self.uid = uid
        self.state = state


class RunNotFoundError(RunsError, LookupError):
    """There is no such run.

    Attributes:
        uid: The uid that was asked for.
    """

    def __init__(self, message: str, *, uid: str = "", **where: Any) -> None:
        super().__init__(message, **where)
        self.uid = uid


class FieldError(RunsError, ValueError):
    """A field of a model has a value that it cannot have.

    Attributes:
        model: The class of the model, by name.
        field: The field, by name.
    """

    def __init__(self, message: str, *, model: str = "", field: str = "", **where: Any) -> None:
        super().__init__(message, **where)
        self.model = model
        self.field = field


class HandlerError(RunsError, ValueError):
    """What is to be run cannot be found, imported or called."""


class ExportError(RunsError):
    """An artifact cannot be put where the run wants it besides the store."""


class IterationsError(RunsError):
    """Some iterations of a run failed; the others are recorded, and the best of them is found."""


class ExecutorError(RunsError):
    """What does the iterations of a run is gone, or cannot be reached; the iterations that were not done are done by ``resume``."""


class UnknownNameError(RunsError, ValueError):
    """A name that a person typed and that does not exist.

    Attributes:
        name: The name that was given.
        known: The names that there are.
        nearest: The one that was probably meant, if any is near.
    """

    def __init__(self, message: str, *, name: str = "", known: Sequence[str] = (), nearest: str | None = None, **where: Any) -> None:
        super().__init__(message, **where)
        self.name = name
        self.known = tuple(known)
        self.nearest = nearest


class ExpressionError(RunsError, ValueError):
    """A condition that cannot be read, is not allowed, or has no value for these results.

    Attributes:
        text: The expression as it was given.
        position: Where in ``text`` the mistake is, counted from 0; ``None`` if it concerns all of it.
    """

    def __init__(self, message: str, *, text: str = "", position: int | None = None, **where: Any) -> None:
        super().__init__(message, **where)
        self.text = text
        self.position = position


def told_of(error: BaseException) -> dict[str, str]:
    """Give what a document says of an exception: ``error``, ``error_type`` and ``traceback``; one that has no text is told by its class."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - the code of a stranger's class, which must not keep a run from ending
        text = ""
    return {
        "error": f"{type(error).__name__}: {text}" if text else type(error).__name__,
        "error_type": f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins."),
        "traceback": "".join(traceback.format_exception(error)),
    }
