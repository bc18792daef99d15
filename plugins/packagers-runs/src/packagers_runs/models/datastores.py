"""Places for data under names of their own, and the options of the file systems behind them, which hold no secrets in the clear."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from packagers_runs.errors import FieldError
from packagers_runs.models.documents import HIDDEN
from packagers_runs.models.fields import mapping, model, text
from packagers_runs.models.modelobj import ModelObj
from packagers_runs.nearest import unknown_name

_SECRET = re.compile(r"\{\{\s*secrets\.(?P<name>[^{}]*?)\s*\}\}")
_NAME = re.compile(r"[\w.\-]+")
_OF_SECRETS = re.compile(
    r"(^|_)(key|secret|token|password|passwd|passphrase|pwd|pass|sas|credentials?|auth|authorization|connection_string)$"
)


def is_secret_name(name: str) -> bool:
    """Tell whether an option of this name takes a secret.

    >>> [is_secret_name(name) for name in ("secret", "accountKey", "x-api-key", "endpoint_url", "key_id")]
    [True, True, True, False, False]
    """
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return _OF_SECRETS.search(re.sub(r"[\W_]+", "_", words).lower()) is not None


def hide_options(options: Any) -> Any:
    """Give options as documents show them: ``***`` in place of each secret that stands in the clear."""
    if isinstance(options, Mapping):
        return {name: HIDDEN if _is_clear_secret(name, value) else hide_options(value) for name, value in options.items()}
    return [hide_options(value) for value in options] if isinstance(options, list) else options


def _is_clear_secret(name: str, value: Any) -> bool:
    return isinstance(value, str | bytes) and is_secret_name(name) and not (isinstance(value, str) and _SECRET.search(value))


@model
class DataStore(ModelObj):
    """A place for data under a name of its own, so that inputs may say ``name/path``.

    Args:
        name: The name.
        url: Where it is.
        options: What the file system behind it takes, as fsspec names it; a secret is written ``{{secrets.NAME}}``.
    """

    name: str | None = text()
    url: str | None = text()
    options: dict[str, Any] = mapping(document=hide_options)

    def filled_options(self, secrets: Mapping[str, str]) -> dict[str, Any]:
        """Give the options with the values of secrets.

        Args:
            secrets: Values by name.

        Raises:
            UnknownNameError: There is no secret of a name.
        """

        def value_of(found: re.Match[str]) -> str:
            name = found["name"]
            if name not in secrets:
                raise unknown_name("secret", name, secrets, owner=f"the data store {self.name!r}")
            return secrets[name]

        def fill(value: Any) -> Any:
            if isinstance(value, str):
                return _SECRET.sub(value_of, value)
            if isinstance(value, Mapping):
                return {name: fill(item) for name, item in value.items()}
            return [fill(item) for item in value] if isinstance(value, list) else value

        return {name: fill(value) for name, value in self.options.items()}


def check_data_stores(stores: Sequence[DataStore]) -> None:
    """Check data stores, before anything runs.

    Raises:
        FieldError: One has no name or no URL, two have the same name, or an option is a secret in the clear.
    """
    names: set[str] = set()
    for store in stores:
        if not store.name or not store.url:
            raise FieldError("a data store needs a name and a url", model="DataStore", field="url" if store.name else "name")
        if not _NAME.fullmatch(store.name):
            raise FieldError(
                f"the name of a data store cannot be {store.name!r}",
                model="DataStore",
                field="name",
                remedy="Names have letters, digits and _ . -",
            )
        if store.name in names:
            raise FieldError(
                f"two data stores have the name {store.name!r}", model="DataStore", field="name", remedy="Leave one of them out."
            )
        names.add(store.name)
        _refuse_clear_secrets(store.options, f"DataStore {store.name!r}")


def _refuse_clear_secrets(options: Any, owner: str) -> None:
    if isinstance(options, list):
        for item in options:
            _refuse_clear_secrets(item, owner)
    if not isinstance(options, Mapping):
        return
    for name, value in options.items():
        if _is_clear_secret(name, value):
            raise FieldError(
                f"the option {name!r} of {owner} is a secret in the clear, which a run does not record",
                model="DataStore",
                field="options",
                remedy=f"Write {{{{secrets.NAME}}}}, and say with with_secrets('env', 'NAME') where {name!r} comes from.",
            )
        _refuse_clear_secrets(value, owner)
