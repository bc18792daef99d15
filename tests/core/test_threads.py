"""Threads and tasks of asyncio: settings, trust, registry and sessions are each one's own, or shared and right.

Threads take turns every microsecond here, so that what can come in between does.
"""

from __future__ import annotations

import asyncio
import contextvars
import gc
import sys
import threading
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import packagers
from packagers import Artifact, LogHint, Packager, PackError, PackingFailed, Registry, Session, handler, settings, testing
from packagers.loading import LoadFailure
from packagers.package import Package
from packagers.policy import effective_policy
from packagers.registry import default_registry
from packagers.shelf import Shelf

MANY = 32


@pytest.fixture(autouse=True)
def often() -> Iterator[None]:
    """Let threads take turns all the time."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def together(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Let threads start at the same moment; gives what each gave, or raises what the first that failed has raised."""
    barrier, found = threading.Barrier(count), [None] * count
    failures: list[BaseException] = []

    def run(number: int) -> None:
        try:
            barrier.wait()
            found[number] = work(number)
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not any(thread.is_alive() for thread in threads), "threads wait for each other"
    if failures:
        raise failures[0]
    return found


def outcome(work: Callable[[], Any]) -> Any:
    """Give what a function gives, or the error of ours that it raises."""
    try:
        return work()
    except (packagers.PackagersError, PackingFailed) as error:
        return error


@pytest.fixture
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Mapping[str, Any]], Path]]:
    """Install fake distributions without making a registry: the first use is that of the test."""
    with ExitStack() as stack:
        yield lambda files: stack.enter_context(testing.installed(files, tmp_path_factory.mktemp("installed")))


# Settings and trust


def test_blocks_of_settings_and_trust_are_those_of_one_thread() -> None:
    def work(number: int) -> None:
        mine, policy = f"key-{number}", ("data", "own", "all")[number % 3]
        for step in range(50):
            with settings(auto_pack_key=mine), packagers.trust(policy):
                with settings(auto_pack_key=f"{mine}-{step}", errors="warn"), packagers.trust("data"):
                    assert (settings.auto_pack_key, settings.errors, effective_policy()) == (f"{mine}-{step}", "warn", "data")
                assert (settings.auto_pack_key, settings.errors, effective_policy()) == (mine, "raise", policy)
            assert (settings.auto_pack_key, effective_policy()) == ("artifact", "own")

    together(16, work)


def test_a_setting_of_the_process_that_comes_and_goes_is_one_of_its_values() -> None:
    seen: set[str] = set()

    def work(number: int) -> None:
        for _ in range(3000):
            if number == 0:
                settings.auto_pack_key = "mine"
                del settings.auto_pack_key
            else:
                seen.add(settings.auto_pack_key)

    together(4, work)
    assert seen <= {"artifact", "mine"}


# The registry

PLUGIN = """
import threading
from packagers import Packager
from {package} import Made, STARTED

STARTED.append(threading.get_ident())

class MadePackager(Packager):
    DEFAULT_PACKING_ARTIFACT_TYPE = "file"
    READERS = {{"file": "data"}}
    made = []

    def __init__(self):
        super().__init__()
        self.made.append(self)

    def pack_file(self, obj, folder):
        (folder / "made").write_text("made")

    def unpack_file(self, folder):
        return Made()

{end}
"""


def distribution(package: str, end: str = "") -> dict[str, Any]:
    plugin = f"{package}_plugin"
    hooks = "from packagers import hookimpl\nCALLS = []\n\n@hookimpl\ndef packagers_register(registry):\n    CALLS.append(registry)\n"
    groups = {"packagers.types": {f"{package}.Made": f"{plugin}:MadePackager"}, "packagers": {"hooks": f"{package}_hooks"}}
    files = {
        f"{package}.py": "STARTED = []\n\nclass Made:\n    pass\n",
        f"{plugin}.py": PLUGIN.format(package=package, end=end),
        f"{package}_hooks.py": hooks,
    }
    return {f"packagers-{package}": {"version": "1.0", "entry_points": groups, "files": files}}


