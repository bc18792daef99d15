"""Secrets of servers: HashiCorp Vault, Azure Key Vault and Kubernetes, asked by their HTTP interfaces."""

from __future__ import annotations

import base64
import binascii
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from packagers_runs.errors import FieldError
from packagers_runs.secretsources.source import SecretError, SecretSource, chosen, settings_of
from packagers_runs.secretsources.web import ask, text_values, token_in

_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where Kubernetes puts the account of a pod."""


class VaultSecrets(SecretSource):
    """The keys of one secret of HashiCorp Vault (KV, version 2).

    A list of names, or a dict with ``secrets``, ``url`` (``VAULT_ADDR``), ``mount`` (``secret``), ``path`` (``packagers``) and
    ``namespace`` (``VAULT_NAMESPACE``). The token is in ``VAULT_TOKEN`` or ``~/.vault-token``, certificates in ``VAULT_CACERT``.
    """

    def read(self) -> dict[str, str]:
        """Read them."""
        settings = settings_of(self.source, "vault", ("url", "mount", "path", "namespace"))
        url = settings.get("url") or _variable("VAULT_ADDR", "the address of the vault")
        mount, path = settings.get("mount", "secret"), settings.get("path", "packagers")
        headers = {"X-Vault-Token": os.environ.get("VAULT_TOKEN") or token_in(Path("~/.vault-token")), "X-Vault-Request": "true"}
        namespace = settings.get("namespace") or os.environ.get("VAULT_NAMESPACE")
        if namespace:
            headers["X-Vault-Namespace"] = namespace
        answer = ask(
            f"{url.rstrip('/')}/v1/{quote(mount)}/data/{quote(path)}",
            headers=headers,
            authority=os.environ.get("VAULT_CACERT"),
            missing=f"the vault has nothing at {path!r}",
        )
        found = answer.get("data")
        return chosen(text_values(found.get("data") if isinstance(found, dict) else None, "the vault"), settings["secrets"], "the vault")


class AzureVaultSecrets(SecretSource):
    """The secrets of an Azure Key Vault.

    A dict with ``name`` (of the vault) or ``url``, ``secrets``, and ``k8s_secret``: a secret of Kubernetes with ``tenant_id``,
    ``client_id`` and ``secret``. Without the last the account is in ``AZURE_TENANT_ID``, ``AZURE_CLIENT_ID`` and
    ``AZURE_CLIENT_SECRET``. ``AZURE_AUTHORITY_HOST`` may name another server that signs in.
    """

    def read(self) -> dict[str, str]:
        """Read them; of those that are disabled none is accessible."""
        settings = settings_of(self.source, "azure_vault", ("name", "url", "k8s_secret"))
        if not (settings.get("name") or settings.get("url")):
            raise FieldError(
                "azure_vault secrets need the name of the vault", model="RunSpec", field="secret_sources", remedy="Set 'name'."
            )
        url = (settings.get("url") or f"https://{settings['name']}.vault.azure.net").rstrip("/")
        headers = {"Authorization": f"Bearer {self._token(settings.get('k8s_secret'), url)}"}
        names = settings["secrets"] or self._names(url, headers)
        found: dict[str, str] = {}
        for name in names:
            missing = f"the vault has no secret {name!r}"
            answer = ask(f"{url}/secrets/{quote(name, safe='')}?api-version=7.4", headers=headers, missing=missing)
            found |= text_values({name: answer.get("value")}, "the vault")
        return found

    def _names(self, url: str, headers: dict[str, str]) -> list[str]:
        names: list[str] = []
        page: str | None = f"{url}/secrets?api-version=7.4"
        while page:
            if urlsplit(page)[:2] != urlsplit(url)[:2]:  # the token is for this server
                raise SecretError("the vault goes on at another server", file=url, remedy="Look at its address.")
            answer = ask(page, headers=headers)
            items = answer.get("value") or []
            names += [str(item["id"]).rpartition("/")[2] for item in items if item.get("attributes", {}).get("enabled", True)]
            page = answer.get("nextLink")
        return names

    def _token(self, k8s_secret: str | None, url: str) -> str:
        if k8s_secret:
            account = KubernetesSecrets({"secret": k8s_secret, "secrets": ["tenant_id", "client_id", "secret"]}).read()
        else:
            keys = {"tenant_id": "AZURE_TENANT_ID", "client_id": "AZURE_CLIENT_ID", "secret": "AZURE_CLIENT_SECRET"}
            account = {key: _variable(name, "the account of the vault") for key, name in keys.items()}
        host = os.environ.get("AZURE_AUTHORITY_HOST") or "https://login.microsoftonline.com"
        form = {
            "grant_type": "client_credentials",
            "client_id": account["client_id"],
            "client_secret": account["secret"],
            "scope": "https://vault.azure.net/.default",
        }
        answer = ask(f"{host.rstrip('/')}/{quote(account['tenant_id'], safe='')}/oauth2/v2.0/token", form=form)
        token = answer.get("access_token")
        if not isinstance(token, str):
            raise SecretError("signing in gave no token", file=url, remedy="Look at the account.")
        return token


class KubernetesSecrets(SecretSource):
    """The keys of one secret of Kubernetes.

    A list of names, or a dict with ``secrets``, ``secret`` (its name, ``packagers``), ``namespace`` (the pod's own, or ``default``),
    ``url`` and ``token_file``; without the last two it is the account of the pod.
    """

    def read(self) -> dict[str, str]:
        """Read them."""
        settings = settings_of(self.source, "kubernetes", ("secret", "namespace", "url", "token_file"))
        name = settings.get("secret", "packagers")
        namespace = settings.get("namespace") or (token_in(_ACCOUNT / "namespace") if (_ACCOUNT / "namespace").exists() else "default")
        url, authority = settings.get("url"), None
        if url is None:
            host = _variable("KUBERNETES_SERVICE_HOST", "the address of the cluster")
            host = f"[{host}]" if ":" in host else host
            url = f"https://{host}:{os.environ.get('KUBERNETES_SERVICE_PORT', '443')}"
            authority = str(_ACCOUNT / "ca.crt")
        token = token_in(Path(settings.get("token_file") or _ACCOUNT / "token"))
        answer = ask(
            f"{url.rstrip('/')}/api/v1/namespaces/{quote(namespace, safe='')}/secrets/{quote(name, safe='')}",
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
            authority=authority,
            missing=f"the namespace {namespace!r} has no secret {name!r}",
        )
        return chosen(_decoded(answer.get("data") or {}, name), settings["secrets"], f"the secret {name!r}")


def _decoded(data: dict[str, Any], name: str) -> dict[str, str]:
    try:
        return {key: base64.b64decode(value, validate=True).decode() for key, value in data.items()}
    except (binascii.Error, ValueError, TypeError):
        raise SecretError(f"the secret {name!r} has a value that is no text", remedy="Store text in UTF-8.") from None


def _variable(name: str, what: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise SecretError(f"{what} is not said", remedy=f"Set the variable {name}.")
    return value
