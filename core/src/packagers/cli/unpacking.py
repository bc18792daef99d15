"""``packagers unpack``: the value of a package, in short, or its files as they are."""

from __future__ import annotations

import math
import reprlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from packagers.cli.options import importable, literal, pairs, project_option, registry_of, trust_of, trust_option
from packagers.cli.packages import broken_zip, open_package, several_packages
from packagers.cli.report import Report, command
from packagers.cli.wording import in_words_of_the_shell
from packagers.errors import UnpackError

if TYPE_CHECKING:
    from packagers.package import Package

_DEEPEST = 20


@command("unpack")
@click.argument("package")
@click.option("--as", "hint", metavar="HINT", help='As what: a type, such as pandas.DataFrame or "list[int]". Plain files need one.')
@click.option("--option", "options", multiple=True, metavar="NAME=LITERAL", help="An option of the packager.")
@trust_option
@click.option("--to", "target", type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER", help="Copy the files out as they are.")
@project_option
def unpack(
    package: str, hint: str | None, options: tuple[str, ...], trust: str | None, target: Path | None, project: Path | None
) -> Report:
    """Unpack a value and print it in short.

    PACKAGE is a folder, a zip, a URL, a result or a plain file.
    """
    if target is not None:
        if hint is not None or options:
            raise click.UsageError("--to copies files as they are; it goes with neither --as nor --option.")
        copied = [str(path) for path in copy_files(open_package(package), target)]
        return Report({"files": copied}, lambda screen: screen.text("\n".join(copied)))

    from packagers.dataitem import DataItem
    from packagers.typepath import path_of

    arguments = {name: literal(text) for name, text in pairs(options, "--option").items()}
    if hint is not None:
        importable(project or Path.cwd(), first=False)
    item = DataItem(package, registry=registry_of(project))
    if hint is None and item.kind in ("file", "folder"):
        raise _needs_hint(package, item.local())
    with in_words_of_the_shell({}), trust_of(trust) as policy:
        value = item.unpack(hint, trust=policy, **arguments)
    short = bounded_repr(value)
    data = {"type": path_of(type(value)), "repr": short} | ({"value": value} if is_small_json(value) else {})
    return Report(data, lambda screen: screen.text(short))


def _needs_hint(source: str, path: Path) -> UnpackError:
    """Give the error for a plain file or folder that was named without a hint."""
    found = several_packages(source, path) or broken_zip(source, path)
    if found is None and path.is_dir():
        found = UnpackError(
            "the folder is no package", file=source, remedy="Name the folder that holds manifest.json, or add --as pathlib.Path."
        )
    return found or UnpackError(
        "a plain file says nothing of its type", file=source, remedy="Say what it is to become: --as pandas.DataFrame, or any other type."
    )


def is_small_json(value: Any) -> bool:
    """Tell whether a value is JSON as it is, exactly, and small: a scalar, or shallow lists and dicts of a thousand of them at most."""
    pending, room = [(value, _DEEPEST)], 1000
    while pending:
        item, depth = pending.pop()
        if type(item) is dict and all(type(key) is str and _is_scalar(key) for key in item):
            inner = list(item.values())
        elif type(item) is list:
            inner = item
        elif _is_scalar(item):
            continue
        else:
            return False
        room -= len(inner)
        if depth == 0 or room < 0:
            return False
        pending += [(each, depth - 1) for each in inner]
    return True


def _is_scalar(value: Any) -> bool:
    if type(value) is str:
        return len(value) <= 10_000
    if type(value) is int:
        return value.bit_length() <= 1024
    return value is None or type(value) is bool or (type(value) is float and math.isfinite(value))


def bounded_repr(value: Any) -> str:
    """Give a value's text, bounded however large the value is."""
    short = reprlib.Repr()
    short.maxlevel = 8
    short.maxdict = short.maxlist = short.maxtuple = short.maxset = short.maxfrozenset = short.maxdeque = short.maxarray = 50
    short.maxstring = short.maxlong = 2000
    short.maxother = 20_000
    return short.repr(value)


def copy_files(package: Package, target: Path) -> list[Path]:
    """Copy the payload files of a package, checked byte by byte, into a folder; nothing there is overwritten.

    Raises:
        UnpackError: Where there are no files, or one of that name is there.
        IntegrityError: Where a byte is not as it was packed.
    """
    package.verify()
    files = package.manifest.files
    if not files:
        raise UnpackError(
            "this is a result: it has no files", key=package.manifest.key, remedy="`packagers unpack` without --to prints it."
        )
    copies = [(package.payload / file.path, target / file.path) for file in files]
    for _, copy in copies:
        if copy.exists() or copy.is_symlink():
            raise UnpackError("there is a file already", file=copy, remedy="Give another folder.")
    for source, copy in copies:
        copy.parent.mkdir(parents=True, exist_ok=True)
        with source.open("rb") as read, copy.open("xb") as written:
            shutil.copyfileobj(read, written, 1 << 20)
    return [copy for _, copy in copies]
