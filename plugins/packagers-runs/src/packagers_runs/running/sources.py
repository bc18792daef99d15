"""Where the inputs of a run really are, whether they are there, and what its document says of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike, fspath
from pathlib import Path, PurePosixPath
from typing import Any

from packagers import Artifact, DataItem, Result
from packagers_runs.errors import FieldError
from packagers_runs.models.datastores import DataStore
from packagers_runs.models.inputs import LIVE
from packagers_runs.models.spec import RunSpec
from packagers_runs.running.emptyitem import EmptyItem
from packagers_runs.running.existence import MissingInputError, check_there


def _each(source: Any, change: Callable[[Any], Any]) -> Any:
    """Change what is in a source, at any depth of lists and dicts."""
    if isinstance(source, list):
        return [_each(item, change) for item in source]
    if isinstance(source, dict):
        return {key: _each(item, change) for key, item in source.items()}
    return change(source)


def resolved(name: str, source: Any, spec: RunSpec) -> Any:
    """Give where an input is: below ``input_path``, at the URL of a data store, or as it was said.

    One in a data store that has options stays ``name/path``, for a URL alone would not do.

    Args:
        name: Of the input.
        source: As the task says it.
        spec: Of the run.
    """

    def place(each: Any) -> Any:
        if each is None:
            if not spec.input_path:
                raise FieldError(
                    f"the input {name!r} has no path, and there is no input_path",
                    model="RunSpec",
                    field="inputs",
                    remedy="Give one of the two.",
                )
            each = name
        if not isinstance(each, str):
            return each
        text = str(each)
        if spec.input_path and not _is_whole(text) and _data_store(text, spec) is None:
            text = f"{spec.input_path.rstrip('/')}/{text}"
        store = _data_store(text, spec)
        return text if store is None or store.options else _url_in(store, text)

    return _each(source, place)


def opened(inputs: Mapping[str, Any], spec: RunSpec, secrets: Mapping[str, str]) -> dict[str, Any]:
    """Look at inputs, once each, and give them as a handler takes them.

    Args:
        inputs: What :func:`resolved` gave, by name.
        spec: Of the run.
        secrets: Values by name, for the options of data stores.

    Returns:
        The same; what is in a data store with options as a data item, and what is missing, where that may be, as one that is empty.

    Raises:
        MissingInputError: One is not there, and has to be.
        InputError: One cannot be reached.
        UnknownNameError: A data store names a secret that there is not.
    """
    options = {store.name: store.filled_options(secrets) for store in spec.data_stores if store.options}

    def look(name: str, source: Any) -> Any:
        if not isinstance(source, str | PathLike | DataItem):
            return source
        url = source.url if isinstance(source, DataItem) else str(fspath(source))
        given: Mapping[str, Any] = {}
        store = _data_store(url, spec)
        if store is not None and store.options:
            url, given = _url_in(store, url), options[store.name]
            source = DataItem(url, storage_options=given)
        try:
            check_there(name, url, given)
        except MissingInputError:
            if not spec.allow_empty_resources:
                raise
            return EmptyItem(url)
        return source

    return {name: _each(source, lambda each, name=name: look(name, each)) for name, source in inputs.items()}  # type: ignore[misc]


def recorded(source: Any) -> Any:
    """Give what the document says of an input: where it is, or of which type a live object was."""
    if isinstance(source, str):
        return source
    if isinstance(source, list):
        return [recorded(item) for item in source]
    if isinstance(source, dict):
        return {str(key): recorded(item) for key, item in source.items()}
    if isinstance(source, DataItem):
        return source.url
    if isinstance(source, Artifact):
        return str(source.path)
    if isinstance(source, PathLike):
        return str(source)
    kind = type(source.value if isinstance(source, Result) else source)
    return f"{LIVE}{kind.__module__}.{kind.__qualname__}"


def _data_store(text: str, spec: RunSpec) -> DataStore | None:
    first, slash, _ = text.partition("/")
    return next((store for store in spec.data_stores if slash and store.name == first), None)


def _url_in(store: DataStore, text: str) -> str:
    return f"{(store.url or '').rstrip('/')}/{text.partition('/')[2]}"


def _is_whole(text: str) -> bool:
    return "://" in text or PurePosixPath(text).is_absolute() or Path(text).is_absolute()