def test_the_first_use_by_many_threads_is_one_use(installed: Callable[[Mapping[str, Any]], Path]) -> None:
    installed(distribution("first_use"))
    module = __import__("first_use")

    def work(_: int) -> Any:
        registry = default_registry()
        found = registry.find(module.Made())
        return registry, found.packager, found.registration.identity

    registries, instances, identities = zip(*together(MANY, work), strict=True)
    assert len(set(map(id, registries))) == 1
    assert len(set(map(id, instances))) == 1
    assert set(identities) == {"packagers-first-use:first_use_plugin.MadePackager"}
    assert len(module.STARTED) == 1
    assert type(instances[0]).made == [instances[0]]
    assert len(sys.modules["first_use_hooks"].CALLS) == 1


def test_a_plugin_that_fails_for_many_threads_fails_once_and_for_the_same_reason(installed: Callable[[Mapping[str, Any]], Path]) -> None:
    installed(distribution("first_failure", end="raise ValueError('not today')"))
    module = __import__("first_failure")

    def work(_: int) -> str:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = outcome(lambda: default_registry().find(module.Made()))
        assert isinstance(found, packagers.NoPackagerError)
        return str(found)

    reasons = together(MANY, work)
    assert len(set(reasons)) == 1
    assert "not today" in reasons[0]
    assert len(module.STARTED) == 1


