"""``packagers show``: a package's description and preview, in the terminal or as a page of HTML. No plugin is needed."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

import click

from packagers.cli.packages import entry_text, facts, open_package
from packagers.cli.report import Report, command
from packagers.cli.screen import Screen, visible

_ROWS = 200
_GAP = 3
_CHARACTERS = 64 << 10
_PAGE = """<!doctype html>
<html>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font-family: sans-serif; margin: 2em }}
table {{ border-collapse: collapse; margin: 1em 0 }}
th, td {{ border-bottom: 1px solid #ccc; padding: .2em .8em; text-align: left; overflow-wrap: anywhere }}
pre {{ white-space: pre-wrap }}
img {{ max-width: 100% }}
</style>
</head>
<body>
{body}
</body>
</html>
"""


@command("show")
@click.argument("package")
@click.option(
    "--html", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write a page of HTML instead; pictures are in it."
)
def show(package: str, html: Path | None) -> Report:
    """Print a package's description and preview.

    PACKAGE is a folder, a zip, a URL or a result. Its plugin is not needed.
    """
    opened = open_package(package)
    manifest = opened.manifest
    if html is not None:
        from packagers.display import manifest_html

        page = _PAGE.format(title=escape(manifest.key), body=manifest_html(manifest))
        html.write_text(page, encoding="utf-8", errors="xmlcharrefreplace", newline="\n")
        return Report({"html": str(html)}, lambda screen: screen.text(str(html)))
    data = facts(opened)
    names = ("key", "object_type", "artifact_type", "format", "digest", "labels", "tag", "links", "description", "value")
    found = {name: data[name] for name in names if name in data} | {"preview": dict(manifest.preview)}
    return Report(found, lambda screen: _show(screen, found))


def _show(screen: Screen, found: dict[str, Any]) -> None:
    from packagers.display import shown

    form = f" ({found['format']})" if found["format"] else ""
    screen.text(visible(f"{found['key']}: {found['object_type']} as {found['artifact_type']}{form}"), style="bold")
    sections = (found["description"], found["labels"], *found["links"].values())
    rows = [(str(name), entry_text(value, 400)) for section in sections for name, value in section.items()]
    if "value" in found:
        rows.insert(0, ("value", shown(found["value"], 4000)))
    if rows:
        screen.facts(rows)
    _show_preview(screen, found["preview"])


def _show_preview(screen: Screen, preview: dict[str, Any]) -> None:
    """Print a preview; what is no table, text or picture is left out."""
    table, text, png = preview.get("table"), preview.get("text"), preview.get("png")
    if isinstance(table, dict) and isinstance(table.get("columns"), list) and isinstance(table.get("rows"), list):
        columns = [str(column) for column in table["columns"]]
        rows = [[str(cell) for cell in row][: len(columns)] for row in table["rows"][:_ROWS] if isinstance(row, list)]
        fitting = _fitting(columns, rows, screen.width)
        screen.table(columns[:fitting], [row[:fitting] for row in rows])
        if fitting < len(columns):
            screen.text(f"… and {len(columns) - fitting} more columns")
    elif isinstance(text, str):
        screen.text(text[:_CHARACTERS])
    elif isinstance(png, str):
        screen.text("The preview is a picture: --html FILE writes a page that shows it.")


def _fitting(columns: list[str], rows: list[list[str]], width: int) -> int:
    """Count the columns that fit into a line, one at least."""
    used = 0
    for index, column in enumerate(columns):
        used += max(len(column), *(len(row[index]) for row in rows if index < len(row)), 0) + _GAP
        if used > width and index:
            return index
    return len(columns)
