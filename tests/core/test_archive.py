from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import socket
import stat
import struct
import tarfile
import unicodedata
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from packagers import config, members
from packagers.archive import FORMATS, UNLIMITED, Limits, extract, pack_folder, write_zip
from packagers.errors import PackError, UnpackError
from packagers.scratch import scope, scratch_folder

TARS = FORMATS[1:]
FILE, FOLDER, LINK = stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A folder to unpack in; nothing beside it may change."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("secret")
    (tmp_path / "place").mkdir()
    before = contents(tmp_path / "outside")
    yield tmp_path / "place"
    assert contents(tmp_path / "outside") == before
    assert {path.name for path in tmp_path.iterdir()} <= {"outside", "place", "archive"}


def contents(folder: Path) -> dict[str, tuple[int, bytes | str | None]]:
    """Give all that two equal folders share: names, kinds, permissions, bytes and where links lead."""
    found: dict[str, tuple[int, bytes | str | None]] = {}
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        name = path.relative_to(folder).as_posix()
        if stat.S_ISLNK(mode):
            found[name] = (LINK, os.readlink(path))
        else:
            found[name] = (mode, path.read_bytes() if stat.S_ISREG(mode) else None)
    return found


def build(folder: Path, tree: dict[str, Any]) -> Path:
    """Make a folder: text for files, dicts for folders, ``("link", target)`` for links."""
    folder.mkdir()
    for name, value in tree.items():
        if isinstance(value, dict):
            build(folder / name, value)
        elif isinstance(value, tuple):
            (folder / name).symlink_to(value[1])
        else:
            (folder / name).write_bytes(value.encode())
    return folder


def make_zip(path: Path, *items: tuple[str, int, bytes], **attributes: Any) -> Path:
    """Write a zip of whatever members: name, mode, content."""
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as archive:
        warnings.simplefilter("ignore")  # that a name is there twice
        for name, mode, content in items:
            info = zipfile.ZipInfo(name)
            info.create_system = 3
            info.external_attr = mode << 16
            for attribute, value in attributes.items():
                setattr(info, attribute, value)
            archive.writestr(info, content)
    return path


def make_tar(path: Path, *items: tuple[str, Any, Any], format: str = "tar") -> Path:
    """Write a tar of whatever members: name, kind, content or target."""
    mode: Any = "w:" + format.partition(".")[2]
    with tarfile.open(path, mode, format=tarfile.PAX_FORMAT) as archive:
        for name, kind, content in items:
            info = tarfile.TarInfo(name)
            info.type = kind
            if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
                info.linkname = content
                content = b""
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def make(path: Path, format: str, *items: tuple[str, int, bytes]) -> Path:
    """Write the same members in either format."""
    if format == "zip":
        return make_zip(path, *items)
    kinds = {FILE: tarfile.REGTYPE, FOLDER: tarfile.DIRTYPE, LINK: tarfile.SYMTYPE}
    return make_tar(
        path,
        *((name, kinds[stat.S_IFMT(mode)], text.decode() if stat.S_ISLNK(mode) else text) for name, mode, text in items),
        format=format,
    )


def refused(archive: Path, target: Path, format: str, limits: Limits | None = None) -> str:
    """Unpack what has to be refused; nothing of it may be left."""
    existed = target.exists()
    with pytest.raises(UnpackError) as caught:
        extract(archive, target, format, limits)
    assert target.exists() == existed
    assert not existed or list(target.iterdir()) == []
    return str(caught.value)


TREE: dict[str, Any] = {
    "a.txt": "text",
    "empty": {},
    "empty file": "",
    "sub": {"b": "b" * 100_000, "up": ("link", "../a.txt"), "deeper": {"c": "c"}},
    "link": ("link", "sub/deeper"),
    "chain": ("link", "link/c"),
    "through a folder": ("link", "sub/../a.txt"),
    "nowhere": ("link", "sub/nothing"),
    "naïve ☃ 你好": "unicode",
    "line\nbreak: * ?": "odd",
    ".hidden": "hidden",
    "x" * 255: "long",
}