def test_a_plugin_whose_import_waits_for_a_thread_that_waits_for_a_plugin(
    installed: Callable[[Mapping[str, Any]], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for ever: the one asks for a packager while it imports what the other's plugin imports."""
    monkeypatch.setattr(packagers.loading, "_PATIENCE_S", 0.2)
    slow = "import threading\nentered, go = threading.Event(), threading.Event()\n"
    body = "import cross_events\ncross_events.entered.set()\nassert cross_events.go.wait(30)\nimport cross\nFOUND = cross.ask()\n"
    ask = "ASK = []\n\ndef ask():\n    return ASK[0]()\n\nSTARTED = []\n\nclass Made:\n    pass\n"
    files = distribution("cross", end="import cross_events\ncross_events.go.set()\nimport cross_body\n")
    files["packagers-cross"]["files"].update({"cross.py": ask, "cross_events.py": slow, "cross_body.py": body})
    installed(files)
    cross, events = __import__("cross"), __import__("cross_events")
    registry = Registry()
    cross.ASK.append(lambda: outcome(lambda: registry.find(3).registration.identity))

    def work(number: int) -> Any:
        if number == 0:
            return __import__("cross_body").FOUND
        assert events.entered.wait(30)
        return registry.find(cross.Made()).registration.identity

    assert together(2, work) == [Registry(discover=False).find(3).registration.identity, "packagers-cross:cross_plugin.MadePackager"]


class Base(Packager):
    DEFAULT_PACKING_ARTIFACT_TYPE = "file"
    READERS = {"file": "data"}

    def pack_file(self, obj: Any, folder: Path) -> None:
        (folder / "file").write_text(str(obj.value) if hasattr(obj, "value") else "")

    def unpack_file(self, folder: Path) -> Any:
        return (folder / "file").read_text()


def test_what_is_added_is_chosen_from_then_on_and_what_others_choose_stays_right(monkeypatch: pytest.MonkeyPatch) -> None:
    module = type(sys)("added_types")
    monkeypatch.setitem(sys.modules, "added_types", module)
    count = 60
    for number in range(count):
        setattr(module, f"Type{number}", type(f"Type{number}", (), {"__module__": "added_types"}))
    kinds = [type(f"Packager{number}", (Base,), {}) for number in range(count)]
    registry, ready = Registry(discover=False), [0]

    def work(thread: int) -> None:
        if thread == 0:
            for number, kind in enumerate(kinds):
                registry.add(f"added_types.Type{number}", kind)
                ready[0] = number + 1
            return
        while (known := ready[0]) < count:
            if thread == 1:
                registry.__reduce__()
                continue
            for number in range(thread % 3, known, 3):
                found = registry.find(getattr(module, f"Type{number}")())
                assert type(found.packager) is kinds[number]
                assert found.packager is registry.instance(found.registration)

    together(8, work)
    assert {type(registry.find(getattr(module, f"Type{number}")()).packager) for number in range(count)} == set(kinds)


def test_registries_of_threads_with_other_settings_keep_what_was_added() -> None:
    class Mine:
        pass

    name = f"{Mine.__module__}.{Mine.__qualname__}"
    default_registry().add(name, Base)

    def work(number: int) -> Any:
        with settings(disable=["packagers-torch"] if number % 2 else []):
            for _ in range(3):
                found = default_registry()
            return type(found.find(Mine()).packager) if not number % 2 else Base

    assert set(together(8, work)) == {Base}
    assert type(default_registry().find(Mine()).packager) is Base


def test_a_class_that_a_half_imported_module_does_not_show_yet(installed: Callable[[Mapping[str, Any]], Path]) -> None:
    files = {
        "half/__init__.py": "from half import inner, events\nevents.entered.set()\nassert events.go.wait(30)\nType = inner.Type\n",
        "half/inner.py": "class Type:\n    pass\n",
        "half/events.py": "import threading\nentered, go = threading.Event(), threading.Event()\n",
    }
    installed({"half": {"version": "1.0", "entry_points": {}, "files": files}})
    registry = Registry(discover=False)
    registry.add("half.Type", Base)
    thread = threading.Thread(target=__import__, args=("half",))
    thread.start()
    try:
        while "half.events" not in sys.modules or not hasattr(sys.modules["half.events"], "go"):
            pass
        events = sys.modules["half.events"]
        assert events.entered.wait(30)
        obj = sys.modules["half.inner"].Type()
        assert type(registry.find(obj).packager) is not Base
        assert packagers.typepath.distance("half.Type", type(obj)) is None
    finally:
        events.go.set()
        thread.join()
    assert packagers.typepath.distance("half.Type", type(obj)) == 0
    assert type(registry.find(obj).packager) is Base


def test_a_packager_that_is_asked_for_while_its_module_is_imported_is_found_afterwards(
    installed: Callable[[Mapping[str, Any]], Path],
) -> None:
    end = "import early_use\nearly_use.SEEN.append(early_use.ask())\n\nclass Late(MadePackager):\n    pass\n"
    files = distribution("early_use", end=end)
    files["packagers-early_use"]["entry_points"]["packagers.types"] = {"early_use.Made": "early_use_plugin:Late"}
    files["packagers-early_use"]["files"]["early_use.py"] += "\nSEEN = []\nask = None\n"
    installed(files)
    module = __import__("early_use")
    registry = Registry()
    module.ask = lambda: outcome(lambda: registry.find(module.Made()))
    with pytest.warns(packagers.PluginLoadWarning, match="partially initialized"):
        __import__("early_use_plugin")
    assert isinstance(module.SEEN[0], packagers.NoPackagerError)
    assert isinstance(module.SEEN[0].__cause__, LoadFailure)
    assert type(registry.find(module.Made()).packager).__name__ == "Late"


def test_a_shelf_that_all_look_at_while_it_is_filled() -> None:
    registry = Registry(discover=False)
    names = [each.type_path for each in registry]
    shelf = Shelf(registry)
    assert all(counted == len(names) for counted in together(8, lambda _: len(list(shelf))))


# Sessions


def test_one_session_of_many_threads_holds_the_outputs_of_all(tmp_path: Path) -> None:
    with Session(tmp_path) as session:
        found = together(16, lambda n: session.pack_returns((n, bytes([n]) * 50), [f"count-{n}", f"data-{n}"]))
        for number, outputs in enumerate(found):
            assert list(outputs) == [f"count-{number}", f"data-{number}"]
            assert outputs.results == {f"count-{number}": number}
            assert outputs.artifacts[f"data-{number}"].unpack() == bytes([number]) * 50
    for number in range(16):
        assert packagers.unpack(tmp_path / f"count-{number}") == number
        assert packagers.unpack(tmp_path / f"data-{number}") == bytes([number]) * 50
    assert len(session.artifacts) == len(session.results) == 16


def test_threads_that_pack_one_key_get_their_own_and_the_last_one_stands(tmp_path: Path) -> None:
    """Artifacts and results take turns under the key, while others close the session."""
    with Session(tmp_path) as session:

        def work(number: int) -> None:
            for step in range(8):
                n = 100 * number + step
                if number == 0:
                    session.close()
                elif (number + step) % 2:
                    assert session.pack(n, "key").value == n
                else:
                    artifact = session.pack([n], "key : file")
                    assert isinstance(artifact, Artifact)
                    assert artifact.manifest.skeleton == [n]

        together(8, work)
    [last] = [*session.results.values(), *(artifact.unpack() for artifact in session.artifacts.values())]
    assert packagers.unpack(tmp_path / "key") == last
    is_package, is_recorded = (tmp_path / "key" / "manifest.json").exists(), packagers.results.open_result(tmp_path, "key") is not None
    assert (is_package, is_recorded) == ("key" in session.artifacts, "key" in session.results)


@pytest.mark.parametrize("form", ["", " : file"], ids=["results", "packages"])
@pytest.mark.parametrize("record", [True, "packages"])
def test_of_threads_that_must_not_replace_one_packs(tmp_path: Path, form: str, record: Any) -> None:
    for attempt in range(4):
        with Session(tmp_path / str(attempt), record=record) as session:
            found = together(8, lambda n, session=session: outcome(lambda: session.pack([n], f"key{form}", exist="error")))
        packed = [each for each in found if not isinstance(each, PackError)]
        assert len(packed) == 1
        assert all("already" in str(each) for each in found if isinstance(each, PackError))
        assert packagers.unpack(tmp_path / str(attempt) / "key") == [found.index(packed[0])]


@pytest.mark.parametrize("form", ["", " : file"], ids=["results", "packages"])
def test_of_keys_that_differ_in_case_one_is_packed_and_nothing_of_the_other_stands(tmp_path: Path, form: str) -> None:
    for attempt in range(4):
        folder = tmp_path / str(attempt)
        with Session(folder) as session:
            found = together(8, lambda n, session=session: outcome(lambda: session.pack([n], ("key", "KEY")[n % 2] + form)))
        [key] = {each.key for each in found if not isinstance(each, PackError)}
        assert all("differ in case" in str(each) for each in found if isinstance(each, PackError))
        assert [path.name for path in folder.iterdir()] == [key if form else "results.json"]


def test_failures_are_those_of_the_thread_that_has_them(tmp_path: Path) -> None:
    class Fails(Base):
        def pack_file(self, obj: Any, folder: Path) -> None:
            raise ValueError(f"no {obj.value}")

    class Thing:
        def __init__(self, value: int) -> None:
            self.value = value

    registry = Registry(discover=False)
    registry.add(f"{Thing.__module__}.{Thing.__qualname__}", Fails)
    with Session(tmp_path, registry=registry) as session:

        def work(number: int) -> Any:
            value = Thing(number) if number % 2 else b"x"
            return outcome(lambda: session.pack_returns((value, number), [f"value-{number}", f"count-{number}"]))

        found = together(16, work)
    for number, outputs in enumerate(found):
        if number % 2:
            assert isinstance(outputs, PackingFailed)
            [failure] = outputs.exceptions
            assert (failure.key, f"no {number}" in str(failure)) == (f"value-{number}", True)
            outputs = outputs.outputs
        assert outputs[f"count-{number}"] == number
    assert len(packagers.results.open_results(tmp_path)) == 16


def test_links_of_one_key_are_those_of_the_version_that_stands(tmp_path: Path) -> None:
    with Session(tmp_path) as session:

        def work(number: int) -> None:
            for step in range(4):
                n = 10 * number + step
                hint = LogHint("linked", artifact_type="file", extra_data={"it": {"$link": f"it-{n}"}})
                session.pack(bytes([n]) * 20, hint)
                session.pack(n, f"it-{n}")

        together(6, work)
    package = Package.open(tmp_path / "linked")
    assert package.manifest.extra_data["it"]["value"] == packagers.unpack(tmp_path / "linked")[0]


@handler(returns=["first", "second : file"])
def two(n: int) -> tuple[int, bytes]:
    return inner(n), bytes([n]) * 30


@handler(returns="inner")
def inner(n: int) -> int:
    return n


def test_handlers_in_threads_pack_into_the_session_of_their_context(tmp_path: Path) -> None:
    def work(number: int) -> Any:
        folder = tmp_path / str(number)
        with Session(folder) as session:
            two(number)
            context = contextvars.copy_context()
            thread = threading.Thread(target=context.run, args=(inner, number + 1))
            thread.start()
            thread.join()
        return session.results, packagers.unpack(folder / "second")

    for number, found in enumerate(together(8, work)):
        assert found == ({"first": number, "inner": number + 1}, bytes([number]) * 30)


def test_a_handler_that_outlives_its_session_is_recorded(tmp_path: Path) -> None:
    left = threading.Event()

    @handler(returns=["late", "file : file"])
    def late() -> Any:
        assert left.wait(30)
        return 7, b"7"

    with Session(tmp_path) as session:
        session.pack(1, "early")
        thread = threading.Thread(target=contextvars.copy_context().run, args=(late,))
        thread.start()
    left.set()
    thread.join()
    assert (packagers.unpack(tmp_path / "late"), packagers.unpack(tmp_path / "early")) == (7, 1)
    assert packagers.unpack(tmp_path / "file") == b"7"


def test_a_block_that_is_left_in_another_context_ends_no_other(tmp_path: Path) -> None:
    session = Session(tmp_path)
    context = contextvars.copy_context()
    context.run(session.__enter__)
    with session:
        contextvars.copy_context().run(contextvars.Context().run, session.__exit__, None, None, None)
        mine = packagers.scratch.scratch_folder()
        session.pack(1, "one")
        assert not (tmp_path / "results.json").exists()
    assert not mine.exists()
    assert packagers.unpack(tmp_path / "one") == 1


@pytest.fixture
def server() -> Iterator[Callable[[Path], int]]:
    """Serve a folder; gives the port."""
    with ExitStack() as stack:

        def serve(folder: Path) -> int:
            class Quiet(SimpleHTTPRequestHandler):
                def __init__(self, *args: Any) -> None:
                    super().__init__(*args, directory=str(folder))

                def log_message(self, *args: Any) -> None:
                    pass

            made = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), Quiet))
            thread = threading.Thread(target=made.serve_forever, args=(0.01,))
            thread.start()
            stack.callback(thread.join)
            stack.callback(made.shutdown)
            return made.server_port

        yield serve


