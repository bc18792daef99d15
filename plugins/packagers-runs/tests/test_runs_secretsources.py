"""Secrets are read from every kind of place, all of them or by name; what goes wrong is said without a value."""

from __future__ import annotations

import base64
import http.server
import json
import os
import sys
import threading
import types
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from packagers.testing import distributions
from packagers_runs.errors import FieldError, RunsError, UnknownNameError
from packagers_runs.models.secretspecs import SECRETS
from packagers_runs.models.template import RunTemplate
from packagers_runs.secretsources import servers
from packagers_runs.secretsources.reading import read_secrets
from packagers_runs.secretsources.source import SecretError

HUSH = "hunter2-value"


def read(kind: str, source: Any) -> dict[str, str]:
    task = RunTemplate().with_secrets(kind, source)
    return read_secrets(task.spec.secret_sources)


def refused(kind: str, source: Any, error: type[RunsError] = SecretError) -> str:
    with pytest.raises(error, match="→") as caught:
        read(kind, source)
    assert HUSH not in str(caught.value)
    return str(caught.value)


def test_inline() -> None:
    assert read("inline", {"a": HUSH, "b": ""}) == {"a": HUSH, "b": ""}
    assert "must be a dict of text by name" in refused("inline", {"a": 7}, FieldError)


def test_file(tmp_path: Path) -> None:
    path = tmp_path / "secrets.txt"
    path.write_text("\ufeff# a remark\n\n key = hunter2-value = 1 \nempty=\nü=ü\n", encoding="utf-8")
    assert read("file", path) == {"key": f"{HUSH} = 1", "empty": "", "ü": "ü"}
    path.write_text(f"a=1\n{HUSH}\n")
    assert "line 2 is no key=value" in refused("file", str(path))
    path.write_text(f"a=1\na={HUSH}\n")
    assert "line 2 has a key that stands further up" in refused("file", str(path))
    path.write_bytes(b"a=\xff")
    assert "no text in UTF-8" in refused("file", str(path))
    assert "No such file" in refused("file", str(tmp_path / "none"))


def test_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNS_TOKEN", HUSH)
    monkeypatch.setenv("RUNS_OTHER", "x")
    assert read("env", "RUNS_TOKEN, RUNS_OTHER") == read("env", ["RUNS_TOKEN", "RUNS_OTHER"]) == {"RUNS_TOKEN": HUSH, "RUNS_OTHER": "x"}
    assert read("env", []) == dict(os.environ)
    assert "RUNS_TOKEN" in refused("env", "RUNS_TOKE", UnknownNameError)


