"""The group of the commands of runs; each is imported when it is named."""

from __future__ import annotations

import importlib

import click

from packagers_runs.nearest import nearest

_COMMANDS = {
    "run": "running:run",
    "ls": "listing:ls",
    "show": "showing:show",
    "logs": "showing:logs",
    "compare": "comparing:compare",
    "report": "reporting:report",
    "abort": "running:abort",
    "retry": "running:retry",
    "resume": "again:resume",
    "verify": "again:verify",
    "why": "again:why",
    "notify": "notifying:notify",
    "notify-test": "notifying:notify_test",
    "rm": "keeping:rm",
    "prune": "keeping:prune",
    "gc": "keeping:gc",
    "export": "transfer:export",
    "import": "transfer:import_",
    "doctor": "doctoring:doctor",
}


class Commands(click.Group):
    """The group."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the names, in the order of use."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in _COMMANDS:
            near = nearest(cmd_name, _COMMANDS)
            if near is not None:
                raise click.UsageError(f"No such command {cmd_name!r}. Did you mean {near!r}?", ctx)
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        found: click.Command = getattr(importlib.import_module(f"packagers_runs.cli.{module}"), name)
        return found


# As of the group around, which is not there where this one is called by itself; each command makes its help once, at its first call.
@click.group("runs", cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def runs() -> None:
    """Run functions and look at what their runs gave."""
