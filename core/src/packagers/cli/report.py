"""What every command has in common: it gives a report, which is printed for people or as JSON, and its errors are not tracebacks."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import click

from packagers.cli.screen import Screen
from packagers.errors import PackagersError


@dataclass(frozen=True)
class Report:
    """What a command found.

    Attributes:
        data: For ``--json``.
        show: Prints the same for people.
        error: What makes the command fail all the same.
    """

    data: Any
    show: Callable[[Screen], None]
    error: Exception | None = None


def command(name: str, group: click.Group | None = None) -> Callable[[Callable[..., Report]], click.Command]:
    """Make a click command of a function that gives a report; it has ``--json``.

    Args:
        name: What the command is called.
        group: The group that it belongs to.
    """

    def decorate(function: Callable[..., Report]) -> click.Command:
        @functools.wraps(function)
        def run(*args: Any, as_json: bool, **kwargs: Any) -> None:
            if as_json:
                with _stdout_to_stderr():
                    report = function(*args, **kwargs)
                click.echo(json.dumps(report.data, indent=2, ensure_ascii=True))
            else:
                report = function(*args, **kwargs)
                report.show(Screen())
            if report.error is not None:
                raise report.error

        made = click.command(name)(run)
        made.params.append(click.Option(["--json", "as_json"], is_flag=True, help="Print JSON on standard output, and nothing else there."))
        if group is not None:
            group.add_command(made)
        return made

    return decorate


class Failure(click.ClickException):
    """An error as the command line shows it: message and remedy in red, exit code 1.

    Args:
        error: The error.
    """

    def __init__(self, error: Exception) -> None:
        text = str(error)
        if not isinstance(error, PackagersError):
            text = f"{type(error).__name__}: {text}\n  → `packagers --traceback …` shows where it came from."
        super().__init__(text)

    def show(self, file: Any = None) -> None:
        """Print it on standard error."""
        Screen(stderr=True).text(self.message, style="red")


@contextlib.contextmanager
def _stdout_to_stderr() -> Iterator[None]:
    """Send to standard error what anything else prints (a plugin, the function that is called, a process that it starts)."""
    sys.stdout.flush()
    try:
        saved = os.dup(1)
    except OSError:  # closed
        saved = None
    try:
        if saved is not None:
            os.dup2(2, 1)
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        if saved is not None:
            os.dup2(saved, 1)
            os.close(saved)
