"""The process in which readers meet spoiled packages: it may hang, take all memory or die, and the one that feeds it hears of that.

As a program: ``make DISTRIBUTION FOLDER`` packs samples, ``read FOLDER`` answers cases, one JSON line for each.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import traceback
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

SECONDS = 20
"""Of processor time that one case may take, those of a slow machine."""
MEMORY = 2 << 30
"""Bytes of address space that a case may take on top of what the process has when it is warm."""
_CHUNKS = 20


class Case:
    """A sample that is spoiled and read.

    Args:
        entry: Of the index of samples.
    """

    def __init__(self, entry: Mapping[str, Any]) -> None:
        from packagers.manifest import NAME

        folder = Path(entry["folder"])
        self.entry = entry
        self.document = json.loads((folder / NAME).read_bytes())
        payload = folder / self.document["payload"] if "payload" in self.document else None
        self.files = {file["path"]: (payload / file["path"]).read_bytes() for file in self.document.get("files", ()) if payload is not None}

    def read(self, case: Mapping[str, Any]) -> str:
        """Spoil it as a case says, read it, and look at the value; gives ``value``, or the class of our error."""
        from fuzz_edits import apply, spoil_json
        from fuzz_targets import sealed

        from packagers.digests import digest_bytes
        from packagers.manifest import NAME

        files, document = dict(self.files), self.document
        if files:
            name = sorted(files)[case["file"] % len(files)]
            files[name] = apply(files[name], case["edits"])
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / self.document["key"]
            folder.mkdir()
            if case["plain"]:
                file = folder / Path(name).name
                file.write_bytes(files[name])
                return self._outcome(file, self.entry["plain"])
            entries = [{"path": path, "size": len(data), "digest": digest_bytes(data)} for path, data in files.items()]
            document = {**document, "files": entries} if files else document
            if case["manifest"] is not None:
                document = spoil_json(document, *case["manifest"])
            payload = self.document.get("payload", "")
            for path, data in files.items():
                (folder / payload / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / payload / path).write_bytes(data)
            (folder / NAME).write_bytes(sealed(document) if isinstance(document, dict) else b"")
            return self._outcome(folder, None)

    def _outcome(self, path: Path, hint: str | None) -> str:
        from packagers.errors import PackagersError
        from packagers.reading import Reader
        from packagers.scratch import scope
        from packagers.source import open_source
        from packagers.typetext import from_text

        with scope():
            try:
                value = Reader(_registry()).read(open_source(path), None if hint is None else from_text(hint))
                if hasattr(type(value), "__next__"):
                    for _, chunk in zip(range(_CHUNKS), value, strict=False):
                        _look(chunk)
                else:
                    _look(value)
                return "value"
            except PackagersError as error:
                _check_memory(error)
                return type(error).__name__


def _look(value: Any) -> None:
    """Look at a value as people do; that it cannot be shown is its own affair, that it kills the process is ours."""
    with contextlib.suppress(Exception):
        repr(value)


def _check_memory(error: BaseException | None) -> None:
    while error is not None:
        if type(error).__name__ == "ArrowMemoryError":
            return  # Arrow asks at once for all that a compressed buffer claims to hold, is refused, and has touched nothing
        if isinstance(error, MemoryError) or "allocate memory" in str(error) or "bad_alloc" in str(error):
            raise MemoryError(f"more than {MEMORY} bytes were asked for: {error}") from error
        error = error.__cause__ or error.__context__


def _registry() -> Any:
    from packagers.registry import default_registry

    return default_registry()


def read(root: Path) -> None:
    """Answer cases until there are no more."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    cases = [Case(entry) for entry in json.loads((root / "index.json").read_text())]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for case in cases:
            case.read({"file": 0, "edits": [], "plain": False, "manifest": None})
            if case.entry["plain"]:
                case.read({"file": 0, "edits": [], "plain": True, "manifest": None})
    gc.collect()
    warnings.simplefilter("error")
    unraised: list[str] = []
    sys.unraisablehook = lambda found: unraised.append(f"{type(found.exc_value).__name__}: {found.exc_value}")
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, size + MEMORY))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    faulthandler.enable()
    faulthandler.register(signal.SIGPROF, chain=True)
    answers.write('"ready"\n')
    answers.flush()
    for number, line in enumerate(sys.stdin):
        case = json.loads(line)
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        answer = {"outcome": "", "problem": "", "trace": ""}
        try:
            answer["outcome"] = cases[case["sample"]].read(case)
        except BaseException as error:  # noqa: BLE001 - some libraries raise what is no Exception, and that is a find
            last = traceback.extract_tb(error.__traceback__)[-1]
            answer["problem"] = f"{type(error).__module__}.{type(error).__qualname__} at {Path(last.filename).name}:{last.lineno}"
            answer["trace"] = "".join(traceback.format_exception(error))[-6000:]
        signal.setitimer(signal.ITIMER_PROF, 0)
        if number % 200 == 199:
            gc.collect()
        if unraised:
            answer["problem"], answer["trace"] = f"unraisable {unraised[0][:80]}", "\n".join(unraised)
            unraised.clear()
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def main(arguments: list[str]) -> None:
    """Do what the arguments say."""
    if arguments[0] == "make":
        from fuzz_samples import make

        shutil.rmtree(arguments[2], ignore_errors=True)
        Path(arguments[2]).mkdir(parents=True)
        make(arguments[1], Path(arguments[2]))
    else:
        read(Path(arguments[1]))


if __name__ == "__main__":
    main(sys.argv[1:])
