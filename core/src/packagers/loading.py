"""Code of others, run inside a guard: what is broken becomes a reason, and neither a crash nor an exit."""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from packagers.containment import contained
from packagers.errors import PackagersError, PluginLoadWarning

_LONGEST = 400
"""Characters of somebody else's message that ours repeats."""
_TURN = threading.RLock()
_PATIENCE_S = 10.0
"""For how many seconds a thread waits for its turn to import."""


class LoadFailure(PackagersError, ImportError):
    """Something that is registered cannot be loaded; says what, of which distribution, and why."""


@contextmanager
def guarded(what: str, distribution: str, remedy: str | None = None) -> Iterator[None]:
    """Turn whatever the code of a plugin raises into one kind of error.

    Args:
        what: What failed if something does, without the cause.
        distribution: Whose code it is.
        remedy: What to do then.

    Raises:
        LoadFailure: For every exception, ``SystemExit`` too; ``KeyboardInterrupt`` alone passes.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise LoadFailure(f"{what}: {cause_of(error)}", distribution=distribution, remedy=remedy) from error


@contextmanager
def imported(what: str, distribution: str, remedy: str | None = None) -> Iterator[list[str]]:
    """Import or start the code of a plugin: as :func:`guarded`, and what it changes of the process is put back.

    Args:
        what: As above, as is what follows.
        distribution: Whose code it is.
        remedy: What to do then.

    Returns:
        What it did that it should not, known when the block has ended.

    Raises:
        LoadFailure: For every exception but the ``KeyboardInterrupt`` of somebody who pressed a key.

    Warns:
        PluginLoadWarning: Where it changed something.
    """
    faults: list[str] = []
    with guarded(what, distribution, remedy), contained() as changes:
        yield faults
    if changes.names:
        faults.append(f"it changed {changes}, which was put back")
        warnings.warn(f"importing a part of {distribution} went well, but {faults[0]}", PluginLoadWarning, stacklevel=4)


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Let one thread at a time import the code of plugins: it is started once, however many threads ask for it at once.

    Nobody waits for ever, for the import of one may wait for a module that another is in the middle of importing.
    """
    is_ours = _TURN.acquire(timeout=_PATIENCE_S)
    try:
        yield
    finally:
        if is_ours:
            _TURN.release()


def cause_of(error: BaseException) -> str:
    """Say in one bounded line what an exception is.

    >>> cause_of(ValueError(f"two {chr(10)} lines"))
    'ValueError: two lines'
    """
    try:
        text = " ".join(str(error).split())
    except Exception:  # noqa: BLE001 - the exception is somebody else's, its __str__ too
        text = ""
    text = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def load_reference(reference: str, root: Path | None = None) -> Any:
    """Import what ``"module"``, ``"module:Class"`` or ``"module:Class [extra]"`` names.

    Args:
        reference: What to import.
        root: A project folder that is importable from then on, before all others.
    """
    module, _, names = reference.partition("[")[0].partition(":")
    if root is not None:
        make_importable(root)
    found: Any = import_module(module.strip())
    for name in names.strip().split("."):
        found = getattr(found, name) if name else found
    return found


def make_importable(root: Path) -> None:
    """Make the modules of a project folder importable from now on, before all others."""
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))


def with_colon(reference: str) -> str:
    """Give a reference in its one form: ``"pkg.mod.Class"`` is ``"pkg.mod:Class"``.

    >>> with_colon("pkg.mod.Class"), with_colon("pkg.mod : Outer.Inner [extra]")
    ('pkg.mod:Class', 'pkg.mod:Outer.Inner')
    """
    text = "".join(reference.partition("[")[0].split())
    module, _, name = text.rpartition(".")
    return text if ":" in text or not module else f"{module}:{name}"
