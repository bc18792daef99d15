"""What a suite has found out: every sample in every form, and what went wrong with it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from packagers.package import Package
from packagers.testing.forms import Form


@dataclass
class Trip:
    """One sample in one form.

    Attributes:
        sample: The name of the sample.
        form: The form.
        refusal: Why the packager does not pack this sample in this form; empty where it does.
        package: What was packed, if anything was.
        came_back: Whether something came of unpacking it.
    """

    sample: str
    form: Form
    refusal: str = ""
    package: Package | None = None
    came_back: bool = False

    def __str__(self) -> str:
        return f"{self.sample} as {self.form.name}"


@dataclass
class Evidence:
    """All that was found.

    Attributes:
        trips: Each sample in each form that was tried.
        problems: What went wrong, by the kind of problem.
        loaded: The modules that a fresh process has loaded after it has packed a dict.
        memory: What the packager holds that it did not hold before.
    """

    trips: list[Trip] = field(default_factory=list)
    problems: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    loaded: frozenset[str] = frozenset()
    memory: list[str] = field(default_factory=list)
