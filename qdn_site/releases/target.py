"""A stage as the commands see it: its releases, its addresses, its edge (if it has one)."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from django.conf import settings

from qdn_site.edge.cloudfront import Distribution, EdgeFunction
from qdn_site.environment import can_be_asked
from qdn_site.releases import ReleaseError
from qdn_site.releases.pack import Pack, pack_function
from qdn_site.releases.store import ReleaseStore, open_store

StageName = Literal["staging", "production"]


@dataclass(frozen=True, slots=True)
class Target:
    """`url` and `dashboard_url` are empty where no address is set, `function` is None where
    there is no distribution. `distributions` are ids by stage, and `dashboard`."""

    name: StageName
    store: ReleaseStore
    url: str = ""
    dashboard_url: str = ""
    function: EdgeFunction | None = None
    distributions: Mapping[str, str] = field(default_factory=dict)
    distribution: Callable[[str], Distribution] = Distribution

    def address(self, path: str) -> str:
        base = self.dashboard_url if path.startswith("/dashboard/") else self.url
        return f"{base.rstrip('/')}{path}"

    def live_function(self) -> Pack | None:
        """The code that viewers' requests run through now, as a release; None where none does."""
        live = self.function.version("LIVE") if self.function else None
        return pack_function(live.code) if live else None


def target(name: StageName) -> Target:
    """From the environment. Raises ReleaseError naming the setting that is missing or wrong."""

    def setting(variable: str) -> str:
        return os.environ.get(variable, "").strip()

    upper, production = name.upper(), name == "production"
    releases, url = setting(f"QDN_{upper}_RELEASES_URL"), setting(f"QDN_{upper}_URL")
    dashboard_url = setting("QDN_DASHBOARD_URL") if production else ""
    distributions: dict[str, str] = {name: setting(f"QDN_{upper}_DISTRIBUTION")}
    if production:
        distributions["dashboard"] = setting("QDN_DASHBOARD_DISTRIBUTION")
    if not releases:
        raise ReleaseError(
            f"QDN_{upper}_RELEASES_URL is not set: say where {name} keeps its releases"
            " (file:<folder> or s3://bucket/prefix)."
        )
    if distributions[name] and not url:
        raise ReleaseError(
            f"QDN_{upper}_URL is not set, and QDN_{upper}_DISTRIBUTION is: say where to look"
            " whether a release has arrived."
        )
    if distributions.get("dashboard") and not distributions[name]:
        raise ReleaseError(
            "QDN_PRODUCTION_DISTRIBUTION is not set, and QDN_DASHBOARD_DISTRIBUTION is: name both."
        )
    for variable, address in ((f"QDN_{upper}_URL", url), ("QDN_DASHBOARD_URL", dashboard_url)):
        if address and not can_be_asked(address):
            raise ReleaseError(
                f"{variable} is {address}: write it whole, as in https://quickdumpnow.com."
            )
    function = setting("QDN_EDGE_FUNCTION") or "qdn-track-rewrite"
    if not production:
        function = f"{function}-staging"
    return Target(
        name=name,
        store=open_store(name, releases, settings.BASE_DIR),
        url=url,
        dashboard_url=dashboard_url or url,
        function=EdgeFunction(function) if distributions[name] else None,
        distributions=distributions,
    )
