"""The context of a run: what a handler reads from it and logs to it while it runs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from packagers import Artifact, DataItem, LogHint, Result, Session
from packagers_runs.errors import RunsError
from packagers_runs.models.runobject import RunObject
from packagers_runs.nearest import unknown_name

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
    """

    def __init__(
        self,
        run: RunObject,
        session: Session,
        inputs: Mapping[str, Any],
        secrets: Mapping[str, str],
        save: Callable[[], None],
    ) -> None:
        self._run = run
        self._save = save
        self.is_complete = False
        self._session = session
        self._inputs = dict(inputs)
        self._secrets = dict(secrets)
        self._lock = threading.Lock()
        self.logger = logging.getLogger(f"packagers.runs.{run.metadata.name or 'run'}")
        self.logger.setLevel(logging.DEBUG if run.spec.verbose else logging.INFO)

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
            **hint: What a log hint says besides: ``artifact_type``, ``tag``, ``labels``, ``extra_data``, ``metrics``, ``packing_kwargs``.

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
        yield
    finally:
        _current.reset(token)
