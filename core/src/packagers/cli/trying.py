"""The process in which plugins are loaded one by one: what ends it, or never ends, harms nobody else, and it is known where that was.

It tells on standard output of each part that it begins and of how that went, in one line of JSON each. What plugins print goes elsewhere.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from packagers.containment import dedicate
from packagers.errors import PackagersWarning
from packagers.loading import LoadFailure, cause_of

if TYPE_CHECKING:
    from packagers.discovery import Extension
    from packagers.registration import Registration

_SHOWN = 200
_MOST_PRINTED = 100_000
_OFF: dict[str, Any] = {"state": "off", "reason": "switched off by the setting 'disable'", "seconds": 0.0}
_NOTHING: dict[str, Any] = {"packs": [], "unpacks": [], "priority": None}


class Part(NamedTuple):
    """Something that is loaded by itself.

    Attributes:
        kind: ``hook``, ``packager``, or ``name`` for a type that a project's file names.
        facts: What is known of it without loading it; together with the kind, what it is called.
        load: Loads it, and gives its state.
    """

    kind: str
    facts: dict[str, Any]
    load: Callable[[], dict[str, Any]]


class Watched:
    """What was seen while something was loaded.

    Attributes:
        faults: What it did that it should not.
        seconds: How long it took.
        printed: What it printed.
        has_threads: Whether it left threads running.
    """

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.seconds = 0.0
        self.printed = ""
        self.has_threads = False

    def state(self) -> dict[str, Any]:
        """Say how something is that can be used."""
        return {"state": "careless" if self.faults else "ok", "reason": "; ".join(self.faults), **self.seen()}

    def broken(self, reason: str) -> dict[str, Any]:
        """Say how something is that cannot be used."""
        return {"state": "broken", "reason": reason, **self.seen()}

    def seen(self) -> dict[str, Any]:
        """Give what was seen besides faults."""
        return {"seconds": round(self.seconds, 3), "printed": self.printed, "has_threads": self.has_threads}


def main(job: Mapping[str, Any]) -> None:
    """Load what a job names, tell of each part, and end this process, whatever threads plugins have left in it.

    Args:
        job: ``project``, its folder or ``None``; ``disable``, distributions that are switched off; ``names`` of types; ``told``, the state
            of each part that an earlier process has told of, by :func:`title`; ``hanging``, the modules that never came to their end.
    """
    dedicate()
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)

    def tell(line: Mapping[str, Any]) -> None:
        channel.write(json.dumps(line).encode() + b"\n")
        channel.flush()

    warnings.simplefilter("ignore", PackagersWarning)  # what is broken stands in what is told
    for part in _parts(job):
        if part.kind != "hook" and title(part.kind, part.facts) in job["told"]:
            continue
        tell({"kind": part.kind, "facts": part.facts})
        try:
            state = part.load()
        except BaseException as error:  # noqa: BLE001 - nobody presses keys here
            state = {**_NOTHING, **Watched().broken(cause_of(error))}
        tell(state)
        if part.kind != "hook" and state.get("has_threads"):
            break  # what follows would be looked after less well, and may be for these threads to spoil
    else:
        tell({"is_whole": True})
    os._exit(0)


def title(kind: str, facts: Mapping[str, Any]) -> str:
    """Give what a part is called between the processes."""
    return json.dumps([kind, facts], sort_keys=True)


def _parts(job: Mapping[str, Any]) -> Iterator[Part]:
    """Give hook modules, then all that is registered, by them too, then the types that a project's file names."""
    from packagers.cli.loaded import facts, hook_facts
    from packagers.config import read_project
    from packagers.discovery import scan
    from packagers.registry import declared
    from packagers.shelf import Shelf

    registered = declared(None if job["project"] is None else read_project(job["project"]))
    for hook in scan().hooks:
        told = job["told"].get(title("hook", hook_facts(hook)))
        if hook.distribution in job["disable"]:
            yield Part("hook", hook_facts(hook), lambda: _OFF)
        elif told is None or told["state"] != "broken":
            yield Part("hook", hook_facts(hook), lambda hook=hook: _load_hook(hook, registered))  # type: ignore[misc]
    for registration in Shelf(registered):
        load = lambda each=registration: _load(each, job)  # noqa: E731 - bound to this one
        yield Part("packager", facts(registration), load)
    for name in job["names"]:
        yield Part("name", {"name": name}, lambda name=name: {"reason": _missing(name)})  # type: ignore[misc]


