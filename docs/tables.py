"""Write the tables of the documents: each fact stands once, in a plugin's ``pyproject.toml``, and is copied from there.

::

    python docs/tables.py            write them
    python docs/tables.py --check    fail where one is stale
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
TABLE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def plugins() -> str:
    """Give the table of plugins: what to install, and the types that it packs."""
    lines = ["| install | types |", "|---|---|"]
    for file in sorted(ROOT.glob("plugins/*/pyproject.toml")):
        project = tomllib.loads(file.read_text(encoding="utf-8"))["project"]
        paths = project["entry-points"]["packagers.types"]
        types = ", ".join(f"`{path}`" for path in paths)
        lines.append(f"| [`{project['name']}`](plugins/{file.parent.name}/README.md) | {types} |")
    return "\n".join(lines) + "\n"


TABLES = {"plugins": plugins}
DOCUMENTS = ("README.md",)


def written(text: str) -> str:
    """Give a document with its tables as they should be."""
    return TABLE.sub(lambda match: match[1] + TABLES[match[2]]() + match[3], text)


def stale() -> list[Path]:
    """List the documents whose tables are not as they should be."""
    return [path for name in DOCUMENTS if written((path := ROOT / name).read_text(encoding="utf-8")) != path.read_text(encoding="utf-8")]


def main() -> int:
    """Write the tables, or check them."""
    found = stale()
    if "--check" in sys.argv:
        for path in found:
            sys.stderr.write(f"{path.name} is stale: run python docs/tables.py\n")
        return bool(found)
    for path in found:
        path.write_text(written(path.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
