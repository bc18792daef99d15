"""What is secret stays so: in every form, in every piece, in text, documents and streams."""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
import urllib.parse
from collections.abc import Callable

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from packagers_runs.running.masking import HIDDEN, Masker

SECRET = 'p4ss/w+rd="ä"&<x>\'\\ \t%'
WRITERS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "json": json.dumps,
    "json with umlauts": lambda text: json.dumps({"a": text}, ensure_ascii=False),
    "json in json": lambda text: json.dumps({"body": json.dumps({"token": text})}),
    "repr": repr,
    "ascii": ascii,
    "url": lambda text: urllib.parse.quote(text, safe=""),
    "path": urllib.parse.quote,
    "query": lambda text: urllib.parse.urlencode({"q": text}),
    "lower case url": lambda text: re.sub("%..", lambda found: found[0].lower(), urllib.parse.quote(text, safe="")),
    "html": html.escape,
    "html text": lambda text: html.escape(text, quote=False),
    "shell": shlex.quote,
    "hex": lambda text: text.encode().hex(),
    "upper hex": lambda text: text.encode().hex().upper(),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "basic auth": lambda text: base64.b64encode(f"ada:{text}".encode()).decode(),
    "basic auth of bob": lambda text: base64.b64encode(f"bobby:{text}:tail".encode()).decode(),
    "url base64": lambda text: base64.urlsafe_b64encode(f"x{text}".encode()).decode(),
}


LINES = "-----BEGIN-----\nMIIEabcdefgh\n-----END-----\n"


@pytest.mark.parametrize("secret", [SECRET, "hunter2!", "0123456789abcdef", "ünï", LINES], ids=ascii)
@pytest.mark.parametrize("form", WRITERS)
def test_every_form_is_hidden(form: str, secret: str) -> None:
    masker = Masker([secret])
    written = WRITERS[form](secret)
    masked = masker.mask(f"before {written} after")
    assert HIDDEN in masked
    assert masked.startswith("before ")
    assert masked.endswith(" after")
    left = masked.removeprefix("before ").removesuffix(" after").replace(HIDDEN, "")
    assert len(left) < len(written) - len(secret) * 0.8
    for size in range(4, len(written)):  # no part of it is left that is longer than what stands around it
        assert not any(secret[start : start + size] in left for start in range(len(secret) - size + 1))


def test_a_line_of_a_secret_is_hidden() -> None:
    masker = Masker(["first line of it\nsecond line of it\nok"])
    assert masker.mask("log: first line of it\nlog: second line of it\nok") == "log: ***\nlog: ***\nok"


def test_what_overlaps_is_hidden_whole() -> None:
    assert Masker(["abcd", "cdef"]).mask("xabcdefx") == "x***x"
    assert Masker(["abc", "abcdef"]).mask("abcdef abcd") == "*** ***d"
    assert Masker(["aa"]).mask("aaaaab") == "***b"
    assert Masker(["", "  ", "\n"]).mask("a  b\n") == "a  b\n"
    assert not Masker([""])
    assert Masker(["x"])
    assert Masker(["7"]).mask("17 37") == "1*** 3***"


def test_documents_are_copied_without_it() -> None:
    masker = Masker([SECRET, "123456"])
    document = {"a": [SECRET, ("x", f"<{SECRET}>")], SECRET: {"n": 123456, "f": 1.5, "b": f"x{SECRET}".encode(), "ok": True, "none": None}}
    hidden = masker.hide(document)
    assert hidden == {"a": [HIDDEN, ("x", "<***>")], HIDDEN: {"n": HIDDEN, "f": 1.5, "b": b"x***", "ok": True, "none": None}}
    assert SECRET not in yaml.safe_dump(masker.hide({"a": SECRET}))
    assert document["a"][0] == SECRET


def passed(masker: Masker, pieces: list[str]) -> str:
    got: list[str] = []
    stream = masker.stream(got.append)
    for piece in pieces:
        stream(piece)
    stream.finish()
    assert "" not in got
    return "".join(got)


def test_a_secret_in_two_writes_is_hidden() -> None:
    masker = Masker(["hunter2"])
    for cut in range(1, 7):
        assert passed(masker, ["the password is hun", "ter2"] if cut == 3 else ["the password is " + "hunter2"[:cut], "hunter2"[cut:]]) == (
            "the password is ***"
        )
    assert passed(masker, list("a hunter2 b huntress")) == "a *** b huntress"
    assert passed(masker, ["h", "u"]) == "hu"


def test_text_that_is_no_secret_is_not_kept_back() -> None:
    got: list[str] = []
    stream = Masker(["hunter2"]).stream(got.append)
    stream("nothing here\n")
    assert got == ["nothing here\n"]
    stream("hunt")
    assert got == ["nothing here\n"]
    stream("ing\n")
    assert got == ["nothing here\n", "hunting\n"]


ALPHABET = st.text(alphabet="ab%2", max_size=12)


@settings(derandomize=True, max_examples=1500)
@given(st.lists(st.text(alphabet="ab%2", min_size=1, max_size=5), min_size=1, max_size=3), st.lists(ALPHABET, max_size=8))
def test_pieces_are_the_whole_and_no_value_is_left(values: list[str], pieces: list[str]) -> None:
    masker = Masker(values)
    text = "".join(pieces)
    masked = masker.mask(text)
    assert passed(masker, pieces) == masked
    visible = masked.split(HIDDEN)
    assert not any(value in part for value in values for part in visible)
    if not any(value in text for value in values) and all(len(value) < 4 for value in values):
        assert masked == text


@settings(derandomize=True, max_examples=300)
@given(st.text(min_size=4, max_size=40), st.binary(max_size=5), st.binary(max_size=5), st.booleans())
def test_base64_of_whatever_is_around_a_value_is_hidden(value: str, before: bytes, after: bytes, url: bool) -> None:
    if not value.strip() or len(value.encode("utf-8", "surrogatepass").strip()) < 4:
        return
    data = before + value.encode("utf-8", "surrogatepass") + after
    written = (base64.urlsafe_b64encode if url else base64.b64encode)(data).decode()
    masked = Masker([value]).mask(written)
    assert HIDDEN in masked
    assert len(masked.replace(HIDDEN, "").rstrip("=")) <= -(-8 * len(before) // 6) + -(-8 * len(after) // 6) + 2


def test_much_text_is_masked_quickly_enough_for_logs() -> None:
    masker = Masker([f"secret-value-{number}" for number in range(20)])
    line = "a line of a log without any of them, as most lines are\n" * 20_000
    assert masker.mask(line) is not None
    assert passed(masker, [line, "secret-val", "ue-7 x"]) == line + "*** x"
