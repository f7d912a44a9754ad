"""The enums of installed apps in the API."""

from app.graphql.enums import register_enum
from app.installed_apps.models import InstalledAppStatus
from app.sign_ins.models import StatusReason

__all__ = ["InstalledAppStatus", "StatusReason"]

register_enum(
    InstalledAppStatus,
    name="InstalledAppStatus",
    description="Whether an installed app works. New statuses may come: have a default branch.",
    members={
        InstalledAppStatus.ACTIVE: "It works, as far as is known.",
        InstalledAppStatus.NEEDS_REAUTHENTICATION: "Its authorization does not work any more: re-authenticate it.",
        InstalledAppStatus.UNREACHABLE: "The provider cannot be reached or is failing; it may pass by itself.",
        InstalledAppStatus.UNAVAILABLE: "The operator must act: see the reason.",
    },
)
register_enum(
    StatusReason,
    name="StatusReason",
    description=(
        "Why something is not simply ACTIVE. Which status each goes with stands in front of it: N NEEDS_REAUTHENTICATION, "
        "F FAILING, U UNREACHABLE, X UNAVAILABLE, P PAUSED. New reasons may come: have a default branch."
    ),
    members={
        StatusReason.INSTALLED_APP_DELETED: (
            "N, integrations. The installed app that it used was deleted: re-authenticate it; a Git server's can be added again, "
            "which adopts it."
        ),
        StatusReason.REVOKED: "N. The provider says that the authorization was revoked, or the app uninstalled.",
        StatusReason.EXPIRED: "N. The authorization has run out.",
        StatusReason.MISSING_SCOPES: "N. What was granted is not enough: sign in again and grant all of it.",
        StatusReason.AUTHORIZATION_ENDED: "N, integrations. The member whose own authorization it used has left, or ended it.",
        StatusReason.REFRESH_UNCERTAIN: (
            "N. A token refresh was cut off before its result was saved, and the tokens left do not work."
        ),
        StatusReason.CLIENT_REFUSED: (
            "N, of a Git server's installed app: the server refuses the client id or secret; edit the installed app."
        ),
        StatusReason.KEY_UNAVAILABLE: "X. The stored secret cannot be opened with the keys that this server has.",
        StatusReason.PROVIDER_UNREACHABLE: "U, F. The provider cannot be reached.",
        StatusReason.PROVIDER_ERROR: "U, F. The provider fails, or refuses for a reason of its own.",
        StatusReason.TARGET_UNAVAILABLE: "F. Channel archived, repository or branch deleted, no access.",
        StatusReason.PAUSED_BY_MEMBER: "P. A member paused it.",
    },
)
