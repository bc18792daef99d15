"""Secrets of this machine: in the task itself, in a file, in the environment, in the keyring of the user."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from packagers_runs.errors import FieldError
from packagers_runs.secretsources.source import SecretError, SecretSource, chosen, names_of, settings_of


class InlineSecrets(SecretSource):
    """Values by name, which the task was given in this process."""

    def read(self) -> dict[str, str]:
        """Give them; a value that is no text is refused."""
        for name, value in self.source.items() if isinstance(self.source, Mapping) else [("", None)]:
            if not isinstance(name, str) or not isinstance(value, str):
                raise FieldError(
                    "inline secrets must be a dict of text by name",
                    model="RunSpec",
                    field="secret_sources",
                    remedy=f"Write the value of {name!r} as text." if name else "Write {name: value}.",
                )
        return dict(self.source)


class FileSecrets(SecretSource):
    """A text file with ``key=value`` lines; lines that begin with ``#`` are remarks."""

    def read(self) -> dict[str, str]:
        """Read it, in UTF-8."""
        path = Path(self.source).expanduser()
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            problem = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
            raise SecretError(f"the secrets cannot be read: {problem}", file=path, remedy="Look at the path.") from None
        found: dict[str, str] = {}
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip() and not line.lstrip().startswith("#"):
                name, equals, value = line.partition("=")
                if not equals or not name.strip():
                    raise SecretError(f"line {number} is no key=value", file=path, remedy="Write key=value, or begin the line with #.")
                if name.strip() in found:
                    raise SecretError(f"line {number} has a key that stands further up", file=path, remedy="Remove one of the two.")
                found[name.strip()] = value.strip()
        return found


class EnvironmentSecrets(SecretSource):
    """Variables of the environment; an empty list is for all of them."""

    def read(self) -> dict[str, str]:
        """Read them."""
        return chosen(dict(os.environ), names_of(self.source, "env"), "the environment")


class KeyringSecrets(SecretSource):
    """The keyring of the user, by the library of that name: the names, or a dict with ``secrets`` and the ``service`` that they are of.

    Keyrings do not tell what they hold, so the names have to be given.
    """

    def read(self) -> dict[str, str]:
        """Read them."""
        settings = settings_of(self.source, "keyring", ("service",))
        if not settings["secrets"]:
            raise FieldError("a keyring does not tell what it holds", model="RunSpec", field="secret_sources", remedy="Give the names.")
        try:
            import keyring
        except ImportError as error:
            raise SecretError(f"the keyring cannot be read: {error}", remedy="pip install packagers-runs[keyring]") from error
        service = settings.get("service", "packagers")
        found = {}
        for name in settings["secrets"]:
            try:
                value = keyring.get_password(service, name)
            except Exception as error:  # every keyring has errors of its own
                problem = f"{type(error).__name__}: {error}"
                raise SecretError(f"the keyring cannot be read: {problem}", remedy="Unlock it, or install one.") from error
            if value is None:
                raise SecretError(f"the keyring has no {name!r} of {service!r}", remedy=f"keyring set {service} {name}")
            found[name] = value
        return found
