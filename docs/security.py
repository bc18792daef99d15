"""Write the table of SECURITY.md from what test suites recorded: ``pytest --figures FILE``.

::

    python docs/security.py build/figures.jsonl …    write it, from one run or several (short forms and long ones)
    python docs/security.py --check                  fail where it is malformed, or names a test that is not there

The first line of a file of figures says when, where and of which commit; each further line is a figure. Equal ones of one run are added up.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "SECURITY.md"
TABLE = re.compile(r"(<!-- figures -->\n)(.*?)(<!-- end -->)", re.DOTALL)
RUN = re.compile(r"Run of (?P<date>\d{4}-\d\d-\d\d), commit `(?P<commit>[0-9a-f]{7,40}(?:-dirty)?|unknown)`, on (?P<machine>\S.*\S):")
HEAD = ["| suite | done | form | how often | violations | test |", "|---|---|---|--:|--:|---|"]
ROW = re.compile(r"\| (.+?) \| (.+?) \| (short|long) \| ([\d,]+) \| ([\d,]+(?:; failed)?) \| \[`(.+?)`\]\((.+?)\) \|")


class Figure(NamedTuple):
    """One row: what was done, how often, and how often the promise did not hold."""

    suite: str
    done: str
    form: str
    points: int
    violations: int
    failed: bool
    file: str


class Malformed(Exception):
    """The table, or a file of figures, is not as this script writes and reads it."""


def figures_of(lines: Iterable[str]) -> Iterator[Figure]:
    """Read figures; equal ones are added up, and one of a test that failed says so."""
    points: Counter[tuple[str, str, str, str]] = Counter()
    violations: Counter[tuple[str, str, str, str]] = Counter()
    failed = set()
    for line in lines:
        row = json.loads(line)
        name = (row["suite"], row["done"], row["form"], row["file"])
        if any("|" in part for part in name):
            raise Malformed(f"a figure has a bar in its names, which the table cannot hold: {name}")
        points[name] += row["points"]
        violations[name] += row["violations"]
        if not row["passed"]:
            failed.add(name)
    for name in sorted(points):
        suite, done, form, file = name
        yield Figure(suite, done, form, points[name], violations[name], name in failed, file)


def section(file: Path) -> str:
    """Give what the document says of one run."""
    first, *lines = file.read_text(encoding="utf-8").splitlines()
    run = json.loads(first)
    rows = [*HEAD]
    for each in figures_of(lines):
        broken = f"{each.violations:,}{'; failed' if each.failed else ''}"
        rows.append(f"| {each.suite} | {each.done} | {each.form} | {each.points:,} | {broken} | [`{each.file}`]({each.file}) |")
    if len(rows) == len(HEAD):
        raise Malformed(f"{file} holds no figures: which tests ran?")
    return "\n".join([f"Run of {run['date']}, commit `{run['commit'] or 'unknown'}`, on {run['machine']}:", "", *rows, ""])


def write(files: Iterable[Path]) -> None:
    """Write the table from files of figures."""
    table = "\n".join(section(file) for file in files)
    text = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text(TABLE.sub(lambda match: f"{match[1]}{table}{match[3]}", text), encoding="utf-8")
    check()


def check() -> list[Figure]:
    """Read the table that stands in the document.

    Raises:
        Malformed: Where it is not as this script writes it, or names a test that is not there.
    """
    found = TABLE.search(DOCUMENT.read_text(encoding="utf-8"))
    if found is None:
        raise Malformed(f"{DOCUMENT.name} has no table: put it between <!-- figures --> and <!-- end -->")
    figures = []
    for block in re.split(r"^(?=Run of )", found[2], flags=re.MULTILINE)[1:] or [found[2]]:
        first, *lines = block.rstrip("\n").split("\n")
        if not RUN.fullmatch(first) or lines[:3] != ["", *HEAD] or not lines[3:]:
            raise Malformed(f"this is no run with figures: {block[:200]!r}")
        for line in lines[3:]:
            cells = ROW.fullmatch(line)
            if cells is None:
                raise Malformed(f"this is no figure: {line!r}")
            suite, done, form, points, violations, file, link = cells.groups()
            if link != file or not (ROOT / file).is_file():
                raise Malformed(f"there is no test {file}: {line!r}")
            broken, _, failed = violations.partition("; ")
            figures.append(Figure(suite, done, form, number(points), number(broken), bool(failed), file))
    return figures


def number(text: str) -> int:
    """Read a number as the table has it."""
    return int(text.replace(",", ""))


def main(arguments: list[str]) -> None:
    """Write or check."""
    if arguments == ["--check"]:
        check()
    elif arguments and not arguments[0].startswith("-"):
        write(map(Path, arguments))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (Malformed, OSError) as error:
        sys.exit(str(error))
