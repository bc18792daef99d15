"""Errors of the core in the words of the shell: where a remedy names an argument of Python, the option is named that does the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from packagers.cli.options import literal
from packagers.cli.packages import broken_zip
from packagers.errors import PackagersError, UnpackError

_GENERAL = "Inputs are paths and URLs"
_NOTHING = "there is nothing here"
_WORDS = (
    (re.compile(r'unpack\(\.\.\., trust="(\w+)"\)(?: or `with packagers\.trust\("\w+"\):`)?'), r"`--trust \1`"),
    (
        re.compile(r"in inputs \(to be unpacked\) or in params \(as it is\)"),
        "with -i NAME=SOURCE (to be unpacked) or -p NAME=LITERAL (as it is)",
    ),
)


@contextmanager
def in_words_of_the_shell(sources: Mapping[str, str]) -> Iterator[None]:
    """Reword the errors of a block.

    Args:
        sources: What the user named, by the key that errors call it by.
    """
    try:
        yield
    except PackagersError as error:
        source = sources.get(error.key or "")
        if source is not None and isinstance(error, UnpackError):
            broken = broken_zip(source, Path(source))
            if broken is not None:
                raise broken from error
            _reword_input(error, source)
        for pattern, words in _WORDS:
            error.remedy = error.remedy and pattern.sub(words, error.remedy)
        raise


def _reword_input(error: UnpackError, source: str) -> None:
    """Say how a value is given, where an input is none that is there; what is wrong with others has nothing to do with that."""
    is_general = error.remedy is not None and error.remedy.startswith(_GENERAL)
    if error.args[0] == _NOTHING and not isinstance(literal(source), str):
        error.remedy = f"Values are given with -p {error.key}={source}."
    elif error.args[0] == _NOTHING and is_general:
        error.remedy = f"Check the path; text is given with -p {error.key}={source}."
    elif is_general:
        error.remedy = None
