"""Whether a table is in proportion to its file: text can say with a few bytes that there are more cells than a machine holds."""

from __future__ import annotations

from pathlib import Path

from packagers import UnpackError

CELLS = 1 << 23
"""How many cells any table may have."""
EACH = 16
"""How many cells it may have for each byte of its text, if that is more; where none is left out, a cell takes one at least."""


def check(cells: int, size: int, path: Path, why: str) -> None:
    """Refuse a table, before pandas makes room for it.

    Args:
        cells: How many it would have.
        size: How many bytes its text has.
        path: The file.
        why: What makes it so large.

    Raises:
        UnpackError: Says how many cells there would be.
    """
    if cells > max(CELLS, EACH * size):
        raise UnpackError(
            f"the table would have {cells} cells out of {size} bytes: {why}",
            file=path,
            remedy=f"Correct the file; it may have {EACH} cells for each of its bytes.",
        )
