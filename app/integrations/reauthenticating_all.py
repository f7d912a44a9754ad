"""Bringing back all integrations that stopped with an installed app, or moving all that use one, in one change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import strawberry
from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from app.access.callers import Caller
from app.access.rules import CHANGING, PUBLIC_ATTRIBUTE, attributes
from app.errors import Refusal, UserErrorCode
from app.graphql.connections import Arguments, Connection
from app.graphql.context import Info
from app.graphql.errors import UserError
from app.graphql.fields import mutation, relation
from app.graphql.inputs import chosen, key_of, not_found
from app.graphql.sequences import page_of
from app.installed_apps.models import InstalledApp as App
from app.installed_apps.permissions import find_app
from app.installed_apps.types import InstalledApp
from app.integrations.inputs import NOTHING_CHANGED, SHARED_BY_IT, IntegrationAuthorizationInput
from app.integrations.models import Integration as Row
from app.integrations.permissions import may_edit
from app.integrations.restoring import reauthorize_all
from app.integrations.sources import Using, dry_run, take
from app.integrations.targets import find_missing
from app.integrations.types import Integration
from app.log.events import Change
from app.outbound.budget import Budget
from app.services import Services
from app.teams.permissions import recheck_role

MOST_AT_ONCE = 2_000
"""How many integrations a team may have, where nothing else is set."""

STOPPED_BY_FIELD, APP_FIELD = ("stoppedBy",), ("installedAppId",)


@strawberry.input(
    description="Which integrations, by exactly one of `stoppedBy` and `installedAppId`, and their other authorization."
)
class ReauthenticateIntegrationsInput:
    stopped_by: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description=(
            "An installed app's id, also that of a deleted one: all integrations that have stopped with it, or with another one "
            "that the team had for the same workspace or server."
        ),
    )
    installed_app_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="An installed app's id: all integrations that use it. Those that work go over for who made them, and admins.",
    )
    using: IntegrationAuthorizationInput = strawberry.field(
        description=(
            "What they are authorized by from now on, for the same workspace or server. At a Git server: the caller's own "
            "authorization there."
        )
    )
    preview: bool = strawberry.field(
        default=False,
        description="Only say what would go over and what would not, and change nothing. The sign-in is not used up.",
    )


@strawberry.type(description="An integration that keeps the authorization that it has, and why.")
@attributes(PUBLIC_ATTRIBUTE)
class RefusedIntegration:
    integration: Integration = strawberry.field(description="Which one, as it is.")
    code: UserErrorCode = strawberry.field(description="For programs.")
    message: str = strawberry.field(description="What is in its way and what to do, for a person.")


@dataclass(frozen=True)
class Refused:
    """An integration that does not go over, and why."""

    row: Row
    refusal: Refusal


@dataclass(frozen=True)
class Outcome:
    """What went over, or would; what did not; the installed app that was made for it. `has_more`: more than one call takes."""

    gone_over: Sequence[Row]
    refused: Sequence[Refused]
    has_more: bool
    new_app: App | None = None


@strawberry.type(
    description="The integrations that went over, and those that did not. With `preview`: that would, and would not."
)
@attributes(PUBLIC_ATTRIBUTE)
class ReauthenticateIntegrationsPayload:
    outcome: strawberry.Private[Outcome | None] = None
    installed_app: InstalledApp | None = strawberry.field(default=None, description=SHARED_BY_IT)
    has_more: bool = strawberry.field(
        default=False, description=f"Whether there are more than one call takes, {MOST_AT_ONCE:,}: then call again."
    )
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=NOTHING_CHANGED)

    @relation(description="What went over, newest first; null when all was refused.")
    def integrations(self, info: Info, page: Arguments) -> Connection[Integration] | None:
        del info
        if self.outcome is None:
            return None
        return Connection.of(page_of(self.outcome.gone_over, page, model=Row, row_of=lambda row: row), Integration.of)

    @relation(description="What stays as it is, and why, newest first; null when all was refused.")
    def refused(self, info: Info, page: Arguments) -> Connection[RefusedIntegration] | None:
        del info
        if self.outcome is None:
            return None
        return Connection.of(page_of(self.outcome.refused, page, model=Row, row_of=lambda each: each.row), _show)


@mutation(
    CHANGING,
    description=(
        "Bring back all integrations that have stopped with an installed app, or move all that use one, to an installed app or a "
        "sign-in for the same workspace or server: in one change. Any member may for what is stopped; who made it, and admins, "
        "for what works. Each channel or repository is looked for once before: an integration whose own is not there stays "
        "as it is and is named, and the others go. Where none could go, nothing is used up. Read it first with `preview: true`."
    ),
)
async def reauthenticate_integrations(info: Info, input: ReauthenticateIntegrationsInput) -> ReauthenticateIntegrationsPayload:
    outcome = await reauthenticate_all(
        _read(input),
        using=input.using.using(),
        is_preview=input.preview,
        caller=info.context.viewer,
        services=info.context.services,
        budget=info.context.budget,
    )
    return ReauthenticateIntegrationsPayload(
        outcome=outcome,
        installed_app=InstalledApp.of(outcome.new_app) if outcome.new_app is not None else None,
        has_more=outcome.has_more,
    )


@dataclass(frozen=True)
class StoppedBy:
    """What has stopped with an installed app, or with another one for the same account."""

    installed_app_id: UUID


@dataclass(frozen=True)
class UsedBy:
    """What uses an installed app."""

    installed_app_id: UUID


async def reauthenticate_all(
    which: StoppedBy | UsedBy,
    *,
    using: Using,
    is_preview: bool = False,
    caller: Caller,
    services: Services,
    budget: Budget | None = None,
) -> Outcome:
    """Let all those integrations that can use `using` from now on, in one change. `is_preview`: change nothing.

    Where none can, nothing is changed either, and the sign-in is not used up. Raises NOT_FOUND, and what `sources.take` refuses.
    `budget` is what may be asked of the provider: what it does not suffice for goes over unasked.
    """
    app = await _find_app(caller.team_id, which)
    seen = await _wanted(app, which).limit(MOST_AT_ONCE)
    grant = await dry_run(using, caller=caller, services=services, wanted_account_id=app.account_id)
    missing = await find_missing(seen, grant=grant, services=services, budget=budget or Budget())
    asked = {row.id: row.updated_at for row in seen}

    async def apply(change: Change) -> Outcome:
        viewer = await recheck_role(change, caller)
        found = await _wanted(app, which).limit(MOST_AT_ONCE + 1)
        # What was edited since may be about another channel now: nobody has asked about that one.
        standing = {row.id: missing[row.id] for row in found if row.id in missing and asked[row.id] == row.updated_at}
        going, refused = _judge(found[:MOST_AT_ONCE], missing=standing, viewer=viewer)
        source = await take(change, using, member_id=caller.member_id, wanted_account_id=app.account_id)
        outcome = Outcome(going, refused, has_more=len(found) > MOST_AT_ONCE)
        if is_preview or not going:
            raise _Undone(outcome)
        await reauthorize_all(change, going, source)
        return Outcome(going, refused, outcome.has_more, source.new_app)

    try:
        return await services.events.change(caller.team_id, apply, actor=caller.actor)
    except _Undone as undone:
        return undone.outcome


class _Undone(Exception):
    """Undoes the change: it was only to find out, or nothing is left to do."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


