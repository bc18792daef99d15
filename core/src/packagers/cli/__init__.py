"""The command line: ``packagers list``, ``packagers explain``, and what else ``packagers --help`` shows.

It needs the extra ``cli`` (click and rich). Each command stands in a module that is imported when the command is named; what it finds is
one :class:`~packagers.cli.report.Report`, printed for people or, with ``--json``, as JSON.
"""

from __future__ import annotations

import io
import sys


def main() -> None:
    """Run the command line; what is missing for it is said in one line."""
    try:
        import click  # noqa: F401
        import rich  # noqa: F401
    except ImportError as error:
        sys.stderr.write(f"The command line of packagers needs click and rich ({error}).\n  → pip install packagers[cli]\n")
        raise SystemExit(1) from None
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a character shows its number

    from packagers.cli.app import root

    root(prog_name="packagers")
