"""The group of all commands: our own, imported when they are named, and those of other distributions."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from packagers.cli.report import Failure
from packagers.cli.screen import Screen
from packagers.errors import PackagersError, PackagersWarning
from packagers.names import nearest
from packagers.readable import visible

if TYPE_CHECKING:
    from packagers.discovery import Extension

_COMMANDS = {
    "list": "listing:list_packagers",
    "doctor": "doctoring:doctor",
    "explain": "explaining:explain",
    "inspect": "packages:inspect",
    "verify": "verifying:verify",
    "audit": "auditing:audit",
    "show": "showing:show",
    "unpack": "unpacking:unpack",
    "zip": "packages:zip_",
    "call": "running:call",
    "config": "configuring:config",
    "keys": "keyring:keys",
    "new": "starting:new",
}


class Root(click.Group):
    """The group of all commands. A command of another distribution cannot take the name of one of ours."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the names of our own commands, then those of others."""
        return [*_COMMANDS, *sorted({extension.name for extension in _extensions()} - set(_COMMANDS))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; one that cannot be imported is a command that says why."""
        if cmd_name in _COMMANDS:
            module, _, name = _COMMANDS[cmd_name].partition(":")
            found: click.Command = getattr(importlib.import_module(f"packagers.cli.{module}"), name)
            return found
        extension = next((extension for extension in _extensions() if extension.name == cmd_name), None)
        return None if extension is None else _load(extension)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the arguments name; where there is none, name the nearest."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError:
            near = None if args[0].startswith("-") else nearest(args[0], self.list_commands(ctx))
            if near is None:
                raise
            raise click.UsageError(f"No such command {args[0]!r}. Did you mean {near!r}?", ctx) from None

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; its errors become messages unless ``--traceback`` was given."""
        with _warnings_as_messages():
            try:
                return super().invoke(ctx)
            except (click.ClickException, click.exceptions.Exit, click.Abort):
                raise
            except Exception as error:
                if ctx.params["traceback"]:
                    raise
                raise Failure(error) from error


@click.group(cls=Root, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(package_name="packagers")
@click.option("--traceback", is_flag=True, help="Show where an error came from, instead of its message alone.")
def root(traceback: bool) -> None:
    """Pack typed Python values into portable, verified artifacts, and look into them."""


def _extensions() -> tuple[Extension, ...]:
    from packagers.discovery import scan

    return scan().commands


def _load(extension: Extension) -> click.Command:
    """Load a command of another distribution."""
    try:
        found, _ = extension.load()
        if not isinstance(found, click.Command):
            raise PackagersError(
                f"entry point {extension.name!r} ({extension.reference}) is no click command but a {type(found).__name__}",
                distribution=extension.distribution,
            )
    except PackagersError as error:
        return _broken(extension, error)
    return found


def _broken(extension: Extension, error: PackagersError) -> click.Command:
    def fail() -> None:
        error.remedy = error.remedy or f"Repair or uninstall {extension.distribution}."
        raise error

    return click.Command(
        extension.name,
        callback=fail,
        short_help=f"broken: {visible(str(error.args[0]))} (distribution {visible(extension.distribution)})",
        add_help_option=False,
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )


@contextmanager
def _warnings_as_messages() -> Iterator[None]:
    """Print warnings of ours as one line each."""
    usual = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *args: Any, **kwargs: Any) -> None:
        if issubclass(category, PackagersWarning):
            Screen(stderr=True).text(f"warning: {message}", style="yellow")
        else:
            usual(message, category, *args, **kwargs)

    warnings.showwarning = show
    try:
        yield
    finally:
        warnings.showwarning = usual