@pytest.mark.parametrize("format", FORMATS)
def test_a_folder_comes_back_with_contents_links_and_permissions(format: str, tmp_path: Path) -> None:
    source = build(tmp_path / "source", TREE)
    (source / "a.txt").chmod(0o640)
    (source / "sub" / "b").chmod(0o755)
    (source / "sub" / "deeper" / "c").chmod(0o444)
    (source / "empty").chmod(0o700)
    (source / "sub" / "deeper").chmod(0o555)
    before = contents(source)
    pack_folder(source, tmp_path / "archive", format)
    assert contents(source) == before
    extract(tmp_path / "archive", tmp_path / "back", format)
    assert contents(tmp_path / "back") == before


@pytest.mark.parametrize("format", FORMATS)
def test_an_empty_folder_comes_back(format: str, tmp_path: Path) -> None:
    pack_folder(build(tmp_path / "source", {}), tmp_path / "archive", format)
    extract(tmp_path / "archive", tmp_path / "back", format)
    assert contents(tmp_path / "back") == {}


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_folder_gives_the_same_bytes(format: str, tmp_path: Path) -> None:
    first = build(tmp_path / "first", TREE)
    second = build(tmp_path / "second", dict(reversed(TREE.items())))
    for path in second.rglob("*"):
        os.utime(path, (1, 1), follow_symlinks=False)
    pack_folder(first, tmp_path / "1", format)
    pack_folder(second, tmp_path / "2", format)
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


def test_the_permissions_of_the_process_do_not_get_into_what_is_unpacked(tmp_path: Path) -> None:
    source = build(tmp_path / "source", {"sub": {"file": "x"}})
    (source / "sub").chmod(0o777)
    (source / "sub" / "file").chmod(0o666)
    before = contents(source)
    pack_folder(source, tmp_path / "archive", "tar")
    old = os.umask(0o077)
    try:
        extract(tmp_path / "archive", tmp_path / "back", "tar")
    finally:
        os.umask(old)
    assert contents(tmp_path / "back") == before


def test_set_user_and_sticky_bits_are_not_kept(place: Path) -> None:
    make_zip(place.parent / "archive", ("tool", FILE | 0o6755, b"x"), ("folder/", FOLDER | 0o1777, b""))
    extract(place.parent / "archive", place, "zip")
    assert stat.S_IMODE((place / "tool").stat().st_mode) == 0o755
    assert stat.S_IMODE((place / "folder").stat().st_mode) == 0o777


NAME = st.text(st.characters(exclude_characters="/\\\0", exclude_categories=["Cs"]), min_size=1, max_size=8).filter(
    lambda name: name not in (".", "..") and len(name.encode()) < 256
)
FOLDERS = st.recursive(
    st.dictionaries(NAME, st.text(max_size=20), max_size=4), lambda inner: st.dictionaries(NAME, inner | st.text(max_size=20), max_size=4)
)


def has_clash(tree: dict[str, Any]) -> bool:
    folded = {unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold()) for name in tree}
    return len(folded) < len(tree) or any(has_clash(value) for value in tree.values() if isinstance(value, dict))


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60)
@given(tree=FOLDERS, format=st.sampled_from(FORMATS))
def test_any_folder_comes_back_or_is_refused_with_a_reason(tree: dict[str, Any], format: str) -> None:
    with scope():
        root = scratch_folder()
        source = build(root / "source", tree)
        if has_clash(tree):
            with pytest.raises(PackError, match="clashes with"):
                pack_folder(source, root / "archive", format)
            assert not (root / "archive").exists()
        else:
            pack_folder(source, root / "archive", format)
            extract(root / "archive", root / "back", format)
            assert contents(root / "back") == contents(source)


# What is refused on packing.


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("out", "../outside"),
        ("out", ".."),
        ("out", "/etc/passwd"),
        ("sub/out", "../../source/a"),
        ("sub/out", "../../.."),
        ("out", "sub/../../source/a"),
        ("out", "inner/../.."),
        ("out", "nothing/../a"),
    ],
)
def test_a_link_that_leaves_the_folder_is_refused_by_name(format: str, link: str, target: str, tmp_path: Path) -> None:
    source = build(tmp_path / "source", {"a": "a", "sub": {"deep": {}}, "inner": ("link", "sub/deep")})
    (source / link).symlink_to(target)
    with pytest.raises(PackError) as caught:
        pack_folder(source, tmp_path / "archive", format)
    assert repr(link) in str(caught.value)
    assert repr(target) in str(caught.value)
    assert not (tmp_path / "archive").exists()


