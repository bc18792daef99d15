"""What is printed and logged goes to the run that does so, and to where it went before."""

from __future__ import annotations

import asyncio
import contextvars
import io
import logging
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from packagers_runs.running.capture import captured


def test_prints_of_a_block_are_taken_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    taken: list[str] = []
    before = sys.stdout, sys.stderr
    with captured(taken.append):
        print("one")
        print("two", file=sys.stderr)
    print("three")
    assert "".join(taken) == "one\ntwo\n"
    assert capsys.readouterr() == ("one\nthree\n", "two\n")
    assert (sys.stdout, sys.stderr) == before


def test_blocks_nest_and_the_inner_one_takes(capsys: pytest.CaptureFixture[str]) -> None:
    outer: list[str] = []
    inner: list[str] = []
    with captured(outer.append):
        print("a")
        with captured(inner.append):
            print("b")
        print("c")
    assert ("".join(outer), "".join(inner)) == ("a\nc\n", "b\n")
    assert capsys.readouterr().out == "a\nb\nc\n"


def test_threads_never_mix(capsys: pytest.CaptureFixture[str]) -> None:
    meet = threading.Barrier(8)

    def work(number: int) -> str:
        taken: list[str] = []
        with captured(taken.append):
            meet.wait()
            for line in range(50):
                print(number, line)
            meet.wait()
        return "".join(taken)

    with ThreadPoolExecutor(8) as pool:
        for number, text in enumerate(pool.map(work, range(8))):
            assert text == "".join(f"{number} {line}\n" for line in range(50))
    assert len(capsys.readouterr().out.splitlines()) == 400


def test_tasks_never_mix(capsys: pytest.CaptureFixture[str]) -> None:
    async def work(number: int) -> str:
        taken: list[str] = []
        with captured(taken.append):
            for line in range(20):
                print(number, line)
                await asyncio.sleep(0)
        return "".join(taken)

    async def all_of_them() -> list[str]:
        return await asyncio.gather(*(work(number) for number in range(32)))

    for number, text in enumerate(asyncio.run(all_of_them())):
        assert text == "".join(f"{number} {line}\n" for line in range(20))
    capsys.readouterr()


def test_a_thread_belongs_to_the_run_whose_context_it_copies(capsys: pytest.CaptureFixture[str]) -> None:
    taken: list[str] = []
    with captured(taken.append):
        for target in (contextvars.copy_context().run, lambda function: function()):
            thread = threading.Thread(target=target, args=(lambda: print("said"),))
            thread.start()
            thread.join()
    assert taken == ["said", "\n"]
    assert capsys.readouterr().out == "said\nsaid\n"


def test_what_is_logged_is_taken_once(capsys: pytest.CaptureFixture[str]) -> None:
    taken: list[str] = []
    logger = logging.getLogger("some.library")
    with captured(taken.append):
        logger.warning("a %s", "warning")
    logger.warning("outside")
    assert "".join(taken).endswith("WARNING some.library: a warning\n")
    assert len(taken) == 1
    with captured(taken.append):
        handler = logging.StreamHandler()  # holds the stream that stands in
        logging.getLogger().addHandler(handler)
        try:
            logger.warning("through a stream")
        finally:
            logging.getLogger().removeHandler(handler)
    assert "".join(taken).count("through a stream") == 1
    capsys.readouterr()


def test_a_stream_that_somebody_put_in_meanwhile_stays() -> None:
    before, mine = sys.stdout, io.StringIO()
    try:
        with captured(lambda text: None):
            sys.stdout = mine
            print("there")
        assert sys.stdout is mine
        assert mine.getvalue() == "there\n"
    finally:
        sys.stdout = before


def test_a_block_that_raises_puts_everything_back(capsys: pytest.CaptureFixture[str]) -> None:
    before, handlers = sys.stdout, list(logging.getLogger().handlers)
    taken: list[str] = []

    def work() -> None:
        with captured(taken.append):
            print("said")
            raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        work()
    assert (sys.stdout, logging.getLogger().handlers) == (before, handlers)
    assert taken == ["said", "\n"]
    capsys.readouterr()


def test_the_stand_in_is_like_the_stream() -> None:
    inner = sys.stdout
    with captured(lambda text: None):
        assert sys.stdout is not inner
        assert sys.stdout.encoding == inner.encoding
        assert sys.stdout.errors == inner.errors
        assert sys.stdout.isatty() == inner.isatty()
        assert sys.stdout.buffer is inner.buffer
        sys.stdout.close()
        sys.stdout.writelines(["x", ""])
    assert not inner.closed


def test_without_streams_nothing_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with captured(lambda text: None):
        print("to nowhere")
    assert sys.stdout is None
