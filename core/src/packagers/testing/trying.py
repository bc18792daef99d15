"""Reads hostile packages, one after the other, in the fresh process: each ends in a value or in an error of ours, and does nothing else."""

from __future__ import annotations

import contextlib
import gc
import itertools
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from packagers.dataitem import DataItem
from packagers.errors import PackagersError, UntrustedPackageError
from packagers.package import Package
from packagers.scratch import remove_folder, scope
from packagers.testing.bounds import Bounds, Late, is_memory
from packagers.testing.deeds import Deeds
from packagers.testing.gadgets import GADGETS
from packagers.testing.hostility import Case, cases
from packagers.testing.watching import Watch

_CHUNKS = 20
"""Chunks of a stream that are looked at."""


class Trial:
    """Tries one form.

    Args:
        registry: Finds the packager.
        folder: A good package.
        place: An empty folder to work in.
        form: The ``kind`` of the form, whether it is what a plain file is read as, and its ``share`` of the cases.
        bounds: Of time and memory.
        deeds: What the process does.
        watch: Hears what pickles build.
    """

    def __init__(
        self, registry: Any, folder: Path, place: Path, form: Mapping[str, Any], bounds: Bounds, deeds: Deeds, watch: Watch
    ) -> None:
        self._registry = registry
        self._folder = folder
        self._place = place
        self._form = form
        self._bounds = bounds
        self._deeds = deeds
        self._watch = watch
        self._is_late = False
        self._standing: Mapping[str, bytes] = {}
        written = Package.open(folder).manifest.written
        self._packager = registry.instance(registry.by_identity(written.packager, written.object_type))

    def problems(self) -> list[str]:
        """Try everything; give what went wrong."""
        with warnings.catch_warnings(), self._bounds.waiting():
            warnings.simplefilter("ignore")
            if self._form["kind"] == "code":
                return self._read(self._folder, None)
            self._read(self._folder, None, is_good=True)
            found = []
            for name, problems in itertools.chain(self._packages(), self._plain()):
                found += [f"{name}: {problem}" for problem in problems]
                if self._is_late:  # who hangs once hangs again, and it costs as much every time
                    break
            gc.collect()  # what goes now may be told of an error by a destructor
        return found

    def _packages(self) -> Iterator[tuple[str, list[str]]]:
        for case in cases(self._folder, self._packager, self._form["share"]):
            yield case.name, self._tried(case)

    def _tried(self, case: Case) -> list[str]:
        folder = self._place / "hostile" / self._folder.name
        if case.files.keys() != self._standing.keys():
            remove_folder(folder.parent)
            self._standing = {}
        try:
            case.write(folder, self._standing)
        except (OSError, ValueError):  # a name, or a value, that this machine cannot write
            remove_folder(folder.parent)
            self._standing = {}
            return []
        before = _tree(folder.parent)
        with self._bounds.around(case.name):
            found = self._read(folder, None)
        self._standing = case.files
        if _tree(folder.parent) != before:
            found.append("the package was changed, or something was written beside it")
            remove_folder(folder.parent)
            self._standing = {}
        return found

    def _plain(self) -> Iterator[tuple[str, list[str]]]:
        """Read gadgets as plain files."""
        files = Package.open(self._folder).manifest.files
        if not self._form["is_plain"] or len(files) != 1:
            return
        file = self._place / f"plain{Path(files[0].path).suffix}"
        for name, gadget in GADGETS.items():
            file.write_bytes(gadget)
            with self._bounds.around(f"{name} as a plain file"):
                problems = self._read(file, self._form["type_path"])
            yield f"{name} as a plain file", problems
        file.unlink()

    def _read(self, source: Path, hint: str | None, *, is_good: bool = False) -> list[str]:
        """Read something as a stranger's; gives what is wrong with how that ends, and what was done on the way."""
        problems = []
        with self._watch.hearing() as heard, self._deeds.listening(self._place, is_good=is_good) as done:
            try:
                self._look(source, hint)
                if self._form["kind"] == "code":
                    problems.append("a stranger's package is read, though its reader can run code")
            except PackagersError as error:
                if self._form["kind"] == "code" and not isinstance(error, UntrustedPackageError):
                    problems.append(f"it should be refused because its reader can run code, and it is not: {error!s:.300}")
                elif is_memory(error):
                    problems.append(f"it makes the reader ask for more memory than there is: {error!s:.300}")
            except Late:
                self._is_late = True
                problems.append("the reader does not come to an end, and nothing more was tried")
            except BaseException as error:  # noqa: BLE001 - libraries raise what is no Exception, too
                problems.append(f"{type(error).__name__} is raised, which is no error of ours: {error!s:.300}")
        built = heard.built if not is_good else set()
        return problems + [f"a pickle built {name}" for name in sorted(built)] + done

    def _look(self, source: Path, hint: str | None) -> None:
        with scope():
            value = DataItem(source, registry=self._registry).unpack(hint, trust="own")
            for part in itertools.islice(value, _CHUNKS) if hasattr(type(value), "__next__") else (value,):
                with contextlib.suppress(Exception):  # that it cannot be shown is its own affair, that the process dies is not
                    repr(part)


def _tree(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_size if path.is_file() else -1 for path in folder.rglob("*")}
