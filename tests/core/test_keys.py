from __future__ import annotations

import copy
import os
import pickle
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from packagers import keys
from packagers.errors import PackagersError, PackagersWarning, SettingError


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's config folder with no key in it yet."""
    folder = tmp_path / "config"
    monkeypatch.setenv("PACKAGERS_CONFIG_DIR", str(folder))
    monkeypatch.delenv(keys.VARIABLE, raising=False)
    monkeypatch.setattr(keys, "_warned", set())
    return folder


def states() -> dict[str, str]:
    return {info.id: info.state for info in keys.listing()}


def test_the_first_use_makes_a_key_that_only_its_user_can_read(config: Path) -> None:
    key = keys.signing_key()
    assert key is not None
    assert states() == {key.id: "signing"}
    folder = config / "keys"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {path.name for path in folder.iterdir()} == {"signing", f"{key.id}.key"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_it_is_the_same_key_from_then_on() -> None:
    first, second = keys.signing_key(), keys.signing_key()
    assert first is not None
    assert second is not None
    assert first.mac("seal") == second.mac("seal")
    assert first.mac("seal") != first.mac("another seal")


def test_many_processes_and_threads_at_once_end_up_with_one_key(config: Path) -> None:
    code = (
        "import sys; from packagers import keys; from concurrent.futures import ThreadPoolExecutor as Pool\n"
        "sys.stdin.readline()\n"
        "print({k.id for k in Pool(4).map(lambda _: keys.signing_key(), range(4))})"
    )
    processes = [subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(8)]
    answers = []
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        answers.append(process.communicate()[0])
        assert process.returncode == 0
    key = keys.signing_key()
    assert key is not None
    assert set(answers) == {f"{ {key.id} }\n"}
    assert {path.name for path in (config / "keys").iterdir()} == {"signing", f"{key.id}.key"}, "the losers clean up"


def test_without_hard_links_a_key_is_made_all_the_same(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*names: object) -> None:
        raise OSError("not supported")

    monkeypatch.setattr(os, "link", no_links)
    key = keys.signing_key()
    assert key is not None
    assert states() == {key.id: "signing"}


def test_a_new_signing_key_leaves_the_old_one_accepted() -> None:
    old = keys.signing_key()
    new = keys.create()
    assert old is not None
    assert states() == {old.id: "accepted", new: "signing"}
    signing = keys.signing_key()
    assert signing is not None
    assert signing.id == new


def test_a_key_is_shared_as_one_line_of_text(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = keys.create()
    line = keys.export()
    assert "\n" not in line
    monkeypatch.setenv("PACKAGERS_CONFIG_DIR", str(config / "colleague"))
    theirs = keys.create()
    assert keys.find(mine) is None
    assert keys.import_(f"  {line}\n") == mine
    assert keys.import_(line) == mine, "a second time changes nothing"
    assert states() == {mine: "accepted", theirs: "signing"}
    found = keys.find(mine)
    assert found is not None
    assert found.exported() == line
    assert keys.export(mine) == line


@pytest.mark.parametrize("damage", [lambda t: t[:-1], lambda t: t.replace("a", "b"), lambda t: t.upper(), lambda t: "", lambda t: t + "0"])
def test_a_damaged_line_is_refused_and_not_shown(damage: object) -> None:
    assert callable(damage)
    keys.create()
    text = keys.export()
    if damage(text) == text:
        pytest.fail("the damage did nothing")
    with pytest.raises(PackagersError) as caught:
        keys.import_(damage(text))
    assert text[20:60] not in str(caught.value)


def test_a_revoked_key_is_not_accepted_and_not_imported_again() -> None:
    old = keys.create()
    line = keys.export()
    keys.revoke(old)
    assert keys.find(old) is None
    new = keys.signing_key()
    assert new is not None
    assert states() == {old: "revoked", new.id: "signing"}
    with pytest.raises(PackagersError, match="revoked"):
        keys.import_(line)
    with pytest.raises(PackagersError, match="no accepted key"):
        keys.export(old)


def test_a_key_can_be_revoked_before_it_was_ever_seen() -> None:
    keys.revoke("0123456789abcdef")
    assert states()["0123456789abcdef"] == "revoked"


@pytest.mark.parametrize("key_id", ["", "../../../etc/passwd", "0123456789ABCDEF", "0123456789abcdef\n", "0" * 17])
def test_what_is_no_id_is_refused_before_any_file_is_touched(key_id: str, config: Path) -> None:
    for function in (keys.revoke, keys.export):
        with pytest.raises(PackagersError, match="16 hex digits"):
            function(key_id)
    assert not config.exists()


def test_a_revoked_signing_key_is_replaced_even_if_the_revoking_process_died(config: Path) -> None:
    old = keys.create()
    (config / "keys" / f"{old}.revoked").touch()
    new = keys.signing_key()
    assert new is not None
    assert new.id != old


def test_the_variable_holds_a_key_or_a_text_from_which_one_is_derived(monkeypatch: pytest.MonkeyPatch) -> None:
    filed = keys.create()
    line = keys.export()
    monkeypatch.setenv(keys.VARIABLE, "correct horse battery staple")
    derived = keys.signing_key()
    assert derived is not None
    assert derived.id != filed
    assert states() == {filed: "accepted", derived.id: "signing"}
    assert keys.export() == derived.exported()
    monkeypatch.setenv(keys.VARIABLE, line)
    exported = keys.signing_key()
    assert exported is not None
    assert exported.id == filed
    monkeypatch.setenv(keys.VARIABLE, "  ")
    assert [info.origin != keys.VARIABLE for info in keys.listing()] == [True]


def test_the_variable_needs_no_folder(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(keys.VARIABLE, "correct horse battery staple")
    assert keys.signing_key() is not None
    assert not config.exists()


def test_a_damaged_or_revoked_key_in_the_variable_is_an_error_and_not_a_phrase(monkeypatch: pytest.MonkeyPatch) -> None:
    key = keys.create()
    line = keys.export()
    monkeypatch.setenv(keys.VARIABLE, line[:-1])
    with pytest.raises(SettingError, match="damaged") as caught:
        keys.signing_key()
    assert line[20:60] not in f"{caught.value!r} {caught.value.__cause__!r} {vars(caught.value)}"
    keys_folder = keys.keys_folder()
    (keys_folder / f"{key}.revoked").touch()
    monkeypatch.setenv(keys.VARIABLE, line)
    with pytest.raises(SettingError, match="revoked"):
        keys.signing_key()


def test_where_no_key_can_be_made_there_is_one_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("PACKAGERS_CONFIG_DIR", str(tmp_path / "file" / "config"))
    with pytest.warns(PackagersWarning, match="not signed"):
        assert keys.signing_key() is None
    assert keys.signing_key() is None, "and warnings are errors here"
    for function in (keys.create, keys.export, lambda: keys.revoke("0" * 16)):
        with pytest.raises(PackagersError, match=r"PACKAGERS_CONFIG_DIR"):
            function()
    assert keys.listing() == []


def test_without_a_home_there_is_one_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home(path: Path) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("PACKAGERS_CONFIG_DIR")
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr(Path, "expanduser", no_home)
    with pytest.warns(PackagersWarning, match="home"):
        assert keys.signing_key() is None
    assert keys.find("0" * 16) is None
    assert keys.listing() == []
    with pytest.raises(PackagersError, match="home"):
        keys.create()


def test_a_folder_that_others_can_write_to_is_not_used(config: Path) -> None:
    key = keys.create()
    (config / "keys").chmod(0o770)
    for function in (lambda: keys.find(key), keys.signing_key):
        with pytest.warns(PackagersWarning, match="other users can write"):
            assert function() is None
    with pytest.raises(PackagersError, match="chmod 700"):
        keys.create()


@pytest.mark.parametrize("content", ["", "nonsense", "packagers-key-1:" + "0" * 64 + ":00000000", "\0\xff"])
def test_a_damaged_key_file_is_no_key_and_a_new_one_can_be_made(config: Path, content: str) -> None:
    key = keys.create()
    (config / "keys" / f"{key}.key").write_text(content, encoding="latin-1")
    assert states() == {key: "damaged"}
    with pytest.warns(PackagersWarning, match="not signed"):
        assert keys.signing_key() is None
    with pytest.warns(PackagersWarning, match="counts as foreign"):
        assert keys.find(key) is None
    new = keys.create()
    signing = keys.signing_key()
    assert signing is not None
    assert signing.id == new


def test_a_key_under_the_id_of_another_is_not_accepted(config: Path) -> None:
    first, second = keys.create(), keys.create()
    (config / "keys" / f"{first}.key").write_text(keys.export(second))
    with pytest.warns(PackagersWarning, match="another id"):
        assert keys.find(first) is None


@pytest.mark.parametrize("content", ["", "../../x", "0" * 16])
def test_a_damaged_name_of_the_signing_key_is_mended_by_a_new_one(config: Path, content: str) -> None:
    old = keys.create()
    (config / "keys" / "signing").write_text(content)
    with pytest.warns(PackagersWarning, match="not signed"):
        assert keys.signing_key() is None
    assert states() == {old: "accepted"}
    keys.revoke(old)
    assert keys.create() in states()
    assert keys.signing_key() is not None


def test_no_key_shows_itself() -> None:
    keys.create()
    key = keys.signing_key()
    assert key is not None
    secret = key.exported().split(":")[1]
    assert secret not in repr(key) + str(key) + repr(keys.listing())
    assert not hasattr(key, "__dict__")
    for copying in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="not pickled"):
            copying(key)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"PACKAGERS_CONFIG_DIR": "/a", "XDG_CONFIG_HOME": "/b"}, "/a"),
        ({"XDG_CONFIG_HOME": "/b"}, "/b/packagers"),
        ({"XDG_CONFIG_HOME": "relative", "HOME": "/home/me"}, None),
    ],
)
def test_where_the_config_folder_is(variables: dict[str, str], expected: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PACKAGERS_CONFIG_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    if expected is not None:
        assert keys.config_folder() == Path(expected)
    else:
        assert keys.config_folder().is_absolute()
        assert keys.config_folder().is_relative_to(Path("/home/me"))


def test_one_warning_although_many_threads_ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("PACKAGERS_CONFIG_DIR", str(tmp_path / "file"))
    threads = [threading.Thread(target=keys.signing_key) for _ in range(8)]

    def run() -> None:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    with pytest.warns(PackagersWarning) as caught:
        run()
    assert len(caught) == 1
