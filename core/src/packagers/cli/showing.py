"""``packagers show``: a package's description and preview, in the terminal or as a page of HTML. No plugin is needed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from packagers.cli.packages import facts, open_package
from packagers.cli.report import Report, command
from packagers.cli.screen import Screen

if TYPE_CHECKING:
    from packagers.manifest import Manifest
    from packagers.previews import Preview, Table

_SHOWN = ("key", "object_type", "artifact_type", "format", "lossless", "size", "digest", "labels", "tag", "links", "parts", "description")


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
        from packagers.cli.page import page_of

        html.write_text(page_of(manifest), encoding="utf-8", newline="\n")
        return Report({"html": str(html)}, lambda screen: screen.text(str(html)))
    data = facts(opened)
    found = {name: data[name] for name in (*_SHOWN, "value") if name in data} | {"preview": dict(manifest.preview)}
    return Report(found, lambda screen: show_manifest(screen, manifest))


def show_manifest(screen: Screen, manifest: Manifest) -> None:
    """Print what a package holds: facts, parts, preview."""
    from packagers.display import facts_of, parts_of, title_of
    from packagers.previews import read_preview

    screen.heading(title_of(manifest))
    rows = facts_of(manifest)
    if rows:
        screen.facts(rows)
    parts = parts_of(manifest)
    if parts is not None:
        _show_table(screen, parts)
    preview = read_preview(manifest.preview)
    if preview is not None:
        _show_preview(screen, preview)
    elif manifest.preview:
        screen.text("There is a preview, but none that can be shown.")


def _show_preview(screen: Screen, preview: Preview) -> None:
    from packagers.previews import Picture, Table
    from packagers.readable import size

    if isinstance(preview, Table):
        _show_table(screen, preview)
    elif isinstance(preview, Picture):
        sides = f"{preview.width} by {preview.height} pixels, {size(len(preview.data))}"
        screen.paragraph(f"The preview is a picture ({sides}): --html FILE writes a page that shows it.")
    else:
        screen.paragraph(preview.text)


def _show_table(screen: Screen, table: Table) -> None:
    from dataclasses import replace

    left_out = screen.cut_table(table.columns, table.rows)
    rest = replace(table, more_columns=table.more_columns + left_out).rest
    if rest:
        screen.text(rest)
