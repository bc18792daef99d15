"""The text form of log hints: the whole grammar, and where each mistake is."""

from __future__ import annotations

import ast
import keyword
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from packagers import hinttext
from packagers.errors import HintSyntaxError
from packagers.frozen import identity
from packagers.loghint import LogHint
from packagers.names import find_fault

HINTS = [
    ("row_count", LogHint("row_count")),
    ("cleaned_data : dataset", LogHint("cleaned_data", "dataset")),
    ('data : dataset[format="parquet"]', LogHint("data", "dataset", packing_kwargs={"format": "parquet"})),
    ("some_results : result", LogHint("some_results", "result")),
    ("*results", LogHint("results", itemized=True)),
    ("2*results", LogHint("results", itemized=2)),
    ("  12 * results  ", LogHint("results", itemized=12)),
    ("1*k:t[a=1]", LogHint("k", "t", itemized=1, packing_kwargs={"a": 1})),
    ("\t*\nk\n:\nt\n[\na\n=\n1\n,\nb\n=\n2\n]\n", LogHint("k", "t", itemized=True, packing_kwargs={"a": 1, "b": 2})),
    ("key[0]", LogHint("key[0]")),
    ("key[0] : file", LogHint("key[0]", "file")),
    ("a b : t", LogHint("a b", "t")),
    ("数据 : 類型", LogHint("数据", "類型")),
    ("k : t[]", LogHint("k", "t")),
    ("k : t[ ]", LogHint("k", "t")),
    ("k : t[a=1,]", LogHint("k", "t", packing_kwargs={"a": 1})),
    ("k : class[lambda=None]", LogHint("k", "class", packing_kwargs={"lambda": None})),
]

LITERALS = [
    "None",
    "True",
    "False",
    "...",
    "0",
    "-1",
    "+ 1",
    "1_000",
    "0x_fF",
    "0b1010",
    "0O17",
    "1.5",
    ".5",
    "5.",
    "-1e-3",
    "1E+5",
    "2j",
    "1+2j",
    "-1.5 - 2e3J",
    "(-0-1j)",
    "''",
    '"it\'s"',
    "'say \"x\"'",
    "', : [ ] = * {'",
    r"'a\n\t\\\'\x41\u00e9\N{BULLET}\101\0'",
    "'''a'b''c\n'''",
    '"""\n"""',
    "r'\\d+'",
    "u'x'",
    "b'a\\xff'",
    "Rb'\\d'",
    "'a' \"b\"\n'c'",
    "[]",
    "[1, [2, [3,]], ]",
    "()",
    "(1)",
    "(1,)",
    "(1, 2)",
    "{}",
    "{1}",
    "{1, 'a', (2, 3)}",
    "set()",
    "set ( )",
    "{'a': [1, {'b': None}], 2: ..., (1, 2): {3},}",
    "{'a': 1, 'a': 2}",
    "'\\\n'",
]

