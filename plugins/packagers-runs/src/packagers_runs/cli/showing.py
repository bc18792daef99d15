"""``packagers runs show | logs``: one run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from packagers_runs.cli.listing import took
from packagers_runs.cli.options import json_option, opened, run_of, store_option
from packagers_runs.cli.screen import print_json, print_table, shown

if TYPE_CHECKING:
    from packagers_runs.models.runobject import RunObject

_LONGEST = 200
_LOOK_S = 0.2


@click.command("show")
@click.argument("uid")
@click.option("--yaml", "as_yaml", is_flag=True, help="Print its document as YAML.")
@store_option
@json_option
def show(uid: str, as_yaml: bool, store: str | None, as_json: bool) -> None:
    """Show a run: its state, parameters, results and artifacts.

    UID may be the beginning of one, or `last`.
    """
    with opened(store) as place:
        found = run_of(place, uid)
        if as_json:
            print_json(found.to_dict())
        elif as_yaml:
            click.echo(found.to_yaml(), nl=False)
        else:
            print_run(found)


@click.command("logs")
@click.argument("uid")
@click.option("-f", "--follow", is_flag=True, help="Go on until the run has ended.")
@click.option("--offset", type=click.IntRange(0), default=0, help="The byte to begin at.")
@store_option
@json_option
def logs(uid: str, follow: bool, offset: int, store: str | None, as_json: bool) -> None:
    """Print what a run has printed, as it did.

    UID may be the beginning of one, or `last`.
    """
    with opened(store) as place:
        found = run_of(place, uid)
        if not as_json:
            found.logs(watch=follow, offset=offset)
            return
        if follow:
            found.wait_for_completion(sleep=_LOOK_S, raise_on_failure=False, show_logs=False)
        text, end = place.log(str(found.uid()), offset=offset)
    print_json({"uid": found.uid(), "state": found.status.state, "log": text, "offset": end})


def print_run(run: RunObject) -> None:
    """Print a run for people."""
    metadata, spec, status = run.metadata, run.spec, run.status
    said = {
        "uid": metadata.uid,
        "name": metadata.name,
        "project": metadata.project,
        "state": status.state + (f" ({status.reason})" if status.reason else ""),
        "handler": spec.handler,
        "started": status.start_time,
        "took": took(status.to_dict()),
        "attempt": (status.retry_count or 0) + 1 if status.retry_count else None,
        "says": status.status_text,
        "error": status.error,
        **{f"label {key}": value for key, value in metadata.labels.items()},
    }
    print_table(("run", ""), [(name, _short(value)) for name, value in said.items() if value not in (None, "")])
    for heading, values in (("parameter", spec.parameters), ("input", spec.inputs), ("result", status.results)):
        if values:
            print_table((heading, "value"), [(key, _short(value)) for key, value in values.items()])
    if status.artifacts:
        print_table(("artifact", "kind", "type", "bytes", "address"), [_artifact(each) for each in status.artifacts])


def _artifact(document: dict[str, Any]) -> tuple[object, ...]:
    metadata, spec = document.get("metadata", {}), document.get("spec", {})
    return (metadata.get("key"), document.get("kind"), spec.get("object_type"), f"{spec.get('size', 0):,}", metadata.get("uri"))


def _short(value: object) -> str:
    text = shown(value if isinstance(value, str) else repr(value))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