@pytest.mark.parametrize("source", ["folder", "zip", "url"])
def test_one_data_item_is_unpacked_by_many(tmp_path: Path, server: Callable[[Path], int], source: str) -> None:
    artifact = packagers.pack({"a": b"a" * 70_000, "b": [b"b" * 80_000]}, "data : file", tmp_path)
    assert isinstance(artifact, Artifact)
    place: Any = artifact.path
    if source == "zip":
        place = artifact.package.zip(tmp_path / "data.zip")
    elif source == "url":
        place = f"http://127.0.0.1:{server(tmp_path)}/data"
    for _ in range(5):
        item = packagers.DataItem(place)
        found = together(8, lambda n, item=item: item.unpack())
        assert all(each == {"a": b"a" * 70_000, "b": [b"b" * 80_000]} for each in found)


# asyncio


def test_tasks_that_take_turns_each_have_their_own(tmp_path: Path) -> None:
    @handler(returns=["value", "data : file"])
    async def work(number: int, policy: str) -> tuple[int, bytes]:
        for _ in range(3):
            await asyncio.sleep(0)
            assert (settings.auto_pack_key, effective_policy()) == (f"key-{number}", policy)
        return await asyncio.to_thread(lambda: (number, bytes([number]) * 10))

    async def task(number: int) -> Any:
        policy = ("data", "own", "all")[number % 3]
        with settings(auto_pack_key=f"key-{number}"), packagers.trust(policy):
            await asyncio.sleep(0)
            with Session(tmp_path / str(number)) as session:
                await asyncio.sleep(0)
                returned = await work(number, policy)
                await asyncio.to_thread(inner, number + 1)
                session.pack_returns((number,), [None])
            assert (settings.auto_pack_key, effective_policy()) == (f"key-{number}", policy)
        return returned, session.results, session.artifacts["data"].unpack()

    async def main() -> list[Any]:
        return await asyncio.gather(*map(task, range(MANY)))

    for number, found in enumerate(asyncio.run(main())):
        assert found == ((number, bytes([number]) * 10), {"value": number, "inner": number + 1}, bytes([number]) * 10)
        assert packagers.unpack(tmp_path / str(number) / "value") == number


