from __future__ import annotations

import asyncio
import contextvars
import itertools
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path, PurePath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packagers import keys, policy
from packagers.config import settings
from packagers.errors import IntegrityError, PackagersWarning, SettingError, UnpackError, UntrustedPackageError
from packagers.policy import (
    CEILING,
    POLICIES,
    allow_code,
    allow_import,
    allowed_types,
    current,
    effective_policy,
    import_class,
    may_import,
    resume,
    sign_seal,
    signature_state,
    trust,
    unpacking,
)

# design.md §6: what each kind of reader may do, by policy and whose package it is.
TABLE = {
    ("data", True): "allow-listed types",
    ("data", False): "allow-listed types",
    ("own", True): "everything",
    ("own", False): "allow-listed types",
    ("all", True): "everything",
    ("all", False): "everything",
}


@pytest.fixture(autouse=True)
def _own_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PACKAGERS_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.delenv(CEILING, raising=False)


@pytest.mark.parametrize(("asked", "owned"), TABLE)
def test_the_table(asked: str, owned: bool) -> None:
    free = TABLE[asked, owned] == "everything"
    with unpacking("out/model", owned, asked, frozenset({"sklearn.svm.SVC"})):
        assert allowed_types([]) == []
        assert allowed_types(["sklearn.svm.SVC"]) == ["sklearn.svm.SVC"]
        assert may_import() is free
        if free:
            allow_code("joblib")
            allow_import("some.module")
            assert allowed_types(iter(["x.Y", "sklearn.svm.SVC", "x.Y"])) == ["x.Y", "sklearn.svm.SVC"]
            return
        with pytest.raises(UntrustedPackageError) as code:
            allow_code("joblib")
        with pytest.raises(UntrustedPackageError, match=r"some\.module") as imported:
            allow_import("some.module")
        with pytest.raises(UntrustedPackageError, match=r"'x\.Y'") as types:
            allowed_types(["sklearn.svm.SVC", "x.Y"])
    assert code.value.reader == "joblib"
    assert code.value.policy == asked
    assert types.value.types == ("x.Y",)
    assert imported.value.types == ("some.module",)


def test_a_refusal_says_what_would_run_by_which_reader_from_where_and_how_to_allow_it() -> None:
    with unpacking("out/model", False, "own"), pytest.raises(UntrustedPackageError) as foreign:
        allow_code("joblib")
    for fact in ("out/model", "joblib", "run any code", "'own'", 'trust="all"', "packagers.trust", "packagers keys import"):
        assert fact in str(foreign.value)
    with unpacking("out/model", True, "data"), pytest.raises(UntrustedPackageError) as own:
        allow_code("joblib")
    assert 'trust="own"' in str(own.value)
    assert "keys import" not in str(own.value)


@pytest.mark.parametrize(
    ("ceiling", "owned", "present", "absent"),
    [
        ("own", False, ("keys import",), ("trust=",)),
        ("data", False, ("PACKAGERS_TRUST_CEILING=data",), ("trust=", "keys import")),
        ("data", True, ("PACKAGERS_TRUST_CEILING=data",), ("trust=", "keys import")),
    ],
)
def test_a_refusal_proposes_nothing_that_the_ceiling_forbids(
    ceiling: str, owned: bool, present: tuple[str, ...], absent: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CEILING, ceiling)
    with unpacking("out/model", owned, "all" if owned else "own"), pytest.raises(UntrustedPackageError) as caught:
        allow_code("joblib")
    assert all(text in str(caught.value) for text in present)
    assert not any(text in str(caught.value) for text in absent)


def test_hostile_names_are_quoted_and_cut() -> None:
    with unpacking("out/model", False, "own"), pytest.raises(UntrustedPackageError) as caught:
        allowed_types(["\x1b[31m" + "x" * 10_000, *(f"m.T{i}" for i in range(1000))])
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 2000
    assert len(caught.value.types) == 1001


@pytest.mark.parametrize("ask", [lambda: allow_code("joblib"), lambda: allowed_types([]), lambda: allow_import("os")])
def test_outside_of_an_unpacking_everything_is_refused(ask: Any) -> None:
    with trust("all"), pytest.raises(UntrustedPackageError, match="being unpacked"):
        ask()
    assert not may_import()
    assert current() is None


