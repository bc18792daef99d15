"""``packagers doctor``: what is wrong is named with a remedy, and only what is certainly litter is removed."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from packagers import abilities, litter, pack, testing, unpack
from packagers.cli.app import root
from packagers.durable import Lock, claim
from packagers.manifest import NAME
from packagers.scratch import scope, scratch_folder

OURS = "packagers-matplotlib,packagers-numpy,packagers-pandas,packagers-sklearn,packagers-torch"
Doctor = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "config"
    monkeypatch.setenv("PACKAGERS_CONFIG_DIR", str(folder))
    return folder


@pytest.fixture
def doctor(tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Doctor]:
    """Run it in an empty folder, with an empty temporary folder and a plugin for each name that the tests switch off."""
    (tmp_path / "here").mkdir()
    (tmp_path / "tmp").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.setenv("PACKAGERS_DISABLE", OURS)

    def run(*arguments: str | Path) -> tuple[int, dict[str, Any]]:
        done = CliRunner().invoke(root, ["doctor", "--json", *map(str, arguments)])
        assert done.exit_code in (0, 1), done.output
        return done.exit_code, json.loads(done.stdout)

    return run


def problems(found: dict[str, Any], about: str) -> list[str]:
    return [each["problem"] for each in found["problems"] if each["about"] == about]


def test_where_all_is_well(doctor: Doctor) -> None:
    code, found = doctor()
    assert (code, found["ok"], found["problems"], found["litter"]) == (0, True, [], [])
    assert {each["state"] for each in found["packagers"]} == {"ok", "off"}
    assert found["trust"] == {"policy": "own", "origin": "default", "ceiling": ""}
    assert found["folder"]["abilities"]["write"] is True
    assert [entry["name"] for entry in found["settings"]] == ["disable"]


def test_it_makes_no_key_and_leaves_nothing(doctor: Doctor, config: Path, tmp_path: Path) -> None:
    doctor()
    assert not config.exists()
    assert list((tmp_path / "here").iterdir()) == list((tmp_path / "tmp").iterdir()) == []


def test_for_people(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PACKAGERS_DISABEL", "x")
    done = CliRunner().invoke(root, ["doctor"])
    assert done.exit_code == 1
    assert "the variable PACKAGERS_DISABEL is set, and means nothing" in done.stdout
    assert "Did you mean 'PACKAGERS_DISABLE'?" in done.stdout
    assert done.stderr.strip() == "1 thing is wrong"


# Settings


@pytest.mark.parametrize(
    ("variable", "value", "about", "problem"),
    [
        ("PACKAGERS_DISABEL", "x", "settings", "PACKAGERS_DISABEL is set, and means nothing"),
        ("PACKAGERS_Trust", "own", "settings", "PACKAGERS_Trust is set, and means nothing"),
        ("PACKAGERS_PREFER", "packagers-nmupy", "settings", "prefer names 'packagers-nmupy'"),
        ("PACKAGERS_DISABLE", f"{OURS},no-such", "settings", "disable names 'no-such'"),
        ("PACKAGERS_ERRORS", "never", "settings", "'errors' cannot be 'never'"),
        ("PACKAGERS_TRUST", "everybody", "trust", "'trust' cannot be 'everybody'"),
        ("PACKAGERS_TRUST_CEILING", "sky", "trust", "'sky' is not a trust policy"),
        ("PACKAGERS_SIGNING_KEY", "packagers-key-1:00", "keys", "holds a damaged key"),
    ],
)
def test_variables_that_mean_nothing(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, about: str, problem: str
) -> None:
    monkeypatch.setenv(variable, value)
    code, found = doctor()
    assert code == 1
    assert [text for text in problems(found, about) if problem in text]
    assert all(each["remedy"] for each in found["problems"])


def test_a_variable_of_a_plugin_is_the_plugins(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PACKAGERS_NUMPY_SPECIAL", "1")
    assert doctor()[0] == 0


def test_the_ceiling_and_where_trust_is_from(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PACKAGERS_TRUST", "all")
    assert doctor()[1]["trust"] == {"policy": "all", "origin": "PACKAGERS_TRUST", "ceiling": ""}
    monkeypatch.setenv("PACKAGERS_TRUST_CEILING", "own")
    assert doctor()[1]["trust"] == {"policy": "own", "origin": "PACKAGERS_TRUST_CEILING", "ceiling": "own"}


PROJECT = """
[tool.packagers]
prefer = ["packagers-numpy", "packagers-typo"]

