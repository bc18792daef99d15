"""``python -m packagers``: the command line."""

from __future__ import annotations

from packagers.cli import main

if __name__ == "__main__":
    main()
