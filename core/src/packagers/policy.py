"""The reader decides what may run code: policies, signatures, and the one gate that every reader goes through.

A format is read as *data* (cannot run code), *audited* (builds only allow-listed types) or *code*. What is allowed depends on whether the
package carries one's own signature and on the reader's policy:

=========  ===========================  ==================  =====  ==================
read as    foreign, ``own`` (default)   own, ``own``        `all`  `data`
=========  ===========================  ==================  =====  ==================
data       yes                          yes                 yes    yes
audited    allow-listed types           any type            any    allow-listed types
code       refused                      yes                 yes    refused
=========  ===========================  ==================  =====  ==================

A call's argument beats ``with trust(...)`` beats the configuration; ``PACKAGERS_TRUST_CEILING`` caps them all. The gate knows package and
policy from the current :func:`unpacking`, which lives in a context variable: threads and tasks do not see one another's, and outside of
one everything is refused. Nothing in here reads a package; what a package says cannot loosen what the reader decided.
"""

from __future__ import annotations

import hashlib
import hmac
import importlib
import re
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

from packagers import keys
from packagers.config import settings
from packagers.environment import text_of
from packagers.errors import IntegrityError, SettingError, UnpackError, UntrustedPackageError
from packagers.names import shorten

if TYPE_CHECKING:
    from packagers.files import Files
    from packagers.signingkey import Key

POLICIES = ("data", "own", "all")
CEILING = "PACKAGERS_TRUST_CEILING"

_SIGNATURE = re.compile(r"[0-9a-f]{16} [0-9a-f]{64} [0-9a-f]{8}")

T = TypeVar("T")


class Doubt(NamedTuple):
    """Why one's own signature does not vouch for the files of a package.

    Attributes:
        why: As the end of a sentence.
        remedy: What to do about it, as a clause.
    """

    why: str
    remedy: str


UNCHECKED = Doubt("verify=False left open whether its files are what was signed", "leave verify=False away")
FORGEABLE = Doubt("its files have digests that anybody can forge", 'pack it again with digest="blake3"')


@dataclass(frozen=True)
class Unpacking:
    """What is being unpacked, and by whose leave.

    Attributes:
        source: The package, file or URL, as people call it.
        owned: Whether it carries a signature by a key that this reader accepts.
        policy: The policy in force, the ceiling included.
        trusts: Names of the types that the reading packager vouches for.
        files: Its files, where the packager asks for them one by one; ``None`` where they are all there, and checked.
        doubt: Why the signature does not vouch for the files, even where it is one's own; ``None`` where it does.
    """

    source: str
    owned: bool
    policy: str
    trusts: frozenset[str] = frozenset()
    files: Files | None = None
    doubt: Doubt | None = None

    @property
    def vouched(self) -> bool:
        """Whether an accepted key vouches for what is read."""
        return self.owned and self.doubt is None

    @property
    def trusted(self) -> bool:
        """Whether code may run: the package is one's own under ``own``, or the policy is ``all``."""
        return self.policy == "all" or (self.policy == "own" and self.vouched)


_block: ContextVar[str | None] = ContextVar("packagers_trust", default=None)
_unpacking: ContextVar[Unpacking | None] = ContextVar("packagers_unpacking", default=None)


def trust(policy: str) -> AbstractContextManager[None]:
    """Set the policy for what is unpacked inside of a ``with`` block, in this thread or task.

    Args:
        policy: ``data`` (run no code, not even of one's own packages), ``own`` (the default) or ``all`` (run what comes).

    Raises:
        SettingError: For any other word.
    """
    return _trusting(_checked(policy, "trust", "packagers.trust()"))


@contextmanager
def _trusting(policy: str) -> Iterator[None]:
    token = _block.set(policy)
    try:
        yield
    finally:
        _block.reset(token)


def effective_policy(argument: str | None = None, configured: str | None = None) -> str:
    """Decide the policy: call argument before block before configuration, and none of them above the ceiling.

    Args:
        argument: The policy that the call gave, if any.
        configured: The configured policy; that of the settings if not given.

    Raises:
        SettingError: For a word that is no policy, with where it came from.
    """
    block = _block.get()
    if argument is not None:
        policy = _checked(argument, "trust", "argument")
    elif block is not None:
        policy = block
    else:
        policy = _checked(settings.trust if configured is None else configured, "trust", "settings")
    return _capped(policy)


