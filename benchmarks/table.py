"""The table of figures, as it is printed and as it stands in the documentation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.paired import Row, seconds_text

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "performance.md"
BEGIN, END = "<!-- figures: python -m benchmarks --write -->", "<!-- end of figures -->"
HEAD = f"| {'path':60} | {'ours':>9} | {'raw':>9} | {'ratio':>6} | {'from to':>13} | {'extra':>9} | {'aim':>8} | {'reached':>7} | memory |"
RULE = "|---|--:|--:|--:|--:|--:|--:|---|---|"


def lines_of(area: str, rows: Iterable[Row]) -> list[str]:
    """Write the rows of an area."""
    return [f"\n**{area}**\n", HEAD, RULE, *(_line(row) for row in rows)]


def _line(row: Row) -> str:
    times = f"{seconds_text(row.ours_s):>9} | {seconds_text(row.raw_s):>9} | {row.ratio:6.2f} | {row.low:5.2f} to {row.high:5.2f}"
    reached = {True: "yes", False: "no", None: ""}[row.is_reached]
    memory = "" if row.ours_bytes is None or row.raw_bytes is None else f"{row.ours_bytes >> 20} / {row.raw_bytes >> 20} MiB"
    path = f"{row.path} · {row.limit}"
    return f"| {path:60} | {times} | {seconds_text(row.extra_s):>9} | {row.aim:>8} | {reached:>7} | {memory} |"


def write_page(about: Mapping[str, Any]) -> None:
    """Write all figures into their page, between its two marks."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    place = f"{about['processor']}, {about['cores']} cores, {about['system']}, Python {about['python']}; {versions}. {about['date']}."
    lines = [line for area, rows in about["areas"].items() for line in lines_of(area, [Row(**row) for row in rows])]
    PAGE.write_text("\n".join([f"{before}{BEGIN}\n", place, *lines, "", f"{END}{after}"]), encoding="utf-8")
