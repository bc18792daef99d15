"""The context of a run: what a handler reads from it and logs to it while it runs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import TracebackType
from typing import Any

from packagers import Artifact, DataItem, LogHint, Result, Session
from packagers_runs.errors import FieldError, RunsError
from packagers_runs.models.runobject import RunObject
from packagers_runs.nearest import unknown_name
from packagers_runs.running.processes import of_one_process

_NOTHING = object()


class RunContext:
    """The context of the run that a handler belongs to.

    A handler gets it by a parameter that is annotated ``RunContext`` or named ``context``; anything that it calls, by
    :func:`current_context`.

    Attributes:
        logger: Goes to the log of the run, from ``INFO`` on; of a ``verbose`` run, from ``DEBUG`` on.
        is_complete: Whether the handler has said that the run has done what it is for.

    Args:
        run: The run; what is set here is written into its document.
        session: What the run packs with.
        inputs: The sources of its inputs by name.
        secrets: Values by name.
        save: Records the run as it is.
        report: Takes a value and a step; the log of the run does where nobody else wants to know.
        mark: Marks the run as the best of its siblings; ``None`` where it has none that its handler could tell.
    """

    def __init__(
        self,
        run: RunObject,
        session: Session,
        inputs: Mapping[str, Any],
        secrets: Mapping[str, str],
        save: Callable[[], None],
        *,
        report: Callable[[float, int], None] | None = None,
        mark: Callable[[], None] | None = None,
    ) -> None:
        self._run = run
        self._save = save
        self._report = report
        self._begin_child: Callable[[Mapping[str, Any]], ChildContext] | None = None
        self._mark = mark
        self._steps = 0
        self.is_complete = False
        self._session = session
        self._inputs = dict(inputs)
        self._secrets = dict(secrets)
        self._lock = threading.Lock()
        self.logger = logging.getLogger(f"packagers.runs.{run.metadata.name or 'run'}")
        level = logging.DEBUG if run.spec.verbose else logging.INFO
        if self.logger.level != level:  # setting it clears what all loggers know
            self.logger.setLevel(level)

    def __repr__(self) -> str:
        return f"<RunContext of {self.name!r}, {self.uid}#{self.iteration}>"

    @property
    def uid(self) -> str:
        """The uid of the run."""
        return str(self._run.metadata.uid)

    @property
    def name(self) -> str:
        """The name of the run."""
        return str(self._run.metadata.name)

    @property
    def project(self) -> str:
        """Its project."""
        return str(self._run.metadata.project)

    @property
    def iteration(self) -> int:
        """Its iteration, 0 for a run without any."""
        return self._run.metadata.iteration

    @property
    def parameters(self) -> dict[str, Any]:
        """A copy of its parameters by name."""
        return dict(self._run.spec.parameters)

    @property
    def labels(self) -> dict[str, str]:
        """A copy of its labels."""
        return dict(self._run.metadata.labels)

    @property
    def inputs(self) -> dict[str, Any]:
        """The sources of its inputs by name."""
        return dict(self._inputs)

    @property
    def results(self) -> dict[str, Any]:
        """The results that were logged so far, by key."""
        return self._session.results

    @property
    def artifacts(self) -> dict[str, Artifact]:
        """The artifacts that were logged so far, by key."""
        return self._session.artifacts

    def get_param(self, key: str, default: Any = None) -> Any:
        """Give a parameter of the run.

        Args:
            key: Its name.
            default: What to give where it was not set.
        """
        return self._run.spec.parameters.get(key, default)

    def get_secret(self, key: str, default: Any = _NOTHING) -> str:
        """Give a secret. Its value becomes ``***`` wherever the run prints it.

        Args:
            key: Its name.
            default: What to give where there is none; without it that is an error.

        Raises:
            UnknownNameError: There is no such secret, and no default.
        """
        if key in self._secrets:
            return self._secrets[key]
        if default is not _NOTHING:
            return default  # type: ignore[no-any-return]  # the caller's own
        raise unknown_name("secret", key, self._secrets, owner=f"the run {self.name}")

    def get_input(self, key: str) -> DataItem:
        """Give the handle on an input, also on one that the handler takes by a parameter of another type.

        Args:
            key: Its name.

        Raises:
            UnknownNameError: There is no such input.
            RunsError: It is a live object, or several sources.
        """
        if key not in self._inputs:
            raise unknown_name("input", key, self._inputs, owner=f"the run {self.name}")
        source = self._inputs[key]
        if isinstance(source, DataItem):
            return source
        if not isinstance(source, str | Path | Artifact):
            raise RunsError(
                f"the input {key!r} is a {type(source).__qualname__} and no single source", key=key, remedy="Take it as a parameter."
            )
        return DataItem(source, registry=self._session.registry)

    def log_result(self, key: str, value: Any) -> None:
        """Record a small value.

        Args:
            key: Its name.
            value: The value; it keeps its type.

        Raises:
            PackagersError: It cannot be recorded as a value.
        """
        self._session.pack(value, LogHint(key, artifact_type="result"))

    def log_results(self, results: Mapping[str, Any]) -> None:
        """Record small values.

        Args:
            results: The values by name.
        """
        for key, value in results.items():
            self.log_result(key, value)

    def log_artifact(
        self,
        key: str | Mapping[str, Any] | LogHint,
        value: Any = _NOTHING,
        *,
        local_path: str | Path | None = None,
        **hint: Any,
    ) -> Artifact | Result | Any:
        """Log a value, or a file or folder that is there.

        Args:
            key: Its name, or a whole log hint.
            value: The value.
            local_path: A file or folder to log in place of a value.
            **hint: What a log hint says besides: ``artifact_type``, ``tag``, ``labels``, ``extra_data``, ``metrics``, ``packing_kwargs``,
                and ``artifact_path``, where it is put besides the store.

        Returns:
            What it became.

        Raises:
            PackagersError: It cannot be packed.
        """
        if (value is _NOTHING) == (local_path is None):
            raise RunsError("an artifact is either a value or a local_path", key=str(key), remedy="Give one of them.")
        return self._log(key, Path(local_path) if local_path is not None else value, hint)

    def log_dataset(self, key: str | Mapping[str, Any] | LogHint, df: Any, *, format: str | None = None, **hint: Any) -> Any:
        """Log a table or array as a data set.

        Args:
            key: Its name, or a whole log hint.
            df: A DataFrame, an array, or whatever else a packager packs as a ``dataset``.
            format: Its format, such as ``"parquet"``; that of its packager if ``None``.
            **hint: What a log hint says besides.
        """
        options = {**hint.pop("packing_kwargs", {}), **({} if format is None else {"format": format})}
        return self._log(key, df, {"artifact_type": "dataset", **hint, **({"packing_kwargs": options} if options else {})})

    def log_model(self, key: str | Mapping[str, Any] | LogHint, model: Any, **hint: Any) -> Any:
        """Log a model.

        Args:
            key: Its name, or a whole log hint.
            model: The model.
            **hint: What a log hint says besides; ``metrics={"accuracy": ...}`` links the result of that name.
        """
        return self._log(key, model, {"artifact_type": "model", **hint})

    def report(self, value: float, step: int | None = None) -> None:
        """Tell how the run does so far. A strategy may then end an iteration that is not worth its time; elsewhere the log takes it.

        Args:
            value: What the iteration will be chosen by, as it is now.
            step: How far it is, such as the number of the epoch; one more than the last if ``None``.

        Raises:
            FieldError: The value is no number, or the step none from 0.
        """
        number = checked_number(value)
        if step is not None and (type(step) is not int or step < 0):
            raise FieldError(f"a step cannot be {step!r:.80}", model="report", field="step", remedy="It is a whole number from 0.")
        at = self._steps if step is None else step
        self._steps = at + 1
        if self._report is None:
            self.logger.info("step %d: %s", at, number)
        else:
            self._report(number, at)

    def get_child_context(self, **params: Any) -> ChildContext:
        """Begin a child: an iteration of its own, whose results and artifacts are recorded when its block ends.

        ::

            with context.get_child_context(depth=3) as child:
                if not child.is_recorded:
                    child.log_result("accuracy", train(child.get_param("depth")))
                accuracy = child.results["accuracy"]

        A run that goes on after a kill calls its handler again: a child that was completed is then recorded already.

        Args:
            **params: Its parameters, beside those of the run.

        Raises:
            RunsError: This is an iteration itself.
        """
        if self._begin_child is None:
            raise RunsError(
                f"{self.name} is an iteration itself, and has no children",
                remedy="Say strategy='custom', and begin children in the handler of the run.",
            )
        return self._begin_child(params)

    def let_children_begin(self, begin: Callable[[Mapping[str, Any]], ChildContext]) -> None:
        """Let the handler have children.

        Args:
            begin: Begins one, with its parameters.
        """
        self._begin_child = begin

    def mark_as_best(self) -> None:
        """Say that this child is the best of those so far: the run gets its results and links to its artifacts, whatever a selector says.

        Raises:
            RunsError: This is no child that a handler has begun.
        """
        if self._mark is None:
            raise RunsError(
                f"{self.name} is no child of a handler", remedy="Mark what get_child_context gave; elsewhere the selector finds the best."
            )
        self._mark()

    def set_label(self, key: str, value: Any) -> None:
        """Set a label of the run.

        Args:
            key: Its name.
            value: Its value, which becomes text.
        """
        with self._lock:
            self._run.set_label(key, value)

    def commit(self, message: str = "", completed: bool = False) -> None:
        """Record what was logged so far, so that others see it, and that it outlives the process.

        Args:
            message: What the run says of itself, its ``status_text``.
            completed: Whether the run has done what it is for: an error that the handler raises after this does not fail it.

        Raises:
            StoreError: It cannot be recorded.
        """
        with self._lock:
            if message:
                self._run.status.status_text = message
            self.is_complete = self.is_complete or completed
        self._save()

    def _log(self, key: str | Mapping[str, Any] | LogHint, value: Any, hint: Mapping[str, Any]) -> Any:
        parsed = LogHint.parse(key)
        merged = {**parsed.to_dict(), **hint} if hint else parsed
        return self._session.pack(value, merged)


class ChildContext(RunContext):
    """The context of a child. At the end of its block the child is recorded: as completed, or as failed with what was raised.

    Args:
        *args: As of :class:`RunContext`.
        block: Gives what is entered with its block.
        end: Records the child, with what ended it early.
        recorded: The status of the child where an earlier attempt of the run has completed it, with the same parameters and code.
        **more: As of :class:`RunContext`.
    """

    def __init__(
        self,
        *args: Any,
        block: Callable[[], AbstractContextManager[None]],
        end: Callable[[BaseException | None], None],
        recorded: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(*args, **more)
        self._block = block
        self._end = end
        self._recorded = recorded
        self._blocks = ExitStack()

    @property
    def is_recorded(self) -> bool:
        """Whether an earlier attempt of the run has completed this child, with the same parameters and code.

        Then it has its results and artifacts, and stays as it is. Where something is logged all the same, it is done anew.
        """
        return self._recorded is not None and not self._session.results and not self._session.artifacts

    @property
    def results(self) -> dict[str, Any]:
        """The results by key: those that were logged so far, or those of a child that is recorded."""
        return dict(self._recorded.get("results", {})) if self._recorded is not None and self.is_recorded else super().results

    @property
    def artifacts(self) -> dict[str, Artifact]:
        """The artifacts by key: those that were logged so far, or those of a child that is recorded."""
        if self._recorded is None or not self.is_recorded:
            return super().artifacts
        addresses: Mapping[str, str] = self._recorded.get("artifact_uris", {})
        return {key: DataItem(uri, registry=self._session.registry).unpack(Artifact) for key, uri in addresses.items()}

    def __enter__(self) -> ChildContext:
        self._blocks.enter_context(self._session)
        self._blocks.enter_context(entered(self))
        self._blocks.enter_context(self._block())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self._blocks.__exit__(kind, error, trace)
        except BaseException as failure:
            self._end(failure)
            raise
        self._end(error)


def checked_number(value: Any) -> float:
    """Give a number that was reported.

    Raises:
        FieldError: It is none.
    """
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise FieldError(
            f"a {type(value).__qualname__} is no number to report", model="report", field="value", remedy="Report a number."
        ) from error


_current: ContextVar[RunContext | None] = ContextVar("packagers_runs_context", default=None)


def current_context() -> RunContext | None:
    """Give the context of the run that the caller belongs to, ``None`` outside of runs.

    Threads and asyncio tasks each have their own; a thread that a handler starts belongs to its run where it copies its context
    (``contextvars.copy_context().run``), as :func:`asyncio.to_thread` does.
    """
    return _current.get()


@contextmanager
def entered(context: RunContext) -> Iterator[None]:
    """Make a context the current one inside of the block."""
    token = _current.set(context)
    try:
        with of_one_process():
            yield
    finally:
        _current.reset(token)
