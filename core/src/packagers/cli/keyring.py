"""``packagers keys``: the keys that sign packages, and those of others that are accepted."""

from __future__ import annotations

import sys

import click

from packagers.cli.report import Report, command


@click.group("keys")
def keys() -> None:
    """Show, make, share and revoke signing keys."""


@command("list", keys)
def list_keys() -> Report:
    """List the keys: which one signs, which are accepted, which are revoked."""
    from packagers.keys import listing

    found = [{"id": info.id, "state": info.state, "origin": info.origin} for info in listing()]
    rows = [(key["id"], key["state"], key["origin"]) for key in found]
    return Report({"keys": found}, lambda screen: screen.table(("key", "state", "from"), rows))


@command("create", keys)
def create() -> Report:
    """Make a new signing key; the one before stays accepted."""
    from packagers.keys import create as make

    made = make()
    return Report({"id": made}, lambda screen: screen.text(made))


@command("export", keys)
@click.argument("key_id", required=False, metavar="[ID]")
def export(key_id: str | None) -> Report:
    """Print a key (by default the one that signs) as one line. It is a secret: who has it can sign as you.

    Whoever imports it (`packagers keys import < FILE`) reads your packages as their own.
    """
    from packagers.keys import export as exported

    line = exported(key_id)
    return Report({"key": line}, lambda screen: screen.text(line))


@command("import", keys)
@click.argument("line", required=False)
def import_(line: str | None) -> Report:
    """Accept a key that `packagers keys export` printed: LINE, or what stands on standard input.

    From then on, packages signed with it count as your own. Arguments show in lists of processes; standard input does not.
    """
    from packagers.keys import import_ as accept

    accepted = accept(sys.stdin.read(4096) if line is None or line == "-" else line)
    return Report({"id": accepted}, lambda screen: screen.text(accepted))


@command("revoke", keys)
@click.argument("key_id", metavar="ID")
def revoke(key_id: str) -> Report:
    """Accept a key no more: what it signed counts as foreign. Where it was the signing key, a new one is made."""
    from packagers.keys import revoke as refuse

    refuse(key_id)
    return Report({"id": key_id}, lambda screen: screen.text(f"revoked {key_id}"))
