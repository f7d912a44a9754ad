"""The table of contents of what follows from what, in order. Everything here happens in the transaction of its cause."""

from functools import partial

from app.deliveries import reactions as deliveries
from app.deliveries.activity import reactions as activity
from app.deliveries.at_once import AtOnce
from app.forecasts import reactions as forecasts
from app.installed_apps import reactions as installed_apps
from app.installed_apps.events import (
    InstalledAppAdded,
    InstalledAppDeleted,
    InstalledAppEdited,
    InstalledAppReauthenticated,
    InstalledAppStatusChanged,
)
from app.integrations import reactions as integrations
from app.integrations.events import (
    AccessEndSeen,
    AuthorizationsReplaced,
    IntegrationDeleted,
    IntegrationEdited,
    IntegrationStatusChanged,
)
from app.log.events import EventsRecorded, Reactions
from app.monitors.events import RunRecorded
from app.sign_ins import reactions as sign_ins
from app.sign_ins.events import (
    ClientRecovered,
    ClientTroubled,
    GrantEnded,
    GrantRecovered,
    GrantTroubled,
    MemberSignedIn,
    RenewalTurned,
    ServerCertificateSeen,
)
from app.teams.events import MemberRemoved

REACTIONS: Reactions = {
    MemberRemoved: (sign_ins.end_their_grants,),
    GrantEnded: (installed_apps.mark, installed_apps.mark_server, integrations.stop_those_with_grant),
    GrantTroubled: (installed_apps.mark, installed_apps.mark_server, integrations.stop_those_with_grant),
    GrantRecovered: (installed_apps.mark, installed_apps.mark_server, integrations.restore_those_with_grant),
    MemberSignedIn: (
        installed_apps.mark_reached,
        integrations.bring_back_theirs,
        forecasts.review_theirs,
    ),
    RenewalTurned: (forecasts.review_renewal,),
    ServerCertificateSeen: (forecasts.review_server,),
    ClientTroubled: (installed_apps.mark_client,),
    ClientRecovered: (installed_apps.mark_client,),
    InstalledAppDeleted: (integrations.stop_those_using, forecasts.forget_app),
    InstalledAppAdded: (integrations.adopt,),
    InstalledAppStatusChanged: (integrations.follow_installed_app,),
    InstalledAppReauthenticated: (integrations.bring_back, forecasts.review_app),
    InstalledAppEdited: (forecasts.review_app,),
    AuthorizationsReplaced: (forecasts.review_integrations,),
    IntegrationEdited: (forecasts.review_integration,),
    AccessEndSeen: (forecasts.review_access,),
    IntegrationStatusChanged: (deliveries.follow_integration, activity.follow_integration),
    IntegrationDeleted: (deliveries.give_up, activity.give_up, forecasts.forget_integration),
    RunRecorded: (deliveries.make,),
    EventsRecorded: (activity.make,),
}


def reactions_of(at_once: AtOnce) -> Reactions:
    """Return the same for a process that works: what a run makes is handed over at once where it can be."""
    return {**REACTIONS, RunRecorded: (partial(deliveries.make, at_once=at_once),)}
