"""What a run has printed, as a terminal would have left it."""

from __future__ import annotations

import re

_SEQUENCE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x9b[0-?]*[ -/]*[@-~]"  # colours, movements of the cursor
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[PX^_][^\x1b]*\x1b\\"  # titles of windows, links
    r"|\x1b[ -/]*[0-~]"
)


def printed(text: str) -> str:
    r"""Take away what is an instruction to a terminal; of a line that was written over, what was written last stays.

    >>> printed("\x1b[31mred\x1b[0m\r\nstep 1\rstep 2\r\n\x1b]0;title\x07end")
    'red\nstep 2\nend'
    """
    lines = _SEQUENCE.sub("", text).replace("\r\n", "\n").split("\n")
    return "\n".join(_last(line) if "\r" in line else line for line in lines)


def _last(line: str) -> str:
    return next((part for part in reversed(line.split("\r")) if part), "")