def test_an_absolute_link_is_refused_even_where_it_leads_inside(tmp_path: Path) -> None:
    source = build(tmp_path / "source", {"a": "a"})
    (source / "link").symlink_to(source / "a")
    with pytest.raises(PackError, match="not relative"):
        pack_folder(source, tmp_path / "archive", "zip")


def make_socket(path: Path) -> None:
    """Bind a socket; its path must be short, so it is named from its own folder."""
    with socket.socket(socket.AF_UNIX) as bound:
        here = os.open(path.parent, os.O_RDONLY)
        try:
            bound.bind(f"/proc/self/fd/{here}/{path.name}" if os.path.exists("/proc/self/fd") else str(path))
        finally:
            os.close(here)


@pytest.mark.parametrize("special", [os.mkfifo, make_socket])
def test_what_is_neither_file_nor_folder_is_refused(special: Callable[[Path], None], tmp_path: Path) -> None:
    source = build(tmp_path / "source", {})
    special(source / "special")
    with pytest.raises(PackError, match=r"'special'.*neither a file nor a folder"):
        pack_folder(source, tmp_path / "archive", "zip")


@pytest.mark.parametrize("name", [b"latin-\xe9", b"back\\slash"])
def test_names_that_other_systems_cannot_read_are_refused(name: bytes, tmp_path: Path) -> None:
    source = build(tmp_path / "source", {})
    Path(os.fsdecode(bytes(source) + b"/" + name)).touch()
    with pytest.raises(PackError, match=r"UTF-8|backslash"):
        pack_folder(source, tmp_path / "archive", "tar")


@pytest.mark.parametrize("pair", [("README", "readme"), ("straße", "STRASSE"), ("é", "e\u0301")])
def test_names_that_are_equal_on_other_systems_are_refused(pair: tuple[str, str], tmp_path: Path) -> None:
    source = build(tmp_path / "source", dict.fromkeys(pair, "x"))
    with pytest.raises(PackError, match="clashes with") as caught:
        pack_folder(source, tmp_path / "archive", "tar")
    assert all(repr(name) in str(caught.value) for name in pair)


def test_a_folder_is_not_packed_into_itself(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="contains the place"):
        pack_folder(tmp_path, tmp_path / "out" / "archive", "zip")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "archive").write_text("mine")
    with pytest.raises(PackError, match="already there"):
        pack_folder(build(tmp_path / "source", {}), tmp_path / "archive", "zip")
    assert (tmp_path / "archive").read_text() == "mine"


def test_a_file_that_changes_while_it_is_packed_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = build(tmp_path / "source", {"a": "x" * 10})
    opened = os.open

    def grow(path: Path, *rest: Any) -> int:
        with open(path, "ab") as file:
            file.write(b"more")
        return opened(path, *rest)

    for format in FORMATS:
        with monkeypatch.context() as patch:
            patch.setattr(os, "open", grow)
            with pytest.raises(PackError, match="changed while"):
                pack_folder(source, tmp_path / "archive", format)
        assert not (tmp_path / "archive").exists()


def test_a_source_that_is_not_there_and_a_target_that_cannot_be_written_are_our_errors(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="cannot be written"):
        pack_folder(tmp_path / "none", tmp_path / "archive", "zip")
    with pytest.raises(PackError, match="cannot be written"):
        pack_folder(build(tmp_path / "source", {}), tmp_path / "none" / "archive", "tar")


@pytest.mark.parametrize("format", ["", "rar", "ZIP", "tar.zst"])
def test_other_formats_are_refused(format: str, tmp_path: Path) -> None:
    with pytest.raises(PackError, match=r"Known are: zip, tar, tar\.gz"):
        pack_folder(tmp_path, tmp_path / "archive", format)
    with pytest.raises(UnpackError, match=r"Known are: zip, tar, tar\.gz"):
        extract(tmp_path / "archive", tmp_path / "back", format)


# What is refused on unpacking, made by hand.

