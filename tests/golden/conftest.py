"""Nothing in here is collected: tests/system/test_golden.py imports what it needs."""

from __future__ import annotations

collect_ignore_glob = ["*.py"]