def test_tasks_of_one_session_pack_all_they_return(tmp_path: Path) -> None:
    async def main() -> None:
        with Session(tmp_path):

            async def one(number: int) -> None:
                @handler(returns=f"value-{number}")
                async def work() -> int:
                    await asyncio.sleep(0)
                    return number + await nested()

                @handler(returns="nested")
                async def nested() -> int:
                    await asyncio.sleep(0)
                    return 100

                assert await work() == number + 100

            await asyncio.gather(*map(one, range(MANY)))

    asyncio.run(main())
    assert packagers.results.open_results(tmp_path).keys() == {f"value-{number}" for number in range(MANY)}


def test_a_task_that_outlives_its_session_is_recorded(tmp_path: Path) -> None:
    @handler(returns="late")
    async def late() -> int:
        await asyncio.sleep(0)
        return 7

    async def main() -> None:
        with Session(tmp_path):
            task = asyncio.create_task(late())
        assert await task == 7

    asyncio.run(main())
    assert packagers.unpack(tmp_path / "late") == 7


def test_a_future_is_awaited_and_what_it_gives_is_packed(tmp_path: Path) -> None:
    @handler(returns="value")
    def work() -> Any:
        return asyncio.ensure_future(asyncio.sleep(0, 5))

    async def main() -> None:
        with Session(tmp_path):
            future = work()
            assert asyncio.isfuture(future)
            assert await future == 5

    asyncio.run(main())
    assert packagers.unpack(tmp_path / "value") == 5


