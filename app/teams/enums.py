"""Roles and scopes in the API."""

from app.access.callers import Role, Scope
from app.graphql.enums import register_enum

__all__ = ["Role", "Scope"]

register_enum(
    Role,
    name="TeamRole",
    description="What a member may do in the team.",
    members={
        Role.ADMIN: "Everything, the team's members and the installed apps of Git servers included.",
        Role.MEMBER: "Signs in at providers, shares sign-ins, makes integrations and changes their own.",
        Role.VIEWER: "Reads only.",
    },
)
register_enum(
    Scope,
    name="AccessTokenScope",
    description="What an access token may be used for. A token never allows more than its member's role does.",
    members={
        Scope.READ: "Everything that the member may read.",
        Scope.RUNS_WRITE: "`recordMonitorRun`, and of its answer only the scalars of the run and its deliveries: for CI.",
        Scope.INTEGRATIONS_WRITE: "Sign-ins, integrations, deliveries, and installed apps that hold a sign-in.",
        Scope.ADMIN: "Members, tokens, installed apps of Git servers, deletion of installed apps.",
    },
)