[tool.packagers.types]
"fractions.Fraction" = {packager = "no_such_module:P", optional = true}
"fractions.Fracture" = {packager = "no_such_module:P", optional = true}
"fractoins.Fraction" = {packager = "no_such_module:P", optional = true}
"dict[str, decimal.Decimol]" = {packager = "no_such_module:P", optional = true}

[tool.packagers.defaults]
"lsit" = 'file'
"list[int]" = 'file'
"""


def test_names_in_a_projects_file(doctor: Doctor, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text(PROJECT)
    code, found = doctor("--project", project)
    assert code == 1
    told = problems(found, "settings")
    assert len(told) == 5
    for text in (
        "prefer names 'packagers-typo'",
        "'fractions.Fracture', and no module shows a class of that name",
        "'fractoins.Fraction', and there is no module 'fractoins'",
        "'decimal.Decimol', and no module shows",
        "'lsit', and there is no such built-in class",
    ):
        assert [each for each in told if text in each]
    assert len(problems(found, "plugins")) == 4


@pytest.mark.parametrize("text", ["[tool.packagers\n", "[tool.packagers]\ntrsut = 'own'\n", '[tool.packagers.types]\n"[[" = "a:B"\n'])
def test_a_projects_file_that_is_wrong_hides_nothing_else(doctor: Doctor, tmp_path: Path, text: str) -> None:
    (tmp_path / "here/pyproject.toml").write_text(text)
    code, found = doctor()
    assert (code, len(problems(found, "settings"))) == (1, 1)
    assert "ok" in {each["state"] for each in found["packagers"]}


# Keys


def key(config: Path) -> Path:
    done = CliRunner().invoke(root, ["keys", "create"])
    return config / "keys" / f"{done.stdout.strip()}.key"


def test_keys_are_listed(doctor: Doctor, config: Path) -> None:
    first, second = key(config), key(config)
    CliRunner().invoke(root, ["keys", "revoke", first.stem])
    _, found = doctor()
    assert {each["id"]: each["state"] for each in found["keys"]["keys"]} == {first.stem: "revoked", second.stem: "signing"}
    assert found["keys"]["folder"] == str(config / "keys")
    assert found["problems"] == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs a system with modes")
@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda file: file.chmod(0o644), "others can get at"),
        (lambda file: file.parent.chmod(0o755), "others can get at"),
        (lambda file: file.write_text("packagers-key-1:nonsense"), "cannot be used"),
        (lambda file: file.unlink(), "the key that should sign is revoked, damaged or missing"),
        (lambda file: (file.parent / "signing").write_text("nobody"), "the key that should sign is revoked, damaged or missing"),
        (lambda file: (file.parent / f"{file.stem}.revoked").touch(), "the key that should sign is revoked, damaged or missing"),
    ],
)
def test_what_is_wrong_with_keys(doctor: Doctor, config: Path, spoil: Callable[[Path], Any], problem: str) -> None:
    spoil(key(config))
    code, found = doctor()
    assert code == 1
    assert [text for text in problems(found, "keys") if problem in text]


def test_a_config_folder_that_cannot_be(doctor: Doctor, config: Path) -> None:
    config.write_text("a file")
    code, found = doctor()
    assert code == 1
    assert [text for text in problems(found, "keys") if f"no folder for keys can be made in {config}" in text]


def test_keys_that_are_not_in_the_folder_need_none(doctor: Doctor, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config.write_text("a file")
    monkeypatch.setenv("PACKAGERS_SIGNING_KEY", "some text")
    assert doctor()[0] == 0


# The file system


def test_what_this_file_system_can_do(tmp_path: Path) -> None:
    found = {each.name: each for each in abilities.abilities(tmp_path)}
    assert found["replace a file"].value is True
    assert found["longest name"].value in range(100, 256)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**kwargs: Any) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "mkdtemp", refuse)
    code, found = doctor()
    assert code == 1
    assert "nothing can be packed here: Permission denied" in problems(found, "folder")[0]


@pytest.mark.parametrize(
    ("function", "problem", "is_wrong"),
    [("fsync", "does not survive a loss of power", False), ("replace", "half of a package", True), ("symlink", "symbolic links", False)],
)
def test_what_a_file_system_lacks(function: str, problem: str, is_wrong: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, function, refuse)
    (lacking,) = [each for each in abilities.abilities(tmp_path) if each.problem]
    assert problem in lacking.problem
    assert (lacking.value, lacking.is_needed) == (False, is_wrong)
    assert list(tmp_path.iterdir()) == []


# Litter


def payload_of(package: Path) -> Path:
    (found,) = [path for path in package.iterdir() if path.is_dir()]
    return found


@pytest.fixture
def package(tmp_path: Path) -> Path:
    pack(b"abc", "blob", tmp_path / "here" / "out")
    return tmp_path / "here" / "out" / "blob"


def tree(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_litter_is_shown_and_removed(doctor: Doctor, package: Path, tmp_path: Path) -> None:
    whole = tree(tmp_path / "here")
    (package / "0123abcd").mkdir()
    (package / "0123abcd" / "half").write_bytes(b"x")
    (package / "89ab4567.tmp").write_bytes(b"{")
    left = tmp_path / "tmp" / f"packagers-{_dead()}-abcd_012"
    (left / "inner").mkdir(parents=True)
    code, found = doctor()
    assert code == 0
    assert {entry["path"] for entry in found["litter"]} == {
        str(Path("out/blob/0123abcd")),
        str(Path("out/blob/89ab4567.tmp")),
        str(left),
    }
    assert {(entry["certain"], entry["removed"]) for entry in found["litter"]} == {(True, False)}
    assert problems(found, "litter") == ["3 things that crashes have left"]
    assert left.exists()
    code, found = doctor("--clean")
    assert (code, {entry["removed"] for entry in found["litter"]}, found["problems"]) == (0, {True}, [])
    assert tree(tmp_path / "here") == whole
    assert not left.exists()
    assert unpack(package) == b"abc"
    assert doctor()[1]["litter"] == []


def _dead() -> int:
    """Give the number of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_what_somebody_works_on_is_no_litter(doctor: Doctor, package: Path, tmp_path: Path) -> None:
    with Lock() as one, Lock() as another, scope():
        payload = Path(claim(package, "", one))
        temporary = Path(claim(package, ".tmp", another))
        mine = scratch_folder()
        assert doctor("--clean")[1]["litter"] == []
        assert payload.exists()
        assert temporary.exists()
        assert mine.exists()
    assert {entry["removed"] for entry in doctor("--clean")[1]["litter"]} == {True}
    assert payload_of(package).exists()


