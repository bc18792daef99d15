"""What a handler prints and logs, taken for its run alone and shown where it would have been shown anyway.

The streams of a process are shared by all of its runs, so one pair of stand-ins passes each text on to the run of the context that
prints: threads and asyncio tasks never see each other's. A thread that a handler starts without copying its context belongs to no run.
"""

from __future__ import annotations

import codecs
import io
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TextIO

Sink = Callable[[str], object]
"""Takes text as it comes, not line by line."""

_FORMAT = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
_DRAIN_S = 1.0
"""How long the end of a run waits for what its children still print."""

_sink: ContextVar[Sink | None] = ContextVar("packagers_runs_sink", default=None)


class _Stream(io.TextIOBase):
    """Stands in for a stream: gives text to the run that prints it, and to the stream.

    Args:
        inner: The stream.
    """

    def __init__(self, inner: TextIO) -> None:
        self.inner = inner

    def write(self, text: str) -> int:
        sink = _sink.get()
        if sink is not None:
            sink(text)
        return self.inner.write(text)

    def flush(self) -> None:
        self.inner.flush()

    def close(self) -> None:
        """Not close the stream of the process; this one goes when no run needs it."""

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self.inner.isatty()

    def fileno(self) -> int:
        return self.inner.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self.inner.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        return self.inner.errors

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


class _Handler(logging.Handler):
    """Gives what is logged to the run that logs it, unless it comes by way of a stream that stands in."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(_FORMAT)

    def emit(self, record: logging.LogRecord) -> None:
        sink = _sink.get()
        if sink is None or any(_is_ours(handler) for handler in logging.getLogger().handlers):
            return
        try:
            sink(f"{self.format(record)}\n")
        except Exception:  # noqa: BLE001 - as every handler: what cannot be logged is told by logging's own rule
            self.handleError(record)


class _Installed:
    """The stand-ins of the process; there while some run needs them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._streams: dict[str, _Stream] = {}
        self._handler = _Handler()

    def __enter__(self) -> None:
        with self._lock:
            self._users += 1
            for name in ("stdout", "stderr"):
                inner = getattr(sys, name)
                if inner is not None and not isinstance(inner, _Stream):  # somebody may have put another stream in since
                    self._streams[name] = _Stream(inner)
                    setattr(sys, name, self._streams[name])
            if self._users == 1:
                logging.getLogger().addHandler(self._handler)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._users -= 1
            if self._users:
                return
            for name, stream in self._streams.items():
                if getattr(sys, name) is stream:
                    setattr(sys, name, stream.inner)
            self._streams.clear()
            logging.getLogger().removeHandler(self._handler)


_installed = _Installed()


@contextmanager
def captured(sink: Sink) -> Iterator[None]:
    """Give what is printed and logged inside of the block, in its context, to a sink too.

    Args:
        sink: Called with each text, from the thread that prints it.
    """
    with _installed:
        token = _sink.set(sink)
        try:
            yield
        finally:
            _sink.reset(token)


@contextmanager
def descriptors(sink: Sink) -> Iterator[None]:
    """Give all that this process prints inside of the block to a sink, and to nothing else: what C code and child processes print, too.

    Args:
        sink: Called with each text, from a thread.
    """
    reading, writing = os.pipe()
    kept = os.dup(1), os.dup(2)
    for number in (1, 2):
        os.dup2(writing, number)
    os.close(writing)
    reader = threading.Thread(target=_pass_on, args=(reading, sink), name="packagers-runs-log", daemon=True)
    reader.start()
    handler = logging.StreamHandler()
    handler.setFormatter(_FORMAT)
    logging.getLogger().addHandler(handler)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        for number, old in zip((1, 2), kept, strict=True):
            os.dup2(old, number)
            os.close(old)
        reader.join(_DRAIN_S)  # a child that goes on holds the pipe open


def _pass_on(reading: int, sink: Sink) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
    with open(reading, "rb", buffering=0) as pipe:
        while data := pipe.read(1 << 16):
            sink(decoder.decode(data))
    sink(decoder.decode(b"", final=True))


def _is_ours(handler: logging.Handler) -> bool:
    return isinstance(getattr(handler, "stream", None), _Stream)