HOSTILE: dict[str, list[tuple[str, int, bytes]]] = {
    "parent": [("../outside/x", FILE, b"x")],
    "parent inside": [("a/../../outside/x", FILE, b"x")],
    "harmless parent": [("a/../b", FILE, b"x")],
    "absolute": [("/tmp/x", FILE, b"x")],
    "double slash": [("a//b", FILE, b"x")],
    "dot": [("./a", FILE, b"x")],
    "backslash": [("..\\outside\\x", FILE, b"x")],
    "twice": [("a", FILE, b"1"), ("a", FILE, b"2")],
    "folder twice": [("a/", FOLDER, b""), ("a/", FOLDER, b"")],
    "case": [("a", FILE, b"1"), ("A", FILE, b"2")],
    "case of folders": [("a/x", FILE, b"1"), ("A/y", FILE, b"2")],
    "unicode form": [("é", FILE, b"1"), ("e\u0301", FILE, b"2")],
    "below a file": [("a", FILE, b"1"), ("a/b", FILE, b"2")],
    "a file where a folder is": [("a/b", FILE, b"1"), ("a", FILE, b"2")],
    "through a link": [("a", LINK, b"."), ("a/b", FILE, b"x")],
    "through a link out": [("a", LINK, b"../outside"), ("a/secret", FILE, b"x")],
    "through a link out, file first": [("a/secret", FILE, b"x"), ("a", LINK, b"../outside")],
    "through a link of other case": [("a", LINK, b"../outside"), ("A/secret", FILE, b"x")],
    "link over a file": [("a", FILE, b"x"), ("a", LINK, b"../outside/secret")],
    "file over a link": [("a", LINK, b"../outside/secret"), ("a", FILE, b"x")],
    "link out": [("a", LINK, b"../outside/secret")],
    "absolute link": [("a", LINK, b"/etc/passwd")],
    "empty link": [("a", LINK, b"")],
    "link up": [("a", LINK, b"..")],
    "link that comes back by name": [("a", LINK, b"../place/b"), ("b", FILE, b"x")],
    "chain": [("d/e/", FOLDER, b""), ("a", LINK, b"d/e"), ("b", LINK, b"a/../../..")],
    "long chain": [
        ("d/", FOLDER, b""),
        ("l0", LINK, b"d"),
        *((f"l{i + 1}", LINK, b"l%d" % i) for i in range(50)),
        ("x", LINK, b"l50/../.."),
    ],
    "chain of other case": [("d/e/", FOLDER, b""), ("A", LINK, b"d/e"), ("b", LINK, b"a/../../..")],
    "up from what is not there": [("a", LINK, b"later/../../outside")],
    "backslash link": [("a", LINK, b"..\\outside")],
}


@pytest.mark.parametrize("format", ["zip", "tar", "tar.gz"])
@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_members_are_refused_and_leave_nothing(case: str, format: str, place: Path) -> None:
    archive = make(place.parent / "archive", format, *HOSTILE[case])
    assert "in the archive 'archive'" in refused(archive, place / "new", format)
    assert "in the archive 'archive'" in refused(archive, place, format)


@pytest.mark.parametrize("format", ["zip", "tar"])
def test_a_name_too_long_for_any_system_is_refused(format: str, place: Path) -> None:
    archive = make(place.parent / "archive", format, ("/".join(["d" * 200] * 30), FILE, b"x"))
    assert "longer than 4096" in refused(archive, place, format)
    archive = make(place.parent / "archive", format, ("d" * 256, FILE, b"x"))
    assert "cannot be unpacked" in refused(archive, place, format)


def test_links_that_go_round_in_circles_hurt_nobody(place: Path) -> None:
    make_zip(place.parent / "archive", ("a", LINK, b"b"), ("b", LINK, b"a"), ("c", LINK, b"c"), ("d/", FOLDER, b""), ("d/e", LINK, b".."))
    extract(place.parent / "archive", place, "zip")
    assert os.readlink(place / "a") == "b"


PARTS = st.lists(st.sampled_from(["a", "A", "b", "c", ".", ".."]), min_size=1, max_size=4).map("/".join)
MEMBERS = st.lists(st.tuples(PARTS, st.sampled_from([FILE, FOLDER, LINK]), PARTS), max_size=8)


@settings(max_examples=300)
@given(items=MEMBERS, format=st.sampled_from(["zip", "tar"]))
def test_whatever_is_unpacked_no_link_leads_out(items: list[tuple[str, int, str]], format: str) -> None:
    with scope():
        root = scratch_folder()
        target = root / "a" / "b" / "c"
        target.parent.mkdir(parents=True)
        suffix = {FOLDER: "/" if format == "zip" else "", FILE: "", LINK: ""}
        entries = [(name + suffix[kind], kind, b"" if kind == FOLDER else text.encode()) for name, kind, text in items]
        archive = make(root / "archive", format, *entries)
        try:
            extract(archive, target, format)
        except UnpackError:
            assert not target.exists()
        else:
            top = os.path.realpath(target)
            for path in target.rglob("*"):
                if path.is_symlink():
                    assert Path(os.path.realpath(path)).is_relative_to(top)
        assert {path.name for path in root.iterdir()} == {"a", "archive"}
        assert [path.name for path in target.parent.iterdir()] in ([], ["c"])