@pytest.mark.parametrize(
    "name",
    ["0123abcd.txt", "0123abc", "0123ABCD", "photos", "0123abcde", "x.tmp", "0123abcg"],
)
def test_what_is_called_otherwise_is_no_litter(doctor: Doctor, package: Path, name: str) -> None:
    (package / name).mkdir()
    (package / f"{name}.tmp.txt").touch()
    assert doctor("--clean")[1]["litter"] == []
    assert (package / name).exists()


def test_packages_whose_keys_look_like_payloads(doctor: Doctor, tmp_path: Path) -> None:
    pack(b"abc", "0123abcd", tmp_path / "here")
    pack(b"abc", "deadbeef", tmp_path / "here" / "89abcdef")
    before = tree(tmp_path / "here")
    assert doctor("--clean")[1]["litter"] == []
    assert tree(tmp_path / "here") == before


def test_what_may_be_somebodys_own_is_left_alone(doctor: Doctor, tmp_path: Path) -> None:
    (tmp_path / "here/key/0123abcd").mkdir(parents=True)
    (tmp_path / "here/photos/20261122").mkdir(parents=True)
    (tmp_path / "here/other").mkdir()
    (tmp_path / "here/other/notes.tmp").touch()
    before = tree(tmp_path / "here")
    code, found = doctor("--clean")
    assert [(entry["path"], entry["certain"], entry["removed"]) for entry in found["litter"]] == [("key", False, False)]
    assert code == 0
    assert tree(tmp_path / "here") == before


def test_a_damaged_manifest_protects_its_payloads(doctor: Doctor, package: Path) -> None:
    (package / NAME).write_bytes(b"{}")
    before = tree(package)
    assert doctor("--clean")[1]["litter"] == []
    assert tree(package) == before


def test_links_are_not_followed(doctor: Doctor, package: Path, tmp_path: Path) -> None:
    aside = tmp_path / "aside"
    aside.mkdir()
    (aside / "file").touch()
    (package / "0123abcd").symlink_to(aside, target_is_directory=True)
    (tmp_path / "tmp" / f"packagers-{_dead()}-abcd_012").symlink_to(aside, target_is_directory=True)
    assert doctor("--clean")[1]["litter"] == []
    assert (aside / "file").exists()


