"""What a recipe says: how a golden package was made, and what it must give back in every later release."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from packagers.testing import alike


@dataclass(frozen=True)
class Recipe:
    """How one package is made, and what it gives back.

    Attributes:
        type_path: The type path whose packager wrote it.
        make: Makes the value; another call makes an equal one.
        form: What the log hint says after the key, such as ``"dataset[format='csv']"``; the default form if empty.
        options: Options of packing that have no text form.
        same: Compares what ``back`` makes and what came back: tells, or asserts.
        back: Makes what comes back, where that is not the value.
        hint: The type hint that the package is read by, too; the type of what comes back if not given.
        trust: The policy that reading needs: ``"all"`` for what is read as code, or rebuilds classes that the package names.
        is_trust_for_hint: Whether reading by the hint needs that policy as well.
        is_read: Whether it can be unpacked without a hint; a plot cannot.
    """

    type_path: str
    make: Callable[[], Any]
    form: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    same: Callable[[Any, Any], bool | None] = alike
    back: Callable[[], Any] | None = None
    hint: Any = None
    trust: str | None = None
    is_trust_for_hint: bool = True
    is_read: bool = True

    def expected(self) -> Any:
        """Make what must come back."""
        return (self.back or self.make)()

    def check(self, found: Any) -> None:
        """Compare what came back.

        Raises:
            AssertionError: Where it is something else.
        """
        expected = self.expected()
        verdict = self.same(expected, found)
        assert verdict is None or verdict, f"{expected!r:.500} came back as {found!r:.500}"


def forms(name: str, made: Recipe, texts: Iterable[str]) -> dict[str, Recipe]:
    """Give the same recipe in several forms.

    Args:
        name: Of the packages; the format, or else the artifact type, is added.
        made: The recipe in its default form.
        texts: ``"artifact type"`` or ``"artifact type:format"``.
    """
    found = {}
    for text in texts:
        artifact_type, _, format = text.partition(":")
        form = f"{artifact_type}[format={format!r}]" if format else artifact_type
        found[f"{name}-{artifact_type}-{format}".rstrip("-").replace(".", "-")] = _with_form(made, form)
    return found


def _with_form(made: Recipe, form: str) -> Recipe:
    return Recipe(**{**vars(made), "form": form})


def chunks(expected: Any, found: Any) -> bool:
    """Compare two streams chunk by chunk."""
    return alike(list(expected), list(found))