MISTAKES = [
    ("", 0, "the key is missing", "Begin the hint with a key"),
    ("   ", 3, "the key is missing", "key"),
    ("*", 1, "the key is missing", "key"),
    ("2*", 2, "the key is missing", "key"),
    (": dataset", 0, "the key is missing", "key"),
    ("* : dataset", 2, "the key is missing", "key"),
    ("0*k", 0, "not a depth", "2*key"),
    (" -1*k", 1, "not a depth", "2*key"),
    ("x*k", 0, "not a depth", "2*key"),
    ("1.5*k", 0, "not a depth", "2*key"),
    ("²*k", 0, "not a depth", "2*key"),
    ("9" * 5000 + "*k", 0, "not a depth", "2*key"),
    ("**k", 1, "'*'", "Use none of"),
    ("a/b : t", 1, "has the character '/'", "Use none of"),
    (" .k", 1, "begins with a dot", "another character"),
    ("k\x00", 1, "control character", "Leave it out"),
    ("aux : t", 0, "device", "in front"),
    ('data[format="parquet"]', 12, "'\"'", "'data : dataset[format=\"parquet\"]'"),
    ('data[format="a:b"]', 12, "'\"'", "Options follow an artifact type"),
    ("k :", 3, "the artifact type is missing", "leave out the ':'"),
    ("k : [a=1]", 4, "the artifact type is missing", "after the ':'"),
    ("k :: t", 3, "the artifact type is missing", "after the ':'"),
    ("k : 1t", 4, "'1t' cannot be an artifact type", "one word"),
    ("k : data-set", 8, "'data-set' cannot be an artifact type", "one word"),
    ("a : b : c", 6, "a second ':'", "'key : type[option=value]'"),
    ("a : b c", 6, "unexpected text after the artifact type", "'key : type[option=value]'"),
    ("a : b]", 5, "unexpected text after the artifact type", "'key : type[option=value]'"),
    ("a : b[c=1] d", 11, "unexpected text after the options", "'key : type[option=value]'"),
    ("a : b[c=1][d=2]", 10, "unexpected text after the options", "'key : type[option=value]'"),
    ("a : b[c=1]:", 10, "a second ':'", "'key : type[option=value]'"),
    ("a : b[", 5, "the '[' is never closed", "Close it"),
    ("a : b[c", 7, "a '=' is expected", "Write c=value"),
    ("a : b[c=1", 5, "the '[' is never closed", "Close it"),
    ("a : b[c=1,", 5, "the '[' is never closed", "Close it"),
    ("a : b[c=[1, 2", 8, "the '[' is never closed", "Close it"),
    ("a : b[c={1: (2}]", 14, "a ',' or ')' is expected", "comma"),
    ("a : b[,]", 6, "the name of an option is expected", "option=value"),
    ("a : b[c=1,,]", 10, "the name of an option is expected", "option=value"),
    ("a : b[1=2]", 6, "the name of an option is expected", "option=value"),
    ("a : b['c'=2]", 6, "the name of an option is expected", "option=value"),
    ("a : b[c:1]", 7, "a '=' is expected after the option 'c'", "Write c=value"),
    ("a : b[c=]", 8, "a value is missing for the option 'c'", "option=value"),
    ("a : b[c= , d=1]", 9, "a value is missing for the option 'c'", "option=value"),
    ("a : b[c=1, c=2]", 11, "the option 'c' is given twice", "one of them"),
    ("a : b[c=1, trust='all']", 11, "'trust' cannot be an option", "reserved"),
    ("a : b[c=1 d=2]", 10, "a ',' or ']' is expected", "comma"),
    ("a : b[format=parquet]", 13, "'parquet' is not a Python literal", "Put quotes around it if it is text: format='parquet'"),
    ("a : b[c=[x]]", 9, "'x' is not a Python literal", "Put quotes around it if it is text: 'x'"),
    ("a : b[path=a/b.csv]", 11, "'a/b.csv' is not a Python literal", "path='a/b.csv'"),
    ("a : b[c=true]", 8, "'true' is not a Python literal", "Write c=True."),
    ("a : b[c=null]", 8, "'null' is not a Python literal", "Write c=None."),
    ("a : b[c=nan]", 8, "'nan' is not a Python literal", "quotes"),
    ("a : b[c=f'x']", 8, "an f-string is not a literal", "f"),
    ("a : b[c=open('x')]", 8, "is not a Python literal", "quotes"),
    ("a : b[c=set([1])]", 8, "is not a Python literal", "quotes"),
    ("a : b[c=(1)(2)]", 11, "a ',' or ']' is expected", "comma"),
    ("a : b[c=1+2]", 8, "'1+2' is not a Python literal", "source"),
    ("a : b[c=--1]", 9, "not a number", "quotes"),
    ("a : b[c=1+2j+3]", 12, "a ',' or ']' is expected", "comma"),
    ("a : b[c=012]", 8, "'012' is not a Python literal", "source"),
    ("a : b[c=1_]", 8, "not a number", "quotes"),
    ("a : b[c=1if]", 8, "not a number", "quotes"),
    ("a : b[c=0xg]", 8, "not a number", "quotes"),
    ("a : b[c=1.2.3]", 8, "not a number", "quotes"),
    ("a : b[c=" + "9" * 5000 + "]", 8, "too long", "LogHint"),
    ("a : b[c='x]", 8, "the text is never closed", "'"),
    ("a : b[c=b'x\n']", 9, "the text is never closed", "same line"),
    ("a : b[c='''x']", 8, "the text is never closed", "'''"),
    ("a : b[c='C:\\data']", 11, "'\\\\d' is not an escape", "two backslashes"),
    ("a : b[c=b'\\N{BULLET}']", 10, "is not an escape", "two backslashes"),
    ("a : b[c='\\777']", 9, "is not an escape", "two backslashes"),
    ("a : b[c='\\x4']", 8, "is not a Python literal", "source"),
    ("a : b[c='\\N{no such}']", 8, "is not a Python literal", "source"),
    ("a : b[c='\x00']", 8, "is not a Python literal", "source"),
    ("a : b[c='\ud800']", 8, "is not a Python literal", "source"),
    ("a : b[c=b'é']", 8, "is not a Python literal", "source"),
    ("a : b[c='x' b'y']", 12, "side by side", "comma"),
    ("a : b[c={1: 2, 3}]", 16, "cannot be mixed", "{key: value"),
    ("a : b[c={1, 2: 3}]", 13, "cannot be mixed", "{key: value"),
    ("a : b[c={1:}]", 11, "a value is missing", "value"),
    ("a : b[c={1, []}]", 12, "cannot be an item of a set", "tuple"),
    ("a : b[c={({},): 2}]", 9, "key of a dict", "tuple"),
    ("a : b[c=*x]", 8, "'*x' is not a Python literal", "quotes"),
    ("a : b[c=" + "[" * 60 + "]" * 60 + "]", 57, "nested deeper than 50 levels", "LogHint"),
    ("a" * 100_001, 100_000, "100001 characters long", "LogHint"),
]


