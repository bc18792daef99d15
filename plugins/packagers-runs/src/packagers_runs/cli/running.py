"""``packagers runs run | abort | retry``: what changes the state of a run."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from packagers_runs.cli.options import json_option, literal, opened, pairs, run_of, store_option
from packagers_runs.cli.screen import print_json, tell
from packagers_runs.cli.showing import print_document
from packagers_runs.cli.tuning import tune, tuning_options
from packagers_runs.display.bars import show_progress

if TYPE_CHECKING:
    from packagers_runs.models.runobject import RunObject


@click.command("run")
@click.argument("handler")
@click.option("-i", "--input", "inputs", multiple=True, metavar="NAME=SOURCE", help="A path or URL; 'NAME : TYPE=SOURCE' says as what.")
@click.option("-p", "--param", "params", multiple=True, metavar="NAME=LITERAL", help="A Python literal, passed as it is; else text.")
@click.option("-r", "--returns", multiple=True, metavar="HINT", help="The log hint of a returned value, in order; None drops one.")
@click.option("--in-path", metavar="FOLDER", help="What relative paths of inputs are joined to.")
@click.option("--out-path", metavar="FOLDER", help="A folder or URL for copies of artifacts; may hold {{run.uid}} and {{project}}.")
@click.option("-n", "--name", help="The name of the run; by default that of its handler.")
@click.option("--run-project", "project", metavar="NAME", help="The project of the run.")
@click.option("-l", "--label", "labels", multiple=True, metavar="NAME=TEXT", help="A label of the run.")
@click.option("--limit", metavar="TIME", help="End it when it takes longer, such as 30s or 1h.")
@click.option("--retries", type=click.IntRange(0), default=0, help="How often it is tried again when it fails.")
@click.option("-d", "--detach", is_flag=True, help="Do not wait for its end.")
@tuning_options
@store_option
@json_option
def run(
    handler: str,
    inputs: tuple[str, ...],
    params: tuple[str, ...],
    returns: tuple[str, ...],
    in_path: str | None,
    out_path: str | None,
    name: str | None,
    project: str | None,
    labels: tuple[str, ...],
    limit: str | None,
    retries: int,
    detach: bool,
    tuning: dict[str, Any],
    store: str | None,
    as_json: bool,
) -> None:
    """Run a function and record what it gives.

    HANDLER is FILE.py:name or module:name, or Class::method in place of the name.

    Example: packagers runs run train.py:train -i data=iris.csv -p depth=3 -r accuracy -r "model : model"

    With hyper-parameters: packagers runs run train.py:train -r accuracy --hyper depth=2,4,8 --selector max.accuracy --parallel 2
    """
    from packagers_runs.models.template import new_task
    from packagers_runs.running.launching import new_function

    importable()
    task = new_task(
        name,
        project,
        handler,
        {key: literal(text) for key, text in pairs(params, "-p").items()},
        inputs=dict(pairs(inputs, "-i")),
        in_path=in_path,
        out_path=out_path,
        returns=[None if hint.strip() == "None" else hint for hint in returns],
        retry={"count": retries} if retries else None,
    )
    tune(task, tuning)
    for key, text in pairs(labels, "-l").items():
        task.set_label(key, text)
    if limit is not None:
        task.spec.state_thresholds = {"executing": limit}
    with opened(store, makes=True) as place:
        print_end(lambda: new_function().run(task, watch=not detach, store=place), as_json)


@click.command("abort")
@click.argument("uid")
@store_option
@json_option
def abort(uid: str, store: str | None, as_json: bool) -> None:
    """Ask for the end of a run.

    UID may be the beginning of one, or `last`.
    """
    with opened(store) as place:
        found = run_of(place, uid)
        state = found.abort()
    tell({"uid": found.uid(), "state": state}, f"{found.uid()} is {state}", as_json)


@click.command("retry")
@click.argument("uid")
@store_option
@json_option
def retry(uid: str, store: str | None, as_json: bool) -> None:
    """Try a run again that failed, was aborted or is lost.

    UID may be the beginning of one, or `last`. Its next attempt begins, also when the process that began it has died.
    """
    importable()
    with opened(store) as place:
        print_end(lambda: place.retry(str(run_of(place, uid).uid())), as_json)


def importable() -> None:
    """Let modules of the working directory be found, as with ``python -m``."""
    if "" not in sys.path:
        sys.path.insert(0, "")


def print_end(run: Callable[[], RunObject], as_json: bool) -> None:
    """Run, and print the run however it ended. What the handler prints goes to standard error where standard output is for JSON."""
    from packagers_runs.errors import RunError

    failure: RunError | None = None
    with show_progress(not as_json), contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext():
        try:
            done = run()
        except RunError as error:
            failure, done = error, error.run
    if as_json:
        print_json(done.to_dict())
    else:
        print_document(done.to_dict())
    if failure is not None:
        raise failure
