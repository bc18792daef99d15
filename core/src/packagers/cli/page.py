"""A package as a page of HTML that loads nothing and runs nothing."""

from __future__ import annotations

import base64
import hashlib
from html import escape

from packagers.display import body_html, title_of
from packagers.manifest import Manifest
from packagers.readable import visible

_STYLE = """
:root { color-scheme: light dark; --ink: #1c1e21; --quiet: #5c6370; --line: #d8dbe0; --paper: #fff; --panel: #f6f7f9 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e6ea; --quiet: #a0a6b1; --line: #3a3f47; --paper: #17191c; --panel: #212429 }
}
* { box-sizing: border-box }
body { margin: 0 auto; padding: 2.5rem 1.5rem; max-width: 72rem; color: var(--ink); background: var(--paper);
  font: 1rem/1.5 system-ui, sans-serif }
h1 { margin: 0 0 1.75rem; font-size: 1.375rem; font-weight: 600; overflow-wrap: anywhere }
div { max-width: 100%; overflow-x: auto; margin: 0 0 2rem }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums }
p { color: var(--quiet); margin: .5rem 0 0; font-size: .875rem }
caption { text-align: left; color: var(--quiet); font-size: .75rem; letter-spacing: .06em; text-transform: uppercase;
  padding-bottom: .375rem; white-space: nowrap }
th, td { padding: .3rem 1.25rem .3rem 0; border-top: 1px solid var(--line); text-align: left; vertical-align: top }
td { overflow-wrap: anywhere; min-width: 3rem }
thead + tbody td { overflow-wrap: break-word }
th { font-weight: 600; white-space: nowrap }
th[scope=row] { color: var(--quiet); font-weight: 400 }
pre { margin: 0 0 2rem; padding: 1rem; overflow: auto; max-height: 32rem; background: var(--panel); border-radius: .375rem;
  font: .8125rem/1.5 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere }
figure { margin: 0 0 2rem }
img { max-width: 100%; height: auto; background: #fff; border: 1px solid var(--line); border-radius: .375rem }
"""
_POLICY = "default-src 'none'; img-src data:; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'"
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""


def page_of(manifest: Manifest) -> str:
    """Give a package as a page of HTML; its pictures are in it, and no plugin is needed."""
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode("ascii")
    title = escape(visible(title_of(manifest)))
    return _PAGE.format(policy=_POLICY.format(hash=digest), title=title, style=_STYLE, body=body_html(manifest))
