"""Looks at the cases of the corpus under an audit hook, and reads none: ``python looking.py CORPUS POLICY STEP COMMAND…``.

The report is one JSON object a case and command, on standard output, as that of ``watching.py``; ``STEP`` 4 looks at every fourth package.
"""

from __future__ import annotations

import itertools
import json
import os
import resource
import sys
import tempfile
from pathlib import Path

import watching
from click.testing import CliRunner

import packagers
from packagers.cli.app import root


def main(corpus: Path, policy: str, step: int, commands: list[str]) -> None:
    """Give every command every package."""
    watch = watching.Watch(corpus, Path(tempfile.gettempdir()).resolve())
    for case in json.loads((corpus / "good.json").read_text()):
        if (corpus / case["path"]).is_dir():
            watching.judged({**case, "how": "audit"}, corpus, watch)  # the hook is deaf yet: libraries are loaded
    os.chdir(corpus)
    sys.path.insert(0, str(corpus / "modules"))  # what content names could be found, if anybody looked
    sys.addaudithook(watch)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + watching.MEMORY, resource.RLIM_INFINITY))
    cases = [case for case in json.loads((corpus / "cases.json").read_text()) if (corpus / case["path"]).is_dir()]
    for case, command in itertools.product(cases[::step], commands):
        with packagers.trust(policy):
            report = watching.judged({**case, "how": command}, corpus, watch)
            sys.stdout.write(json.dumps({**report, "name": f"{command} {case['name']}"}) + "\n")
            sys.stdout.flush()
    with watch.listening() as seen:
        ends = [CliRunner().invoke(root, command).exit_code for command in (["list"], ["explain", "dict"])]
    sys.stdout.write(json.dumps({"name": "list, explain", "end": f"exit codes {ends}", "told": "", "seen": seen}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4:])
