"""Write the tables of the documents: each fact stands once, in a ``pyproject.toml`` or in the code, and is copied from there.

::

    python docs/tables.py              write them
    python docs/tables.py README.md    write those of one document
    python docs/tables.py --check      fail where one is stale

The tables in ``docs/reference`` are taken from the code and need the core installed; those of the types need the plugins, too.
"""

from __future__ import annotations

import inspect
import re
import runpy
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from pathlib import Path
from types import GenericAlias, UnionType
from typing import Any

ROOT = Path(__file__).parents[1]
TABLE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
MARKUP = re.compile(r":\w+:`~?([^`]+)`|``([^`]+)``")
SENTENCE = re.compile(r"(.*?\.)(\s|$)", re.DOTALL)


def plugins() -> str:
    """Give the table of plugins: what to install, and the types that it packs."""
    lines = ["| install | types |", "|---|---|"]
    for file in sorted(ROOT.glob("plugins/*/pyproject.toml")):
        project = tomllib.loads(file.read_text(encoding="utf-8"))["project"]
        paths = project.get("entry-points", {}).get("packagers.types")
        if not paths:
            continue  # it packs nothing: a hook module, or the run store
        types = ", ".join(f"`{path}`" for path in paths)
        lines.append(f"| [`{project['name']}`](plugins/{file.parent.name}/README.md) | {types} |")
    return "\n".join(lines) + "\n"


def settings() -> str:
    """Give the table of settings: name, variable, what each takes, its default and meaning."""
    from packagers.config import SETTINGS

    lines = ["| setting | variable | takes | default | meaning |", "|---|---|---|---|---|"]
    for name, setting in SETTINGS.items():
        default = list(setting.default) if isinstance(setting.default, tuple) else setting.default
        lines.append(f"| `{name}` | `{setting.variable}` | {setting.expected} | `{default!r}` | {setting.doc} |")
    return "\n".join(lines) + "\n"


def api() -> str:
    """Give the table of public names: kind, signature and first sentence, those of one kind together."""
    import packagers

    found: dict[str, list[str]] = {kind: [] for kind in ("function", "class", "object", "error", "warning")}
    for name in packagers.__all__:
        value = getattr(packagers, name)
        kind = kind_of(value)
        signature = "" if kind == "object" else signature_of(value)
        found[kind].append(f"| `{name}{signature}` | {kind} | {first_sentence(value)} |")
    rows = [row for kind in found.values() for row in kind]
    return "\n".join(["| name | kind | what it is |", "|---|---|---|", *rows]) + "\n"


def hooks() -> str:
    """Give the hooks, each with its signature and what its docstring says."""
    from packagers import hookspecs

    found = [value for name, value in vars(hookspecs).items() if name.startswith("packagers_")]
    return "\n".join(f"## {hook.__name__}\n\n{block(hook)}\n\n{as_markdown(hook)}\n" for hook in found)


def commands() -> str:
    """Give the commands of the command line: usage, what its help says, options."""
    import click

    from packagers.cli.app import _COMMANDS, root

    context = click.Context(root, info_name="packagers")
    return "\n".join(text for name in _COMMANDS for text in command(name, root.get_command(context, name), context))


def command(name: str, found: Any, above: Any) -> Iterator[str]:
    """Give one command, and those in it where it is a group."""
    import click

    context = click.Context(found, info_name=name, parent=above)
    usage = " ".join([context.command_path, *found.collect_usage_pieces(context)])
    yield f"## {context.command_path}\n\n```text\n{usage}\n```\n"
    yield from (f"{' '.join(paragraph.split())}\n" for paragraph in inspect.cleandoc(found.help or "").split("\n\n"))
    options = [param for param in found.params if isinstance(param, click.Option) and param.name != "as_json"]
    records = [record for record in (option.get_help_record(context) for option in options) if record is not None]
    if records:
        yield "\n".join(f"* `{names}`: {text}" for names, text in records) + "\n"
    if isinstance(found, click.Group):
        for inner in found.list_commands(context):
            yield from command(inner, found.get_command(context, inner), context)


