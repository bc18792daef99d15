r"""The text form of a log hint: where its parts begin and end, and where a mistake is.

::

    hint     =  [ [depth] "*" ] key [ ":" type [ "[" [ options ] "]" ] ]
    options  =  option { "," option } [ "," ]
    option   =  name "=" literal

White space around every part is free. ``depth`` is a whole number from 1; the key is all text up to the first ``:``, so brackets are legal
in it; ``type`` and ``name`` are identifiers; ``type[]`` is a type without options. A literal is one of Python's: text, bytes, numbers,
``None``, ``True``, ``False``, ``...``, and lists, tuples, sets and dicts of these. Nothing is evaluated: containers are read here, and only
a single piece of text or a single number goes to :func:`ast.literal_eval`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

from packagers.errors import HintSyntaxError

MAX_LENGTH = 100_000
MAX_DEPTH = 50
RESERVED_OPTIONS = frozenset({"hint", "trust", "project", "verify"})

_DIGITS = r"[0-9](?:_?[0-9])*+"
_NUMBER = re.compile(
    rf"(?>0[xX](?:_?[0-9a-fA-F])++|0[oO](?:_?[0-7])++|0[bB](?:_?[01])++"
    rf"|(?:{_DIGITS}(?:\.(?:{_DIGITS})?+)?+|\.{_DIGITS})(?:[eE][+-]?{_DIGITS})?+[jJ]?+)(?![\w.])"
)
_MAX_NUMBER = 1000
_QUOTE = re.compile(r"""(br?|rb?|u)?('''|\"""|'|")""", re.IGNORECASE)
_REST = {
    "'": re.compile(r"(?:[^'\\\r\n]|\\.)*+'", re.DOTALL),
    '"': re.compile(r'(?:[^"\\\r\n]|\\.)*+"', re.DOTALL),
    "'''": re.compile(r"(?:[^'\\]|\\.|'(?!''))*+'''", re.DOTALL),
    '"""': re.compile(r'(?:[^"\\]|\\.|"(?!""))*+"""', re.DOTALL),
}
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {False: "\n\r\\'\"abfnrtvx01234567NuU", True: "\n\r\\'\"abfnrtvx01234567"}
_LARGE_OCTAL = re.compile(r"\\[4-7][0-7]{2}")
_NAME = re.compile(r"[^\W\d]\w*")
_EMPTY_CALL = re.compile(r"\s*\(\s*\)")
_WORD = re.compile(r"[^\s:\[\],=]+")
_BARE = re.compile(r"(?![)}])[^\s,\]]{1,60}")
_CONSTANTS = {"None": None, "True": True, "False": False}
_NEARLY = {"none": "None", "null": "None", "true": "True", "false": "False"}


class Head(NamedTuple):
    """The first half of a hint.

    Attributes:
        itemized: ``False``, ``True``, or the depth.
        key: The key, not yet checked.
        position: Where the key begins.
        end: Where the ``:`` after the key is, or the length of the text.
    """

    itemized: bool | int
    key: str
    position: int
    end: int


def read_head(text: str) -> Head:
    """Read the part of a hint in front of the artifact type.

    Args:
        text: The whole hint.

    Returns:
        What it says.

    Raises:
        HintSyntaxError: It breaks the grammar.
    """
    if len(text) > MAX_LENGTH:
        _fail(text, MAX_LENGTH, f"the hint is {len(text)} characters long", f"Keep it under {MAX_LENGTH}, or use LogHint(...).")
    if text.isidentifier():  # a key and nothing else
        return Head(False, text, 0, len(text))
    end = text.find(":")
    end = len(text) if end < 0 else end
    star = text.find("*", 0, end)
    itemized = False if star < 0 else _read_depth(text, star)
    position = _skip(text, star + 1)
    key = text[position:end].rstrip()
    if position >= end:
        _fail(text, position, "the key is missing", "Begin the hint with a key, as in 'data : dataset'.")
    return Head(itemized, key, position, end)


def _read_depth(text: str, star: int) -> bool | int:
    depth = text[:star].strip()
    if not depth:
        return True
    if not (depth.isascii() and depth.isdigit()) or len(depth) > _MAX_NUMBER or int(depth) == 0:
        _fail(
            text,
            _skip(text, 0),
            "what stands in front of * is not a depth",
            "Write '*key' to itemize all levels, or '2*key' for two; a key has no * itself.",
        )
    return int(depth)


def read_tail(text: str, end: int) -> tuple[str | None, dict[str, Any]]:
    """Read the artifact type and the options of a hint.

    Args:
        text: The whole hint.
        end: Where the key's ``:`` is, or the length of the text.

    Returns:
        The artifact type, ``None`` if none is given, and the options by name.

    Raises:
        HintSyntaxError: They break the grammar.
    """
    if end == len(text):
        return None, {}
    at = _skip(text, end + 1)
    word = _WORD.match(text, at)
    if not word:
        _fail(text, at, "the artifact type is missing", "Name one after the ':', as in 'data : dataset', or leave out the ':'.")
    artifact_type = word.group()
    if not artifact_type.isidentifier():
        wrong = next(size for size in range(len(artifact_type)) if not artifact_type[: size + 1].isidentifier())
        _fail(
            text,
            at + wrong,
            f"{artifact_type[:60]!r} cannot be an artifact type",
            "An artifact type is one word of letters, digits and _, such as dataset; options follow it in brackets.",
        )
    at = _skip(text, word.end())
    options: dict[str, Any] = {}
    if text[at : at + 1] == "[":
        reader = _Reader(text, at)
        options = reader.options()
        at = _skip(text, reader.at)
        after = "options"
    else:
        after = "artifact type"
    if at < len(text):
        second = text[at] == ":"
        _fail(
            text,
            at,
            "a second ':' in the hint" if second else f"unexpected text after the {after}",
            "A hint has the form 'key : type[option=value]'; text with ':' in it stands in quotes.",
        )
    return artifact_type, options


class _Reader:
    """Reads options and literals, character by character."""

    def __init__(self, text: str, at: int) -> None:
        self.text = text
        self.at = at
        self.depth = 0

    def options(self) -> dict[str, Any]:
        """Read ``[name=literal, …]``."""
        found: dict[str, Any] = {}

        def option() -> None:
            start = self.at
            name = _NAME.match(self.text, start)
            if not name:
                self.fail(start, "the name of an option is expected", "Write [option=value, other=value].")
            self.at = name.end()
            if name.group() in RESERVED_OPTIONS:
                self.fail(
                    start, f"{name.group()!r} cannot be an option, the name is reserved", "Packagers have no such option; leave it out."
                )
            if name.group() in found:
                self.fail(start, f"the option {name.group()!r} is given twice", "Keep one of them.")
            if self.peek() != "=":
                self.fail(self.at, f"a '=' is expected after the option {name.group()!r}", f"Write {name.group()}=value.")
            self.at += 1
            found[name.group()] = self.literal(name.group())

        self.items("]", option)
        return found

    def literal(self, option: str = "") -> Any:
        """Read one literal."""
        character = self.peek()
        start = self.at
        if self.text.startswith("...", start):
            self.at += 3
            return ...
        if character and character in "([{":
            return self.container(character)
        if character and character in "+-.0123456789":
            return self.number()
        if _QUOTE.match(self.text, start):
            return self.quoted()
        name = _NAME.match(self.text, start)
        if name and name.group() in _CONSTANTS:
            self.at = name.end()
            return _CONSTANTS[name.group()]
        if name and name.group() == "set" and (empty := _EMPTY_CALL.match(self.text, name.end())):
            self.at = empty.end()
            return set()
        return self.fail_literal(option)

    def container(self, opening: str) -> Any:
        """Read a list, tuple, set or dict, or a literal in parentheses."""
        values: list[Any] = []
        starts: list[int] = []
        pairs = False

        def item() -> None:
            nonlocal pairs
            starts.append(self.at)
            value = self.literal()
            colon = opening == "{" and self.peek() == ":"
            if len(values) == 0:
                pairs = colon
            elif pairs != colon:
                self.fail(self.at, "a set and a dict cannot be mixed", "Write {key: value, …} or {value, …}.")
            if colon:
                self.at += 1
                values.append((value, self.literal()))
            else:
                values.append(value)

        comma = self.items({"(": ")", "[": "]", "{": "}"}[opening], item)
        if opening == "[":
            return values
        if opening == "(":
            return values[0] if len(values) == 1 and not comma else tuple(values)
        for value, start in zip(values, starts, strict=True):
            try:
                hash(value[0] if pairs else value)
            except TypeError:
                self.fail(start, "a list, set or dict cannot be an item of a set or a key of a dict", "Use a tuple.")
        return dict(values) if pairs or not values else set(values)

    def items(self, closing: str, item: Callable[[], None]) -> bool:
        """Read items with commas between them; tell whether a comma followed the last one."""
        opened = self.at
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(opened, f"brackets are nested deeper than {MAX_DEPTH} levels", "Use LogHint(...) with a flatter value.")
        self.at += 1
        comma = False
        first = True
        while self.peek() != closing:
            self.check_closed(opened)
            if not first and not comma:
                self.fail(self.at, f"a ',' or {closing!r} is expected", "Put a comma between the parts, and text in quotes.")
            item()
            first = False
            self.check_closed(opened)
            comma = self.peek() == ","
            self.at += comma
        self.at += 1
        self.depth -= 1
        return comma

    def check_closed(self, opened: int) -> None:
        """Fail if the text ends inside brackets."""
        if not self.peek():
            self.fail(opened, f"the {self.text[opened]!r} is never closed", "Close it, and check the quotes in between.")

    def quoted(self) -> Any:
        """Read text or bytes, also in several pieces side by side."""
        value: Any = None
        while opening := _QUOTE.match(self.text, _skip(self.text, self.at)):
            prefix, quote = opening.groups()
            rest = _REST[quote].match(self.text, opening.end())
            if not rest:
                self.fail(opening.start(2), "the text is never closed", f"End it with {quote} on the same line.")
            prefix = (prefix or "").lower()
            if "r" not in prefix:
                self.check_escapes(opening.end(), rest.end(), "b" in prefix)
            piece = self.evaluate(opening.start(), rest.end())
            if value is not None and type(piece) is not type(value):
                self.fail(opening.start(), "text and bytes stand side by side", "Put a comma between them.")
            value = piece if value is None else value + piece
            self.at = rest.end()
        return value

    def check_escapes(self, start: int, end: int, is_bytes: bool) -> None:
        """Fail at an escape that Python only takes with a warning."""
        for escape in _ESCAPE.finditer(self.text, start, end):
            if escape.group(1) not in _ESCAPED[is_bytes] or _LARGE_OCTAL.match(self.text, escape.start()):
                self.fail(escape.start(), f"{escape.group()!r} is not an escape", "Write two backslashes, or a raw text such as r'...'.")

    def number(self) -> Any:
        """Read a number with its sign, also a complex one."""
        start = self.at
        pieces: list[str] = []
        while True:
            sign = self.peek()
            if sign and sign in "+-":
                if len(pieces) > 2:
                    break
                pieces.append(sign)
                self.at = _skip(self.text, self.at + 1)
            elif pieces:
                break
            found = _NUMBER.match(self.text, self.at)
            if not found or len(found.group()) > _MAX_NUMBER:
                self.fail(
                    self.at,
                    "not a number" if not found else "the number is too long",
                    "Put text in quotes; use LogHint(...) for odd numbers.",
                )
            pieces.append(found.group())
            self.at = found.end()
        return self.evaluate(start, self.at, "".join(pieces))

    def evaluate(self, start: int, end: int, source: str | None = None) -> Any:
        """Give the value of one piece of text or one number."""
        try:
            return ast.literal_eval(self.text[start:end] if source is None else source)
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            return self.fail(start, f"{self.text[start:end][:60]!r} is not a Python literal", "Write it as in Python source.")

    def fail_literal(self, option: str) -> NoReturn:
        """Fail at something that is no literal."""
        bare = _BARE.match(self.text, self.at)
        equals = f"{option}=" if option else ""
        if not bare:
            self.fail(self.at, "a value is missing" + (f" for the option {option!r}" if option else ""), "Write option=value.")
        word = bare.group()
        if word.lower() in _NEARLY:
            self.fail(self.at, f"{word!r} is not a Python literal", f"Write {equals}{_NEARLY[word.lower()]}.")
        if re.match(r"[fF]\w?['\"]", word):
            self.fail(self.at, "an f-string is not a literal", "Leave out the f.")
        self.fail(self.at, f"{word!r} is not a Python literal", f"Put quotes around it if it is text: {equals}{word!r}.")

    def peek(self) -> str:
        """Skip white space and give the next character, empty at the end."""
        self.at = _skip(self.text, self.at)
        return self.text[self.at : self.at + 1]

    def fail(self, position: int, message: str, remedy: str) -> NoReturn:
        """Raise the error for a mistake at a position."""
        _fail(self.text, position, message, remedy)


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _fail(text: str, position: int, message: str, remedy: str) -> NoReturn:
    raise HintSyntaxError(message, text=text, position=position, remedy=remedy)
