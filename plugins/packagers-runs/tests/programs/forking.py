"""Go on with an open store in forked processes, and in the parent: ``forking.py URL ARTIFACTS``; the exit status tells how it went."""

from __future__ import annotations

import os
import sys

from packagers_runs.runstore import Store, connect


def run(store: Store, number: int) -> None:
    document = {"metadata": {"uid": f"{number:032x}"}, "status": {"state": "running"}}
    attempt = store.begin(document, owned=False)
    store.write(attempt, {**document, "status": {"state": "completed"}})


if __name__ == "__main__":
    store = connect(sys.argv[1], sys.argv[2])
    run(store, 1)
    children = []
    for number in range(4):
        child = os.fork()
        if not child:
            for index in range(5):
                run(store, 100 + 10 * number + index)
            os._exit(0)
        children.append(child)
    for index in range(5):
        run(store, 2 + index)
    statuses = [os.waitpid(child, 0)[1] for child in children]
    assert statuses == [0] * 4
    assert len(store.documents(state="completed")) == 26
    store.close()
