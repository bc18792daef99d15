"""Opens the cases of some groups under an audit hook, in a process of its own: ``python watching.py CORPUS POLICY STEP GROUP…``.

What the content of a case makes this process do is written down: imports of modules that only content names, code that comes from nowhere
or out of the corpus, pickles that look for a class, writes outside of scratch space, processes and sockets. Libraries are loaded, and every
reader has read a good file, before the hook listens; what they do for themselves is not the content's doing.

The report is one JSON object a case, on standard output; ``STEP`` 4 opens every fourth case.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import signal
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType
from typing import Any

MARK = "canary"
SECONDS = 20
"""Of the processor, for one case."""
WAITING = 240
"""Seconds that a case may wait for anything, on a machine that is busy with something else."""
MEMORY = 2 << 30
"""Bytes of address space that a case may ask for."""
BANNED = frozenset({"antigravity", "bdb", "canary", "code", "idlelib", "pdb", "pty", "runpy", "this", "timeit", "turtle", "webbrowser"})
"""Modules that content names, and nothing else here imports once all is loaded."""
WRITING = frozenset({"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.chmod", "os.chown", "os.truncate"})
STARTING = (
    "subprocess.",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "os.spawn",
    "pty.",
    "socket.",
    "webbrowser.",
    "ctypes.dlopen",
)
EVALUATING = ("typing.py", "ast.py", "dataclasses.py", "collections/__init__.py", "enum.py", "packagers/signatures.py")
"""Who evaluates text of its own; never text that bears the mark."""


class Timeout(BaseException):
    """A case took too long."""


class Watch:
    """The audit hook.

    Args:
        corpus: The folder of the corpus, whose code nobody runs.
        allowed: Where files may be made.
    """

    def __init__(self, corpus: Path, allowed: Path) -> None:
        self._corpus = str(corpus)
        self._allowed = str(allowed)
        self._listening = False
        self.seen: list[str] = []

    @contextmanager
    def listening(self) -> Iterator[list[str]]:
        """Listen in the block; gives what was seen."""
        self.seen = []
        self._listening = True
        try:
            yield self.seen
        finally:
            self._listening = False

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Take an event of the interpreter."""
        if not self._listening:
            return
        self._listening = False  # what this hook does itself is nobody's doing
        try:
            told = self._told(event, arguments)
            if told is not None:
                self.seen.append(f"{event}: {told}"[:300])
        finally:
            self._listening = True

    def _told(self, event: str, arguments: tuple[Any, ...]) -> str | None:
        if event == "import":
            return str(arguments[0]) if str(arguments[0]).partition(".")[0] in BANNED else None
        if event == "pickle.find_class" or event.startswith(STARTING):
            return repr(arguments)
        if event in ("exec", "compile"):
            return self._code(event, arguments)
        if event == "open":
            path, mode, flags = arguments
            writes = (
                flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC) if isinstance(flags, int) else set(mode or "") & set("wax+")
            )
            return self._place(path, -1) if writes else None
        if event in WRITING:
            places = (
                [self._place(path, -1) for path in arguments[:2]] if event == "os.rename" else [self._place(*_target(event, arguments))]
            )
            return next((place for place in places if place is not None), None)
        return None

    def _code(self, event: str, arguments: tuple[Any, ...]) -> str | None:
        what = arguments[0]
        name = what.co_filename if isinstance(what, CodeType) else str(arguments[1] if event == "compile" else "")
        if name.startswith(self._corpus):
            return name
        if name.startswith("<frozen") or os.path.isfile(name):
            return None  # an installed module
        text = what if isinstance(what, str | bytes) else repr(getattr(what, "co_names", what)) + repr(getattr(what, "co_consts", ""))
        frame = sys._getframe(3)
        caller = frame.f_code.co_filename
        is_known = caller.endswith(EVALUATING) and (MARK not in str(text))
        return None if is_known or (event == "compile" and caller.endswith("ast.py")) else f"{name} from {caller}: {str(text)[:100]}"

    def _place(self, path: Any, folder: Any) -> str | None:
        if isinstance(path, int):
            return None
        text = os.fsdecode(path)
        if not os.path.isabs(text):
            text = os.path.join(os.readlink(f"/proc/self/fd/{folder}") if isinstance(folder, int) and folder >= 0 else os.getcwd(), text)
        text = os.path.normpath(text)
        return None if text.startswith((self._allowed + os.sep, "/dev/")) or text == self._allowed else text


