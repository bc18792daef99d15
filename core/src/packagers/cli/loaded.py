"""Every plugin loaded inside a guard, for the commands that say which ones work."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packagers.cli.options import registry_of
from packagers.loading import LoadFailure

if TYPE_CHECKING:
    from packagers.discovery import Extension
    from packagers.registration import Registration
    from packagers.registry import Registry

_SHOWN = 200


class Loading:
    """What was seen while something was loaded.

    Attributes:
        faults: What it did that it should not.
        seconds: How long it took.
    """

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.seconds = 0.0

    def state(self) -> dict[str, Any]:
        """Say how something is that can be used."""
        return {"state": "careless" if self.faults else "ok", "reason": "; ".join(self.faults), "seconds": round(self.seconds, 3)}


class Loaded:
    """What is installed and registered, every part of it loaded.

    Args:
        project: The project whose packagers count too.

    Attributes:
        registry: The registry.
        packagers: What is to be said of each packager. ``state`` is ``ok``, ``off`` or ``broken``, or ``careless`` where it can be used
            and has done what it should not; ``reason`` says why.
        hooks: The same of each hook module.
        unreadable: Distributions that are left out, and why.
    """

    def __init__(self, project: Path | None) -> None:
        from packagers.choice import preferences
        from packagers.config import read_project, settings
        from packagers.discovery import scan
        from packagers.errors import PackagersWarning

        read = None if project is None else read_project(project)
        disabled = preferences((), settings.get("disable", read)).disable
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PackagersWarning)  # what is broken stands in what is given
            installed = scan()
            found = installed.hooks
            first = {hook: _import_hook(hook) for hook in found if hook.distribution not in disabled}
            with _watched():
                self.registry = registry_of(project)
            self.hooks = [{**hook_facts(hook), **_hook_state(hook, first.get(hook), self.registry)} for hook in found]
            self.unreadable = [each._asdict() for each in installed.unreadable]
            self.packagers = [{**facts(registration), **_state(registration, self.registry)} for registration in self.registry]


def facts(registration: Registration) -> dict[str, Any]:
    """Say what a registration says of itself, without importing anything."""
    path = registration.path
    return {
        "type": registration.type_path if path is None else str(path),
        "label": path.label if path else "",
        "malformed": path is None,
        "distribution": registration.distribution,
        "version": registration.version,
        "reference": registration.reference,
        "origin": registration.origin,
    }


def hook_facts(hook: Extension) -> dict[str, Any]:
    """Say what the entry point of a hook module says, without importing it."""
    return {"name": hook.name, "distribution": hook.distribution, "version": hook.version, "reference": hook.reference}


def _state(registration: Registration, registry: Registry) -> dict[str, Any]:
    """Import a packager inside a guard; one that is switched off is left alone."""
    nothing: dict[str, Any] = {"packs": [], "unpacks": [], "priority": None}
    if registry.is_disabled(registration.distribution):
        return {**nothing, **_OFF}
    try:
        with _watched() as seen:
            packager = registry.instance(registration)
        seen.faults += registration.faults
        return {
            "packs": list(packager.artifact_types("pack")),
            "unpacks": list(packager.artifact_types("unpack")),
            "priority": registration.priority,
            **seen.state(),
        }
    except LoadFailure as failure:
        return {**nothing, **_broken(str(failure.args[0]))}


def _import_hook(hook: Extension) -> Loading:
    """Import a hook module by itself, so that what is seen meanwhile is its doing; its failures are for the registry to tell."""
    with contextlib.suppress(LoadFailure), _watched() as seen:
        seen.faults += hook.load()[1]
    return seen


def _hook_state(hook: Extension, seen: Loading | None, registry: Registry) -> dict[str, Any]:
    if seen is None:
        return _OFF
    name = f"{hook.distribution}:{hook.name}"
    if name in registry.hooks.broken:
        return _broken(registry.hooks.broken[name])
    seen.faults += [fault for fault in registry.hooks.faults.get(name, ()) if fault not in seen.faults]
    return seen.state()


_OFF: dict[str, Any] = {"state": "off", "reason": "switched off by the setting 'disable'", "seconds": 0.0}


def _broken(reason: str) -> dict[str, Any]:
    return {"state": "broken", "reason": reason, "seconds": 0.0}


@contextmanager
def _watched() -> Iterator[Loading]:
    """Watch what is imported: how long it takes, and what it prints, which goes to standard error."""
    seen = Loading()
    started = time.monotonic()
    with tempfile.TemporaryFile() as file:
        try:
            with _stdout_to(file.fileno()):
                yield seen
        finally:
            seen.seconds = time.monotonic() - started
            file.seek(0)
            text = file.read().decode("utf-8", "replace")
            if text:
                sys.stderr.write(text)
                shown = " ".join(text.split())
                seen.faults.append(f"it printed {shown[:_SHOWN]!r}")


@contextmanager
def _stdout_to(target: int) -> Iterator[None]:
    """Send standard output to a file, that of Python and that of everything else."""
    sys.stdout.flush()
    try:
        saved = os.dup(1)
    except OSError:  # closed
        saved = None
    try:
        if saved is not None:
            os.dup2(target, 1)
        with os.fdopen(os.dup(target), "w", encoding="utf-8", errors="backslashreplace") as stream, contextlib.redirect_stdout(stream):
            yield
    finally:
        if saved is not None:
            os.dup2(saved, 1)
            os.close(saved)
