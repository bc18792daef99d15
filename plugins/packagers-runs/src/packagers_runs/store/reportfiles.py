"""Where the reports of runs and their metrics are: a folder of this machine, a file for each run."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

_UID = re.compile(r"[0-9a-f]{32}")


class ReportFiles:
    """The files of reports, or others of which each run has one.

    Args:
        folder: Where they are; it need not be there.
        suffix: Of each file.
    """

    def __init__(self, folder: Path, suffix: str = ".html") -> None:
        self.folder = folder
        self.suffix = suffix

    def path(self, uid: str, iteration: int = 0) -> Path:
        """Give the file of a run; whether it is there is not looked at.

        Args:
            uid: Of the run.
            iteration: 0 for the run itself.
        """
        return self.folder / f"{_stem(uid)}{f'-{iteration}' if iteration else ''}{self.suffix}"

    def remove(self, uids: Iterable[str]) -> None:
        """Remove the files of runs and of their iterations.

        Args:
            uids: Of the runs.
        """
        gone = set(map(_stem, uids))
        if not gone or not self.folder.is_dir():
            return
        for path in self.folder.glob(f"*{self.suffix}"):
            if path.stem.partition("-")[0] in gone:
                path.unlink(missing_ok=True)


def _stem(uid: str) -> str:
    """Give the name of a file: the uid, or what stands for one that somebody else has chosen and that may be a path."""
    return uid if _UID.fullmatch(uid) else hashlib.sha256(uid.encode("utf-8", "surrogatepass")).hexdigest()
