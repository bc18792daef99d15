"""Any order of packing, overwriting, reading, removing, linking and failing calls leaves in a folder what a simple model says."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

import packagers
from packagers import LogHint, PackagersError, Session, litter
from packagers.draft import remove_package, version_of
from packagers.package import Package

KEYS = st.sampled_from(["a", "b", "é"])
CONTENT = st.one_of(
    st.integers(0, 99).map(lambda n: ("bytes", n)),
    st.integers(0, 99).map(lambda n: ("container", n)),
    st.integers(0, 99).map(lambda n: ("result", n)),
    st.integers(0, 99).map(lambda n: ("stream", n)),
)
CALLS = ("open", "mkdir", "replace", "unlink", "rmdir", "listdir", "scandir", "stat")
GONE = object()
KILLS: list[int] = []
"""How the processes ended that were to be killed."""


def value_of(content: tuple[str, int]) -> Any:
    kind, n = content
    return {"bytes": bytes([n]) * 50, "container": {"n": [bytes([n]) * 5, n]}, "result": n, "stream": [n, n]}[kind]


class Folder(RuleBasedStateMachine):
    """One folder, and for each key the values that may stand there: one, or after a failure the old one or the new one."""

    @initialize()
    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.model: dict[str, list[Any]] = {}

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder)

    def pack(self, key: str, content: tuple[str, int]) -> None:
        value = value_of(content)
        hint = LogHint(key) if content[0] == "result" else LogHint(key, artifact_type="file")
        with Session(self.folder) as session:
            session.pack(iter(value) if content[0] == "stream" else value, hint)

    @rule(key=KEYS, content=CONTENT)
    def packs(self, key: str, content: tuple[str, int]) -> None:
        self.pack(key, content)
        self.model[key] = [value_of(content)]
        if (self.folder / key / "manifest.json").exists():
            payload = Package.open(self.folder / key).manifest.payload
            left = {path.name for path in (self.folder / key).iterdir()} - {"manifest.json", payload}
            assert not left, f"packing leaves litter of others: {left}"

    @precondition(lambda self: hasattr(os, "fork"))
    @rule(key=KEYS, content=CONTENT, call=st.sampled_from(CALLS), number=st.integers(1, 6))
    def is_killed_while_it_packs(self, key: str, content: tuple[str, int], call: str, number: int) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of forking beside other threads
            child = os.fork()
        if child == 0:
            try:
                self.at_call(pytest.MonkeyPatch(), call, number, lambda: os.kill(os.getpid(), signal.SIGKILL))
                self.pack(key, content)
                os._exit(0)
            finally:
                os._exit(1)
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        self.model[key] = [value_of(content)] if ended == 0 else [*self.model.get(key, [GONE]), value_of(content)]
        KILLS.append(ended)

    @rule()
    def cleans(self) -> None:
        for found in list(litter.in_packages(self.folder)):
            assert litter.remove(found) == found.certain
        assert not [found for found in litter.in_packages(self.folder) if found.certain]

    def at_call(self, patch: pytest.MonkeyPatch, call: str, number: int, act: Callable[[], None]) -> None:
        """Do something at one of the calls of a function of ``os`` that concern the folder."""
        real, seen = getattr(os, call), [0]

        def acting(path: Any = ".", *arguments: Any, **options: Any) -> Any:
            if str(self.folder) in str(path):
                seen[0] += 1
                if seen[0] == number:
                    act()
            return real(path, *arguments, **options)

        patch.setattr(os, call, acting)

    @rule(key=KEYS, content=CONTENT, call=st.sampled_from(CALLS), number=st.integers(1, 12), error=st.sampled_from(["ENOSPC", "EIO"]))
    def packs_while_a_call_fails(self, key: str, content: tuple[str, int], call: str, number: int, error: str) -> None:
        def fail() -> None:
            raise OSError(getattr(errno, error), error, str(self.folder))

        with pytest.MonkeyPatch.context() as patch:
            self.at_call(patch, call, number, fail)
            try:
                self.pack(key, content)
            except PackagersError:
                self.model[key] = [*self.model.get(key, [GONE]), value_of(content)]
            else:
                self.model[key] = [value_of(content)]

    @rule(key=KEYS, n=st.integers(0, 99))
    def packs_with_a_packager_that_fails(self, key: str, n: int) -> None:
        def chunks() -> Any:
            yield n
            raise ValueError("the source is gone")

        with pytest.raises(PackagersError):
            packagers.pack(chunks(), key, self.folder)

    @rule(first=KEYS, second=KEYS, n=st.integers(0, 99))
    def links(self, first: str, second: str, n: int) -> None:
        if first == second:
            return
        with Session(self.folder) as session:
            session.pack(bytes([n]) * 9, LogHint(first, artifact_type="file", extra_data={"it": {"$link": second}}))
            session.pack(n, second)
        self.model[first], self.model[second] = [bytes([n]) * 9], [n]
        assert Package.open(self.folder / first).manifest.extra_data["it"]["value"] == n

    @rule(key=KEYS)
    def removes(self, key: str) -> None:
        with Session(self.folder) as session:
            session.pack(b"", LogHint(key, artifact_type="file"))  # takes away a result of that key
        remove_package(self.folder / key, version_of(self.folder / key))
        self.model[key] = [GONE]

    @invariant()
    def what_stands_there_is_what_the_model_says(self) -> None:
        for key, allowed in getattr(self, "model", {}).items():
            try:
                found = packagers.unpack(self.folder / key)
                found = list(found) if hasattr(found, "__next__") else found
            except PackagersError as error:
                if "there is nothing here" not in str(error) and "hint" not in str(error):
                    raise
                found = GONE
            assert any(found is each or found == each for each in allowed), (key, found, allowed)
            self.model[key] = [found]


@pytest.mark.parametrize(("examples", "steps"), [(25, 12), pytest.param(1000, 40, marks=pytest.mark.long)])
def test_a_folder_does_what_the_model_does(figure: Any, examples: int, steps: int) -> None:
    figure("concurrency", f"sequences of up to {steps} packings, readings, removals and crashes", points=examples, violations=0)
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        derandomize=examples < 1000,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    KILLS.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", packagers.PackagersWarning)
        run_state_machine_as_test(Folder, settings=chosen)  # type: ignore[no-untyped-call]
    assert -signal.SIGKILL in KILLS
    assert set(KILLS) <= {0, -signal.SIGKILL}
