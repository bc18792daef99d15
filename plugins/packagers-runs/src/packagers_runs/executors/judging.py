"""Whether an iteration that is still being done is worth its time: workers of this machine ask the process of the run, which answers.

They talk over a socket of :mod:`multiprocessing.connection`, each with the key that came with the work; numbers go over it, and no pickle.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import secrets
import threading
from collections.abc import Callable, Iterator
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener, answer_challenge, deliver_challenge
from typing import Any

from attrs import field, frozen

_LONGEST = 1000
_YES, _NO = b"yes", b"no"
_turn = threading.Lock()

Judge = Callable[[int, int, float], bool]
"""Takes the number of an iteration, a step and how it does there; tells whether it is to be pruned."""


@frozen
class Asker:
    """Asks the process of the run; where that cannot be reached, no iteration is pruned.

    Attributes:
        address: Where it listens.
        key: What proves who asks.
    """

    address: Any
    key: bytes = field(repr=False)

    def __call__(self, iteration: int, step: int, value: float) -> bool:
        """Ask."""
        try:
            with _turn:
                connection = _connected(self, os.getpid())
                connection.send_bytes(json.dumps([iteration, step, value]).encode())
                return connection.recv_bytes(_LONGEST) == _YES
        except (OSError, EOFError, AuthenticationError):
            return False


@functools.lru_cache(maxsize=1)
def _connected(asker: Asker, process: int) -> Connection:
    return Client(asker.address, authkey=asker.key)


@contextlib.contextmanager
def answering(judge: Judge) -> Iterator[Asker]:
    """Answer inside of the block; gives what workers ask with.

    Args:
        judge: What is answered; it is asked in threads, one at a time for each worker.
    """
    key = secrets.token_bytes(32)
    with Listener() as listener:
        is_over = threading.Event()

        def accept() -> None:
            while not is_over.is_set():
                with contextlib.suppress(OSError):
                    arguments = (listener.accept(), key, judge, is_over)
                    threading.Thread(target=_answer, args=arguments, name="packagers-runs-judge", daemon=True).start()

        thread = threading.Thread(target=accept, name="packagers-runs-judges", daemon=True)
        thread.start()
        try:
            yield Asker(listener.address, key)
        finally:
            is_over.set()
            with contextlib.suppress(OSError):
                Client(listener.address).close()  # wakes the thread, if it waits
            thread.join()


def _answer(connection: Connection, key: bytes, judge: Judge, is_over: threading.Event) -> None:
    with connection, contextlib.suppress(OSError, EOFError, AuthenticationError):
        deliver_challenge(connection, key)
        answer_challenge(connection, key)
        while True:
            iteration, step, value = json.loads(connection.recv_bytes(_LONGEST))
            if is_over.is_set():
                return
            try:
                is_hopeless = judge(iteration, step, value)
            except Exception:  # noqa: BLE001 - a stranger's strategy; who is in doubt goes on
                is_hopeless = False
            connection.send_bytes(_YES if is_hopeless else _NO)