def mistake_in(text: str) -> HintSyntaxError | None:
    """Read a hint; give the error, ``None`` if there is none. Any other error gets through."""
    try:
        assert isinstance(LogHint.parse(text), LogHint)
    except HintSyntaxError as error:
        found = error
    else:
        return None
    assert found.position is not None
    assert 0 <= found.position <= len(text)
    return found


@pytest.mark.parametrize(("text", "hint"), HINTS)
def test_the_grammar(text: str, hint: LogHint) -> None:
    assert LogHint.parse(text) == hint


@pytest.mark.parametrize("literal", LITERALS)
def test_every_literal_has_the_value_that_python_gives_it(literal: str) -> None:
    hint = LogHint.parse(f"k : t[ a = {literal} , b=[{literal}, {literal}], c=1]")
    value = ast.literal_eval(f"(\n{literal}\n)")
    assert identity(hint.packing_kwargs["a"]) == identity(value)
    assert identity(hint.packing_kwargs["b"]) == identity([value, value])
    assert hint.packing_kwargs["c"] == 1


@pytest.mark.parametrize(("text", "position", "message", "remedy"), MISTAKES, ids=[repr(mistake[0][:30]) for mistake in MISTAKES])
def test_every_mistake_is_shown_where_it_is(text: str, position: int, message: str, remedy: str) -> None:
    with pytest.raises(HintSyntaxError) as caught:
        LogHint.parse(text)
    error = caught.value
    assert error.text == text
    assert error.position == position
    assert message in error.args[0]
    assert remedy in (error.remedy or "") or remedy in error.args[0]
    assert len(error.args[0]) + len(error.remedy or "") < 400


def test_the_caret_stands_under_the_character() -> None:
    with pytest.raises(HintSyntaxError) as caught:
        LogHint.parse("data : dataset[format=parquet]")
    message, text, caret, remedy = str(caught.value).splitlines()
    assert message == "'parquet' is not a Python literal"
    assert text[caret.index("^") :] == "parquet]"
    assert remedy == "  → Put quotes around it if it is text: format='parquet'."