async def _find_app(team_id: UUID, which: StoppedBy | UsedBy) -> App:
    """Return the installed app that says which; a deleted one where that is what they have stopped with. Raises NOT_FOUND."""
    if isinstance(which, UsedBy):
        return await find_app(team_id, which.installed_app_id, field=APP_FIELD)
    app = await App.get_or_none(id=which.installed_app_id, team_id=team_id)
    if app is None:
        raise not_found(field=STOPPED_BY_FIELD)
    return app


def _wanted(app: App, which: StoppedBy | UsedBy) -> QuerySet[Row]:
    """Return the integrations in question, oldest first: the order in which things happen to them."""
    living = Row.filter(team_id=app.team_id, deleted_at__isnull=True).order_by("created_at", "id")
    return living.filter(installed_app_id=app.id) if isinstance(which, UsedBy) else living.filter(stopped_at_account_of(app))


def stopped_at_account_of(app: App) -> Q:
    """Return what those have in common that have stopped with the installed app, or with another one for the same account."""
    return Q(provider=app.provider, account_id=app.account_id, uses_installed_app=True, stopped_by__isnull=False)


def _judge(found: Sequence[Row], *, missing: Mapping[UUID, Refusal], viewer: Caller) -> tuple[list[Row], list[Refused]]:
    going: list[Row] = []
    refused: list[Refused] = []
    for row in found:
        why = missing.get(row.id)
        if not row.is_stopped and not may_edit(viewer, row):
            why = Refusal(
                UserErrorCode.FORBIDDEN,
                f"“{row.name}” works: only who made it and Team Admins may give it another authorization.",
            )
        if why is None:
            going.append(row)
        else:
            refused.append(Refused(row, why))
    return going, refused


def _show(refused: Refused) -> RefusedIntegration:
    return RefusedIntegration(integration=Integration.of(refused.row), code=refused.refusal.code, message=refused.refusal.message)


def _read(input: ReauthenticateIntegrationsInput) -> StoppedBy | UsedBy:
    stopped_by, app_id = chosen(input.stopped_by), chosen(input.installed_app_id)
    if (stopped_by is None) is (app_id is None):
        message = "Say which integrations: by exactly one of `stoppedBy` and `installedAppId`."
        raise Refusal(UserErrorCode.INVALID, message, field=STOPPED_BY_FIELD)
    if stopped_by is not None:
        return StoppedBy(key_of(stopped_by, "InstalledApp", field=STOPPED_BY_FIELD))
    return UsedBy(key_of(app_id or "", "InstalledApp", field=APP_FIELD))
