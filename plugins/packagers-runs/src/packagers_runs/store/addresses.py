"""Addresses of artifacts: ``store://[kind/][project/]key[#iteration][:tag][@uid]``.

>>> Address.parse("store://models/default/grid_model#2@" + "0" * 32)
Address(key='grid_model', project='default', kind='models', iteration=2, tag='', uid='00000000000000000000000000000000')
>>> str(Address("my model", project="shop", tag="best"))
'store://shop/my%20model:best'

What is not said is left to the store: its current project, iteration 0, and the tag ``latest``, which is the newest run that made it. Of
two segments the first is a kind where it is the name of one, and a project otherwise. In names every character but letters, digits and
``_ . - ~`` is written as ``%XX``; without a need for it, it is read as it stands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from packagers_runs.nearest import unknown_name
from packagers_runs.store.errors import AddressError

SCHEME = "store://"
LATEST = "latest"
KINDS = {"artifacts": "", "datasets": "dataset", "models": "model", "plots": "plot"}
"""The artifact type that each kind stands for; ``artifacts`` stands for any."""

_FORM = "store://[kind/][project/]key[#iteration][:tag][@uid]"
_LAST = re.compile(r"(?P<key>[^#:@]+)(?:#(?P<iteration>[0-9]{1,9}))?(?::(?P<tag>[^#:@]+))?(?:@(?P<uid>[0-9a-f]{32}))?")
_NAME = re.compile(r"[^#:@]+")
_UID = re.compile(r"[0-9a-f]{32}")
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f-\x9f\ud800-\udfff/\\:*?"<>|]')


@dataclass(frozen=True, slots=True)
class Address:
    """Where an artifact is found in a store.

    Attributes:
        key: Its name.
        project: Its project; empty for the current one.
        kind: ``models datasets plots``, or empty for any.
        iteration: Of the run that made it.
        tag: Of the artifact; empty for the newest run's.
        uid: Of the run that made it; empty for the newest one.
    """

    key: str
    project: str = ""
    kind: str = ""
    iteration: int = 0
    tag: str = ""
    uid: str = ""

    def __post_init__(self) -> None:
        for what, name in (("key", self.key), ("project", self.project), ("tag", self.tag)):
            _check(what, name, str(self.key))
        if self.kind not in ("", *KINDS):
            raise AddressError(f"{self.kind!r} is no kind of artifact", remedy=unknown_name("kind", self.kind, KINDS).remedy)
        if type(self.iteration) is not int or not 0 <= self.iteration < 10**9:
            raise AddressError(f"an iteration cannot be {self.iteration!r}", remedy="It is a whole number from 0.")
        if self.uid and not _UID.fullmatch(self.uid):
            raise AddressError(f"{self.uid!r} is no uid of a run", remedy="It has 32 hexadecimal digits.")
        if self.kind == "artifacts":
            object.__setattr__(self, "kind", "")
        if self.tag == LATEST:
            object.__setattr__(self, "tag", "")

    @classmethod
    def parse(cls, text: object) -> Address:
        """Read an address.

        Args:
            text: The address, with ``store://``.

        Raises:
            AddressError: Where it is none; it says what is wrong.
        """
        if not isinstance(text, str) or not text.startswith(SCHEME):
            raise AddressError(f"{text!r:.200} is no address of an artifact", address=str(text), remedy=f"Write it as {_FORM}.")
        *outer, last = text.removeprefix(SCHEME).split("/")
        found = _LAST.fullmatch(last)
        if found is None or len(outer) > 2 or not all(map(_NAME.fullmatch, outer)):
            raise AddressError(
                f"{text!r:.200} is no address of an artifact: {_why(outer, last)}", address=text, remedy=f"Write it as {_FORM}."
            )
        kind = outer.pop(0) if len(outer) == 2 or (outer and outer[0] in KINDS) else ""
        try:
            return cls(
                key=_unquoted(found["key"]),
                project=_unquoted(outer[0]) if outer else "",
                kind=kind,
                iteration=int(found["iteration"] or 0),
                tag=_unquoted(found["tag"] or ""),
                uid=found["uid"] or "",
            )
        except AddressError as error:
            error.address = text
            raise

    def __str__(self) -> str:
        kind = self.kind or ("artifacts" if self.project in KINDS else "")
        outer = "".join(f"{quote(name, safe='')}/" for name in (kind, self.project) if name)
        iteration = f"#{self.iteration}" if self.iteration else ""
        tag = f":{quote(self.tag, safe='')}" if self.tag else ""
        return f"{SCHEME}{outer}{quote(self.key, safe='')}{iteration}{tag}{'@' if self.uid else ''}{self.uid}"

    @property
    def artifact_type(self) -> str:
        """The artifact type that its kind stands for; empty for any."""
        return KINDS.get(self.kind, "")


def kind_of(artifact_type: str) -> str:
    """Give the kind of an artifact type; empty where there is none for it alone."""
    return next((kind for kind, known in KINDS.items() if known == artifact_type), "") if artifact_type else ""


def check_project(name: str) -> None:
    """Refuse a project whose artifacts would have no address.

    Raises:
        AddressError: It is no name of a project; says why.
    """
    _check("project", name, name)


def _check(what: str, name: object, key: str) -> None:
    if not isinstance(name, str) or (what == "key" and not name):
        raise AddressError(f"the {what} of an address cannot be {name!r}", address=key, remedy="Give it as text.")
    if name in (".", ".."):
        raise AddressError(f"the {what} of an address cannot be {name!r}", address=key, remedy="Choose another name.")
    bad = _FORBIDDEN.search(name)
    if bad:
        raise AddressError(f"the {what} {name!r:.200} has the character {bad.group()!r}", address=key, remedy="Use it in no name.")


def _unquoted(text: str) -> str:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise AddressError(f"{text!r:.200} stands for no text", address=text, remedy="Write % itself as %25.") from None


def _why(outer: list[str], last: str) -> str:
    if len(outer) > 2:
        return f"it has {len(outer) + 1} segments"
    if not all([*outer, last]):
        return "a segment is empty"
    if not all(map(_NAME.fullmatch, outer)):
        return "in a project, # : @ are written as %23 %3A %40"
    if last.count("@") == 1 and not _UID.fullmatch(last.partition("@")[2]):
        return f"{last.partition('@')[2]!r:.100} is no uid (32 hexadecimal digits)"
    if last.count("#") == 1 and not re.match(r"[0-9]{1,9}([:@]|$)", last.partition("#")[2]):
        return f"{last.partition('#')[2]!r:.100} is no number of an iteration"
    return f"{last!r:.200} is not key[#iteration][:tag][@uid]"