def test_unpackings_nest_and_end_however_they_end() -> None:
    with unpacking("outer", True, "own") as outer:
        with suppress(KeyError), unpacking("inner", False, "own"):
            assert not may_import()
            raise KeyError
        assert current() is outer
        assert may_import()
    assert current() is None


def test_no_thread_sees_the_unpacking_of_another() -> None:
    refused = []

    def work() -> None:
        try:
            allow_code("joblib")
        except UntrustedPackageError:
            refused.append(True)

    with unpacking("out/model", True, "all"):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        contextvars.copy_context().run(allow_code, "joblib")
    assert refused == [True]


def test_no_task_sees_the_unpacking_of_another() -> None:
    async def work(owned: bool, barrier: asyncio.Barrier) -> bool:
        with trust("own" if owned else "data"), unpacking(f"{owned}", owned, effective_policy()):
            await barrier.wait()
            seen = may_import()
            await barrier.wait()
            return seen

    async def both() -> list[bool]:
        barrier = asyncio.Barrier(2)
        return await asyncio.gather(work(True, barrier), work(False, barrier))

    assert asyncio.run(both()) == [True, False]


def test_what_is_read_lazily_goes_on_in_its_own_unpacking() -> None:
    def chunks() -> Iterator[bool]:
        now = current()
        assert now is not None
        for _ in range(2):
            with resume(now):
                seen = may_import()
            yield seen

    with unpacking("stream", True, "own"):
        stream = chunks()
        first = next(stream)
    with unpacking("other", False, "own"):
        second = next(stream)
        assert not may_import()
    assert (first, second) == (True, True)


ANY_POLICY = st.sampled_from(POLICIES)
MAYBE = st.none() | ANY_POLICY


@given(argument=MAYBE, outer=MAYBE, inner=MAYBE, configured=ANY_POLICY, ceiling=st.sampled_from(["", *POLICIES]))
def test_argument_beats_block_beats_configuration_and_the_ceiling_caps_them(
    argument: str | None, outer: str | None, inner: str | None, configured: str, ceiling: str
) -> None:
    expected = argument or inner or outer or configured
    if ceiling:
        expected = POLICIES[min(POLICIES.index(expected), POLICIES.index(ceiling))]
    with pytest.MonkeyPatch.context() as patch, ExitStack() as blocks:
        patch.setenv(CEILING, ceiling)
        for block in (outer, inner):
            if block:
                blocks.enter_context(trust(block))
        assert effective_policy(argument, configured) == expected


def test_blocks_nest_and_end_however_they_end() -> None:
    with trust("all"):
        with suppress(KeyError), trust("data"):
            assert effective_policy() == "data"
            raise KeyError
        assert effective_policy() == "all"
        thread_saw = []
        thread = threading.Thread(target=lambda: thread_saw.append(effective_policy()))
        thread.start()
        thread.join()
    assert effective_policy() == "own"
    assert thread_saw == ["own"]


def test_without_a_configured_policy_the_settings_decide() -> None:
    with settings(trust="data"):
        assert effective_policy() == "data"
        assert effective_policy(configured="all") == "all"
    assert effective_policy() == "own"


def test_the_ceiling_holds_for_whoever_forgot_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CEILING, "own")
    with unpacking("out/model", False, "all") as now:
        assert now.policy == "own"


@pytest.mark.parametrize("wrong", ["", "ALL", "everything", 3, None, ["all"]])
def test_a_word_that_is_no_policy_is_refused_where_it_is_given(wrong: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingError, match="is not a trust policy"):
        trust(wrong)
    if wrong is not None:
        with pytest.raises(SettingError, match="is not a trust policy"):
            effective_policy(argument=wrong)
        with pytest.raises(SettingError, match="is not a trust policy"):
            effective_policy(configured=wrong)
    if isinstance(wrong, str) and wrong:
        monkeypatch.setenv(CEILING, wrong)
        with pytest.raises(SettingError) as caught:
            effective_policy("data")
        assert caught.value.setting == CEILING


