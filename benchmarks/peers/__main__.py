"""The way in: ``python benchmarks/peers [PEER …]``."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parents[2])  # not this folder, whose modules are nobody's libraries
    from benchmarks.peers.command import main

    main()