def unpacking(
    source: str,
    owned: bool,
    policy: str,
    trusts: frozenset[str] = frozenset(),
    files: Files | None = None,
    doubt: Doubt | None = None,
) -> AbstractContextManager[Unpacking]:
    """Make a package the one that the gate decides about, inside of the block.

    Args:
        source: The package, file or URL, as people call it.
        owned: Whether its signature is by a key that this reader accepts; plain files have none.
        policy: What :func:`effective_policy` gave.
        trusts: The ``TRUSTS`` of the packager that reads.
        files: Its files, where the packager asks for them one by one.
        doubt: Why its signature does not vouch for its files, if it does not.
    """
    return resume(Unpacking(source, owned, _capped(_checked(policy, "trust", "unpacking()")), frozenset(trusts), files, doubt))


class resume(AbstractContextManager[Unpacking]):
    """Go on with an unpacking whose block has ended: an iterator that reads lazily enters it again for each step."""

    __slots__ = ("_stopped", "_token")

    def __init__(self, stopped: Unpacking) -> None:
        self._stopped = stopped

    def __enter__(self) -> Unpacking:
        self._token = _unpacking.set(self._stopped)
        return self._stopped

    def __exit__(self, *error: object) -> None:
        _unpacking.reset(self._token)


def resume_for_part(trusts: frozenset[str]) -> AbstractContextManager[Unpacking]:
    """Go on with the current unpacking for a part of the package, which another packager reads.

    Args:
        trusts: The ``TRUSTS`` of that packager.
    """
    return resume(replace(_required("a part of a package"), trusts=trusts, files=None))


def current() -> Unpacking | None:
    """Give the unpacking that this thread or task is in; ``None`` outside of any."""
    return _unpacking.get()


def allow_code(reader: str) -> None:
    """Ask whether a reader that can run code may start. Every such reader asks before it decodes anything.

    Args:
        reader: What would run, as people call it, such as ``"joblib"``.

    Raises:
        UntrustedPackageError: Where the policy does not allow it, or nothing is being unpacked.
    """
    now = _required(reader)
    if not now.trusted:
        raise _refusal(now, reader, f"Reading {now.source} with {reader} can run any code that its maker put in")


def allowed_types(names: Iterable[str]) -> list[str]:
    """Ask which of the types that an audited reader would build it may build.

    Args:
        names: The full names of all types that it would build.

    Returns:
        The names, if all of them are allowed.

    Raises:
        UntrustedPackageError: Naming those that are not allowed, or where nothing is being unpacked.
    """
    wanted = list(dict.fromkeys(names))
    now = _required("an audited reader")
    strange = [name for name in wanted if name not in now.trusts]
    if strange and not now.trusted:
        shown = ", ".join(shorten(repr(name)) for name in strange[:10]) + (f" and {len(strange) - 10} more" if len(strange) > 10 else "")
        raise _refusal(
            now, "audited reader", f"Reading {now.source} would build types that no installed plugin vouches for: {shown}", strange
        )
    return wanted


def may_import() -> bool:
    """Tell whether classes that the package names may be imported."""
    now = _unpacking.get()
    return now is not None and now.trusted


def allow_import(name: str) -> None:
    """Ask whether a class that the package names may be imported.

    Args:
        name: The name of the class or module.

    Raises:
        UntrustedPackageError: Where the policy does not allow it, or nothing is being unpacked.
    """
    reader = f"import of {shorten(repr(name))}"
    now = _required(reader)
    if not now.trusted:
        raise _refusal(
            now, reader, f"Rebuilding a value of {now.source} would import {shorten(repr(name))}, a name that the package chose", [name]
        )


def import_class(path: str, base: type[T]) -> type[T]:
    """Import a class that a package names, where that is allowed.

    Args:
        path: Its module and qualified name, joined by a dot.
        base: What it has to be a subclass of.

    Raises:
        UntrustedPackageError: Where the policy does not allow it.
        UnpackError: Where there is no such class.
    """
    allow_import(path)
    return find_class(path, base)


def find_class(path: str, base: type[T]) -> type[T]:
    """Import a class by a name that an installed plugin or the caller chose.

    Args:
        path: Its module and qualified name, joined by a dot.
        base: What it has to be a subclass of.

    Raises:
        UnpackError: Where there is no such class.
    """
    parts = path.split(".")
    for split in range(len(parts) - 1, 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:split]))
        except ModuleNotFoundError:
            continue
        except Exception as error:
            raise UnpackError(f"the module of {shorten(repr(path))} cannot be imported: {error}") from error
        for part in parts[split:]:
            found = getattr(found, part, None)
        if isinstance(found, type) and issubclass(found, base):
            return found
        break
    raise UnpackError(
        f"there is no class {shorten(repr(path))} that is a {base.__qualname__}",
        remedy="Install, or put on the path, the code that the value was made with.",
    )