def _target(event: str, arguments: tuple[Any, ...]) -> tuple[Any, Any]:
    """Give the path that an event is about, and the descriptor of the folder that it starts from."""
    if event in ("os.symlink", "os.link"):
        return arguments[1], arguments[-1]
    return arguments[0], arguments[-1] if event in ("os.mkdir", "os.chmod", "os.remove", "os.rmdir", "os.chown") else -1


def open_case(case: dict[str, Any], corpus: Path) -> Any:
    """Open a case as it says."""
    import packagers
    from packagers.scratch import scope

    source = str(corpus / case["path"])
    with scope(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        match case["how"]:
            case "package" | "file":
                value = packagers.unpack(source, case["hint"], **case["options"])
                return list(value) if hasattr(value, "__next__") else value
            case "item":
                item = packagers.DataItem(source)
                return [item.kind, item.artifact_type, item.unpack(case["hint"], **case["options"])][2]
            case "frame":
                return packagers.DataItem(source).as_df()
            case "show" | "inspect" | "verify" | "audit" | "page" | "doctor":
                return show(case["how"], source)
    raise AssertionError(case["how"])


def show(command: str, source: str) -> str:
    """Let people see a package; what they would see must do nothing to a terminal or a browser."""
    from click.testing import CliRunner

    from packagers.cli.app import root
    from packagers.errors import UnpackError

    is_page = False
    if command == "page":
        with tempfile.TemporaryDirectory() as folder:
            page = Path(folder) / "page.html"
            result = CliRunner().invoke(root, ["show", source, "--html", str(page)])
            is_page = page.exists()
            output = page.read_text(encoding="utf-8") if is_page else result.output
    else:
        result = CliRunner().invoke(root, [command, source])
        output = result.output
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    low = output.lower()
    harm = [mark for mark in ("\x1b", "\x07", "\u202e", "\u2066", "\x9b", "\b") if mark in output]
    harm += [mark for mark in ("<script", "<img src=x", "<svg", "<iframe", "<style>*") if mark in low] if is_page else []
    if harm:
        raise AssertionError(f"the output holds {harm!r}")
    if result.exit_code:
        raise UnpackError(output)
    return output


def warm(corpus: Path) -> None:
    """Load what readers load: every good file is read once."""
    for case in json.loads((corpus / "good.json").read_text()):
        open_case(case, corpus)


def judged(case: dict[str, Any], corpus: Path, watch: Watch) -> dict[str, Any]:
    """Open a case; give how it ended and what was seen."""
    from packagers.errors import PackagersError

    def late(*_: Any) -> None:
        raise Timeout

    signal.signal(signal.SIGALRM, late)
    signal.signal(signal.SIGPROF, late)
    signal.alarm(WAITING)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        with watch.listening() as seen:
            try:
                value = open_case(case, corpus)
                end, told = f"{type(value).__module__}.{type(value).__qualname__}", ""
                del value
            except Exception as error:  # noqa: BLE001 - that is what is judged
                end, told = "error" if isinstance(error, PackagersError) else "FOREIGN", f"{type(error).__name__}: {error}"
                causes: BaseException | None = error
                while causes is not None:
                    if isinstance(causes, MemoryError):
                        end = "MEMORY"
                    causes = causes.__cause__ or causes.__context__
    except Timeout:
        end, told = "TIME", ""
    except BaseException as error:  # noqa: BLE001 - as above: SystemExit ends no process here
        end, told = "FOREIGN", repr(error)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)
    gc.collect()
    return {"name": case["name"], "end": end, "told": told[:2000], "seen": sorted(set(seen))[:20]}


def main(corpus: Path, policy: str, step: int, groups: list[str]) -> None:
    """Open the cases of some groups."""
    import packagers

    cases = [case for case in json.loads((corpus / "cases.json").read_text()) if case["group"] in groups][::step]
    watch = Watch(corpus, Path(tempfile.gettempdir()).resolve())
    warm(corpus)
    os.chdir(corpus)
    sys.path.insert(0, str(corpus / "modules"))  # what content names could be found, if anybody looked
    sys.addaudithook(watch)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, resource.RLIM_INFINITY))
    for case in cases:
        with packagers.trust(policy):
            sys.stdout.write(json.dumps(judged(case, corpus, watch)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4:])
