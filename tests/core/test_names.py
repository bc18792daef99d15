"""Names: the rule for keys, collisions, and the nearest known name."""

from __future__ import annotations

import random
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packagers.errors import PackError
from packagers.names import FORBIDDEN, MAX_BYTES, check_name, did_you_mean, find_collision, find_fault, nearest, shorten

GOOD = [
    "model",
    "k",
    "key[0]",
    "a b",
    "café",
    "数据",
    "👩‍🔬",
    "x=1, y=2",
    "~$#@!%^&()-+'`{}",
    "console",
    "com",
    "com0",
    "COM10",
    "a.con",
    ".".join("ab"),
    "é" * 100,
    "x" * 200,
]

BAD = [
    ("", 0, "is empty"),
    ("a/b", 1, "'/'"),
    ("a\\b", 1, "'\\\\'"),
    ("a:b", 1, "':'"),
    ("ab*", 2, "'*'"),
    ("?", 0, "'?'"),
    ('say "x"', 4, "'\"'"),
    ("<", 0, "'<'"),
    (">", 0, "'>'"),
    ("a|b", 1, "'|'"),
    ("a\nb", 1, "control character, '\\n'"),
    ("a\x00", 1, "control character, '\\x00'"),
    ("a\x7fb", 1, "control character"),
    ("a\x85b", 1, "control character"),
    ("ab\ud800", 2, "surrogate"),
    ("\udfff", 0, "surrogate"),
    (" a", 0, "begins with white space"),
    ("a ", 1, "ends with white space"),
    ("a\u3000", 1, "ends with white space"),
    (".a", 0, "begins with a dot"),
    ("a.", 1, "ends with a dot"),
    (".", 0, "begins with a dot"),
    ("..", 0, "begins with a dot"),
    ("xe\u0301", 1, "NFC"),
    ("x\u212b", 1, "NFC"),
    ("x" * 201, 200, "201 characters"),
    ("é" * 101, 100, "202 bytes"),
    ("x" + "é" * 100, 100, "201 bytes"),
    ("con", 0, "device"),
    ("NUL", 0, "device"),
    ("Aux.txt", 0, "device"),
    ("com1.tar.gz", 0, "device"),
    ("LPT9", 0, "device"),
    ("lpt²", 0, "device"),
    ("CONIN$", 0, "device"),
    ("nul .txt", 0, "device"),
]


@pytest.mark.parametrize("name", GOOD)
def test_good_names_come_back(name: str) -> None:
    assert check_name(name) == name
    assert find_fault(name) is None


@pytest.mark.parametrize(("name", "position", "problem"), BAD)
def test_bad_names_are_refused_with_the_rule_and_the_place(name: str, position: int, problem: str) -> None:
    fault = find_fault(name)
    assert fault is not None
    assert fault.position == position
    assert problem in fault.problem
    with pytest.raises(PackError) as caught:
        check_name(name, "name of an item")
    assert "name of an item" in str(caught.value)
    assert problem in str(caught.value)
    assert caught.value.remedy
    str(caught.value).encode()


def test_the_message_shows_the_name_and_stays_short() -> None:
    with pytest.raises(PackError, match=r"the key 'a/b' has the character '/'"):
        check_name("a/b")
    with pytest.raises(PackError) as caught:
        check_name("x" * 1_000_000)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("value", [None, 3, b"key", ["key"]])
def test_what_is_not_text_is_refused(value: object) -> None:
    with pytest.raises(PackError, match="must be text"):
        check_name(value)  # type: ignore[arg-type]


def test_subclasses_of_str_become_plain() -> None:
    class Loud(str):
        __slots__ = ()

        def __str__(self) -> str:
            return self.upper()

    checked = check_name(Loud("red"))
    assert type(checked) is str
    assert checked == "red"


@given(st.text(alphabet=st.characters(), max_size=210))
def test_a_good_name_keeps_every_rule(name: str) -> None:
    fault = find_fault(name)
    if fault is None:
        assert name == name.strip().strip(".")
        assert unicodedata.is_normalized("NFC", name)
        assert 1 <= len(name.encode()) <= MAX_BYTES
        assert not any(character in FORBIDDEN or unicodedata.category(character) in ("Cc", "Cs") for character in name)
    else:
        assert 0 <= fault.position <= len(name)


def test_collisions() -> None:
    assert find_collision([]) is None
    assert find_collision(["a", "b", "ab"]) is None
    assert find_collision(["a", "Data", "b", "data", "A"]) == ("Data", "data")
    assert find_collision(["a", "a"]) == ("a", "a")
    assert find_collision(["straße", "STRASSE"]) == ("straße", "STRASSE")
    assert find_collision(f"item_{index}" for index in range(40_000)) is None


@given(st.lists(st.text(max_size=3)))
def test_a_collision_is_found_exactly_if_there_is_one(names: list[str]) -> None:
    folded = [unicodedata.normalize("NFC", name.casefold()) for name in names]
    pair = find_collision(names)
    assert (pair is None) == (len(set(folded)) == len(folded))
    if pair:
        assert pair[0].casefold() == pair[1].casefold() or len({unicodedata.normalize("NFC", name.casefold()) for name in pair}) == 1


def test_the_nearest_name() -> None:
    assert nearest("some_result", ["loss_plot", "some_results", "test_dataset"]) == "some_results"
    assert nearest("TRUST", ["trust", "trusts"]) == "trust"
    assert nearest("zzz", ["model"]) is None
    assert nearest("model", []) is None


def test_the_nearest_name_does_not_depend_on_order() -> None:
    known = ["data_1", "data_2", "data_3", "Data", "data"]
    answers = set()
    for seed in range(20):
        random.Random(seed).shuffle(known)
        answers |= {nearest("data_", known), nearest("DATA", known)}
    assert len(answers) <= 2


def test_a_remedy_names_what_is_known_and_stays_short() -> None:
    assert did_you_mean("formt", ["format", "index"]) == "Did you mean 'format'? Known: format, index."
    assert did_you_mean("zzz", ["format"]) == "Known: format."
    assert did_you_mean("zzz", []) == "There is none to choose from."
    many = did_you_mean("name_7", [f"name_{index:03}" * 50 for index in range(1000)])
    assert "and 988 more" in many
    assert len(many) < 1500
    assert "\n" not in did_you_mean("a", ["a\nb"])


def test_shorten() -> None:
    assert shorten("abc") == "abc"
    assert shorten("x" * 1000, 21) == "x" * 10 + "…" + "x" * 10
