"""What members write into the inputs of several mutations about integrations, and what of it the actions are told."""

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

import strawberry

from app.graphql.inputs import chosen, key_of
from app.integrations.kinds.contract import AnyKind, EditInput, OfKind, SettingsInput
from app.integrations.kinds.table import ALL
from app.integrations.sources import INSTALLED_APP_FIELD, SIGN_IN_FIELD, BySignIn, ThroughApp, Using
from app.sign_ins.inputs import key_of_sign_in

C = TypeVar("C")

NOTHING_CHANGED = "Why nothing was changed."
NULL_WHEN_REFUSED = "Null when refused."
SHARED_BY_IT = "The one made by shareWithTeam."


@strawberry.input(description="A finished sign-in of the caller's.")
class NewAuthorizationInput:
    authorization_id: strawberry.ID = strawberry.field(description="The sign-in's id, once it is COMPLETED.")
    share_with_team: bool = strawberry.field(
        default=False,
        description="Make it an installed app, so that the whole team can use it; else it is the integration's own.",
    )

    def using(self) -> BySignIn:
        return BySignIn(key_of_sign_in(self.authorization_id, field=SIGN_IN_FIELD), self.share_with_team)


@strawberry.input(one_of=True, description="What an integration is authorized by: exactly one of these.")
class IntegrationAuthorizationInput:
    installed_app_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="An installed app of the team that works."
    )
    authorization: NewAuthorizationInput | None = strawberry.field(
        default=strawberry.UNSET,
        description=(
            "A finished sign-in for this integration alone, or, with shareWithTeam, a new installed app. "
            "A refused use does not use it up."
        ),
    )

    def using(self) -> Using:
        authorization = chosen(self.authorization)
        if authorization is not None:
            return authorization.using()
        return ThroughApp(key_of(chosen(self.installed_app_id) or "", "InstalledApp", field=INSTALLED_APP_FIELD))


def _one_for_each_kind(input_of: Callable[[AnyKind], Any], describe: Callable[[AnyKind], str]) -> Callable[[type[C]], type[C]]:
    """Give an input a member for each kind, named like it."""

    def add_members(members: type[C]) -> type[C]:
        for kind in ALL:
            member = kind.key.replace("-", "_")
            members.__annotations__[member] = input_of(kind) | None
            setattr(members, member, strawberry.field(default=strawberry.UNSET, description=describe(kind)))
        return members

    return add_members


@strawberry.input(one_of=True, description="What an integration does: exactly one of these, which is its kind.")
@_one_for_each_kind(lambda kind: kind.settings_input, lambda kind: kind.purpose)
class IntegrationSettingsInput:
    def settings(self) -> OfKind:
        written: SettingsInput[OfKind] = _chosen_of(self)
        return written.settings()


@strawberry.input(one_of=True, description="Other settings, of the kind that the integration has.")
@_one_for_each_kind(lambda kind: kind.edit_input, lambda kind: f"Of the kind “{kind.name}”.")
class EditIntegrationSettingsInput:
    def edit(self) -> OfKind:
        written: EditInput[OfKind] = _chosen_of(self)
        return written.edit()


def _chosen_of(one_of: object) -> Any:
    """Return the one member that was given."""
    [written] = [value for value in vars(one_of).values() if chosen(value) is not None]
    return written


def key_of_integration(id: strawberry.ID) -> UUID:
    """Return the row's key. Raises NOT_FOUND for any other text."""
    return key_of(id, "Integration", field=("id",))
