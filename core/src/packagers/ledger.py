"""What a session has packed, by key, and the writing down of its results."""

from __future__ import annotations

import copy
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Literal

from packagers import results
from packagers.artifact import Artifact, Bundle, Result
from packagers.durable import make_folder
from packagers.errors import PackError
from packagers.loghint import LogHint
from packagers.manifest import NAME
from packagers.names import did_you_mean, fold
from packagers.package import Signer
from packagers.source import url_of

Output = Artifact | Result | Bundle
Record = bool | Literal["packages", "structures"]


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
        self._outputs: dict[str, Output] = {}
        self._values: dict[str, results.Recorded] = {}
        self._roots: dict[str, Path] = {}
        self._names: dict[str, str] = {}
        self._changed: set[str] = set()
        self._turns: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)
        self._lock = threading.RLock()

    @property
    def outputs(self) -> Mapping[str, Output]:
        """The outputs by key, in the order in which they were packed."""
        with self._lock:
            return dict(self._outputs)

    @contextmanager
    def turn(self, *keys: str) -> Iterator[None]:
        """Keep all other threads from entering outputs under some keys."""
        with self._lock:
            locks = [self._turns[folded] for folded in sorted({fold(key) for key in keys})]  # two that wait take them in one order
        with ExitStack() as held:
            for lock in locks:
                held.enter_context(lock)
            yield

    def entry(self, key: str) -> tuple[Output, results.Recorded | None] | None:
        """Give an output with what was recorded of it (of a result its value, of a bundle its shape); ``None`` where there is none."""
        with self._lock:
            return (self._outputs[key], self._values.get(key)) if key in self._outputs else None

    def latest(self, output: Output) -> Output:
        """Give an output as it is now: an artifact whose links were filled since; any other as it was."""
        found = self.entry(output.key)
        if not isinstance(output, Artifact) or found is None or not isinstance(found[0], Artifact):
            return output
        mine, now = output.manifest, found[0].manifest
        return found[0] if now.with_links(mine.extra_data, mine.metrics) == mine else output

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

    def root(self, key: str) -> Path:
        """Give the folder in which the package or result of a key stands."""
        return self._roots[key]

    def check(self, key: str, root: Path, exist: str) -> None:
        """Refuse a key that cannot be taken.

        Args:
            key: The key.
            root: Where it is to stand.
            exist: ``"error"`` refuses one that is there already.

        Raises:
            PackError: Says why.
        """
        if fold(key) == results.NAME:
            raise PackError(f"{results.NAME!r} is the file that holds the results of a folder", key=key, remedy="Take another key.")
        self._check_case(key, _twin(root, key))
        self.check_again(key, root, exist)

    def check_again(self, key: str, root: Path, exist: str) -> None:
        """Refuse a key that another thread has taken since it was checked; arguments as of :meth:`check`."""
        self._check_case(key, self._names.get(fold(key), key))
        if exist == "error" and (key in self._outputs or (root / key / NAME).is_file() or results.open_result(root, key) is not None):
            raise PackError("there is an output of that key already", key=key, file=root, remedy="Take another key, or exist='replace'.")

    @staticmethod
    def _check_case(key: str, other: str) -> None:
        if other != key:
            raise PackError(
                f"the keys {other!r} and {key!r} differ in case alone, and some file systems do not", key=key, remedy="Rename one."
            )

    def add_artifact(self, artifact: Artifact, root: Path) -> Artifact:
        """Enter an artifact."""
        self._add(artifact.key, artifact, None, root)
        return artifact

    def add_result(self, result: Result, recorded: results.Recorded, root: Path) -> Result:
        """Enter a result."""
        self._add(result.key, result, recorded, root)
        return result

    def add_bundle(self, bundle: Bundle, outline: results.Recorded, root: Path) -> Bundle:
        """Enter a bundle with the record of its shape."""
        self._add(bundle.key, bundle, outline, root)
        return bundle

    def _add(self, key: str, output: Output, recorded: results.Recorded | None, root: Path) -> None:
        with self._lock:
            if recorded is None:
                self._values.pop(key, None)
            else:
                self._values[key] = recorded
            self._names[fold(key)] = key
            self._roots[key] = root
            self._outputs.pop(key, None)
            self._outputs[key] = output
            self._changed.add(key)  # last: whoever is interrupted before has changed nothing that would be recorded

    def relink(self, artifact: Artifact) -> None:
        """Put an artifact whose links have changed in the place of the one before."""
        with self._lock:
            self._outputs[artifact.key] = artifact

    def write(self) -> list[PackError]:
        """Bring the ``results.json`` of each folder up to date with what has been packed since the last time.

        Returns:
            For each key that could not be recorded, why; the next time can bring it up to date.
        """
        failures: list[PackError] = []
        if self._record is False:
            return failures
        changed: defaultdict[Path, list[str]] = defaultdict(list)
        with self._lock:
            for key in self._outputs:
                if key in self._changed:
                    changed[self._roots[key]].append(key)
        for root, keys in changed.items():
            with self.turn(*keys):
                # Another thread may have recorded them, or packed them elsewhere.
                keys = [key for key in keys if key in self._changed and self._roots[key] == root]
                try:
                    self._write(root, keys)
                except Exception as error:  # noqa: BLE001 - whatever keeps one folder's results from being written, the others are
                    concerned = [key for key in keys if key in self._values] or keys
                    failures += [_unrecorded(key, root, error) for key in concerned]
                else:
                    with self._lock:
                        self._changed.difference_update(keys)
        return failures

    def _write(self, root: Path, keys: list[str]) -> None:
        new = {key: self._values[key] for key in keys if key in self._values} if self._record is True else {}
        if not new and not (root / results.NAME).exists():
            return
        make_folder(root)
        results.record_results(root, new, [key for key in keys if key not in new], self._signer, full=self._full)

    def meant(self, key: str) -> str:
        """Say which output was probably meant by a key that there is not."""
        return did_you_mean(key, self.outputs)


def kept(obj: Any) -> Any:
    """Give a copy of a value that is recorded: what becomes of the object afterwards does not change it."""
    try:
        return copy.deepcopy(obj)
    except Exception:  # noqa: BLE001 - a class may refuse to be copied; what is recorded is in the manifest all the same
        return obj


def _twin(root: Path, key: str) -> str:
    """Give the name of what stands in the place of a key: another one than the key where the file system does not tell case."""
    if not (root / key).exists():
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
