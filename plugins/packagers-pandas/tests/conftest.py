"""What the tests here share: a way there and back by a packager's methods alone, and frames of every kind."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from packagers import Packager
from packagers.policy import unpacking

Trip = Callable[..., Any]


@pytest.fixture
def trip(tmp_path: Path) -> Trip:
    """Give ``trip(packager, obj, artifact_type, **packing options)``: packs into a folder of its own and unpacks it again, as a stranger."""
    count = iter(range(10**9))

    def there_and_back(packager: Packager, obj: Any, artifact_type: str = "dataset", *, unpack: Any = None, **options: Any) -> Any:
        folder = tmp_path / str(next(count))
        folder.mkdir()
        packager.packs[artifact_type].check_options(options)
        instructions = getattr(packager, f"pack_{artifact_type}")(obj, folder, **options)
        told = {
            **json.loads(json.dumps(instructions or {})),
            **({"format": options["format"]} if "format" in options else {}),
            **(unpack or {}),
        }
        packager.unpacks[artifact_type].check_options(told)
        with unpacking(str(folder), False, "own"):
            return getattr(packager, f"unpack_{artifact_type}")(folder, **told)

    return there_and_back
