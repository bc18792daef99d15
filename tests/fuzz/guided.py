"""Fuzzing led by coverage, with atheris, which no test needs: it has to be installed beside packagers, for a Python that it supports.

::

    pip install atheris hypothesis ./core
    python tests/fuzz/guided.py "hint text" -max_total_time=300

The first argument is one of the names of ``fuzz_targets.CHECKS``, the others are those of libFuzzer. The valid inputs of the target are
what it starts from; a find is written into the working folder as ``crash-…`` and is tried again by naming that file as an argument.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path


def main() -> None:
    """Fuzz the target that the arguments name."""
    import atheris

    sys.path.insert(0, str(Path(__file__).parent))
    with atheris.instrument_imports(include=["packagers"]):
        import fuzz_targets

    if len(sys.argv) < 2 or sys.argv[1] not in fuzz_targets.CHECKS:
        raise SystemExit(f"Name one of these first: {', '.join(fuzz_targets.CHECKS)}")
    name = sys.argv.pop(1)
    with tempfile.TemporaryDirectory() as corpus:
        if not any(Path(argument).is_file() for argument in sys.argv[1:]):
            for number, seed in enumerate(fuzz_targets.seeds(name)):
                (Path(corpus) / str(number)).write_bytes(seed)
            sys.argv.append(corpus)
        atheris.Setup(sys.argv, fuzz_targets.CHECKS[name])
        atheris.Fuzz()


if __name__ == "__main__":
    main()
