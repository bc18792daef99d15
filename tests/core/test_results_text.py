"""Each entry of a file of results is encoded once, and the file is the one that a document of all entries would give."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from packagers import Session
from packagers.document import Document
from packagers.manifest import VERSION, Written
from packagers.results import NAME, Recorded, entry_of, results_text
from packagers.sealed import sealed

_atoms = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
_values = st.recursive(_atoms, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=8)
_written = st.builds(
    Written,
    packager=st.text(),
    object_type=st.text(),
    artifact_type=st.just("result"),
    instructions=st.dictionaries(st.text(), _values, max_size=2),
    version=st.integers(1, 3),
)
_results = st.dictionaries(st.text(), st.builds(Recorded, _written, _values), max_size=5)


@given(_results, _results)
def test_the_text_is_that_of_a_document_of_all_entries(results: dict[str, Recorded], known: dict[str, Recorded]) -> None:
    before = {key: entry_of(recorded) for key, recorded in known.items()}
    entries = {**before, **{key: entry_of(recorded) for key, recorded in results.items()}}
    document = Document({"packagers": VERSION, "results": entries})
    assert results_text(results, None, before) == sealed(document, document.digest(), None)


def test_what_a_session_writes_holds_each_result(tmp_path: Path) -> None:
    values: dict[str, Any] = {"b": 0.1, "a": 10**30, "nested": {"z": [1, None], "a": (1,)}, "text": 'é"\\', "nan": float("inf")}
    for _ in range(2):  # the second time beside entries that are known
        with Session(tmp_path) as session:
            for key, value in values.items():
                session.pack(value, key)
    text = (tmp_path / NAME).read_text(encoding="ascii")
    assert list(json.loads(text)["results"]) == list(values)
    with Session(tmp_path) as session:
        assert {key: session.unpack(tmp_path / key) for key in values} == values