def test_a_signature_is_ones_own_until_its_key_is_revoked() -> None:
    signature = sign_seal("seal")
    assert signature is not None
    assert signature_state("seal", signature) == "own"
    keys.revoke(signature["key"])
    assert signature_state("seal", signature) == "foreign"


def test_no_signature_is_unsigned() -> None:
    assert signature_state("seal", None) == "unsigned"


def test_a_strangers_signature_is_foreign_until_their_key_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    signature, line = sign_seal("seal"), keys.export()
    monkeypatch.setenv("PACKAGERS_CONFIG_DIR", str(tmp_path / "colleague"))
    assert signature_state("seal", signature) == "foreign"
    mine = sign_seal("seal")
    assert mine is not None
    assert signature is not None
    assert mine["mac"] != signature["mac"]
    keys.import_(line)
    assert signature_state("seal", signature) == "own"


def test_a_signature_made_for_another_seal_is_refused() -> None:
    with pytest.raises(IntegrityError, match="another package"):
        signature_state("seal", sign_seal("another seal"))


def test_a_signature_under_the_id_of_a_known_key_by_a_stranger_is_refused() -> None:
    mine = sign_seal("seal")
    assert mine is not None
    mac = "0" * 64
    with pytest.raises(IntegrityError):
        signature_state("seal", {"key": mine["key"], "mac": mac, "check": policy._check(mine["key"], mac)})


def test_every_flipped_bit_of_a_signature_is_found() -> None:
    signature = sign_seal("seal")
    assert signature is not None
    for part, text in signature.items():
        for position, bit in itertools.product(range(len(text)), range(7)):
            flipped = text[:position] + chr(ord(text[position]) ^ 1 << bit) + text[position + 1 :]
            with pytest.raises(IntegrityError):
                signature_state("seal", {**signature, part: flipped})


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda v: st.lists(v) | st.dictionaries(st.text(), v))
    | st.fixed_dictionaries({"key": st.text(), "mac": st.text(), "check": st.text()})
)
def test_any_json_in_place_of_a_signature_is_refused(signature: Any) -> None:
    if signature is None:
        return
    with pytest.raises(IntegrityError):
        signature_state("seal", signature)


@pytest.mark.parametrize("edit", [{"extra": ""}, {"key": "A" * 16}, {"mac": "\u0660" * 64}, {"key": "0" * 16 + "\n"}])
def test_a_signature_has_exactly_its_three_parts(edit: dict[str, str]) -> None:
    with pytest.raises(IntegrityError):
        signature_state("seal", {**(sign_seal("seal") or {}), **edit})


def test_where_no_key_can_be_made_nothing_is_signed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("PACKAGERS_CONFIG_DIR", str(tmp_path / "file"))
    monkeypatch.setattr(keys, "_warned", set())
    with pytest.warns(PackagersWarning, match="not signed"):
        assert sign_seal("seal") is None


def test_a_seal_may_be_any_text() -> None:
    assert signature_state("\ud800", sign_seal("\ud800")) == "own"


def test_a_class_that_a_package_names_is_imported_only_where_that_is_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "with_side_effects.py").write_text("import pathlib\nclass Mine:\n    class Path(type(pathlib.Path())): pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    path = "with_side_effects.Mine.Path"
    with unpacking("out/model", False, "own"), pytest.raises(UntrustedPackageError):
        import_class(path, PurePath)
    assert "with_side_effects" not in sys.modules
    with unpacking("out/model", True, "own"):
        assert issubclass(import_class(path, PurePath), Path)
        for wrong in (
            "with_side_effects.Mine",
            "with_side_effects.None",
            "no.such.module.X",
            "X",
            "",
            ".",
            "..x",
            "os.system",
            "with_side_effects",
        ):
            with pytest.raises(UnpackError, match=r"no class|cannot be imported"):
                import_class(wrong, PurePath)
    del sys.modules["with_side_effects"]


def test_a_module_that_breaks_on_import_is_our_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "breaks_on_import.py").write_text("1 / 0")
    monkeypatch.syspath_prepend(str(tmp_path))
    with unpacking("out/model", True, "own"), pytest.raises(UnpackError, match="division by zero"):
        import_class("breaks_on_import.Class", object)
