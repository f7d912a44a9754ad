"""The kinds of integration."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    key: str
    name: str
    description: str
    supports_installed_apps: bool


POST_MONITORING_RESULTS = Kind(
    key="post-monitoring-results",
    name="Post monitoring results",
    description="Posts the results of a monitor's runs to a channel: every run, or the third failure in a row and the recovery.",
    supports_installed_apps=True,
)

CONNECT_API = Kind(
    key="connect-api",
    name="Connect an API",
    description="Connects an API to a repository on a Git server: a branch, a definition and a directory for collections.",
    supports_installed_apps=True,
)

KINDS: Mapping[str, Kind] = {kind.key: kind for kind in (POST_MONITORING_RESULTS, CONNECT_API)}