def _load(registration: Registration, job: Mapping[str, Any]) -> dict[str, Any]:
    """Import a packager inside a guard; one that is switched off is left alone."""
    from packagers.discovery import canonical_name

    if canonical_name(registration.distribution) in job["disable"]:
        return {**_NOTHING, **_OFF}
    module = registration.reference.partition(":")[0]
    if module in job["hanging"]:
        return {**_NOTHING, **Watched().broken(f"it was not tried: its module {module} {job['hanging'][module]}")}
    seen = Watched()
    try:
        with _watched(seen):
            packager = registration.make()
        seen.faults += registration.faults
        return {
            "packs": list(packager.artifact_types("pack")),
            "unpacks": list(packager.artifact_types("unpack")),
            "priority": registration.priority,
            **seen.state(),
        }
    except LoadFailure as failure:
        return {**_NOTHING, **seen.broken(str(failure.args[0]))}


def _load_hook(hook: Extension, registered: list[Registration]) -> dict[str, Any]:
    """Load a hook module by itself, and add what it registers."""
    from packagers.hooks import Hooks
    from packagers.registration import CORE

    seen = Watched()
    with _watched(seen):
        hooks = Hooks([hook])
        made = hooks.registrations()
    registered += [registration for registration in made if registration.distribution != CORE]
    for reason in hooks.broken.values():
        return seen.broken(reason)
    seen.faults += [fault for faults in hooks.faults.values() for fault in dict.fromkeys(faults)]
    return seen.state()


def _missing(name: str) -> str:
    """Say why no class of a name is found, importing what the user's own file names; empty where one is."""
    import importlib.util

    from packagers.loading import imported
    from packagers.typepath import lookup

    parts = name.split(".")
    if lookup(name) is not None:
        return ""
    if len(parts) == 1:
        return "there is no such built-in class"
    if importlib.util.find_spec(parts[0]) is None:
        return f"there is no module {parts[0]!r}"
    try:
        for end in range(1, len(parts)):
            with imported(f"{'.'.join(parts[:end])} cannot be imported", "a library"):
                importlib.import_module(".".join(parts[:end]))
    except LoadFailure as failure:
        if not isinstance(failure.__cause__, ModuleNotFoundError):
            return str(failure.args[0])
    return "" if lookup(name) is not None else "no module shows a class of that name"


@contextmanager
def _watched(seen: Watched) -> Iterator[None]:
    """Watch what is imported: how long it takes, what it prints, and what it leaves running."""
    started = time.monotonic()
    threads = threading.enumerate()
    with tempfile.TemporaryFile() as file:
        try:
            with _stdout_to(file.fileno()):
                yield
        finally:
            seen.seconds = time.monotonic() - started
            file.seek(0)
            seen.printed = file.read(_MOST_PRINTED).decode("utf-8", "replace")
            if seen.printed:
                shown = " ".join(seen.printed.split())
                seen.faults.append(f"it printed {shown[:_SHOWN]!r}")
            left = [thread.name for thread in threading.enumerate() if thread not in threads and thread.is_alive()]
            if left:
                seen.has_threads = True
                seen.faults.append(f"it left {len(left)} thread{'s' if len(left) > 1 else ''} running: {', '.join(left)[:_SHOWN]}")


@contextmanager
def _stdout_to(target: int) -> Iterator[None]:
    """Send standard output to a file, that of Python and that of everything else."""
    saved = os.dup(1)
    try:
        os.dup2(target, 1)
        with os.fdopen(os.dup(target), "w", encoding="utf-8", errors="backslashreplace") as stream, contextlib.redirect_stdout(stream):
            yield
    finally:
        os.dup2(saved, 1)
        os.close(saved)
