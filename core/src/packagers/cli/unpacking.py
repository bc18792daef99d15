"""``packagers unpack``: the value of a package, in short, or its files as they are."""

from __future__ import annotations

import reprlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from packagers.cli.options import importable, literal, pairs, project_option, trust_of, trust_option
from packagers.cli.packages import open_package
from packagers.cli.report import Report, command

if TYPE_CHECKING:
    from packagers.package import Package


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

    from packagers import calling
    from packagers.typepath import path_of

    arguments = {name: literal(text) for name, text in pairs(options, "--option").items()}
    if hint is not None:
        importable(project or Path.cwd(), first=False)
    with trust_of(trust) as policy:
        value = calling.unpack(package, hint, trust=policy, project=project, **arguments)
    data = {"type": path_of(type(value)), "repr": bounded_repr(value)}
    return Report(data, lambda screen: screen.text(data["repr"]))


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
    from packagers.errors import UnpackError

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