def test_what_has_to_be_awaited_is_not_packed(tmp_path: Path) -> None:
    async def coroutine() -> int:
        return 1

    async def chunks() -> Any:
        yield 1

    async def main() -> None:
        with Session(tmp_path) as session:
            unfinished = coroutine()
            for value, remedy in ((unfinished, "Await it"), (chunks(), "Collect it first"), (asyncio.sleep(0), "Await it")):
                with pytest.raises(PackError, match=remedy):
                    session.pack(value, "value")
                if hasattr(value, "close"):
                    value.close()

    asyncio.run(main())
    assert list(tmp_path.iterdir()) == []


def test_calls_inside_of_a_running_loop(tmp_path: Path) -> None:
    async def work(number: int) -> int:
        await asyncio.sleep(0)
        assert settings.auto_pack_key == "mine"
        return number

    async def task(number: int) -> Any:
        with settings(auto_pack_key="mine"):
            return await asyncio.to_thread(packagers.call, work, params={"number": number}, returns="it", folder=tmp_path / str(number))

    async def main() -> list[Any]:
        return await asyncio.gather(*map(task, range(8)))

    assert [dict(outputs) for outputs in asyncio.run(main())] == [{"it": number} for number in range(8)]


def test_threads_leave_nothing_behind(tmp_path: Path) -> None:
    before = Counter(type(each).__name__ for each in gc.get_objects() if issubclass(type(each), (Session, threading.Thread)))

    def work(number: int) -> None:
        with Session(tmp_path / str(number)):
            two(number)

    together(8, work)
    gc.collect()
    assert Counter(type(each).__name__ for each in gc.get_objects() if issubclass(type(each), (Session, threading.Thread))) <= before
