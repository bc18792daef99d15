"""Write the reference of the built-in types from the packagers themselves: their methods, declarations and docstrings."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

from packagers import Packager, Registry
from packagers.packager import Method
from packagers.testing.forms import Form, forms_of

ROOT = Path(__file__).parents[1]
CORE = "packagers"
MARKUP = re.compile(r":\w+:`~?([^`]+)`|``([^`]+)``")
SENTENCE = re.compile(r"(.*?\.)(\s|$)", re.DOTALL)
ITEM = re.compile(r"^ {4}(?=\w+:)", re.MULTILINE)
NAMED = 4
"""Types that a heading names; of more it names some."""


@dataclass(frozen=True)
class Entry:
    """Packagers that have everything in common but their types.

    Attributes:
        packagers: Each class, with its type paths.
    """

    packagers: tuple[tuple[type[Packager], tuple[str, ...]], ...]

    @property
    def packager(self) -> type[Packager]:
        """One that stands for all."""
        return self.packagers[0][0]

    @property
    def paths(self) -> list[str]:
        """All type paths."""
        return [path for _, paths in self.packagers for path in paths]

    @property
    def heading(self) -> str:
        """The heading: the types, or the first of many."""
        shown = self.paths if len(self.paths) <= NAMED else self.paths[: NAMED - 1]
        rest = f" and {len(self.paths) - len(shown)} others" if len(self.paths) > len(shown) else ""
        return ", ".join(f"`{path}`" for path in shown) + rest

    @property
    def anchor(self) -> str:
        """Where a link to the heading leads."""
        return re.sub(r"[^\w\- ]", "", self.heading.lower()).replace(" ", "-")


def types() -> str:
    """Give the reference: a section for each distribution, in it a table of types, and what can be asked for of each."""
    told: dict[str, str] = {}
    return "\n".join(block for name, entries in distributions() for block in section(name, entries, told))


def distributions() -> list[tuple[str, list[Entry]]]:
    """List the distributions of this project, the core first, each with its packagers in the order of their types."""
    registry = Registry()
    found = []
    for name in (CORE, *sorted(path.parent.name for path in ROOT.glob("plugins/*/pyproject.toml"))):
        packagers: dict[type[Packager], list[str]] = {}
        for registration in registry:
            if registration.distribution == name and registration.path is not None:
                label = f" ({registration.path.label})" if registration.path.label else ""
                packagers.setdefault(registration.load(), []).append(f"{registration.path}{label}")
        alike: dict[str, list[tuple[type[Packager], tuple[str, ...]]]] = {}
        for packager, paths in packagers.items():
            alike.setdefault("\n".join(body(packager, "", {})), []).append((packager, tuple(paths)))
        found.append((name, [Entry(tuple(group)) for group in alike.values()]))
    return [(name, entries) for name, entries in found if entries]


def section(name: str, entries: list[Entry], told: dict[str, str]) -> Iterator[str]:
    """Give the lines of a distribution.

    Args:
        name: The distribution.
        entries: Its packagers.
        told: Where each list of options stands that has been written already, by its text.
    """
    yield f"## {name}\n"
    yield f"{metadata.metadata(name)['Summary']} {'Always there.' if name == CORE else f'`pip install {name}`'}\n"
    yield "| type | stored as | on request |\n|---|---|---|"
    for entry in entries:
        forms = forms_with_plain(entry.packager)
        default = " ".join(words(forms, is_default=True)) or "-"
        types = ", ".join(f"`{path}`" for path in entry.paths)
        yield f"| [{types}](#{entry.anchor}) | {default} | {', '.join(words(forms, is_default=False)) or '-'} |"
    yield ""
    for entry in entries:
        yield f"### {entry.heading}\n"
        yield from sentences(entry)
        yield from body(entry.packager, f"[{entry.heading}](#{entry.anchor})", told)


def sentences(entry: Entry) -> Iterator[str]:
    """Say what each packager does; all types are named where the heading names some."""
    lines = [(paths, plain(first_sentence(inspect.getdoc(packager) or ""))) for packager, paths in entry.packagers]
    if len(lines) == 1 and len(entry.paths) <= NAMED:
        yield f"{lines[0][1]}\n"
    else:
        yield "\n".join(f"* {', '.join(f'`{path}`' for path in paths)}: {sentence}" for paths, sentence in lines) + "\n"


def words(forms: Iterable[Form], *, is_default: bool) -> Iterator[str]:
    """Give artifact types, each with its formats: of the default form, or of the others."""
    found: dict[str, list[str]] = {}
    for form in forms:
        if form.is_default is is_default:
            found.setdefault(form.artifact_type, []).extend([f"`{form.format}`"] if form.format else [])
    alike: dict[str, list[str]] = {}
    for artifact_type, formats in found.items():
        alike.setdefault(" ".join(formats) or artifact_type, []).append(f"**{artifact_type}**")
    for text, artifact_types in alike.items():
        yield " or ".join(artifact_types) + (f" ({text})" if text.startswith("`") else "")


def forms_with_plain(packager: type[Packager]) -> list[Form]:
    """List the forms of a packager, the default one first; with the one of a container that is walked, which no method stands for."""
    forms = [read_as_json(packager, form) for form in forms_of(packager, {}) if not is_undeclared(packager, form)]
    method = packager.packs.get("file")
    if packager.is_container() and method is not None and method.default_format is None and method.formats:
        base = next(form for form in forms if form.artifact_type == "file")
        kind, is_deterministic = packager.READERS.get("file", "code"), "file" in packager.DETERMINISTIC
        whole = replace(base, format=None, is_lossy=False, is_read=True, is_deterministic=is_deterministic, kind=kind)
        forms.insert(forms.index(base), whole)
    for artifact_type, reader in packager.unpacks.items():
        writer = packager.packs.get(artifact_type)
        only_read = [name for name in reader.formats or (None,) if writer is None or (writer.formats and name not in writer.formats)]
        forms += [only_read_form(packager, artifact_type, name) for name in only_read]
    return sorted(forms, key=lambda form: not form.is_default)


def is_walked(packager: type[Packager], form: Form) -> bool:
    """Tell whether a form is typed JSON with parts, which no method of the packager writes."""
    return packager.is_container() and form.artifact_type not in packager.packs


def is_undeclared(packager: type[Packager], form: Form) -> bool:
    """Tell whether a container that says how it is read does not name a form, as streams, which are no results."""
    return is_walked(packager, form) and bool(packager.READERS) and form.artifact_type not in packager.READERS


def read_as_json(packager: type[Packager], form: Form) -> Form:
    """Give a form; reading typed JSON cannot run code, whatever is declared."""
    return replace(form, kind="data") if is_walked(packager, form) else form


def only_read_form(packager: type[Packager], artifact_type: str, format: str | None) -> Form:
    """Give a form that is read and not written."""
    kind = packager.READERS.get(format or artifact_type, "code")
    return Form(artifact_type, format, {}, ("unpack-only",), False, True, True, False, False, kind)


def body(packager: type[Packager], place: str, told: dict[str, str]) -> Iterator[str]:
    """Give the forms of a packager and their options.

    Args:
        packager: The class.
        place: Where this is written, for others to refer to.
        told: Where each list of options stands that has been written already, by its text.
    """
    if packager.PACK_SUBCLASSES:
        yield "Subclasses are taken too, and come back as themselves.\n"
    yield "| artifact type | format | comes back | reading is | same bytes |\n|---|---|---|---|---|"
    yield from rows(packager)
    yield ""
    for direction, methods in (("packing", packager.packs), ("unpacking", packager.unpacks)):
        for names, method in merged(packager, methods.values()):
            text = options(method, arguments(getattr(packager, method.name)))
            title = f"Options of {direction} {' or '.join(f'`{name}`' for name in names)}"
            if text and text in told:
                yield f"{title}: as of {told[text]}.\n"
            elif text:
                told[text] = f"{direction} `{names[0]}` of {place}"
                yield f"{title}:\n\n{text}\n"


def rows(packager: type[Packager]) -> Iterator[str]:
    """Give the rows of the table of forms; formats that have all in common share one. What is taken by default is bold."""
    found: dict[tuple[str, ...], tuple[list[str], list[str]]] = {}
    for form in forms_with_plain(packager):
        method = packager.packs.get(form.artifact_type) or packager.unpacks.get(form.artifact_type)
        function = "" if method is None else str(id(getattr(packager, method.name)))
        facts = (comes_back(form), form.kind if form.is_read else "-", "yes" if form.is_deterministic else "no")
        names, formats = found.setdefault((function, *facts), ([], []))
        bold = "**" if form.is_default else ""
        names += [f"{bold}{form.artifact_type}{bold}"] if not {form.artifact_type, f"**{form.artifact_type}**"} & set(names) else []
        format = f"{bold}`{form.format}`{bold}"
        formats += [format] if form.format and not {format, f"**{format}**"} & set(formats) else []
    for key, (names, formats) in found.items():
        yield f"| {', '.join(names)} | {' '.join(formats)} | {' | '.join(key[1:])} |"


def comes_back(form: Form) -> str:
    """Say what unpacking gives."""
    if form.missing == ("unpack-only",):
        return "only read"
    if not form.is_read:
        return "no (pack-only)"
    return "in part (lossy)" if form.is_lossy else "whole"


def merged(packager: type[Packager], methods: Iterable[Method]) -> list[tuple[list[str], Method]]:
    """Put together the artifact types that one function packs, or unpacks."""
    found: dict[object, tuple[list[str], Method]] = {}
    for method in methods:
        found.setdefault(getattr(packager, method.name), ([], method))[0].append(method.artifact_type)
    return list(found.values())


def options(method: Method, told: dict[str, str]) -> str:
    """Give the options of a method as a list: default, meaning, and the values that it can have.

    Args:
        method: The method.
        told: What its docstring says of each.
    """
    lines = []
    for name, option in method.options.items():
        if name != "format" and name in told:
            default = "" if option.default is option.empty else f" = `{option.default!r}`"
            choices = [f"`{value!r}`" for value in method.choices.get(name, ()) if value is not None]
            values = f" One of {', '.join(choices)}." if choices else ""
            lines.append(f"* `{name}`{default}: {told[name]}{values}")
    others = [f"`{name}`" for name in method.options if name != "format" and name not in told]
    return "\n".join([*lines, f"* Also: {', '.join(others)}."] if others else lines)


def arguments(function: object) -> dict[str, str]:
    """Give what a docstring in Google's style says of each argument."""
    paragraphs = (inspect.getdoc(function) or "").split("\n\n")
    bodies = (body for title, _, body in (each.partition("\n") for each in paragraphs) if title == "Args:")
    items = (" ".join(item.split()).partition(": ") for body in bodies for item in ITEM.split(body)[1:])
    return {name: plain(text) for name, _, text in items}


def first_sentence(text: str) -> str:
    """Give the first sentence of a docstring on one line."""
    found = SENTENCE.match(text)
    return " ".join(found[1].split()) if found else ""


def plain(text: str) -> str:
    """Turn the markup of a docstring into Markdown."""
    return MARKUP.sub(lambda match: f"`{match[1] or match[2]}`", text)
