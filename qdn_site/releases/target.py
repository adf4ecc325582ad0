"""A stage as the commands see it: its releases, its addresses, its edge (if it has one)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from qdn_site.edge.cloudfront import EdgeFunction
from qdn_site.releases.store import ReleaseStore, open_store

StageName = Literal["staging", "production"]


class NotConfigured(Exception):
    """A setting is missing or wrong; the text names it and says what it is for."""


@dataclass(frozen=True, slots=True)
class Target:
    """`url` and `dashboard_url` are empty where nobody said where to look. `distributions` are
    ids by stage, the crew's own door being `dashboard`."""

    name: StageName
    store: ReleaseStore
    url: str
    dashboard_url: str
    function: EdgeFunction | None
    distributions: Mapping[str, str] = field(default_factory=dict)

    def address(self, path: str) -> str:
        base = self.dashboard_url if path.startswith("/dashboard/") else self.url
        return f"{base.rstrip('/')}{path}"


def target(name: StageName, variables: Mapping[str, str], base: Path) -> Target:
    """From the environment (CONTRACT §7). Raises NotConfigured."""
    upper = name.upper()

    def said(setting: str) -> str:
        return variables.get(setting, "").strip()

    releases, url = said(f"QDN_{upper}_RELEASES_URL"), said(f"QDN_{upper}_URL")
    distribution = said(f"QDN_{upper}_DISTRIBUTION")
    if not releases:
        raise NotConfigured(
            f"QDN_{upper}_RELEASES_URL is not set: say where {name} keeps its releases"
            " (file:<folder> or s3://bucket/prefix)."
        )
    if distribution and not url:
        raise NotConfigured(
            f"QDN_{upper}_URL is not set, and QDN_{upper}_DISTRIBUTION is: say where to look"
            " whether pages have arrived."
        )
    if said("QDN_DASHBOARD_DISTRIBUTION") and not said("QDN_PRODUCTION_DISTRIBUTION"):
        raise NotConfigured(
            "QDN_PRODUCTION_DISTRIBUTION is not set, and QDN_DASHBOARD_DISTRIBUTION is: name both."
        )
    own_door = said("QDN_DASHBOARD_URL") if name == "production" else ""
    for setting, address in ((f"QDN_{upper}_URL", url), ("QDN_DASHBOARD_URL", own_door)):
        if address and not address.startswith(("https://", "http://")):
            raise NotConfigured(
                f"{setting} is {address}: write it whole, as in https://quickdumpnow.com."
            )
    return Target(
        name=name,
        store=open_store(releases, base, make=True),
        url=url,
        dashboard_url=own_door or url,
        function=EdgeFunction(_function_name(name, variables)) if distribution else None,
        distributions=_distributions(name, variables),
    )


def _distributions(name: StageName, variables: Mapping[str, str]) -> dict[str, str]:
    doors = ("production", "dashboard") if name == "production" else ("staging",)
    return {door: variables.get(f"QDN_{door.upper()}_DISTRIBUTION", "").strip() for door in doors}


def _function_name(name: StageName, variables: Mapping[str, str]) -> str:
    base = variables.get("QDN_EDGE_FUNCTION", "").strip() or "qdn-track-rewrite"
    return f"{base}-staging" if name == "staging" else base
