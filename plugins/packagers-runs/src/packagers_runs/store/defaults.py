"""Which store is meant where none is named."""

from __future__ import annotations

import os

FOLDER = ".packagers"
URL_VARIABLE = "PACKAGERS_STORE"
ARTIFACTS_VARIABLE = "PACKAGERS_STORE_ARTIFACTS"


def default_place() -> tuple[str, str | None]:
    """Give the URL of the store that is meant where none is named, and the place of its artifacts."""
    url = os.environ.get(URL_VARIABLE)
    return url or f"sqlite:///{FOLDER}/runs.db", os.environ.get(ARTIFACTS_VARIABLE) or None
