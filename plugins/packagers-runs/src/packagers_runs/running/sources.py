"""Where the inputs of a run really are, and what its document says of them."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path, PurePosixPath
from typing import Any

from packagers import Artifact, DataItem, Result
from packagers_runs.errors import FieldError
from packagers_runs.models.inputs import LIVE
from packagers_runs.models.spec import RunSpec


def resolved(name: str, source: Any, spec: RunSpec) -> Any:
    """Give where an input really is: below ``input_path``, in a data store by name, or as it was said."""
    if isinstance(source, list):
        return [resolved(name, item, spec) for item in source]
    if isinstance(source, dict):
        return {key: resolved(name, item, spec) for key, item in source.items()}
    if source is None:
        if not spec.input_path:
            raise FieldError(
                f"the input {name!r} has no path, and there is no input_path",
                model="RunSpec",
                field="inputs",
                remedy="Give one of the two.",
            )
        source = name
    if not isinstance(source, str):
        return source
    first, slash, rest = source.partition("/")
    for place in spec.data_stores:
        if slash and first == place.name:
            return _in_data_store(f"{(place.url or '').rstrip('/')}/{rest}", place.options, name)
    if "://" in source or PurePosixPath(source).is_absolute() or Path(source).is_absolute() or not spec.input_path:
        return source
    return f"{spec.input_path.rstrip('/')}/{source}"


def _in_data_store(url: str, options: Mapping[str, Any], name: str) -> str:
    if options:
        raise FieldError(
            f"the input {name!r} is in a data store with options, which data items do not take",
            model="RunSpec",
            field="data_stores",
            remedy="Set them for its protocol in fsspec's configuration.",
        )
    return url


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
