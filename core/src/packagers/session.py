"""A session: packs the values of one run together, and records its results when it closes."""

from __future__ import annotations

import os
import stat
import threading
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from contextvars import ContextVar
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from packagers import config, manifest, policy, scratch
from packagers.artifact import Artifact, Bundle, Outputs, Result
from packagers.batch import Batch, failure_of
from packagers.dataitem import DataItem
from packagers.errors import PackagersError, PackagersWarning, PackError, PackingFailed
from packagers.ledger import Ledger, Output, Record
from packagers.linking import Linker
from packagers.loghint import LogHint
from packagers.outline import is_itemizable
from packagers.package import Signer
from packagers.packing import Packed, Packer
from packagers.registry import Registry, default_registry
from packagers.source import url_of
from packagers.typepath import STREAM, parse
from packagers.writing import Writer

Hint = str | Mapping[str, Any] | LogHint
_SHOWN = 10


class Session:
    """Packs the values of one run into one folder.

    A context manager: inside of it :func:`packagers.handler` packs, and temporary space lives as long as it does. Where it is entered
    several times (by several threads, say), it closes with the last block. Its pickle is a session of its own that has packed nothing yet.

    Args:
        folder: Where packages and ``results.json`` go; made when something is packed.
        registry: Finds the packagers; that of what is installed if not given.
        signer: ``"user"`` signs with the user's key, ``None`` leaves everything unsigned, a function gets a seal and gives its signature.
        record: Whether results are written to ``results.json``; ``False`` is for a caller with a record of its own, ``"structures"`` too,
            but writes the shape of each itemized value as a package; ``"packages"`` writes that and each result as a package.
        errors: ``"raise"`` one group of all failures, or ``"warn"`` of each; by default as the settings say.
        settings: Values that beat the configured settings.

    Attributes:
        is_enabled: Whether it packs and unpacks at all, as the setting ``enabled`` said when it was made.

    Raises:
        PackError: For a folder that cannot be one of outputs.
        SettingError: For a setting that does not exist or cannot have that value.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        registry: Registry | None = None,
        signer: Signer | Literal["user"] | None = "user",
        record: Record = True,
        errors: str | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        if url_of(folder):
            raise PackError(
                f"packages are not written to a URL ({folder})", remedy="Pack into a local folder; packagers-runs has stores at URLs."
            )
        if record not in (True, False, "packages", "structures"):
            raise PackError(f"record cannot be {record!r}", remedy="It takes True, False, 'packages' or 'structures'.")
        if not (signer is None or signer == "user" or callable(signer)):
            raise PackError(f"signer cannot be {signer!r}", remedy="It takes 'user', None, or a function of a seal.")
        # A function may change the working directory before the results are written.
        self.folder = Path(folder).absolute()
        try:
            is_package = stat.S_ISREG(os.stat(f"{self.folder}/{manifest.NAME}").st_mode)
        except (FileNotFoundError, NotADirectoryError, ValueError):
            is_package = False
        except OSError as error:
            raise PackError(f"this cannot be a folder of outputs: {error}", file=self.folder, remedy="Take another folder.") from error
        if is_package:
            raise PackError(
                "the folder is a package itself", file=self.folder, remedy="Pack into the folder around it, or into another one."
            )
        self.registry = registry or default_registry()
        self._made_with = {"registry": registry, "signer": signer, "record": record, "errors": errors, "settings": dict(settings or {})}
        given = {**(settings or {}), **({} if errors is None else {"errors": errors})}
        self._given = {name: value for name, value in given.items() if value is not None}
        self.settings = config.settings.resolve(self.registry.project, **self._given)
        self.is_enabled, self._packs_all = self.settings.enabled, self.settings.auto_pack_outputs
        sign: Signer | None = policy.sign_seal if signer == "user" else signer
        full = self.settings.durability == "full"
        self._ledger = Ledger(self.folder, record, sign, full=full)
        self._linker = Linker(self._ledger, self.registry, sign, full=full)
        self._packer = Packer(Writer(self.registry, self.settings, sign), self._ledger, self._linker, record)
        self._pack = self._pack_configured if self._given else self._packer.pack
        self._entered: list[_Block] = []
        self._left_elsewhere = 0
        self._was_entered = False
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[Any, ...]:
        return _remake, (self.folder, self._made_with)

    def __repr__(self) -> str:
        return f"Session({str(self.folder)!r})"

    def __enter__(self) -> Session:
        scope = scratch.scope()
        scope.__enter__()
        outer, inside = _place.get()
        block = _Block(self, scope, outer)
        _blocks.set((*_blocks.get(), block))
        _place.set((self, inside))
        with self._lock:
            self._entered.append(block)
            self._was_entered = True
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        ended, is_last = self._leave()
        try:
            if is_last:
                self.close()
        except Exception as another:
            if error is None:
                raise
            error.add_note(f"The session in {self.folder} could not be closed either: {another}")
        finally:
            for block in ended:
                # Where a framework leaves the block in another context than it was entered in, scratch has nothing to reset there.
                with suppress(ValueError):
                    block.scope.__exit__(None, None, None)

    def _leave(self) -> tuple[list[_Block], bool]:
        """Leave the innermost block of this context; gives the blocks that have ended, and whether they were the last of all contexts.

        Which block is left, where this context is in none, nobody can tell: it ends with the last one.
        """
        blocks = _blocks.get()
        with self._lock:
            ended: list[_Block] = []
            if blocks and blocks[-1].session is self and blocks[-1] in self._entered:
                ended.append(blocks[-1])
                _blocks.set(blocks[:-1])
                _place.set((blocks[-1].outer, _place.get()[1]))
                self._entered.remove(blocks[-1])
            else:
                self._left_elsewhere += 1
            is_last = len(self._entered) <= self._left_elsewhere
            if is_last:
                ended += self._entered
                self._entered, self._left_elsewhere = [], 0
            return ended, is_last

    @property
    def artifacts(self) -> dict[str, Artifact]:
        """The artifacts so far, by key."""
        return {key: output for key, output in self._ledger.outputs.items() if isinstance(output, Artifact)}

    @property
    def results(self) -> dict[str, Any]:
        """The values of the results so far, by key."""
        return {key: output.value for key, output in self._ledger.outputs.items() if isinstance(output, Result)}

    @property
    def bundles(self) -> dict[str, Bundle]:
        """The containers that were itemized so far, by key."""
        return {key: output for key, output in self._ledger.outputs.items() if isinstance(output, Bundle)}

    def pack(self, obj: Any, hint: Hint, *, exist: str = "replace") -> Output:
        """Pack one value. Its links are filled when the session closes.

        Args:
            obj: The value.
            hint: How it is to be logged.
            exist: ``"replace"`` an output of that key whole, or ``"error"``.

        Returns:
            An artifact; a result, where the value is small; a bundle, where it was itemized.

        Raises:
            HintSyntaxError: For a hint that cannot be read.
            PackagersError: Where the value cannot be packed; a group of errors where several of its items cannot.
        """
        parsed = LogHint.parse(hint)
        if exist not in ("replace", "error"):
            raise PackError(f"exist cannot be {exist!r}", remedy="It takes 'replace' or 'error'.")
        if parsed.itemized is not False and is_itemizable(obj):
            return self._pack_items(obj, parsed, exist)
        try:
            output = self._pack(obj, parsed, exist)[0]
        except Exception as error:
            failure = failure_of(error, parsed.key)
            if failure is error:
                raise
            raise failure from error
        self._record_late()
        return output

    def _pack_configured(self, obj: Any, hint: LogHint, exist: str) -> Packed:
        with self.configured():
            return self._packer.pack(obj, hint, exist)

    def _pack_items(self, obj: Any, hint: LogHint, exist: str) -> Output:
        batch = Batch(self._packer, exist)
        with self.configured():
            batch.pack([(0, obj, hint)])
        failures = batch.failures
        if len(failures) == 1:
            raise failures[0]
        if failures:
            raise PackingFailed(_summary(f"items of {hint.key!r}", failures), failures, outputs=Outputs(batch.outputs, obj))
        self._record_late()
        return batch.outputs[hint.key]

    def unpack(self, source: Any, hint: Any = None, **options: Any) -> Any:
        """Unpack a package, file, URL, artifact or data item with this session's registry; see :func:`packagers.unpack`."""
        with self.configured():
            return DataItem(source, registry=self.registry).unpack(hint, **options)

    def pack_returns(self, value: Any, hints: Any, *, final: bool = True) -> Outputs:
        """Pack what a function returned.

        Exactly a ``tuple`` is split into values. A hint of ``None`` drops its value on purpose.

        Args:
            value: What was returned.
            hints: A log hint, or a list of them, one for each value.
            final: Whether links to what is not packed now are left out, with a warning; otherwise they wait until the session closes.

        Returns:
            What was packed, by key, and the value; a stream in it has been used up by packing it, and one that reads the chunks again
            stands in its place.

        Raises:
            PackingFailed: Where values could not be packed; the others were, and stand in its ``outputs``.
        """
        given = hint_list(hints)
        if not (self.is_enabled and (given or self._packs_all) and config.is_logging_worker(self.settings)):
            return Outputs({}, value)
        is_split = type(value) is tuple and not self.settings.pack_tuples
        values = list(value) if is_split else [value] if given or value is not None else []
        batch = Batch(self._packer)
        streams: list[tuple[int, str]] = []
        with self.configured():
            batch.pack(self._jobs(values, given, batch, streams))
        failures, left_out = self._linker.settle(batch.artifacts) if final else ([], [])
        failures = [*batch.failures, *failures]
        packed = batch.outputs
        outputs = Outputs(packed, value)
        for index, key in streams:
            output = packed.get(key)
            if isinstance(output, Artifact) and _is_stream(output):
                values[index] = output.unpack()
                outputs.returned = tuple(values) if is_split else values[0]
        if len(given) > len(values):
            left_out += [
                f"the log hint {(hint.key if isinstance(hint, LogHint) else hint)!r} has no value: {len(values)} were returned"
                for hint in given[len(values) :]
                if hint is not None
            ]
        try:
            if failures or left_out:
                self._report(failures, left_out, outputs)
        finally:
            self._record_late()
        return outputs

    def close(self) -> None:
        """Fill the links that wait and record the results; the session can go on afterwards.

        Raises:
            PackingFailed: Where links cannot be filled, or results not be recorded (a ``results.json`` that is not as it was written
                is not written over).
        """
        failures, left_out = self._linker.settle()
        failures += self._ledger.write()
        if failures or left_out:
            self._report(failures, left_out, Outputs(self._ledger.outputs, None))

    def results_text(self) -> bytes:
        """Give the results so far as the text of a ``results.json``, sealed and signed: for a caller with a record of its own."""
        return self._ledger.text()

    def running(self) -> AbstractContextManager[None]:
        """Say that a function runs whose outputs this session packs: handlers inside of the block do not."""
        return _Running(self)

    def configured(self) -> AbstractContextManager[Any]:
        """Let the settings that this session was given count inside of the block."""
        return config.settings(**self._given) if self._given else _AS_THEY_ARE

    def _record_late(self) -> None:
        """Record what was packed after the last block had ended (by a thread or task that outlives it): nobody else will."""
        if self._was_entered and not self._entered:
            self.close()

    def _jobs(
        self, values: list[Any], given: list[Any], batch: Batch, streams: list[tuple[int, str]]
    ) -> Iterator[tuple[int, Any, LogHint]]:
        """Give each value with its position and hint; enters which of them are iterators."""
        for index, obj in enumerate(values):
            try:
                hint = self._hint_of(given, index)
            except PackagersError as error:
                batch.fail(index, error)
                continue
            if hint is not None:
                if hasattr(type(obj), "__next__"):
                    streams.append((index, hint.key))
                yield index, obj, hint

    def _hint_of(self, given: list[Any], index: int) -> LogHint | None:
        """Give the hint of one returned value; ``None`` drops the value."""
        if index < len(given):
            hint = given[index]
            return hint if hint is None or type(hint) is LogHint else LogHint.parse(hint)
        key = f"{self.settings.auto_pack_key}_{index}"
        if not self.settings.auto_pack_outputs:
            raise PackError(
                f"returned value {index} has no log hint and would be lost",
                remedy=f"Add a hint for it, None to drop it, or set auto_pack_outputs (it would be {key!r}).",
            )
        return LogHint(key)

    def _report(self, failures: list[Exception], left_out: list[str], outputs: Outputs) -> None:
        """Warn of what was left out; raise the failures, or warn of them too."""
        are_warnings = self.settings.errors == "warn"
        try:
            for message in left_out + ([str(failure) for failure in failures] if are_warnings else []):
                warnings.warn(message, PackagersWarning, stacklevel=3)
        finally:  # where warnings are errors, the first of them must not hide the failures
            if failures and not are_warnings:
                raise PackingFailed(_summary("of the outputs", failures), failures, outputs=outputs)