def types() -> str:
    """Give the reference of the built-in types."""
    found: str = runpy.run_path(str(Path(__file__).with_name("typepages.py")))["types"]()
    return found


def kind_of(value: Any) -> str:
    """Say what a public name stands for."""
    if isinstance(value, type) and not isinstance(value, GenericAlias):
        return "warning" if issubclass(value, Warning) else "error" if issubclass(value, BaseException) else "class"
    return "function" if inspect.isfunction(value) else "object"


def signature_of(value: Any) -> str:
    """Give the signature as it is called, without annotations; nothing for an error that takes what all of them take, nor for names."""
    if isinstance(value, type) and (issubclass(value, Enum) or (issubclass(value, Exception) and "__init__" not in vars(value))):
        return ""
    signature = inspect.signature(value)
    parameters = [each.replace(annotation=inspect.Parameter.empty) for each in signature.parameters.values()]
    return str(signature.replace(parameters=parameters, return_annotation=inspect.Signature.empty)).replace("<factory>", "{}")


def first_sentence(value: Any) -> str:
    """Give the first sentence of a docstring, as Markdown on one line; of what is not ours, what it is."""
    if isinstance(value, GenericAlias | UnionType):
        return f"`{value}`".replace("typing.", "").replace("|", "\\|")
    if kind_of(value) == "object" and not type(value).__module__.startswith("packagers."):
        return f"`{type(value).__name__}` of {type(value).__module__.partition('.')[0]}"
    found = SENTENCE.match(inspect.getdoc(value) or "")
    return plain(" ".join(found[1].split()) if found else "").replace("|", "\\|")


def block(function: Callable[..., Any]) -> str:
    """Give the signature of a function, annotations and all, as a block of text."""
    signature = inspect.signature(function)
    parameters = "".join(f"    {each.name}: {each.annotation},\n" for each in signature.parameters.values())
    return f"```text\n{function.__name__}(\n{parameters}) -> {signature.return_annotation}\n```"


def as_markdown(function: Callable[..., Any]) -> str:
    """Give a docstring in Google's style as Markdown: its arguments as a list."""
    paragraphs = []
    for paragraph in (inspect.getdoc(function) or "").split("\n\n"):
        title, _, body = paragraph.partition("\n")
        if title == "Args:":
            items = re.split(r"^ {4}(?=\w+:)", body, flags=re.MULTILINE)[1:]
            named = (" ".join(item.split()).partition(": ") for item in items)
            paragraphs.append("\n".join(f"* `{name}`: {plain(text)}" for name, _, text in named))
        else:
            paragraphs.append(plain(" ".join(paragraph.split())))
    return "\n\n".join(paragraphs)


def plain(text: str) -> str:
    """Turn the markup of a docstring into Markdown."""
    return MARKUP.sub(lambda match: f"`{match[1] or match[2]}`", text)


TABLES = {"plugins": plugins, "settings": settings, "api": api, "hooks": hooks, "types": types, "commands": commands}
DOCUMENTS = ("README.md", *(f"docs/reference/{name}.md" for name in ("settings", "api", "hooks", "types", "commands")))


def written(text: str) -> str:
    """Give a document with its tables as they should be."""
    return TABLE.sub(lambda match: match[1] + TABLES[match[2]]() + match[3], text)


def stale(names: Sequence[str] = DOCUMENTS) -> list[Path]:
    """List the documents whose tables are not as they should be."""
    return [path for name in names if written((path := ROOT / name).read_text(encoding="utf-8")) != path.read_text(encoding="utf-8")]


def main() -> int:
    """Write the tables, or check them."""
    found = stale([name for name in sys.argv[1:] if name != "--check"] or DOCUMENTS)
    if "--check" in sys.argv:
        for path in found:
            sys.stderr.write(f"{path.relative_to(ROOT)} is stale: run python docs/tables.py\n")
        return bool(found)
    for path in found:
        path.write_text(written(path.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
