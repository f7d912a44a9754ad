"""The matrix's rows: for each place, what its ids name and what else has to be given so that the id decides.

What this table lacks fails the test. Names in it are those of `teams.Things`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tests.tenancy.places import Place
from tests.tenancy.teams import Who


class Naming(StrEnum):
    """How a text names something, and so which texts have to be answered alike."""

    ROW = "a row of the team: whatever is no such row is answered as if it were not there"
    ENTRY = "an entry of the catalogue, which is everybody's: anything else is answered alike"
    ABROAD = "something at a provider, and where: what is elsewhere is answered alike, and so is what is not there"
    POSITION = "a position in a list, made of columns: it says nothing of whose row stood there"
    PROVIDERS = "a position in a provider's list"
    LOG = "a position in a team's log: any but the team's own is answered alike"


@dataclass(frozen=True)
class Own:
    """Something of the caller's own, by its name."""

    name: str


@dataclass(frozen=True)
class Row:
    """`right` names what is found there by `who` asks; `beside` is given with it, by the path from the field's arguments.

    `shows_gone`: the same is shown of what is gone, by design. `takes_all_types`: so any id of the team's is right.
    """

    right: str
    naming: Naming = Naming.ROW
    who: Who = Who.ADMIN
    beside: Mapping[str, Any] = field(default_factory=dict)
    shows_gone: bool = False
    takes_all_types: bool = False


APP, GIT, INTEGRATION, SIGN_IN = "InstalledApp", "git app", "Integration", "Authorization"
CHANNEL, REPOSITORY = "Channel", "Repository"

THROUGH_APP = {"installedAppId": Own(APP)}
THROUGH_GIT = {"installedAppId": Own(GIT)}
POST = {"postMonitoringResults": {"monitorKey": "checkout", "channelId": Own(CHANNEL)}}
CONNECTION = {"connectApi": {"apiName": "Orders", "repositoryId": Own(REPOSITORY), "branch": "develop"}}
FROM_THE_START = {"after": Own("start of log")}
NEW = {"input.name": "New"}
NEW_POST = NEW | {"input.settings": POST}

REACHED: Mapping[str, tuple[str, str]] = {
    "Viewer": ("Team", "{ viewer { FIELD } }"),
    "Team": ("Team", "{ viewer { team { FIELD } } }"),
    "InstalledApp": (APP, "($own: ID!) { installedApp(id: $own) { FIELD } }"),
    "InstalledApp.repositories": (GIT, "($own: ID!) { installedApp(id: $own) { FIELD } }"),
    "InstalledApp.repository": (GIT, "($own: ID!) { installedApp(id: $own) { FIELD } }"),
    "Authorization": (SIGN_IN, "($own: ID!) { authorization(id: $own) { FIELD } }"),
    "Repository": (
        GIT,
        '($own: ID!) { installedApp(id: $own) { repositories(first: 1, search: "payments-api") { nodes { FIELD } } } }',
    ),
    "Integration": (INTEGRATION, "($own: ID!) { integration(id: $own) { FIELD } }"),
    "MonitorRun": ("MonitorRun", "($own: ID!) { node(id: $own) { ... on MonitorRun { FIELD } } }"),
    "Integration.activityDeliveries": ("activity integration", "($own: ID!) { integration(id: $own) { FIELD } }"),
    "Monitor": ("Monitor", "($own: ID!) { node(id: $own) { ... on Monitor { FIELD } } }"),
    "AddInstalledAppPayload": (
        "fresh sign-in",
        "($own: ID!) { addInstalledApp(input: { using: { authorizationId: $own } }) { FIELD } }",
    ),
    "AddIntegrationPayload": (
        "fresh sign-in",
        """($own: ID!) { addIntegration(input: { name: "New"
          using: { authorization: { authorizationId: $own, shareWithTeam: true } }
          settings: { postMonitoringResults: { monitorKey: "checkout", channelId: "C0INITECH001" } } }) { FIELD } }""",
    ),
    "ReauthenticateIntegrationsPayload": (
        APP,
        """($own: ID!) { reauthenticateIntegrations(
          input: { installedAppId: $own, using: { installedAppId: $own }, preview: true }) { FIELD } }""",
    ),
    "DeleteInstalledAppPayload": ("app to delete", "($own: ID!) { deleteInstalledApp(input: { id: $own }) { FIELD } }"),
}
"""How one gets to a field of a type, or to one field of it: the name of what leads there, and the operation around it."""