@pytest.mark.parametrize(
    "literal",
    [
        "[" * 49_000 + "]" * 49_000,
        "{1:" * 30_000,
        "-" * 99_000 + "1",
        "1+" * 45_000 + "1",
        "1+2j" * 20_000,
        "'" + "\\" * 90_000,
        "'" * 90_000,
        "'' " * 30_000,
        "9" * 99_000,
        "9" * 99_000 + "x",
        "0x" + "f" * 99_000,
        "1" + "_1" * 45_000 + "_",
        "1" * 45_000 + "." + "1" * 45_000 + "..",
        "(" * 49 + "," + ")" * 49,
        " " * 99_000,
        "[" + "1," * 45_000 + "]",
        "{" + "(),(" * 20_000,
    ],
    ids=lambda text: text[:8],
)
def test_hostile_text_is_read_or_refused_and_nothing_else(literal: str) -> None:
    mistake_in(f"k:t[a={literal}]")


# Laws

plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.just(...)
clean_text = st.text(st.characters(exclude_categories=["Cs"]))
finite = st.complex_numbers(allow_nan=False, allow_infinity=False).filter(lambda z: repr(ast.literal_eval(repr(z))) == repr(z))  # not -0j
scalars = plain | clean_text | st.binary() | finite
hashables = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=4)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.sets(hashables, max_size=3)
        | st.dictionaries(hashables, inner, max_size=3)
    ),
    max_leaves=12,
)
keys = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).filter(lambda key: find_fault(key) is None)
identifiers = st.sampled_from(["format", "index", "a", "_", "x1", "größe", *keyword.kwlist]) | st.text("abcXYZ_", min_size=1, max_size=6)
options = st.dictionaries(identifiers.filter(lambda name: name not in hinttext.RESERVED_OPTIONS), values, max_size=3)
blank = st.text(" \t\n\r\x0b\x0c\u00a0\u2003", max_size=2)
itemizing = st.booleans() | st.integers(min_value=1, max_value=10**30)


def source(value: Any) -> str:
    """Write a value as a literal: ``repr``, but for ``...``."""
    if value is ...:
        return "..."
    if isinstance(value, dict):
        return "{" + ", ".join(f"{source(key)}: {source(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, set)) and value:
        inner = ", ".join(map(source, value))
        return f"[{inner}]" if isinstance(value, list) else f"{{{inner}}}"
    if isinstance(value, tuple) and value:
        return "(" + "".join(source(item) + "," for item in value) + ")"
    return repr(value)


def text_of(hint: LogHint, draw: Any) -> str:
    def part(text: str) -> str:
        return str(draw(blank)) + text + str(draw(blank))

    text = ""
    if hint.itemized:
        text += part("" if hint.itemized is True else str(hint.itemized)) + part("*")
    text += part(hint.key)
    if hint.artifact_type is not None:
        text += ":" + part(hint.artifact_type)
        if hint.packing_kwargs or draw(st.booleans()):
            inner = ",".join(part(name) + "=" + part(source(value)) for name, value in hint.packing_kwargs.items())
            text += "[" + inner + part("," if inner and draw(st.booleans()) else "") + "]" + part("")
    return text


@given(st.builds(LogHint, keys, identifiers, itemized=itemizing, packing_kwargs=options) | st.builds(LogHint, keys), st.data())
def test_text_written_from_a_hint_gives_the_hint(hint: LogHint, data: st.DataObject) -> None:
    assert LogHint.parse(text_of(hint, data.draw)) == hint


pieces = st.sampled_from(
    [*"[](){},:=*'\"\\ \n+-._019ejxnNuUbrf", "...", "None", "True", "set()", "'''", "\\x", "k", "k : t[a=", "0x", "\ud800", "é"]
)


@given(st.lists(pieces, max_size=25).map("".join) | st.text(max_size=50))
@example("k : t[a=1,\x00")
def test_any_text_is_a_hint_or_a_syntax_error(text: str) -> None:
    error = mistake_in(text)
    if error:
        assert error.remedy
        assert "^" in str(error)


@given(st.lists(pieces, max_size=12).map("".join))
@example("1if")
@example("0_7")
@example("'\\400'")
def test_what_is_read_as_a_literal_has_the_value_that_python_gives_it(literal: str) -> None:
    try:
        tail = hinttext.read_tail(f"k:t[a={literal}]", 1)
    except HintSyntaxError:
        return
    if set(tail[1]) == {"a"}:
        body = literal.strip().rstrip(",").strip()
        assert identity(tail[1]["a"]) == identity(ast.literal_eval("(\n" + body + "\n)"))
