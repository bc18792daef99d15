"""Messages by way of any service that the library apprise knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from packagers_runs.notifiers.notifier import NotificationError, Notifier
from packagers_runs.notifiers.texts import one_line, plain_text
from packagers_runs.notifiers.web import without_logs

_TYPES = {"warning": "warning", "error": "failure"}


class AppriseNotifier(Notifier):
    """Sends text to each of the ``urls`` (a list, or one), as apprise writes them: ``mailto://…``, ``tgram://…``, ``json://…``."""

    def check(self) -> None:
        """Check that apprise knows the services."""
        self._services()

    def send(self, message: str, severity: str, run: Mapping[str, Any]) -> None:
        """Send it to each of them."""
        services = self._services()
        failed = []
        with without_logs("apprise", "urllib3.connectionpool", everywhere=True):
            for service in services:
                body = plain_text(run, message, severity)
                if not service.notify(
                    body, title=f"[{severity}] {one_line(message)}", notify_type=_TYPES.get(severity, "info"), body_format="text"
                ):
                    failed.append(service[0].service_name)
        if failed:
            raise NotificationError(f"{', '.join(map(str, failed))} could not be told", remedy="Look at its url and its server.")

    def _services(self) -> list[Any]:
        try:
            import apprise
        except ImportError as error:
            raise NotificationError(f"apprise is missing: {error}", remedy="pip install packagers-runs[apprise]") from None
        urls = self.params["urls"]
        services = []
        for place, url in enumerate([urls] if isinstance(urls, str) else urls):
            service = apprise.Apprise(asset=apprise.AppriseAsset(app_id="packagers-runs"))
            with without_logs("apprise"):
                if not (isinstance(url, str) and service.add(url) and len(service) == 1):
                    raise self.refuse("urls", f"urls[{place}] is no address that apprise knows", "See `apprise --details`.")
            services.append(service)
        if not services:
            raise self.refuse("urls", "urls is empty", "Say who is told.")
        return services