def test_the_later_of_two_counts(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("a=file\nb=file\n")
    task = RunTemplate().with_secrets("file", tmp_path / "s").with_secrets("inline", {"a": "inline"})
    assert read_secrets(task.spec.secret_sources) == {"a": "inline", "b": "file"}
    assert read_secrets([]) == {}


def test_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    def get_password(service: str, name: str) -> str | None:
        if service == "locked":
            raise RuntimeError("the keyring is locked")
        return {("packagers", "a"): HUSH, ("work", "a"): "w"}.get((service, name))

    monkeypatch.setitem(sys.modules, "keyring", types.SimpleNamespace(get_password=get_password))
    assert read("keyring", ["a"]) == read("keyring", "a") == {"a": HUSH}
    assert read("keyring", {"service": "work", "secrets": ["a"]}) == {"a": "w"}
    assert "keyring set packagers b" in refused("keyring", ["a", "b"])
    assert "is locked" in refused("keyring", {"service": "locked", "secrets": ["a"]})
    assert "does not tell what it holds" in refused("keyring", [], FieldError)
    assert "Did you mean 'service'" in refused("keyring", {"servise": "x"}, UnknownNameError)
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert "pip install packagers-runs[keyring]" in refused("keyring", ["a"])


Answer = Callable[[str, dict[str, str], dict[str, str]], tuple[int, Any]]


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], str]]:
    running: list[tuple[Any, threading.Thread]] = []

    def start(answer: Answer) -> str:
        class Handler(http.server.BaseHTTPRequestHandler):
            def reply(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                form = dict(urllib.parse.parse_qsl(self.rfile.read(length).decode()))
                status, document = answer(self.path, dict(self.headers), form)
                body = document if isinstance(document, bytes) else json.dumps(document).encode()
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", document["to"])
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = reply

            def log_message(self, *_: object) -> None:
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        running.append((server, thread))
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server, thread in running:
        server.shutdown()
        server.server_close()
        thread.join()


def test_vault(serve: Callable[[Answer], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def vault(path: str, headers: dict[str, str], _: dict[str, str]) -> tuple[int, Any]:
        if headers.get("X-Vault-Token") != "t0ken":
            return 403, {"errors": ["permission denied"]}
        if path == "/v1/secret/data/packagers":
            return 200, {"data": {"data": {"a": HUSH, "n": 7, "o": {"x": 1}}, "metadata": {"version": 3}}}
        if path == "/v1/kv/data/team%20x/one" or (path == "/v1/kv/data/team%20x/one".replace("%20", " ")):
            return 200, {"data": {"data": {"b": headers.get("X-Vault-Namespace", "")}}}
        if path.endswith("/odd"):
            return 200, [HUSH]
        if path.endswith("/empty"):
            return 200, {"data": None}
        if path.endswith("/broken"):
            return 200, b"<html>"
        return 404, {"errors": []}

    monkeypatch.setenv("VAULT_ADDR", serve(vault))
    monkeypatch.setenv("VAULT_TOKEN", "t0ken")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert read("vault", ["a"]) == {"a": HUSH}
    assert read("vault", []) == {"a": HUSH, "n": "7", "o": '{"x": 1}'}
    assert read("vault", {"mount": "kv", "path": "team x/one", "namespace": "ns", "secrets": []}) == {"b": "ns"}
    assert "Did you mean 'a'" in refused("vault", ["A"], UnknownNameError)
    assert "has nothing at 'none'" in refused("vault", {"path": "none"})
    assert "something else than an object" in refused("vault", {"path": "odd"})
    assert "something else than values by name" in refused("vault", {"path": "empty"})
    assert "cannot be asked" in refused("vault", {"path": "broken"})
    monkeypatch.setenv("VAULT_TOKEN", "other-token")
    told = refused("vault", [])
    assert "answers 403" in told
    assert "other-token" not in told
    monkeypatch.delenv("VAULT_TOKEN")
    assert "the token cannot be read" in refused("vault", [])
    (tmp_path / ".vault-token").write_text("t0ken\n")
    assert read("vault", ["a"]) == {"a": HUSH}
    assert "must begin with https://" in refused("vault", {"url": "file:///etc/passwd"})
    assert "cannot be asked" in refused("vault", {"url": "http://127.0.0.1:1"})
    monkeypatch.delenv("VAULT_ADDR")
    assert "VAULT_ADDR" in refused("vault", [])


def test_a_token_is_not_carried_elsewhere(serve: Callable[[Answer], str], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    thief = serve(lambda path, headers, form: (200, asked.append(path) or {"data": {"data": {"a": "x"}}}))  # type: ignore[func-returns-value]
    monkeypatch.setenv("VAULT_TOKEN", "t0ken")
    monkeypatch.setenv("VAULT_ADDR", serve(lambda path, headers, form: (302, {"to": thief + path})))
    assert "answers 302" in refused("vault", [])
    assert asked == []


def azure(account: dict[str, str], host: list[str]) -> Answer:
    def answer(path: str, headers: dict[str, str], form: dict[str, str]) -> tuple[int, Any]:
        if path == f"/{account['tenant']}/oauth2/v2.0/token":
            right = form["client_id"] == account["client"] and form["client_secret"] == account["secret"]
            return (200, {"access_token": "bearer1"}) if right and form["scope"] == "https://vault.azure.net/.default" else (401, {})
        if headers.get("Authorization") != "Bearer bearer1":
            return 401, {}
        place, _, query = path.partition("?")
        if place == "/secrets":
            second = "page=2" in query
            items = [{"id": f"{host[0]}/secrets/b"}] if second else [{"id": f"{host[0]}/secrets/a", "attributes": {"enabled": True}}]
            items += [{"id": f"{host[0]}/secrets/off", "attributes": {"enabled": False}}]
            following = "http://127.0.0.1:1/secrets" if account.get("bad") else f"{host[0]}/secrets?page=2&api-version=7.4"
            return 200, {"value": items, "nextLink": None if second else following}
        values = {"/secrets/a": HUSH, "/secrets/b": "two"}
        return (200, {"value": values[place]}) if place in values else (404, {})

    return answer


def test_azure_vault(serve: Callable[[Answer], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    account = {"tenant": "t1", "client": "c1", "secret": "s1"}
    host = [""]
    host[0] = serve(azure(account, host))
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", host[0])
    for name, value in (("TENANT_ID", "t1"), ("CLIENT_ID", "c1"), ("CLIENT_SECRET", "s1")):
        monkeypatch.setenv(f"AZURE_{name}", value)
    assert read("azure_vault", {"url": host[0], "secrets": ["a"]}) == {"a": HUSH}
    assert read("azure_vault", {"url": host[0], "secrets": []}) == {"a": HUSH, "b": "two"}
    assert "has no secret 'c'" in refused("azure_vault", {"url": host[0], "secrets": ["c"]})
    assert "need the name of the vault" in refused("azure_vault", {"secrets": ["a"]}, FieldError)
    account["bad"] = "yes"
    assert "goes on at another server" in refused("azure_vault", {"url": host[0], "secrets": []})
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "wrong")
    assert "answers 401" in refused("azure_vault", {"url": host[0], "secrets": ["a"]})
    monkeypatch.delenv("AZURE_TENANT_ID")
    assert "AZURE_TENANT_ID" in refused("azure_vault", {"url": host[0], "secrets": ["a"]})
    # the account is in a secret of Kubernetes, as MLRun has it
    (tmp_path / "token").write_text("pod")
    cluster = serve(kubernetes({"tenant_id": "t1", "client_id": "c1", "secret": "s1"}, "az"))
    monkeypatch.setattr(servers, "_ACCOUNT", tmp_path)
    monkeypatch.setattr(servers.KubernetesSecrets, "read", with_cluster(servers.KubernetesSecrets.read, cluster))
    assert read("azure_vault", {"url": host[0], "k8s_secret": "az", "secrets": ["b"]}) == {"b": "two"}


def with_cluster(original: Callable[..., dict[str, str]], url: str) -> Callable[..., dict[str, str]]:
    def read(self: servers.KubernetesSecrets) -> dict[str, str]:
        self.source = {**self.source, "url": url}
        return original(self)

    return read


def kubernetes(values: dict[str, str], name: str = "packagers", namespace: str = "default") -> Answer:
    def answer(path: str, headers: dict[str, str], _: dict[str, str]) -> tuple[int, Any]:
        if headers.get("Authorization") != "Bearer pod":
            return 401, {}
        if path != f"/api/v1/namespaces/{namespace}/secrets/{name}":
            return 404, {}
        return 200, {"data": {key: base64.b64encode(value.encode("latin-1")).decode() for key, value in values.items()}}

    return answer


def test_kubernetes(serve: Callable[[Answer], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    url = serve(kubernetes({"a": HUSH, "b": "2"}))
    (tmp_path / "token").write_text("pod\n")
    source = {"url": url, "token_file": str(tmp_path / "token")}
    assert read("kubernetes", {**source, "secrets": ["a"]}) == {"a": HUSH}
    assert read("kubernetes", source) == {"a": HUSH, "b": "2"}
    assert "has no secret 'other'" in refused("kubernetes", {**source, "secret": "other"})
    assert "Known: a, b" in refused("kubernetes", {**source, "secrets": ["c"]}, UnknownNameError)
    assert "that is no text" in refused("kubernetes", {**source, "url": serve(kubernetes({"a": "\xff\xfe"}))})
    monkeypatch.setattr(servers, "_ACCOUNT", tmp_path)
    (tmp_path / "namespace").write_text("team")
    assert read("kubernetes", {"url": serve(kubernetes({"a": "1"}, namespace="team"))}) == {"a": "1"}
    assert "KUBERNETES_SERVICE_HOST" in refused("kubernetes", [])
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    assert "cannot be asked" in refused("kubernetes", [])  # no ca.crt: nobody vouches for the cluster


def test_a_strangers_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = """
        from packagers_runs import SecretSource

        class Safe(SecretSource):
            def read(self):
                return {"from": self.source}

        class Wrong(SecretSource):
            def read(self):
                return {"number": 7}
    """
    entries = {"safe": "their_safe:Safe", "wrong": "their_safe:Wrong", "nothing": "os:path"}
    theirs = {"entry_points": {SECRETS: entries}, "files": {"their_safe.py": module}}
    distributions.write_files({"their-safe": theirs}, tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert read("safe", "the wall") == {"from": "the wall"}
    assert "gives something else than text by name" in refused("wrong", "")
    assert "no subclass of SecretSource" in refused("nothing", "", RunsError)
    told = refused("vaultt", "", UnknownNameError)
    assert "Did you mean 'vault'" in told
    for kind in ("inline", "file", "env", "keyring", "azure_vault", "kubernetes", "safe"):
        assert kind in told
