"""What several commands take: the store, literals, pairs, and runs by the beginning of their uid."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from packagers_runs.errors import RunNotFoundError

if TYPE_CHECKING:
    from packagers_runs.models.runobject import RunObject
    from packagers_runs.runstore import Store
    from packagers_runs.store.glance import Glance

F = TypeVar("F", bound=Callable[..., Any])


def store_option(function: F) -> F:
    """Add ``--store``, given as ``store``: a URL, or ``None`` for the default store."""
    return click.option(
        "--store", metavar="URL", help="sqlite:///path or postgresql+psycopg://…; by default PACKAGERS_STORE, or .packagers here."
    )(function)


def json_option(function: F) -> F:
    """Add ``--json``, given as ``as_json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output, and nothing else there.")(function)


def opened(url: str | None, *, makes: bool = False) -> Store:
    """Open the store that a command is about.

    Args:
        url: As it was given.
        makes: Whether one is made where there is none.

    Raises:
        UsageError: There is none, and it is not to be made.
    """
    from packagers_runs.runstore import connect
    from packagers_runs.store.defaults import URL_VARIABLE, default_place
    from packagers_runs.store.engine import file_of

    file = None if makes else file_of(url or default_place()[0])
    if file is not None and not file.is_file():
        raise click.UsageError(f"There is no store at {file}. Name one with --store, or set {URL_VARIABLE}.")
    return connect(url)


@contextmanager
def looked_into(url: str | None) -> Iterator[Glance | Store]:
    """Have a look at the runs of the store that a command is about; arguments and errors as of :func:`opened`."""
    from packagers_runs.store.defaults import default_place
    from packagers_runs.store.glance import glance

    with glance(url or default_place()[0]) as found:
        if found is not None:
            yield found
            return
    with opened(url) as store:
        yield store


def run_of(store: Store, text: str, *, iterations: bool = False) -> RunObject:
    """Give the run that a person means; see :func:`named`."""
    from packagers_runs.models.runobject import RunObject

    return RunObject.from_store(store, *named(store, text, iterations=iterations))


def named(store: Glance | Store, text: str, *, iterations: bool = False) -> tuple[str, int]:
    """Give the uid and the iteration of the run that a person means.

    Args:
        store: Where it is.
        text: Its uid, or the beginning of it; ``last`` is the newest one. ``#`` and a number name an iteration.
        iterations: Whether an iteration may be meant.

    Raises:
        RunNotFoundError: There is none, or there are several.
        UsageError: An iteration is meant that cannot be.
    """
    text, mark, number = text.partition("#")
    if mark and not (iterations and number.isdecimal() and number.isascii()):
        what = "names an iteration, as UID#3 does, by no number" if iterations else "names an iteration, and this is done with whole runs"
        raise click.UsageError(f"{text}#{number} {what}.")
    uid = text
    if len(text) != 32:
        documents = store.documents(limit=1) if text == "last" else store.documents(prefix=text)
        if len(documents) != 1:
            what = f"{len(documents)} runs begin with {text!r}" if documents else f"there is no run {text!r}"
            raise RunNotFoundError(what, uid=text, remedy="`packagers runs ls` shows those there are.")
        uid = documents[0]["metadata"]["uid"]
    return uid, int(number or 0)


def pairs(texts: Iterable[str], option: str) -> dict[str, str]:
    """Split ``NAME=VALUE`` options.

    Raises:
        UsageError: One has no ``=``, or two have one name.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise click.UsageError(f"{option} takes NAME=VALUE, and {text!r} is not of that form.")
        if name.strip() in found:
            raise click.UsageError(f"{option} {name.strip()} is given twice.")
        found[name.strip()] = value
    return found


def literal(text: str) -> Any:
    """Read a Python literal; what is none is text.

    >>> literal("3"), literal("iris"), literal("[1, 2]")
    (3, 'iris', [1, 2])
    """
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
