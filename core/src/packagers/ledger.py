"""What a session has packed, by key, and the writing down of its results."""

from __future__ import annotations

import copy
import os
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import NoneType
from typing import Any, Literal, NamedTuple, cast

from packagers import results
from packagers.artifact import Artifact, Bundle, Result
from packagers.durable import make_folder
from packagers.errors import PackError
from packagers.loghint import LogHint
from packagers.manifest import NAME, Written
from packagers.names import did_you_mean, fold
from packagers.package import Signer
from packagers.source import url_of

Output = Artifact | Result | Bundle
Record = bool | Literal["packages", "structures"]
_TURNS = 16
"""Among how many locks the keys are divided: who enters one seldom waits for who enters another."""
ATOMS: frozenset[type[Any]] = frozenset({int, float, bool, str, bytes, NoneType, complex})
"""The classes of what cannot change."""


class Entry(NamedTuple):
    """One output of a session.

    Attributes:
        output: The output.
        written: By which packager a result was recorded, as what type, or the shape of a bundle; ``None`` for an artifact.
        value: Its typed JSON.
        root: The folder in which it stands.
    """

    output: Output
    written: Written | None
    value: Any
    root: Path

    @property
    def recorded(self) -> results.Recorded | None:
        """What is recorded of it: of a result its value, of a bundle its shape."""
        return None if self.written is None else results.Recorded(self.written, self.value)


class Ledger:
    """The outputs of one session.

    Several threads may pack with one session. Whoever makes a key visible takes its turn first: so what is entered last is what stands
    on the disk, and a key that was free is free still. No code of others runs meanwhile, so that nobody waits for ever.

    Args:
        folder: Where they go, unless a hint has an ``artifact_path``.
        record: Whether results are written to ``results.json``; ``"packages"`` says that each has been written as a package,
            ``"structures"`` that shapes have been, and results are the caller's.
        signer: Signs the results.
        full: Whether they survive a loss of power.
    """

    def __init__(self, folder: Path, record: Record, signer: Signer | None, *, full: bool) -> None:
        self.folder = folder
        self._record = record
        self._signer = signer
        self._full = full
        self._entries: dict[str, _Kept] = {}
        self._changed: set[str] = set()
        self._turns: dict[int, threading.RLock] = {}
        self._lock = threading.RLock()

    @property
    def outputs(self) -> Mapping[str, Output]:
        """The outputs by key, in the order in which they were packed."""
        with self._lock:
            return {output.key: output for output, *_ in self._entries.values()}

    def turn(self, folded: str) -> threading.RLock:
        """Give what keeps all other threads from entering outputs under a folded key as long as it is held."""
        number = hash(folded) % _TURNS
        return self._turns.get(number) or self._turns.setdefault(number, threading.RLock())

    @contextmanager
    def turns(self, folded: Iterable[str]) -> Iterator[None]:
        """Keep all other threads from entering outputs under some folded keys."""
        with ExitStack() as held:
            by_number = {hash(each) % _TURNS: each for each in folded}
            for number in sorted(by_number):  # two that wait take them in one order
                held.enter_context(self.turn(by_number[number]))
            yield

    def entry(self, key: str) -> Entry | None:
        """Give an output with what was recorded of it; ``None`` where there is none."""
        found = self._entry(fold(key))
        return Entry(*found) if found is not None and found[0].key == key else None

    def _entry(self, folded: str) -> _Kept | None:
        with self._lock:  # for a moment there is none of a key that is entered again
            return self._entries.get(folded)

    def latest(self, output: Output) -> Output:
        """Give an output as it is now: an artifact whose links were filled since; any other as it was."""
        if not isinstance(output, Artifact):
            return output
        found = self.entry(output.key)
        if found is None or not isinstance(found.output, Artifact):
            return output
        mine, now = output.manifest, found.output.manifest
        return found.output if now.with_links(mine.extra_data, mine.metrics) == mine else output

    def root_of(self, hint: LogHint) -> Path:
        """Give the folder in which the package or result of a hint stands.

        Raises:
            PackError: For a URL.
        """
        if hint.artifact_path is None:
            return self.folder
        if url_of(hint.artifact_path):
            raise PackError(f"packages are not written to a URL ({hint.artifact_path})", key=hint.key, remedy="Give a local folder.")
        return self.folder / hint.artifact_path

    def check(self, key: str, folded: str, root: Path, exist: str) -> None:
        """Refuse a key that cannot be taken, as far as this session and the results of the folder tell.

        Args:
            key: The key.
            folded: The same, folded.
            root: Where it is to stand.
            exist: ``"error"`` refuses one that is there already.

        Raises:
            PackError: Says why.
        """
        if folded == results.NAME:
            raise PackError(f"{results.NAME!r} is the file that holds the results of a folder", key=key, remedy="Take another key.")
        entry = self._entry(folded)
        if entry is not None and entry[0].key != key:
            raise _of_another_case(key, entry[0].key)
        if exist == "error" and (entry is not None or (root / key / NAME).is_file() or results.open_result(root, key) is not None):
            raise PackError("there is an output of that key already", key=key, file=root, remedy="Take another key, or exist='replace'.")

    def check_place(self, key: str, root: Path) -> None:
        """Refuse a key where something of another name has its place, before anything is written there."""
        other = _twin(root, key)
        if other != key:
            raise _of_another_case(key, other)

    def add(self, output: Output, folded: str, root: Path, written: Written | None = None, value: Any = None) -> None:
        """Enter an output; whoever enters one has its turn.

        Args:
            output: The output.
            folded: Its key, folded.
            root: The folder in which it stands.
            written: By which packager a result is recorded, as what type, or the shape of a bundle.
            value: Its typed JSON.
        """
        with self._lock:
            self._entries.pop(folded, None)
            self._entries[folded] = output, written, value, root
            self._changed.add(folded)  # last: whoever is interrupted before has changed nothing that would be recorded

    def relink(self, artifact: Artifact) -> None:
        """Put an artifact whose links have changed in the place of the one before."""
        folded = fold(artifact.key)
        with self._lock:
            self._entries[folded] = artifact, *self._entries[folded][1:]

    def text(self) -> bytes:
        """Give all that is recorded as the text of one ``results.json``."""
        with self._lock:
            entries = list(self._entries.values())
        return results.results_text(_Recorded(entry for entry in entries if entry[1] is not None), self._signer)

    def write(self) -> list[PackError]:
        """Bring the ``results.json`` of each folder up to date with what has been packed since the last time.

        Returns:
            For each key that could not be recorded, why; the next time can bring it up to date.
        """
        failures: list[PackError] = []
        if self._record is False or not self._changed:
            return failures
        changed: defaultdict[Path, list[str]] = defaultdict(list)
        with self._lock:
            for folded, (_, _, _, root) in self._entries.items():
                if folded in self._changed:
                    changed[root].append(folded)
        for root, keys in changed.items():
            # Nothing is to be recorded, and nothing that was recorded has to go.
            if self._record is not True and not os.path.exists(os.path.join(root, results.NAME)):
                with self._lock:
                    self._changed.difference_update(keys)
                continue
            with self.turns(keys):
                # Another thread may have recorded them, or packed them elsewhere.
                keys = [folded for folded in keys if folded in self._changed and self._stands_in(root, folded)]
                try:
                    new = self._new(keys)
                    twins = self._twins(root, new)
                    failures += twins.values()
                    keys = [folded for folded in keys if folded not in twins]
                    self._write(root, keys, {folded: each for folded, each in new.items() if folded not in twins} if twins else new)
                except Exception as error:  # noqa: BLE001 - whatever keeps one folder's results from being written, the others are
                    entries = [Entry(*self._entries[folded]) for folded in keys]
                    concerned = [entry for entry in entries if entry.written is not None] or entries
                    failures += [_unrecorded(entry.output.key, root, error) for entry in concerned]
                else:
                    with self._lock:
                        self._changed.difference_update(keys)
        return failures

    def _stands_in(self, root: Path, folded: str) -> bool:
        found = self._entries[folded][-1]
        return found is root or found == root

    def _new(self, keys: Iterable[str]) -> dict[str, _Kept]:
        """Give what is to be recorded under some folded keys."""
        if self._record is not True:
            return {}
        entries = self._entries
        return {folded: entries[folded] for folded in keys if entries[folded][1] is not None}

    def _twins(self, root: Path, new: Mapping[str, _Kept]) -> dict[str, PackError]:
        """Refuse results where something of another name has their place; many are looked for at once, in one look at the folder."""
        found: dict[str, PackError] = {}
        names = {fold(name) for name in results.names_in(root)} if new and root.is_dir() else set()
        for folded in [folded for folded in new if folded in names]:
            try:
                self.check_place(new[folded][0].key, root)
            except PackError as error:
                found[folded] = error
        return found

    def _write(self, root: Path, keys: Iterable[str], new: Mapping[str, _Kept]) -> None:
        if not new and not os.path.exists(os.path.join(root, results.NAME)):
            return
        make_folder(root)
        removed = [self._entries[folded][0].key for folded in keys if folded not in new]
        results.record_results(root, _Recorded(new.values()), removed, self._signer, full=self._full)

    def meant(self, key: str) -> str:
        """Say which output was probably meant by a key that there is not."""
        return did_you_mean(key, self.outputs)