LISTS: Mapping[Naming, Sequence[str]] = {
    Naming.POSITION: (
        "Query.installedApps",
        "Query.integrations",
        "Query.monitors",
        "Viewer.accessTokens",
        "Viewer.connectedAccounts",
        "Team.members",
        "InstalledApp.integrations",
        "Integration.deliveries",
        "MonitorRun.deliveries",
        "Integration.activityDeliveries",
        "Monitor.runs",
        "DeleteInstalledAppPayload.stoppedIntegrations",
        "AddInstalledAppPayload.couldBringBack",
        "AddIntegrationPayload.couldBringBack",
        "ReauthenticateIntegrationsPayload.integrations",
        "ReauthenticateIntegrationsPayload.refused",
    ),
    Naming.PROVIDERS: (
        "InstalledApp.channels",
        "InstalledApp.repositories",
        "Authorization.channels",
        "Repository.branches",
        "Repository.entries",
    ),
    Naming.LOG: (
        "Query.events",
        "Subscription.integrationStatusChanged",
        "Subscription.integrationChanged",
        "Subscription.installedAppChanged",
        "Subscription.deliveryChanged",
        "Subscription.eventRecorded",
    ),
}
"""What takes `after` and `before`, by the kind of its cursors."""

ROWS: Mapping[str, Row] = {
    "Query.node(id)": Row(INTEGRATION, takes_all_types=True),
    "Query.nodes(ids)": Row(INTEGRATION, takes_all_types=True),
    "Query.provider(key)": Row("provider", Naming.ENTRY),
    "Query.installedApps(filter.provider)": Row("provider", Naming.ENTRY),
    "Query.installedApp(id)": Row(APP),
    "InstalledApp.repository(id)": Row(REPOSITORY, Naming.ABROAD),
    "Query.integrations(filter.provider)": Row("provider", Naming.ENTRY),
    "Query.integrations(filter.kind)": Row("kind", Naming.ENTRY),
    "Query.integrations(filter.installedAppId)": Row(APP, shows_gone=True),
    "Query.integrations(filter.monitorId)": Row("Monitor"),
    "Query.integration(id)": Row(INTEGRATION),
    "Query.authorization(id)": Row(SIGN_IN),
    "Query.events(filter.subjectId)": Row(INTEGRATION, shows_gone=True, takes_all_types=True),
    "Query.events(filter.actorId)": Row("TeamMember", shows_gone=True),
    "Mutation.addInstalledApp(input.using.client.provider)": Row(
        "git provider",
        Naming.ENTRY,
        beside={
            **NEW,
            "input.using.client.url": "https://git.invalid",
            "input.using.client.clientId": "id",
            "input.using.client.clientSecret": "secret",
        },
    ),
    "Mutation.addInstalledApp(input.using.secret.provider)": Row(
        "secret provider",
        Naming.ENTRY,
        beside={
            **NEW,
            "input.using.secret.fields": [
                {"name": "url", "value": "https://hooks.invalid/in"},
                {"name": "signingSecret", "value": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
            ],
        },
    ),
    "Mutation.editInstalledApp(input.id)": Row(APP, beside={"input.name": "Renamed"}),
    "Mutation.checkInstalledApp(input.id)": Row(APP),
    "Mutation.beginAuthorization(input.purpose.provider)": Row("provider", Naming.ENTRY),
    "Mutation.beginAuthorization(input.purpose.installedAppId)": Row(APP),
    "Mutation.beginAuthorization(input.purpose.integrationId)": Row(INTEGRATION),
    "Mutation.addIntegration(input.using.installedAppId)": Row(APP, beside=NEW_POST),
    "Mutation.addIntegration(input.settings.postMonitoringResults.channelId)": Row(
        CHANNEL,
        Naming.ABROAD,
        beside={**NEW, "input.using": THROUGH_APP, "input.settings.postMonitoringResults.monitorKey": "checkout"},
    ),
    "Mutation.addIntegration(input.settings.postTeamActivity.channelId)": Row(
        CHANNEL, Naming.ABROAD, beside={**NEW, "input.using": THROUGH_APP}
    ),
    "Mutation.addIntegration(input.settings.postTeamActivity.installedAppIds)": Row(
        APP, beside={**NEW, "input.using": THROUGH_APP, "input.settings.postTeamActivity.channelId": Own(CHANNEL)}
    ),
    "Mutation.addIntegration(input.settings.connectApi.repositoryId)": Row(
        REPOSITORY,
        Naming.ABROAD,
        who=Who.MEMBER,
        beside={
            **NEW,
            "input.using": THROUGH_GIT,
            "input.settings.connectApi.apiName": "Orders",
            "input.settings.connectApi.branch": "develop",
        },
    ),
    "Mutation.editIntegration(input.id)": Row(INTEGRATION, beside={"input.name": "Renamed"}),
    "Mutation.editIntegration(input.using.installedAppId)": Row(APP, beside={"input.id": Own(INTEGRATION)}),
    "Mutation.editIntegration(input.settings.postMonitoringResults.channelId)": Row(
        CHANNEL, Naming.ABROAD, beside={"input.id": Own(INTEGRATION)}
    ),
    "Mutation.editIntegration(input.settings.postTeamActivity.channelId)": Row(
        CHANNEL, Naming.ABROAD, beside={"input.id": Own("activity integration")}
    ),
    "Mutation.editIntegration(input.settings.postTeamActivity.installedAppIds)": Row(
        APP, beside={"input.id": Own("activity integration")}
    ),
    "Mutation.reauthenticateIntegration(input.id)": Row(INTEGRATION, beside={"input.using": THROUGH_APP}),
    "Mutation.reauthenticateIntegration(input.using.installedAppId)": Row(APP, beside={"input.id": Own("own integration")}),
    "Mutation.reauthenticateIntegrations(input.stoppedBy)": Row(
        APP, beside={"input.using": THROUGH_APP, "input.preview": True}, shows_gone=True
    ),
    "Mutation.reauthenticateIntegrations(input.installedAppId)": Row(
        APP, beside={"input.using": THROUGH_APP, "input.preview": True}
    ),
    "Mutation.reauthenticateIntegrations(input.using.installedAppId)": Row(
        APP, beside={"input.installedAppId": Own(APP), "input.preview": True}
    ),
    "Mutation.pauseIntegration(input.id)": Row(INTEGRATION),
    "Mutation.resumeIntegration(input.id)": Row(INTEGRATION),
    "Mutation.retryDelivery(input.id)": Row("Delivery"),
    "Mutation.testIntegration(input.integrationId)": Row(INTEGRATION),
    "Mutation.changeTeamMemberRole(input.id)": Row("TeamMember", beside={"input.role": "VIEWER"}),
    "Subscription.integrationStatusChanged(integrationIds)": Row(INTEGRATION, beside=FROM_THE_START, shows_gone=True),
    "Subscription.integrationChanged(integrationIds)": Row(INTEGRATION, beside=FROM_THE_START, shows_gone=True),
    "Subscription.authorizationChanged(id)": Row(SIGN_IN),
    "Subscription.deliveryChanged(integrationId)": Row(INTEGRATION, beside=FROM_THE_START, shows_gone=True),
    "Subscription.eventRecorded(filter.subjectId)": Row(
        INTEGRATION, beside=FROM_THE_START, shows_gone=True, takes_all_types=True
    ),
    "Subscription.eventRecorded(filter.actorId)": Row("TeamMember", beside=FROM_THE_START, shows_gone=True),
    # From here on what is found is used up, so that the order matters.
    "Mutation.reauthenticateInstalledApp(input.id)": Row(APP, beside={"input.authorizationId": Own(SIGN_IN)}),
    "Mutation.reauthenticateInstalledApp(input.authorizationId)": Row(SIGN_IN, beside={"input.id": Own(APP)}),
    "Mutation.reauthenticateIntegration(input.using.authorization.authorizationId)": Row(
        SIGN_IN, beside={"input.id": Own("own integration")}
    ),
    "Mutation.reauthenticateIntegrations(input.using.authorization.authorizationId)": Row(
        SIGN_IN, beside={"input.installedAppId": Own(APP)}
    ),
    "Mutation.editIntegration(input.using.authorization.authorizationId)": Row(
        SIGN_IN, beside={"input.id": Own("own integration")}
    ),
    "Mutation.addIntegration(input.using.authorization.authorizationId)": Row(SIGN_IN, beside=NEW_POST),
    "Mutation.addInstalledApp(input.using.authorizationId)": Row(SIGN_IN),
    "Mutation.revokeAuthorization(input.id)": Row("git sign-in"),
    "Mutation.deleteIntegration(input.id)": Row("connected"),
    "Mutation.deleteInstalledApp(input.id)": Row(GIT),
    "Mutation.revokeAccessToken(input.id)": Row("AccessToken"),
    "Mutation.createSignInLink(input.id)": Row("TeamMember"),
    "Mutation.removeTeamMember(input.id)": Row("TeamMember"),
}


def row_of(place: Place) -> Row | None:
    """Return the place's row; None where it has none."""
    naming = next((naming for naming, owners in LISTS.items() if place.takes_cursor and place.owner in owners), None)
    return Row("cursor", naming) if naming is not None else ROWS.get(str(place))