def leads_out(name: str, links: dict[str, str]) -> bool:
    """Follow a link where the file system does not tell upper from lower case."""
    here, ahead = name.split("/")[:-1], links[name].split("/")
    for _ in range(200):
        if not ahead:
            return False
        part = ahead.pop(0)
        if part == "..":
            if not here:
                return True
            here.pop()
        elif part != ".":
            link = links.get("/".join([*here, part]).lower())
            if link is None:
                here.append(part)
            else:
                ahead[:0] = link.split("/")
    return False


@settings(max_examples=500)
@given(items=MEMBERS)
def test_no_link_leads_out_where_case_does_not_count(items: list[tuple[str, int, str]]) -> None:
    table = members.Members(UnpackError, "the archive")
    kinds: dict[int, members.Kind] = {FILE: "file", FOLDER: "folder", LINK: "link"}
    links = {name.lower(): text for name, kind, text in items if kind == LINK}
    try:
        for name, kind, _ in items:
            table.add(name, kinds[kind])
        for name, kind, text in items:
            if kind == LINK:
                table.check_link(name, text)
    except UnpackError:
        return
    assert not any(leads_out(name, links) for name in links)


@pytest.mark.parametrize(
    "kind", [tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.CONTTYPE, tarfile.GNUTYPE_SPARSE, b"Z"]
)
def test_other_kinds_of_members_in_a_tar_are_refused(kind: bytes, place: Path) -> None:
    archive = make_tar(place.parent / "archive", ("a", tarfile.REGTYPE, b"x"))
    data = bytearray(archive.read_bytes())
    data[156:157] = kind
    data[124:136] = b"0" * 11 + b"\0"
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    archive.write_bytes(data[:512] + bytes(10240))
    assert "neither a file nor a folder" in refused(archive, place, "tar")


@pytest.mark.parametrize("kind", [stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK])
def test_other_kinds_of_members_in_a_zip_are_refused(kind: int, place: Path) -> None:
    archive = make_zip(place.parent / "archive", ("a", kind | 0o644, b"x"))
    assert "neither a file nor a folder" in refused(archive, place, "zip")


@pytest.mark.parametrize("item", [("a/", FILE, b""), ("a", FOLDER, b""), ("a/", LINK, b"b")])
def test_a_kind_that_contradicts_the_name_is_refused_or_read_as_the_folder_it_is(item: tuple[str, int, bytes], place: Path) -> None:
    archive = make_zip(place.parent / "archive", item)
    if item[1] == FILE:
        extract(archive, place, "zip")
        assert (place / "a").is_dir()
    else:
        refused(archive, place, "zip")


def test_a_nul_in_a_name_is_refused(place: Path) -> None:
    archive = make_zip(place.parent / "archive", ("a?b", FILE, b"x"))
    archive.write_bytes(archive.read_bytes().replace(b"a?b", b"a\0b"))
    assert "neither" in refused(archive, place, "zip")


def test_names_that_are_not_utf8_are_refused(place: Path) -> None:
    archive = make_tar(place.parent / "archive", ("a?b", tarfile.REGTYPE, b"x"))
    data = bytearray(archive.read_bytes().replace(b"a?b", b"a\xe9b"))
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    archive.write_bytes(data)
    assert "not UTF-8" in refused(archive, place, "tar")
    archive = make_zip(place.parent / "archive", ("a☃b", FILE, b"x"))
    archive.write_bytes(archive.read_bytes().replace("☃".encode(), b"\xe9\xe9\xe9"))
    refused(archive, place, "zip")


def test_names_that_windows_cannot_hold_are_refused_there(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "_WINDOWS", True)
    for name in ("a:stream", "C:", "con.txt", "nul", "trailing.", "what?"):
        refused(make_zip(place.parent / "archive", (name, FILE, b"x")), place, "zip")
        refused(make_zip(place.parent / "archive", ("link", LINK, name.encode())), place, "zip")