_Kept = tuple[Output, Written | None, Any, Path]
"""The fields of an :class:`Entry`, of which there may be very many."""


class _Recorded(Mapping[str, results.Recorded]):
    """What is recorded of some outputs, by key; each is made when it is asked for, for collections to have less to walk over.

    Args:
        entries: Of results and bundles.
    """

    def __init__(self, entries: Iterable[_Kept]) -> None:
        self._entries = {entry[0].key: entry for entry in entries}

    def __getitem__(self, key: str) -> results.Recorded:
        _, written, value, _ = self._entries[key]
        return results.Recorded(cast("Written", written), value)

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


def kept(obj: Any) -> Any:
    """Give a copy of a value that is recorded: what becomes of the object afterwards does not change it."""
    cls = type(obj)
    if cls in ATOMS:
        return obj
    if cls is dict and ATOMS.issuperset(map(type, obj)) and ATOMS.issuperset(map(type, obj.values())):
        return dict(obj)
    if cls is list and ATOMS.issuperset(map(type, obj)):
        return list(obj)
    try:
        return copy.deepcopy(obj)
    except Exception:  # noqa: BLE001 - a class may refuse to be copied; what is recorded is in the manifest all the same
        return obj


def _of_another_case(key: str, other: str) -> PackError:
    message = f"the keys {other!r} and {key!r} differ in case alone, and some file systems do not"
    return PackError(message, key=key, remedy="Rename one.")


def _twin(root: Path, key: str) -> str:
    """Give the name of what stands in the place of a key: another one than the key where the file system does not tell case."""
    if not os.path.exists(os.path.join(root, key)):
        return key
    names = results.names_in(root)
    return key if key in names else next((name for name in sorted(names) if fold(name) == fold(key)), key)


def _unrecorded(key: str, root: Path, error: Exception) -> PackError:
    failure = PackError(
        f"it cannot be recorded: {error}",
        key=key,
        file=root / results.NAME,
        remedy="Mend what is wrong with the folder, and close the session again.",
    )
    failure.__cause__ = error
    return failure
