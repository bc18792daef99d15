"""What every page has: the templates, one stylesheet, one script, and a policy that lets a browser take nothing else.

Data is text. Every expression of a template is escaped and shows what has no shape of its own; links lead to anchors and to files that are
named here; pictures are checked PNG files as ``data:`` URIs. The policy stands behind that: a browser runs our script and takes our
stylesheet by their digests, and requests nothing.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import PackageLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from packagers_runs.report import words

STYLE, SCRIPT = "report.css", "report.js"


@cache
def environment() -> ImmutableSandboxedEnvironment:
    """Give the environment of all templates: it escapes everything, and what is not defined is an error."""
    found = ImmutableSandboxedEnvironment(
        loader=PackageLoader("packagers_runs.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {
        "cut": words.cut,
        "short": words.short_text,
        "full": words.value_text,
        "type": words.type_text,
        "size": words.size_text,
        "time": words.time_text,
    }
    return found


def render(template: str, **values: Any) -> Markup:
    """Fill in a template.

    Args:
        template: The name of its file in ``templates``.
        **values: What it names; all but ``Markup`` is escaped.
    """
    return Markup(environment().get_template(template).render(**values))  # noqa: S704 - a template escapes all that it is given


def page(title: str, body: str | Markup, *, stamp: str = "") -> str:
    """Give a whole page.

    Args:
        title: What the browser calls it, plain text.
        body: What :func:`render` gave; a plain string is escaped.
        stamp: Identifies what it was made of, for whoever wants to know whether it is still right.
    """
    style, script = asset(STYLE), asset(SCRIPT)
    policy = (
        f"default-src 'none'; img-src data:; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return str(render("base.html", title=title, body=body, stamp=stamp, policy=policy, style=Markup(style), script=Markup(script)))  # noqa: S704 - our own files


def stamp_tag(stamp: str) -> str:
    """Give the beginning of the tag that a page of a stamp has."""
    return f'<meta name="packagers-report" content="{stamp}"'


@cache
def asset(name: str) -> str:
    """Give the text of one of our own files."""
    return files("packagers_runs.report").joinpath("templates", name).read_text(encoding="utf-8").strip()


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}"


def _finalized(value: Any) -> Any:
    return value if isinstance(value, Markup) else words.visible(str(value))
