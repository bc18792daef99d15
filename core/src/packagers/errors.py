"""Every error that this project raises, in one hierarchy.

::

    PackagersError                     anything that went wrong here
    ├── NoPackagerError                no packager can take this value, hint or package   (also LookupError)
    ├── UnknownArtifactTypeError       no packager of this type has that artifact type    (also LookupError)
    ├── UnknownOptionError             an option that the method does not take            (also TypeError)
    ├── HintSyntaxError                a log hint that cannot be read, with a caret       (also ValueError)
    ├── SettingError                   a setting of a wrong name or value                 (also ValueError)
    ├── PackagerDefinitionError        a packager class that breaks the rules             (also TypeError)
    ├── PackError                      a value could not be packed
    │   └── PackingFailed              several values could not be packed                 (also ExceptionGroup)
    └── UnpackError                    a package, file or URL could not be unpacked
        ├── InputError                 a call's inputs do not fit the function           (also TypeError)
        ├── MissingPluginError         the plugin that wrote it is not installed
        ├── IntegrityError             its bytes are not the bytes that were packed
        └── UntrustedPackageError      reading it could run code that the policy does not allow

    PackagersWarning
    ├── PluginLoadWarning              a plugin could not be loaded and is left out
    └── AmbiguousPackagerWarning       two packagers are equal in all but the name

Each carries its facts as attributes, so that no caller has to read the message.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

_EXCERPT = 100
"""Characters of a hint that an error shows on each side of the mistake."""


class PackagersError(Exception):
    """Base of every error of this project.

    Args:
        message: What happened, in one sentence.
        remedy: What to do next, in one sentence.
        key: The key of the value or package concerned.
        leaf: The path of the leaf inside a container, such as ``.layers[3].hook``.
        file: The file or folder concerned.
        distribution: The installed distribution concerned.
    """

    def __init__(
        self,
        message: str,
        *,
        remedy: str | None = None,
        key: str | None = None,
        leaf: str | None = None,
        file: str | Path | None = None,
        distribution: str | None = None,
    ) -> None:
        super().__init__(message)
        self.remedy = remedy
        self.key = key
        self.leaf = leaf
        self.file = None if file is None else str(file)
        self.distribution = distribution

    def __str__(self) -> str:
        where = [
            f"{name} {value!r}" if name == "key" else f"{name} {value}"
            for name, value in (
                ("key", self.key),
                ("at", self.leaf),
                ("file", self.file),
                ("distribution", self.distribution),
            )
            if value
        ]
        text = str(self.args[0]) if self.args else ""
        if where:
            text = f"{text} ({', '.join(where)})"
        return f"{text}\n  → {self.remedy}" if self.remedy else text


class NoPackagerError(PackagersError, LookupError):
    """No packager can take this value, hint or package."""


class UnknownArtifactTypeError(PackagersError, LookupError):
    """A packager was found, but none with the artifact type that was asked for.

    Attributes:
        known: The artifact types that could have been asked for.
    """

    def __init__(self, message: str, *, known: Sequence[str] = (), **where: Any) -> None:
        super().__init__(message, **where)
        self.known = tuple(known)


class UnknownOptionError(PackagersError, TypeError):
    """An option that the chosen method does not take.

    Attributes:
        option: The option that was given.
        known: The options that the method takes.
    """

    def __init__(self, message: str, *, option: str = "", known: Sequence[str] = (), **where: Any) -> None:
        super().__init__(message, **where)
        self.option = option
        self.known = tuple(known)


class HintSyntaxError(PackagersError, ValueError):
    """A log hint that cannot be read.

    Attributes:
        text: The hint as it was given.
        position: Where in ``text`` the mistake is, counted from 0; ``None`` for hints that are not text.
    """

    def __init__(self, message: str, *, text: str = "", position: int | None = None, **where: Any) -> None:
        super().__init__(message, **where)
        self.text = text
        self.position = position

    def __str__(self) -> str:
        if self.position is None:
            return super().__str__()
        start = max(0, self.position - _EXCERPT)
        before, after = self.text[start : self.position], self.text[self.position : self.position + _EXCERPT]
        line = "".join(c if c.isprintable() else " " for c in before + after)
        caret = " " * len(before) + "^"
        remedy = f"\n  → {self.remedy}" if self.remedy else ""
        return f"{self.args[0]}\n    {line}\n    {caret}{remedy}"


class SettingError(PackagersError, ValueError):
    """A setting that does not exist, or a value that it cannot take.

    Attributes:
        setting: The name of the setting.
        origin: Where the value came from.
    """

    def __init__(self, message: str, *, setting: str = "", origin: str = "", **where: Any) -> None:
        super().__init__(message, **where)
        self.setting = setting
        self.origin = origin


class PackagerDefinitionError(PackagersError, TypeError):
    """A packager class, or its registration, breaks the rules for packagers."""


class PackError(PackagersError):
    """A value could not be packed."""


class PackingFailed(PackError, ExceptionGroup[Exception]):
    """Some values of a session could not be packed; the others were.

    Attributes:
        outputs: What was packed all the same, by key.
    """

    def __new__(cls, message: str, exceptions: Sequence[Exception], **facts: Any) -> PackingFailed:
        """Make the group (``ExceptionGroup`` fixes its members on creation)."""
        return super().__new__(cls, message, exceptions)

    def __init__(self, message: str, exceptions: Sequence[Exception], *, outputs: Any = None) -> None:
        super().__init__(message)
        self.args = (message, list(exceptions))
        self.outputs = outputs

    def __str__(self) -> str:
        lines = "\n".join(f"  {type(error).__name__}: {error}" for error in self.exceptions)
        return f"{self.message}\n{lines}"

    def derive(self, excs: Sequence[Exception], /) -> PackingFailed:  # type: ignore[override]  # its errors are Exceptions, always
        """Make the group of a subset (for ``except*`` and ``split``)."""
        return PackingFailed(self.message, excs, outputs=self.outputs)


class UnpackError(PackagersError):
    """A package, file or URL could not be unpacked."""


class InputError(UnpackError, TypeError):
    """The inputs and parameters of a call do not fit the function: an unknown, missing or doubled name, or an object of a wrong type."""


class MissingPluginError(UnpackError):
    """The plugin that wrote a package is not installed."""


class IntegrityError(UnpackError):
    """The bytes of a package are not the bytes that were packed."""


class UntrustedPackageError(UnpackError):
    """Reading a package could run code, and the reader's policy does not allow it.

    Attributes:
        reader: The reader that would run code.
        types: The types that it would build, where they are known.
        policy: The policy that refused.
    """

    def __init__(self, message: str, *, reader: str = "", types: Sequence[str] = (), policy: str = "", **where: Any) -> None:
        super().__init__(message, **where)
        self.reader = reader
        self.types = tuple(types)
        self.policy = policy


class PackagersWarning(UserWarning):
    """Base of every warning of this project."""


class PluginLoadWarning(PackagersWarning):
    """A plugin could not be loaded and is left out."""


class AmbiguousPackagerWarning(PackagersWarning):
    """Two packagers are equal in all but the name; the rule still decided."""
