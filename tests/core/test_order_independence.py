"""Choice is a function of what is installed: neither the order of registration, nor that of ``sys.path``, nor the hash seed counts."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packagers import Registry
from packagers.registration import Registration

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))
import orders

SEEDS = ("0", "1", "42", "4294967295")
ROUNDS = 25


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Give the folders of the distributions, first on ``sys.path`` and without those that are really installed."""
    made = orders.write(tmp_path_factory.mktemp("orders"))
    Registry(discover=False).find([1])
    whole = list(sys.path)
    sys.path[:] = [*made, *(place for place in whole if "site-packages" not in place)]
    yield made
    sys.path[:] = whole
    for name in [name for name in sys.modules if name.startswith("order_")]:
        del sys.modules[name]


@pytest.fixture(scope="module")
def registrations(folders: list[str]) -> list[Registration]:
    return orders.fresh([each for each in Registry() if each.distribution.startswith("orders-")])


@pytest.fixture(scope="module")
def explained(registrations: list[Registration]) -> bytes:
    return orders.explained(orders.shuffled(registrations, list(range(len(registrations)))))


def test_the_same_entry_points_of_several_distributions_are_all_seen(registrations: list[Registration]) -> None:
    assert len(registrations) == len(orders.NAMES) * (len(orders.TYPES) + 1)


def test_what_is_explained_is_worth_comparing(explained: bytes) -> None:
    verdicts = (b"chosen", b"later by name", b"higher PRIORITY", b"farther type", b"picky bee", b"no attribute 'Missing'")
    assert [words for words in (*verdicts, b"both pack", b"no packager can pack") if words not in explained] == []


@settings(max_examples=500)
@given(st.data())
def test_order_does_not_count(folders: list[str], registrations: list[Registration], explained: bytes, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(registrations))))
    assert orders.explained(orders.shuffled(orders.fresh(registrations), order)) == explained


@settings(max_examples=500)
@given(st.data())
def test_the_order_of_the_path_does_not_count(folders: list[str], registrations: list[Registration], data: st.DataObject) -> None:
    rest = sys.path[len(folders) :]
    whole = list(sys.path)
    sys.path[:] = [*data.draw(st.permutations(folders)), *rest]
    try:
        found = list(Registry())
    finally:
        sys.path[:] = whole
    assert orders.fresh([each for each in found if each.distribution.startswith("orders-")]) == registrations
    assert found == sorted(found, key=lambda each: each.order)


def test_the_hash_seed_does_not_count(explained: bytes, tmp_path: Path) -> None:
    running = []
    for seed in SEEDS:
        command = [sys.executable, orders.__file__, str(tmp_path / seed), str(ROUNDS)]
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        running.append(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    digest = hashlib.sha256(explained).hexdigest()
    for process in running:
        output, errors = process.communicate()
        assert (output, process.returncode) == (f"1 {digest}\n", 0), errors