def test_encrypted_and_strangely_compressed_members_are_refused(place: Path) -> None:
    archive = make_zip(place.parent / "archive", ("a", FILE, b"x"))
    data = bytearray(archive.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\1\2") + 8] |= 1
    archive.write_bytes(data)
    assert "encrypted" in refused(archive, place, "zip")
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        assert "compressed in a way" in refused(make_zip(place.parent / "archive", ("a", FILE, b"x"), compress_type=method), place, "zip")


# Bombs.

SMALL = Limits(entries=10, size=1 << 20, ratio=10, small=1 << 14)


@pytest.mark.parametrize("format", FORMATS)
def test_limits_on_count_size_and_ratio_are_stated_in_the_error(format: str, tmp_path: Path) -> None:
    many = build(tmp_path / "many", {str(i): "" for i in range(11)})
    big = build(tmp_path / "big", {"file": ""})
    (big / "file").write_bytes(os.urandom((1 << 20) + 1))
    dense = build(tmp_path / "dense", {"file": "0" * 300_000})
    for source, words, setting in (
        (many, "more than 10 files", "ENTRIES"),
        (big, "more than 1,048,576 bytes", "SIZE"),
        (dense, "more than 10 times", "RATIO"),
    ):
        if source is dense and format == "tar":
            continue
        pack_folder(source, tmp_path / "archive", format)
        message = refused(tmp_path / "archive", tmp_path / "back", format, SMALL)
        assert words in message
        assert f"PACKAGERS_ARCHIVE_{setting}" in message
        extract(tmp_path / "archive", tmp_path / "back", format, UNLIMITED)
        assert contents(tmp_path / "back") == contents(source)
        (tmp_path / "archive").unlink()
        (tmp_path / "back").rename(tmp_path / f"back-{source.name}")


@pytest.mark.parametrize(("setting", "value"), [("archive_entries", 1), ("archive_size", 3)])
def test_the_limits_are_settings(setting: str, value: int, place: Path) -> None:
    archive = make(place.parent / "archive", "tar", ("a", FILE, b"xx"), ("b", FILE, b"xx"))
    with config.settings(**{setting: value}):
        assert repr(setting) in refused(archive, place, "tar")
    with config.settings(archive_ratio=1):
        extract(archive, place, "tar")


@pytest.mark.parametrize("format", ["zip", "tar"])
def test_folders_that_are_only_named_count_too(format: str, place: Path) -> None:
    archive = make(place.parent / "archive", format, ("/".join("abcdefghijk"), FILE, b""))
    assert "more than 10 files" in refused(archive, place, format, SMALL)


@pytest.mark.parametrize(("format", "compress"), [("tar.gz", gzip.compress), ("tar.bz2", bz2.compress), ("tar.xz", lzma.compress)])
def test_a_bomb_is_stopped_long_before_it_is_unpacked(
    format: str, compress: Callable[[bytes], bytes], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tarfile.TarInfo("bomb")
    info.size = 1 << 40
    data = compress(info.tobuf() + bytes(1 << 24))
    (place.parent / "archive").write_bytes(data)
    sizes = []
    unlink = os.unlink

    def watch(path: Any, **more: Any) -> None:
        sizes.append(os.lstat(path, **more).st_size)
        unlink(path, **more)

    monkeypatch.setattr(os, "unlink", watch)
    refused(place.parent / "archive", place, format, SMALL)
    assert max(sizes) <= max(SMALL.small, SMALL.ratio * len(data)) + (1 << 18)


def test_a_zip_whose_members_share_their_bytes_is_refused(place: Path) -> None:
    archive = make_zip(place.parent / "archive", ("a", FILE, b"x" * 1000))
    data = archive.read_bytes()
    start = data.index(b"PK\1\2")
    end = data.index(b"PK\5\6")
    entry = data[start:end]
    count = 200
    directory = entry * count
    tail = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(directory), start, 0)
    archive.write_bytes(data[:start] + directory + tail)
    assert "overlap" in refused(archive, place, "zip", UNLIMITED)


def test_a_directory_of_too_many_entries_is_refused_before_it_is_taken_apart(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = make_zip(place.parent / "archive", *((f"{i}", FILE, b"") for i in range(11)))
    made = []
    monkeypatch.setattr(zipfile, "ZipInfo", lambda *name: made.append(name))
    assert "more than 10 files" in refused(archive, place, "zip", SMALL)
    assert made == []


def test_a_directory_that_claims_to_be_huge_is_refused(place: Path) -> None:
    archive = make_zip(place.parent / "archive", ("a", FILE, b"x"))
    data = bytearray(archive.read_bytes())
    at = data.index(b"PK\5\6")
    data[at + 12 : at + 16] = struct.pack("<L", 0xFFFFFFF0)
    archive.write_bytes(data)
    refused(archive, place, "zip")


def tar_block(name: str, kind: bytes, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.size = size
    return info.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK])
def test_a_header_that_claims_to_be_huge_is_refused_before_it_is_read(kind: bytes, place: Path) -> None:
    (place.parent / "archive").write_bytes(gzip.compress(tar_block("x", kind, 1 << 33) + bytes(1 << 20)))
    assert "A header of the archive takes" in refused(place.parent / "archive", place, "tar.gz")


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_headers_without_end_are_refused(kind: bytes, place: Path) -> None:
    (place.parent / "archive").write_bytes(gzip.compress((tar_block("x", kind, 5) + b"name\0".ljust(512, b"\0")) * 20_000))
    refused(place.parent / "archive", place, "tar.gz")


@pytest.mark.parametrize("size", [-512, -1, 1 << 62])
def test_sizes_that_lie_are_refused(size: int, place: Path) -> None:
    (place.parent / "archive").write_bytes(tar_block("x", tarfile.REGTYPE, size) + bytes(10240))
    refused(place.parent / "archive", place, "tar")
    pax = next(line for length in range(8, 40) if len(line := f"{length} size={size}\n".encode()) == length)
    block = (
        tar_block("x", tarfile.XHDTYPE, len(pax)) + pax.ljust(512, b"\0") + tar_block("x", tarfile.REGTYPE, 3) + b"abc".ljust(512, b"\0")
    )
    (place.parent / "archive").write_bytes(block + bytes(10240))
    refused(place.parent / "archive", place, "tar")


def test_a_sparse_file_is_refused(place: Path) -> None:
    with tarfile.open(place.parent / "archive", "w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("sparse")
        info.pax_headers = {"GNU.sparse.map": "0,1", "GNU.sparse.size": str(1 << 50)}
        info.size = 1
        archive.addfile(info, io.BytesIO(b"x"))
    assert "neither" in refused(place.parent / "archive", place, "tar")


def test_xz_that_wants_gigabytes_of_memory_is_refused(place: Path) -> None:
    header = lzma.compress(bytes(10240), filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 20}])
    # The size of the dictionary stands in a byte of the block header, which has a checksum of its own.
    block = bytearray(header[12 : 12 + (header[12] + 1) * 4])
    position = block.index(bytes([0x21, 0x01])) + 2
    block[position] = 36  # 1 GiB
    block[-4:] = struct.pack("<L", zlib.crc32(bytes(block[:-4])))
    (place.parent / "archive").write_bytes(header[:12] + block + header[12 + len(block) :])
    assert "emory" in refused(place.parent / "archive", place, "tar.xz")


