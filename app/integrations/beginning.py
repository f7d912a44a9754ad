"""Beginning a sign-in at a provider: for something new, for an installed app, or for an integration."""

from collections.abc import Sequence

import strawberry

from app.access.callers import Caller
from app.access.rules import CHANGING, PUBLIC_ATTRIBUTE, attributes
from app.errors import Refusal, UserErrorCode
from app.graphql.context import Info
from app.graphql.errors import UserError
from app.graphql.fields import mutation
from app.graphql.inputs import chosen, key_of
from app.installed_apps.models import InstalledApp
from app.installed_apps.permissions import find_app
from app.integrations.models import Integration
from app.integrations.permissions import find_integration
from app.providers.catalogue import CATALOGUE
from app.providers.contract import SharingModel
from app.services import Services
from app.sign_ins.beginning import begin
from app.sign_ins.models import Authorization as Row
from app.sign_ins.types import Authorization

PROVIDER_FIELD = ("purpose", "provider")
INSTALLED_APP_FIELD = ("purpose", "installedAppId")
INTEGRATION_FIELD = ("purpose", "integrationId")


@strawberry.input(
    one_of=True,
    description=(
        "For something new at a provider whose installed apps share the authorization; at an installed app (a member's own "
        "sign-in at a Git server, or re-authentication of any other); or to re-authenticate an integration. The last two "
        "accept the same workspace or server only."
    ),
)
class AuthorizationPurposeInput:
    provider: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="The provider's key.")
    installed_app_id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="An installed app's id.")
    integration_id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="An integration's id.")


@strawberry.input(description="A new sign-in.")
class BeginAuthorizationInput:
    purpose: AuthorizationPurposeInput = strawberry.field(description="What it is for.")


@strawberry.type(description="The sign-in that was begun: open its `startUrl` in the member's browser.")
@attributes(PUBLIC_ATTRIBUTE)
class BeginAuthorizationPayload:
    authorization: Authorization | None = strawberry.field(default=None, description="Null when refused.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why nothing was changed.")


@mutation(
    CHANGING,
    description=(
        "Begin a sign-in at a provider, in the member's browser. With a Git server's installed app it becomes, once finished, "
        "the member's own authorization there (replacing an older one). Any other sign-in waits, once COMPLETED, to be used."
    ),
)
async def begin_authorization(info: Info, input: BeginAuthorizationInput) -> BeginAuthorizationPayload:
    row = await _begin(input.purpose, caller=info.context.viewer, services=info.context.services)
    return BeginAuthorizationPayload(authorization=Authorization.of(row, now=info.context.services.clock.now()))


async def _begin(purpose: AuthorizationPurposeInput, *, caller: Caller, services: Services) -> Row:
    app_id, integration_id = chosen(purpose.installed_app_id), chosen(purpose.integration_id)
    if app_id is not None:
        key = key_of(app_id, "InstalledApp", field=INSTALLED_APP_FIELD)
        app = await find_app(caller.team_id, key, field=INSTALLED_APP_FIELD)
        if app.oauth_client_id is not None:
            return await _begin_own(app, field=INSTALLED_APP_FIELD, caller=caller, services=services)
        return await begin(
            provider_key=app.provider,
            wanted_account_id=app.account_id,
            installed_app_id=app.id,
            field=INSTALLED_APP_FIELD,
            caller=caller,
            services=services,
        )
    if integration_id is not None:
        key = key_of(integration_id, "Integration", field=INTEGRATION_FIELD)
        integration = await find_integration(caller.team_id, key, field=INTEGRATION_FIELD)
        if CATALOGUE[integration.provider].sharing is SharingModel.SHARED_CLIENT:
            return await _begin_own(await _app_of(integration), field=INTEGRATION_FIELD, caller=caller, services=services)
        return await begin(
            provider_key=integration.provider,
            wanted_account_id=integration.account_id,
            integration_id=integration.id,
            field=INTEGRATION_FIELD,
            caller=caller,
            services=services,
        )
    return await begin(provider_key=chosen(purpose.provider) or "", field=PROVIDER_FIELD, caller=caller, services=services)


async def _begin_own(app: InstalledApp, *, field: Sequence[str], caller: Caller, services: Services) -> Row:
    """Begin the caller's own sign-in at a Git server: through its installed app, so at no other server."""
    return await begin(
        provider_key=app.provider, oauth_client_id=app.oauth_client_id, field=field, caller=caller, services=services
    )


async def _app_of(integration: Integration) -> InstalledApp:
    app = await InstalledApp.get_or_none(id=integration.installed_app_id, deleted_at__isnull=True)
    if app is None:
        message = (
            f"The installed app for {integration.connected_to} was deleted: "
            "a Team Admin has to add it again before anybody can sign in there."
        )
        raise Refusal(UserErrorCode.CONFLICT, message, field=INTEGRATION_FIELD)
    return app
