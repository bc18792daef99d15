"""What tests need: SQLite in a folder, memory, servers of PostgreSQL, S3 (as long as the session) and HTTP, and a browser."""

from __future__ import annotations

import contextlib
import http.server
import itertools
import os
import pwd
import shutil
import ssl
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DATABASES = ("sqlite", "memory", "postgresql")
_numbers = itertools.count(1)


def _programs() -> Path | None:
    """Find the folder of PostgreSQL's programs; Debian keeps them out of the path."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    return max((path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")), default=None)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """Give the folder of the socket of a PostgreSQL server that is this session's own; root's runs as the user postgres."""
    programs = _programs()
    if programs is None:
        pytest.skip("needs PostgreSQL (Debian's package postgresql)")
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    owner = pwd.getpwnam(user)
    os.chown(folder, owner.pw_uid, owner.pw_gid)

    def run(*command: str) -> None:
        as_user = {"user": user, "group": owner.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        done = subprocess.run(
            [str(programs / command[0]), *command[1:]], cwd=folder, text=True, capture_output=True, timeout=120, **as_user
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"

    data = str(folder / "data")
    options = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=200 -c autovacuum=off"
    try:
        run("initdb", "--pgdata", data, "--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync")
        run("pg_ctl", "--pgdata", data, "--wait", "--log", str(folder / "log"), "-o", f"-k {folder} -h '' {options}", "start")
        try:
            yield str(folder)
        finally:
            run("pg_ctl", "--pgdata", data, "--wait", "--mode=immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Give a function that makes the URL of an empty database of a kind."""
    with contextlib.ExitStack() as made:

        def new(kind: str) -> str:
            number = next(_numbers)
            if kind == "memory":
                return "memory://"
            if kind == "sqlite":
                return f"sqlite:///{tmp_path}/store-{number}/runs.db"
            return made.enter_context(_postgresql(request.getfixturevalue("postgresql_server"), f"test_{os.getpid()}_{number}"))

        yield new


@contextlib.contextmanager
def _postgresql(server: str, name: str) -> Iterator[str]:
    import psycopg

    with psycopg.connect(f"host={server} user=postgres dbname=postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    try:
        yield f"postgresql+psycopg://postgres@/{name}?host={server}"
    finally:
        with psycopg.connect(f"host={server} user=postgres dbname=postgres", autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, new_database: Callable[[str], str]) -> str:
    """Give the URL of an empty database, once of each kind."""
    return new_database(request.param)


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """Give the endpoint of a server of the S3 protocol, and set what its clients need."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    settings = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in settings.items():
            patch.setenv(name, value)
        yield settings["AWS_ENDPOINT_URL"]
    server.stop()


class WebServer:
    """A server of HTTP on loopback that notes what it hears.

    Attributes:
        heard: ``(method, path, headers, body)`` of each request; the names of headers are in small letters.
        answers: Gives status and body for a request's path; it may wait for ``released``.
        released: Set when the test is over.
    """

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.heard: list[tuple[str, str, dict[str, str], bytes]] = []
        self.answers: Callable[[str], tuple[int, bytes]] = lambda path: (200, b"ok")
        self.released = threading.Event()
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def reply(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                web.heard.append((self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body))
                status, said = web.answers(self.path)
                with contextlib.suppress(OSError):  # who asked may be gone
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(said)))
                    if status == 302:
                        self.send_header("Location", said.decode())
                    self.end_headers()
                    self.wfile.write(said)

            do_GET = do_POST = do_PUT = reply

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # who asked may be gone
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        self.url = f"{'https' if context else 'http'}://{self.address}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def hang(self, path: str) -> tuple[int, bytes]:
        """Answer when the test is over."""
        self.released.wait(60)
        return 200, b""

    def close(self) -> None:
        """End it."""
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def new_web_server() -> Iterator[Callable[..., WebServer]]:
    """Give what makes a server of HTTP, or with a context of TLS one of HTTPS."""
    with contextlib.ExitStack() as made:

        def new(context: ssl.SSLContext | None = None) -> WebServer:
            server = WebServer(context)
            made.callback(server.close)
            return server

        yield new


@pytest.fixture
def web_server(new_web_server: Callable[..., WebServer]) -> WebServer:
    """Give a server of HTTP."""
    return new_web_server()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium. One for each module: while it is there, nothing else can have an event loop."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs Chromium (Debian's package chromium)")
    with tempfile.TemporaryDirectory() as home, sync_playwright() as driver:
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = driver.chromium.launch(executable_path=chromium, args=flags, env={**os.environ, "HOME": home})
        yield browser
        browser.close()


class Watched:
    """A page, and all that it did."""

    def __init__(self, browser: Browser, width: int, **options: Any) -> None:
        self._context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        self.page: Page = self._context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.complaints.append(dialog.message), dialog.dismiss()))
        self._context.on("page", lambda page: self.complaints.append("a window was opened"))

    def open(self, path: Path) -> Page:
        self.page.goto(path.as_uri(), wait_until="load")
        return self.page

    def close(self) -> None:
        self._context.close()


@pytest.fixture
def watched(browser: Browser) -> Iterator[Callable[..., Watched]]:
    """Give a function that makes a page which is watched."""
    made: list[Watched] = []

    def make(width: int = 1280, **options: Any) -> Watched:
        made.append(Watched(browser, width, **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a file with a key, and a certificate for 127.0.0.1 that it has signed itself."""
    import datetime
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("certificate") / "server.pem"
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + made.public_bytes(encoding))
    return path


@pytest.fixture
def server_context(certificate: Path) -> ssl.SSLContext:
    """Give what a server on loopback speaks TLS with."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate)
    return made
