"""Whether an input is there: one look each, before anything runs, and the name that was probably meant."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from packagers import DataItem, InputError
from packagers_runs.nearest import nearest
from packagers_runs.store.errors import ArtifactNotFoundError

_TIMEOUT_S = 60
_GONE = (404, 410)
_MANIFEST = "manifest.json"
_MOST_NAMES = 10_000


class MissingInputError(InputError, FileNotFoundError):
    """An input is not there.

    Attributes:
        nearest: What is there and was probably meant, if anything is near.
    """

    def __init__(self, message: str, *, nearest: str | None = None, **where: Any) -> None:
        super().__init__(message, **where)
        self.nearest = nearest


def check_there(name: str, url: str, options: Mapping[str, Any] | None = None) -> None:
    """Check that an input is there.

    What cannot be found out by looking (a server that lets nobody ask) counts as there: reading it will tell.

    Args:
        name: Of the input.
        url: Its path or URL.
        options: What the file system behind it takes.

    Raises:
        MissingInputError: It is not there; says what is near.
        InputError: Its place cannot be reached, or it is no place.
    """
    scheme = url.partition("://")[0] if "://" in url else ""
    try:
        if len(scheme) < 2 or scheme == "file":
            _look_local(name, url)
        elif scheme in ("http", "https"):
            _look_http(name, url)
        else:
            _look_far(name, url, options or {})
    except InputError:
        raise
    except ArtifactNotFoundError as error:
        raise MissingInputError(f"the input {name!r} is not there: {error.args[0]}", key=name, file=url, remedy=error.remedy) from None
    except Exception as error:  # libraries of clouds have hierarchies of their own
        remedy = getattr(error, "remedy", None) or "Look whether the place is there, and who may read it."
        what = str(error.args[0]) if error.args else type(error).__name__
        raise InputError(f"the input {name!r} cannot be reached: {what}", key=name, file=url, remedy=remedy) from error


def _missing(name: str, url: str, typed: str, names: list[str]) -> MissingInputError:
    near = nearest(typed, names)
    remedy = "Inputs are paths and URLs; values are given in params."
    if near is not None:
        remedy = f"Did you mean {near!r}? {remedy}"
    return MissingInputError(f"the input {name!r} is not there", key=name, file=url, nearest=near, remedy=remedy)


def _look_local(name: str, url: str) -> None:
    if not url:
        raise InputError(f"the path of the input {name!r} is empty", key=name, remedy="Give a path or a URL.")
    if url.startswith("file://"):
        from urllib.request import url2pathname

        path = Path(url2pathname(urlsplit(url).path))
    else:
        path = Path(url)
    if path.exists() or DataItem(url).exists():  # a result has no file of its own
        return
    place = path
    while place.parent != place and not place.parent.exists():
        place = place.parent
    names = os.listdir(place.parent)[:_MOST_NAMES] if place.parent.is_dir() else []
    raise _missing(name, url, place.name, names)


def _look_far(name: str, url: str, options: Mapping[str, Any]) -> None:
    import fsspec

    system, path = fsspec.core.url_to_fs(url, **options)
    system.invalidate_cache(path)
    try:
        system.info(path)
    except ArtifactNotFoundError:
        raise
    except FileNotFoundError:
        raise _missing(name, url, path.rstrip("/").rpartition("/")[2], _names_beside(system, path)) from None


def _names_beside(system: Any, path: str) -> list[str]:
    try:
        found = system.ls(path.rstrip("/").rpartition("/")[0], detail=False)
    except Exception:  # noqa: BLE001 - who may not list is told less
        return []
    return [each.rstrip("/").rpartition("/")[2] for each in found[:_MOST_NAMES]]


def _look_http(name: str, url: str) -> None:
    """Ask a server; a package is there by its manifest, for few servers answer for a folder."""
    parts = urlsplit(url)
    within = parts._replace(path=f"{parts.path.rstrip('/')}/{_MANIFEST}").geturl()
    if _answer(url) in _GONE and _answer(within) in _GONE:
        raise _missing(name, url, "", [])


def _answer(url: str) -> int:
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    request = Request(url, method="HEAD", headers={"User-Agent": "packagers"})  # noqa: S310 - http or https
    try:
        with urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
            return int(answer.status)
    except HTTPError as error:
        error.close()
        return error.code