def sign_seal(seal: str) -> dict[str, str] | None:
    """Sign a seal with the user's key; ``None`` where there is no key and none can be made.

    Returns:
        ``{"key": id, "mac": code, "check": checksum}``, all hex. The checksum tells damage of the signature from a signature by a stranger.
    """
    key = keys.signing_key()
    if key is None:
        return None
    mac = key.mac(_signed_text(seal))
    return {"key": key.id, "mac": mac, "check": _check(key.id, mac)}


def signature_state(seal: str, signature: Any) -> Literal["own", "foreign", "unsigned"]:
    """Tell whose signature a seal carries: an accepted key's, a stranger's (or a revoked key's), or none.

    Args:
        seal: The seal as the reader computed it.
        signature: The signature as the package has it, decoded from JSON; ``None`` for none.

    Raises:
        IntegrityError: Where the signature is damaged, or was made for another seal.
    """
    if signature is None:
        return "unsigned"
    try:
        parts = (signature["key"], signature["mac"], signature["check"])
        is_sound = len(signature) == len(parts) and _SIGNATURE.fullmatch(" ".join(parts))
    except (TypeError, KeyError):  # it is no dict, it has not these parts, or one is no text
        is_sound = None
    if not is_sound:
        raise IntegrityError("The signature is malformed", remedy="The package was damaged or edited: get it again from its maker.")
    if not hmac.compare_digest(signature["check"], _check(signature["key"], signature["mac"])):
        raise IntegrityError("The signature is damaged", remedy="The package was damaged or edited: get it again from its maker.")
    key = keys.find(signature["key"])
    if key is None:
        return "foreign"
    if not _is_by(key, seal, signature["mac"]):
        raise IntegrityError(
            f"The signature by the key {key.id} was made for another package",
            remedy="The package was edited after it was signed: get it again from its maker.",
        )
    return "own"


def _signed_text(seal: str) -> str:
    return f"packagers seal\n{seal}"


@lru_cache(maxsize=64)
def _is_by(key: Key, seal: str, mac: str) -> bool:
    """Tell whether a key has signed a seal. Whether the key is accepted is asked anew each time."""
    return hmac.compare_digest(key.mac(_signed_text(seal)), mac)


@lru_cache(maxsize=64)
def _check(key_id: str, mac: str) -> str:
    return hashlib.sha256(f"packagers signature\n{key_id}\n{mac}".encode()).hexdigest()[:8]


def _ceiling() -> str:
    text = (text_of(CEILING) or "").strip()
    return _checked(text, CEILING, "environment") if text else POLICIES[-1]


def _capped(policy: str) -> str:
    ceiling = _ceiling()
    return policy if ceiling == POLICIES[-1] else min(policy, ceiling, key=POLICIES.index)


def _checked(policy: Any, setting: str, origin: str) -> str:
    if not isinstance(policy, str) or policy not in POLICIES:
        raise SettingError(
            f"{policy!r} is not a trust policy", setting=setting, origin=origin, remedy="It is 'data', 'own' (the default) or 'all'."
        )
    return policy


def _required(reader: str) -> Unpacking:
    now = _unpacking.get()
    if now is None:
        raise UntrustedPackageError(
            f"{reader} may only run while a package is being unpacked",
            reader=reader,
            remedy="Call packagers.unpack(); a thread that a packager starts has to run in a copy of its context.",
        )
    return now


def _refusal(now: Unpacking, reader: str, what: str, types: Iterable[str] = ()) -> UntrustedPackageError:
    whose = "it is signed with a key of yours" if now.owned else "it is not signed with a key that you accept"
    ways = []
    if now.owned and now.doubt is not None:
        whose = f"{whose}, but {now.doubt.why}"
        ways.append(now.doubt.remedy)
    ceiling = _ceiling()
    once = 'unpack(..., trust="all") or `with packagers.trust("all"):`'
    if now.vouched:
        once = 'unpack(..., trust="own") or `with packagers.trust("own"):`'
    if POLICIES.index(ceiling) >= POLICIES.index("own" if now.vouched else "all"):
        ways.append(f"if you trust its maker, allow it once with {once}")
    if not now.owned and ceiling != "data":
        ways.append("accept the key of a maker whom you know with `packagers keys import` (their `packagers keys export` prints it)")
    if not ways:
        ways.append(f"{CEILING}={ceiling} forbids it here; only who sets that variable can allow it")
    remedy = "; or ".join(ways)
    return UntrustedPackageError(
        f"{what}; {whose}, and the policy is {now.policy!r}",
        reader=reader,
        types=tuple(types),
        policy=now.policy,
        remedy=f"{remedy[0].upper()}{remedy[1:]}.",
    )
