"""PagerDuty: an admin pastes the integration key of a service, and every member can have incidents opened there.

Source: PagerDuty's Events API v2 (github.com/PagerDuty/developer-docs, docs/events-API-v2).
"""

from app.providers.contract import SharingModel
from app.providers.description import Provider
from app.providers.icons import Icon
from app.providers.pagerduty.events import INCIDENTS, check
from app.providers.pagerduty.keys import SECRET

PROVIDER = Provider(
    key="pagerduty",
    name="PagerDuty",
    description="Opens incidents while your monitors fail, and resolves them. An admin pastes a service's integration key.",
    icon=Icon("PD", "#04663a"),
    help_url="https://support.pagerduty.com/main/docs/services-and-integrations",
    sharing=SharingModel.SHARED_SECRET,
    check=check,
    secret=SECRET,
    incidents=INCIDENTS,
)
