"""Values of secrets become ``***`` in text, in the forms too that they take inside of other text, and where they come in pieces.

The forms are those that programs write without meaning to hide anything: JSON, URLs, HTML, Python's ``repr``, hexadecimal digits, and
base64, also of a longer text that the value is in the middle of. A value that something else was done to is not recognized.
"""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

HIDDEN = "***"
_SHORTEST = 4
"""Of values of fewer bytes than this only the value itself is looked for: its other forms are in all kinds of text."""


class Masker:
    """Replaces values in text; what overlaps becomes one ``***``.

    >>> Masker(["s3cr3t/x"]).mask("token=s3cr3t%2Fx&then=s3cr3t/x")
    'token=***&then=***'

    Args:
        values: The values; blank ones are left alone.
    """

    def __init__(self, values: Iterable[str]) -> None:
        found = dict.fromkeys(form for value in values if value.strip() for form in forms_of(value))
        self._forms = sorted(found, key=len, reverse=True)
        self._bytes = [form.encode("utf-8", "surrogatepass") for form in self._forms]

    def __bool__(self) -> bool:
        return bool(self._forms)

    def mask(self, text: str) -> str:
        """Give text without the values."""
        return self._replaced(text, 0, len(text), self._spans(text, 0))

    def hide(self, value: Any) -> Any:
        """Give a document without the values: in its keys too, and in numbers whose digits are one.

        Args:
            value: Dicts, lists, tuples and what is in them; anything that is no text, number or bytes stays what it is.
        """
        if isinstance(value, str):
            return self.mask(value)
        if isinstance(value, bytes):
            return self._mask_bytes(value)
        if isinstance(value, Mapping):
            return {self.hide(key): self.hide(item) for key, item in value.items()}
        if type(value) in (list, tuple, set, frozenset):
            return type(value)(self.hide(item) for item in value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return HIDDEN if str(value) in self._forms else value
        return value

    def stream(self, sink: Callable[[str], object]) -> MaskedStream:
        """Give a stream that passes text on without the values, also where one comes in pieces.

        Args:
            sink: Takes the text.
        """
        return MaskedStream(self, sink)

    def cut(self, text: str, covered: int) -> tuple[str, str, int]:
        """Divide text that goes on later.

        Args:
            text: It.
            covered: How many characters at its start were given out as ``***`` before.

        Returns:
            What can be given out, the end that may be the start of a value, and how many characters at its start were given out as ``***``.
        """
        cut = len(text) - max((_overlap(text, form) for form in self._forms), default=0)
        spans = self._spans(text, covered)
        rest = max((end - cut for start, end in spans if start < cut < end), default=0)
        return self._replaced(text, covered, cut, spans), text[cut:], max(rest, covered - cut)

    def finish(self, text: str, covered: int) -> str:
        """Give the end of a stream."""
        return self._replaced(text, covered, len(text), self._spans(text, covered))

    def _spans(self, text: str, covered: int) -> list[tuple[int, int]]:
        """Find where values are, united where they overlap each other or what was covered before."""
        found = [(0, covered)] if covered else []
        for form in self._forms:
            place = text.find(form)
            while place >= 0:
                found.append((place, place + len(form)))
                place = text.find(form, place + 1)
        united: list[tuple[int, int]] = []
        for start, end in sorted(found):
            if united and start < united[-1][1]:
                united[-1] = (united[-1][0], max(end, united[-1][1]))
            else:
                united.append((start, end))
        return united

    @staticmethod
    def _replaced(text: str, covered: int, end: int, spans: list[tuple[int, int]]) -> str:
        parts = []
        place = covered
        for start, stop in spans:
            if start >= end:
                break
            if not (covered and start == 0):  # what was covered before has its mark
                parts += [text[place:start], HIDDEN]
            place = stop
        return "".join([*parts, text[place:end]])

    def _mask_bytes(self, value: bytes) -> bytes:
        for form in self._bytes:
            value = value.replace(form, HIDDEN.encode())
        return value


class MaskedStream:
    """Text on its way to a sink; ``Masker.stream`` makes one. The end of what came is kept back while it may be the start of a value.

    Args:
        masker: What finds the values.
        sink: Takes the text.
    """

    def __init__(self, masker: Masker, sink: Callable[[str], object]) -> None:
        self._masker = masker
        self._sink = sink
        self._rest = ""
        self._covered = 0

    def __call__(self, text: str) -> None:
        """Take text."""
        ready, self._rest, self._covered = self._masker.cut(self._rest + text, self._covered)
        if ready:
            self._sink(ready)

    def finish(self) -> None:
        """Pass on what was kept back: no more comes."""
        ready = self._masker.finish(self._rest, self._covered)
        self._rest, self._covered = "", 0
        if ready:
            self._sink(ready)


def forms_of(value: str) -> list[str]:
    """List the forms that a value takes inside of other text, the value itself first.

    Args:
        value: The value; of one of several lines each line is a value too, for logs show them apart.
    """
    forms = [value]
    for line in {value.strip(), *value.splitlines()}:
        line = line.strip()
        if line == value.strip() or len(line) >= 2 * _SHORTEST:
            forms.append(line)
    for text in list(forms):
        if len(text.encode("utf-8", "surrogatepass")) >= _SHORTEST:
            forms += _encoded(text)
    return [form for form in dict.fromkeys(forms) if form]


def _encoded(text: str) -> list[str]:
    data = text.encode("utf-8", "surrogatepass")
    quoted = [quoting(data, safe=safe) for quoting in (quote, quote_plus) for safe in ("", "/")]
    texts = [
        *quoted,
        *(_lower_escapes(form) for form in quoted),
        json.dumps(text)[1:-1],
        json.dumps(text, ensure_ascii=False)[1:-1],
        json.dumps(json.dumps(text)[1:-1])[1:-1],  # JSON inside of JSON
        repr(text)[1:-1],
        ascii(text)[1:-1],
        html.escape(text),
        html.escape(text, quote=False),
        text.replace("'", "'\"'\"'"),  # of a shell
        data.hex(),
        data.hex().upper(),
    ]
    for shift in range(3):
        standard = base64.b64encode(bytes(shift) + data).decode()
        # The characters that hold bits of the value alone, whatever stands before and after it.
        inner = standard[-(-8 * shift // 6) : 8 * (shift + len(data)) // 6]
        texts += [inner, inner.replace("+", "-").replace("/", "_")]
    return texts


def _lower_escapes(text: str) -> str:
    parts = text.split("%")
    return "%".join([parts[0], *(part[:2].lower() + part[2:] for part in parts[1:])])


def _overlap(text: str, form: str) -> int:
    """Count the characters at the end of a text that a form, longer than them, begins with."""
    tail = text[-(len(form) - 1) :] if len(form) > 1 else ""
    place = tail.find(form[0])
    while place >= 0:
        if form.startswith(tail[place:]):
            return len(tail) - place
        place = tail.find(form[0], place + 1)
    return 0