class _Block:
    """One ``with`` block of a session.

    Args:
        session: The session.
        scope: The temporary folders that go when it ends.
        outer: The session around it.
    """

    __slots__ = ("outer", "scope", "session")

    def __init__(self, session: Session, scope: scratch.scope, outer: Session | None) -> None:
        self.session = session
        self.scope = scope
        self.outer = outer


class _Running(AbstractContextManager[None]):
    """A function that runs, and whose outputs a session packs.

    Args:
        session: The session.
    """

    __slots__ = ("_before", "_session")

    def __init__(self, session: Session) -> None:
        self._session = session

    def __enter__(self) -> None:
        self._before = _place.get()
        _place.set((self._session, (*self._before[1], self._session)))

    def __exit__(self, *_: object) -> None:
        _place.set(self._before)


_AS_THEY_ARE = nullcontext()
_place: ContextVar[tuple[Session | None, tuple[Session, ...]]] = ContextVar("packagers_session", default=(None, ()))
"""The session that packs now, and those inside of whose functions this is."""
_blocks: ContextVar[tuple[_Block, ...]] = ContextVar("packagers_blocks", default=())


def packing_session() -> Session | None:
    """Give the session that packs the outputs of a handler that is called now; ``None`` outside of sessions and inside of handlers."""
    session, inside = _place.get()
    return None if session is None or session in inside or not session.is_enabled else session


def hint_list(hints: Any) -> list[Any]:
    """Give log hints as a list: one that stands alone (and what is none: it is refused when it is read), several, or none."""
    if type(hints) is list:
        return hints
    if hints is None:
        return []
    is_one = isinstance(hints, (str, bytes, Mapping, LogHint)) or not isinstance(hints, Iterable)
    return [hints] if is_one else list(hints)


def _summary(what: str, failures: list[Exception]) -> str:
    keys = dict.fromkeys(repr(failure.key) for failure in failures if isinstance(failure, PackagersError) and failure.key)
    named = ", ".join(list(keys)[:_SHOWN]) + (", …" if len(keys) > _SHOWN else "")
    return f"{len(failures)} {what} could not be packed" + (f": {named}" if named else "")


def _is_stream(artifact: Artifact) -> bool:
    return parse(artifact.object_type).name == STREAM


def _remake(folder: Path, arguments: dict[str, Any]) -> Session:
    return Session(folder, **arguments)
