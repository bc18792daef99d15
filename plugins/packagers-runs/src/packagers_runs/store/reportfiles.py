"""Where the reports of runs are: a folder of this machine, a file for each."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

_UID = re.compile(r"[0-9a-f]{32}")


class ReportFiles:
    """The files of reports.

    Args:
        folder: Where they are; it need not be there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, uid: str, iteration: int = 0) -> Path:
        """Give the file of a run's report; whether it is there is not looked at.

        Args:
            uid: Of the run.
            iteration: 0 for the run itself.
        """
        return self.folder / (f"{_stem(uid)}-{iteration}.html" if iteration else f"{_stem(uid)}.html")

    def remove(self, uids: Iterable[str]) -> None:
        """Remove the reports of runs and of their iterations.

        Args:
            uids: Of the runs.
        """
        gone = set(map(_stem, uids))
        if not gone or not self.folder.is_dir():
            return
        for path in self.folder.glob("*.html"):
            if path.stem.partition("-")[0] in gone:
                path.unlink(missing_ok=True)


def _stem(uid: str) -> str:
    """Give the name of a file: the uid, or what stands for one that somebody else has chosen and that may be a path."""
    return uid if _UID.fullmatch(uid) else hashlib.sha256(uid.encode("utf-8", "surrogatepass")).hexdigest()
