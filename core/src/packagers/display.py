"""How packages look to people: facts, parts and previews, and both as HTML in which nothing that data holds is markup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from itertools import islice

from packagers.manifest import MISSING, Manifest
from packagers.previews import Picture, Preview, Table, Text, read_preview
from packagers.readable import cut, fact_text, places_of_parts, size, value_text, visible

FACTS, PARTS = 100, 200
_LONG = 400
_PLACES = 3


def title_of(manifest: Manifest) -> str:
    """Say in one line what a package holds."""
    written = manifest.written
    form = f" ({cut(written.format, _LONG)})" if written.format else ""
    return f"{manifest.key}: {cut(written.object_type, _LONG)} as {cut(written.artifact_type, _LONG)}{form}"


def facts_of(manifest: Manifest) -> list[tuple[str, str]]:
    """Give what is recorded for people, by name: value, description, labels, links, and how much of it there is."""
    rows = [("tag", manifest.tag)] if manifest.tag else []
    if manifest.value is not MISSING:
        rows.append(("value", value_text(manifest.value, 10 * _LONG)))
    elif manifest.skeleton is not MISSING:
        rows.append(("value", value_text(manifest.skeleton, _LONG)))
    known = {text for _, text in rows}
    sections = (
        ("", manifest.description),
        ("label ", manifest.labels),
        ("metric ", manifest.metrics),
        ("extra data ", manifest.extra_data),
    )
    for what, section in sections:
        found = [(what + cut(str(name), _LONG), fact_text(entry, _LONG)) for name, entry in islice(section.items(), FACTS)]
        rows += [(name, text) for name, text in found if what or text not in known]
        if len(section) > FACTS:
            rows.append(("…", f"{len(section) - FACTS:,} more"))
    if not manifest.lossless:
        rows.append(("lossless", "no: unpacking does not give back all of the value"))
    if manifest.files:
        count = len(manifest.files)
        rows.append(("size", f"{size(manifest.size)} in {count:,} file{'s' if count > 1 else ''}"))
    return rows


def parts_of(manifest: Manifest) -> Table | None:
    """Give a table of the parts of a container: where each stands in it, its type, form and size."""
    if not manifest.parts:
        return None
    places = places_of_parts(manifest.skeleton) if manifest.skeleton is not MISSING else {}
    sizes: dict[str, int] = {}
    for file in manifest.files:
        folder = file.path.partition("/")[0]
        sizes[folder] = sizes.get(folder, 0) + file.size
    rows = []
    for number, part in enumerate(manifest.parts[:PARTS]):
        form = part.written.artifact_type + (f" ({part.written.format})" if part.written.format else "")
        where = _place(places.get(number, []), part.folder)
        rows.append([where, cut(part.written.object_type, _LONG), cut(form, _LONG), size(sizes.get(part.folder, 0))])
    return Table(["part", "type", "packed as", "size"], rows, more_rows=len(manifest.parts) - len(rows))


def _place(places: Sequence[str], folder: str) -> str:
    if not places:
        return folder
    more = f", … ({len(places):,} in all)" if len(places) > _PLACES else ""
    return ", ".join(place or "the whole" for place in places[:_PLACES]) + more


def manifest_html(manifest: Manifest) -> str:
    """Give a package as HTML for a notebook: what it is, its preview, and what is recorded of it."""
    return f'<div class="packagers" lang="en"><p><b>{_text(title_of(manifest))}</b></p>{body_html(manifest)}</div>'


def body_html(manifest: Manifest) -> str:
    """Give all but the heading as HTML."""
    preview = read_preview(manifest.preview)
    parts = parts_of(manifest)
    written = [
        ("packager", cut(manifest.written.packager, _LONG)),
        ("versions", fact_text(dict(manifest.versions), _LONG)),
        ("digest", manifest.digest),
    ]
    pieces = [
        preview_html(preview) if preview is not None else "",
        _facts_html("Facts", facts_of(manifest)),
        _table_html("Parts", parts) if parts is not None else "",
        _facts_html("Written by", written),
    ]
    return "".join(pieces)


def preview_html(preview: Preview) -> str:
    """Give a preview as HTML."""
    if isinstance(preview, Table):
        return _table_html("Preview", preview)
    if isinstance(preview, Text):
        return f'<pre aria-label="Preview" tabindex="0">{_text(preview.text, lines=True)}</pre>'
    return _picture_html(preview)


def outputs_html(outputs: Iterable[tuple[str, str]], left_out: int) -> str:
    """Give the outputs of a run as an HTML table.

    Args:
        outputs: The key of each that is shown, and what it is.
        left_out: How many are not shown.
    """
    more = [("…", f"{left_out:,} more")] if left_out else []
    return f'<div class="packagers" lang="en">{_facts_html("Outputs", [*outputs, *more])}</div>'


def _picture_html(picture: Picture) -> str:
    sides = f'width="{picture.width}" height="{picture.height}"'
    return f'<figure><img alt="Preview" {sides} src="data:image/png;base64,{picture.base64}"></figure>'


def _table_html(caption: str, table: Table) -> str:
    head = "".join(f'<th scope="col">{_text(column)}</th>' for column in table.columns)
    body = "".join(f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in row)}</tr>" for row in table.rows)
    rest = f"<p>{_text(table.rest)}</p>" if table.rest else ""
    return f"<div><table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{rest}</div>"


def _facts_html(caption: str, facts: Iterable[tuple[str, str]]) -> str:
    body = "".join(f'<tr><th scope="row">{_text(name)}</th><td>{_text(text)}</td></tr>' for name, text in facts)
    return f"<div><table><caption>{caption}</caption><tbody>{body}</tbody></table></div>" if body else ""


def _text(text: str, *, lines: bool = False) -> str:
    """Make text that data holds harmless: no markup, no control character, no mark that turns its direction."""
    return escape(visible(text, lines=lines))
