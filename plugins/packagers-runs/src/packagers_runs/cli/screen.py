"""What commands print: lines for people, or JSON; no character of data has an effect on the terminal."""

from __future__ import annotations

import json
from typing import Any

import click

from packagers_runs.display.terminal import print_table as print_table
from packagers_runs.display.terminal import shown as shown


def print_json(data: Any) -> None:
    """Print a document as JSON."""
    from packagers_runs.models.documents import as_plain

    click.echo(json.dumps(as_plain(data, "runs"), indent=2, ensure_ascii=True))


def tell(data: Any, text: str, as_json: bool) -> None:
    """Print what a command did.

    Args:
        data: For ``--json``.
        text: For people.
        as_json: Which of the two.
    """
    if as_json:
        print_json(data)
    else:
        click.echo(shown(text))