# Damage.


@pytest.mark.parametrize("format", FORMATS)
def test_an_archive_of_another_format_is_refused_before_it_is_decoded(format: str, tmp_path: Path) -> None:
    source = build(tmp_path / "source", TREE)
    for other in FORMATS:
        pack_folder(source, tmp_path / other, other)
        if other != format:
            refused(tmp_path / other, tmp_path / "back", format)
    for content in (b"", b"x", b"\x80\x05.", bytes(511)):
        (tmp_path / "no archive").write_bytes(content)
        refused(tmp_path / "no archive", tmp_path / "back", format)


@pytest.mark.parametrize("format", FORMATS)
def test_an_archive_that_is_cut_off_anywhere_is_refused(format: str, tmp_path: Path) -> None:
    source = build(tmp_path / "source", {"a": "a" * 700, "b": {"c": "c" * 1500}, "d": ("link", "a")})
    pack_folder(source, tmp_path / "archive", format)
    whole = (tmp_path / "archive").read_bytes()
    # In a tar what follows the first block of zeros is padding.
    content = len(whole.rstrip(b"\0")) + 512 if format == "tar" else len(whole)
    for length in range(0, content - 1, max(1, content // 150)):
        (tmp_path / "cut").write_bytes(whole[:length])
        refused(tmp_path / "cut", tmp_path / "back", format)


@pytest.mark.parametrize("format", TARS)
def test_what_follows_the_end_of_a_tar_is_refused(format: str, tmp_path: Path) -> None:
    source = build(tmp_path / "source", {"a": "a"})
    pack_folder(source, tmp_path / "archive", "tar")
    compress: dict[str, Callable[[bytes], bytes]] = {"tar.gz": gzip.compress, "tar.bz2": bz2.compress, "tar.xz": lzma.compress}
    data = (tmp_path / "archive").read_bytes() + b"hidden".ljust(512, b"\0")
    (tmp_path / "archive").write_bytes(compress.get(format, bytes)(data))
    assert "follows the end" in refused(tmp_path / "archive", tmp_path / "back", format)


@settings(max_examples=400)
@given(format=st.sampled_from(FORMATS), data=st.data())
def test_a_damaged_archive_ends_in_our_error_or_in_a_folder(format: str, data: st.DataObject) -> None:
    with scope():
        root = scratch_folder()
        source = build(root / "source", {"a": "a" * 50, "b": {"c": "c"}, "d": ("link", "b/c")})
        pack_folder(source, root / "archive", format)
        content = bytearray((root / "archive").read_bytes())
        for _ in range(data.draw(st.integers(1, 3))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        (root / "archive").write_bytes(content)
        try:
            extract(root / "archive", root / "inner" / "back", format)
        except UnpackError:
            assert not (root / "inner" / "back").exists()
        assert {path.name for path in root.iterdir()} <= {"source", "archive", "inner"}


def test_a_wrong_checksum_in_a_zip_is_found(place: Path) -> None:
    archive = make_zip(place.parent / "archive", ("a", FILE, b"content"))
    archive.write_bytes(archive.read_bytes().replace(b"content", b"CONTENT"))
    assert "CRC" in refused(archive, place, "zip")


def test_only_an_empty_folder_takes_what_is_unpacked(place: Path) -> None:
    make_zip(place.parent / "archive", ("a", FILE, b"x"))
    (place / "mine").write_text("mine")
    (place / "link").symlink_to(place.parent / "outside")
    for target in (place, place / "mine", place / "link"):
        with pytest.raises(UnpackError, match="not an empty folder"):
            extract(place.parent / "archive", target, "zip")
    assert (place / "mine").read_text() == "mine"


def test_an_archive_that_is_not_there_is_our_error(tmp_path: Path) -> None:
    for format in FORMATS:
        refused(tmp_path / "none", tmp_path / "back", format)


def test_an_interrupt_leaves_nothing(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_zip(place.parent / "archive", ("a/b", FILE, b"x"), ("c", LINK, b"a"))

    def interrupt(*names: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "symlink", interrupt)
    with pytest.raises(KeyboardInterrupt):
        extract(place.parent / "archive", place, "zip")
    assert list(place.iterdir()) == []


# Zips of packages.


def test_files_are_zipped_by_name_whatever_their_order_and_permissions(tmp_path: Path) -> None:
    build(tmp_path / "source", {"one": "1", "two": "2"})
    entries = [("manifest.json", tmp_path / "source" / "one"), ("0a1b2c3d/data.npy", tmp_path / "source" / "two")]
    write_zip(entries, tmp_path / "first")
    (tmp_path / "source" / "one").chmod(0o600)
    os.utime(tmp_path / "source" / "two", (1, 1))
    write_zip(reversed(entries), tmp_path / "second")
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()
    extract(tmp_path / "first", tmp_path / "back", "zip")
    assert contents(tmp_path / "back") == {
        "0a1b2c3d": (FOLDER | 0o755, None),
        "0a1b2c3d/data.npy": (FILE | 0o644, b"2"),
        "manifest.json": (FILE | 0o644, b"1"),
    }


def test_a_zip_of_files_takes_no_name_that_could_not_be_unpacked(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for names in (["../x"], ["a", "A"], ["a", "a"], ["a", "a/b"]):
        with pytest.raises(PackError):
            write_zip([(name, tmp_path / "file") for name in names], tmp_path / "zip")
        assert not (tmp_path / "zip").exists()
    with pytest.raises(PackError, match="cannot be written"):
        write_zip([("a", tmp_path / "none")], tmp_path / "zip")
    assert not (tmp_path / "zip").exists()