@pytest.mark.parametrize("name", ["packagers-abcd_012", "packagers-1-abcd_01", "packagers-x-abcd_012", "other-99999999-abcd_012"])
def test_other_folders_among_temporary_ones_stay(doctor: Doctor, tmp_path: Path, name: str) -> None:
    (tmp_path / "tmp" / name).mkdir()
    assert doctor("--clean")[1]["litter"] == []
    assert (tmp_path / "tmp" / name).exists()


def test_the_scratch_space_of_a_killed_process(doctor: Doctor, tmp_path: Path) -> None:
    code = "from packagers.scratch import scratch_folder as f; f(); print('made', flush=True); input()"
    environment = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
    with subprocess.Popen([sys.executable, "-c", code], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        (left,) = (tmp_path / "tmp").iterdir()
        assert doctor("--clean")[1]["litter"] == []
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert [(entry["path"], entry["removed"]) for entry in doctor("--clean")[1]["litter"]] == [(str(left), True)]


HOLDING = (
    "import os, sys; os.getpid = lambda: int(sys.argv[1]); from packagers.scratch import scratch_folder as f; "
    "print(f().parent, flush=True); input()"
)


@pytest.mark.skipif(sys.platform == "win32", reason="needs locks")
@pytest.mark.parametrize("number", ["of no process here", "of another process here"])
def test_scratch_space_belongs_to_who_holds_its_lock_whatever_its_number_is(number: str, doctor: Doctor, tmp_path: Path) -> None:
    """In a container processes have numbers that mean nothing, or another process, in the next one."""
    pid = _dead() if number == "of no process here" else os.getppid()
    environment = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
    command = [sys.executable, "-c", HOLDING, str(pid)]
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        used = Path(process.stdout.readline().strip())
        assert used.name.startswith(f"packagers-{pid}-")
        assert doctor("--clean")[1]["litter"] == []
        found = litter.Litter(used, "as if it had been found before it was used")
        assert litter.remove(found) is False
        assert len(list(used.iterdir())) == 1
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert [(entry["path"], entry["removed"]) for entry in doctor("--clean")[1]["litter"]] == [(str(used), True)]
    assert not used.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="needs locks")
@pytest.mark.parametrize(("pid", "is_litter"), [("dead", True), ("alive", False)])
def test_without_locks_the_number_of_the_process_tells(
    pid: str, is_litter: bool, doctor: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    def fail(*_: Any) -> None:
        raise OSError(errno.ENOLCK, "no locks here")

    monkeypatch.setattr(fcntl, "flock", fail)
    folder = tmp_path / "tmp" / f"packagers-{_dead() if pid == 'dead' else os.getppid()}-abcd_012"
    folder.mkdir()
    assert [entry["path"] for entry in doctor()[1]["litter"]] == [str(folder)] * is_litter
    doctor("--clean")
    assert folder.exists() is not is_litter


def test_keys_that_were_never_finished(doctor: Doctor, config: Path) -> None:
    folder = key(config).parent
    old, new = folder / ".new-0123456789abcdef", folder / ".new-fedcba9876543210"
    old.touch()
    new.touch()
    os.utime(old, (1, 1))
    assert [entry["path"] for entry in doctor("--clean")[1]["litter"]] == [str(old)]
    assert new.exists()


def test_a_payload_that_is_committed_between_finding_and_removing_stays(package: Path) -> None:
    """The race that costs data: what was litter a moment ago is named by a new manifest."""
    place = package / "0123abcd"
    place.mkdir()
    (found,) = litter.in_packages(package)
    text = (package / NAME).read_bytes()
    payload = payload_of_manifest(text)
    place.rmdir()
    (package / payload).rename(place)
    (package / payload).mkdir()
    from packagers.manifest import Manifest
    from packagers.sealed import from_text, seal_of, to_text

    data = {**from_text(text)[0], "payload": place.name}
    (package / NAME).write_bytes(to_text(Manifest.from_dict(data).to_dict(), None, seal_of(data)))
    assert litter.remove(found) is False
    assert unpack(package) == b"abc"


def payload_of_manifest(text: bytes) -> str:
    return str(json.loads(text)["payload"])


def test_a_plugin_that_is_broken(doctor: Doctor, tmp_path: Path) -> None:
    broken = {"my-broken": {"entry_points": {"packagers.types": {"a.B": "my_broken:P"}}, "files": {"my_broken.py": "1 / 0"}}}
    with testing.installed(broken, tmp_path / "site"):
        code, found = doctor()
    assert code == 1
    (problem,) = found["problems"]
    assert "my-broken: a.B is broken" in problem["problem"]
    assert "PACKAGERS_DISABLE=my-broken" in problem["remedy"]
