"""Pickles that import or call: one for each opcode that can, and the ways around lists of forbidden names.

Each is harmless by accident or harmful in a way that is seen: what it calls is in ``canary``, a module that writes a file when it is
imported, or a function of the standard library that the audit hook hears.
"""

from __future__ import annotations

import pickle
import struct

import cloudpickle


def _text(value: str) -> bytes:
    """Push a text, as protocol 4 does."""
    raw = value.encode()
    return b"\x8c" + bytes([len(raw)]) + raw


def _global(module: str, name: str) -> bytes:
    return _text(module) + _text(name) + b"\x93"


def _call(module: str, name: str, *arguments: str) -> bytes:
    return _global(module, name) + b"(" + b"".join(map(_text, arguments)) + b"tR"


def _protocol(body: bytes, protocol: int = 4) -> bytes:
    return b"\x80" + bytes([protocol]) + body + b"."


CANARY = ("canary", "sing")
CALLS = {
    "os-system": ("os", "system", "touch BOOM"),
    "posix-system": ("posix", "system", "touch BOOM"),
    "subprocess": ("subprocess", "check_call", "true"),
    "exec": ("builtins", "exec", "open('BOOM', 'w')"),
    "eval": ("builtins", "eval", "open('BOOM', 'w')"),
    "open": ("builtins", "open", "BOOM", "w"),
    "compile": ("builtins", "compile", "1", "canary", "exec"),
    "import": ("builtins", "__import__", "canary"),
    "import-module": ("importlib", "import_module", "canary"),
    "runpy": ("runpy", "run_module", "canary"),
    "code": ("code", "interact", "canary"),
    "pickle-in-pickle": ("pickle", "loads", "canary"),
    "browser": ("webbrowser", "open", "http://127.0.0.1:9/canary"),
    "antigravity": ("antigravity", "geohash"),
    "socket": ("socket", "getaddrinfo", "127.0.0.1", "9"),
    "rmtree": ("shutil", "rmtree", "BOOM"),
    "remove": ("os", "remove", "BOOM"),
    "ctypes": ("ctypes", "CDLL", "canary.so"),
    "attrgetter": ("operator", "attrgetter", "__class__"),
    "partial": ("functools", "partial", "canary"),
    "numpy-load": ("numpy", "load", "BOOM"),
    "numpy-memmap": ("numpy", "memmap", "BOOM", "uint8", "w+"),
    "pandas-read": ("pandas.io.pickle", "read_pickle", "BOOM"),
    "torch-load": ("torch", "load", "BOOM"),
    "joblib-load": ("joblib", "load", "BOOM"),
    "timeit": ("timeit", "timeit", "canary"),
    "bdb": ("bdb", "Bdb", "canary"),
    "getattr": ("builtins", "getattr", "canary", "upper"),
    "dotted": ("builtins", "object.__subclasses__"),
    "packagers": ("packagers", "unpack", "BOOM"),
}
"""What is called, by name: module, name in it, arguments."""


def _nested(depth: int) -> bytes:
    return b"\x80\x04" + b"(" * depth + b"t" * depth + b"."


OPCODES = {
    "GLOBAL-REDUCE": b"\x80\x02ccanary\nsing\n)R.",
    "GLOBAL-0": b"ccanary\nsing\n(tR.",
    "INST": b"(icanary\nsing\n.",
    "OBJ": b"\x80\x02(ccanary\nsing\no.",
    "NEWOBJ": b"\x80\x02ccanary\nSinger\n)\x81.",
    "NEWOBJ-EX": _protocol(_global("canary", "Singer") + b")}\x92"),
    "STACK-GLOBAL": _protocol(_global(*CANARY)),
    "STACK-GLOBAL-REDUCE": _protocol(_call(*CANARY)),
    "BUILD": _protocol(_global("canary", "Singer") + b")\x81" + b"}" + _text("x") + b"K\x01s" + b"b"),
    "APPEND": _protocol(_global("canary", "SINGERS") + b"K\x01a"),
    "APPENDS": _protocol(_global("canary", "SINGERS") + b"(K\x01K\x02e"),
    "SETITEM": _protocol(_global("canary", "VERSES") + b"K\x01K\x02s"),
    "SETITEMS": _protocol(_global("canary", "VERSES") + b"(K\x01K\x02u"),
    "ADDITEMS": _protocol(_global("canary", "SET") + b"(K\x01\x90"),
    "EXT1": b"\x80\x02\x82\x01.",
    "EXT2": b"\x80\x02\x83\x01\x01.",
    "EXT4": b"\x80\x02\x84\x01\x01\x01\x01.",
    "PERSID": b"Pcanary\n.",
    "BINPERSID": _protocol(_text("canary") + b"Q"),
    "PUT-GET": _protocol(_global(*CANARY) + b"\x94" + b"0" + b"h\x00)R"),
    "MEMO-FAR": b"\x80\x02" + b"Nr\xff\xff\xff\x0f.",
    "FRAME": b"\x80\x04\x95" + struct.pack("<Q", 1 << 60) + b"N.",
    "BINBYTES8": b"\x80\x04\x8e" + struct.pack("<Q", 1 << 60) + b"N.",
    "BINUNICODE8": b"\x80\x04\x8d" + struct.pack("<Q", 1 << 60) + b"N.",
    "BYTEARRAY8": b"\x80\x05\x96" + struct.pack("<Q", 1 << 60) + b"N.",
    "LONG4": b"\x80\x02\x8b" + struct.pack("<i", 1 << 30) + b"N.",
    "NEXT-BUFFER": b"\x80\x05\x97.",
    "READONLY-BUFFER": b"\x80\x05\x97\x98.",
    "laughs": b"\x80\x04]\x94" + b"".join(b"](h%ch%ce\x94" % (i, i) for i in range(28)) + b".",
    "deep": _nested(200_000),
    "cut-short": pickle.dumps([print], protocol=4)[:-3],
    "trailing": pickle.dumps([1], protocol=4) + _protocol(_call(*CANARY)),
    "unknown-opcode": b"\x80\x04\xff.",
    "protocol-9": b"\x80\x09N.",
    "cloudpickle": cloudpickle.dumps(lambda: __import__("canary")),
    "code-object": pickle.dumps(None)[:-2] + _global("types", "CodeType") + b")R.",
}

GADGETS: dict[str, bytes] = {**OPCODES, **{f"call-{name}": _protocol(_call(*parts)) for name, parts in CALLS.items()}}
"""All of them, by name."""
