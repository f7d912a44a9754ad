"""What a member is told of a sign-in of theirs, so that no client has to word it."""

from datetime import datetime

from app.providers.catalogue import CATALOGUE
from app.sign_ins.models import Authorization, AuthorizationStatus


def message_of(row: Authorization, *, now: datetime) -> str:
    """Return what the sign-in has connected, as it is at `now`; or why it has not, and what to do."""
    provider = CATALOGUE[row.provider].name
    # A Git server's account is the member's own; elsewhere it is a workspace, which many share.
    connected = f"Connected to {provider} as {row.connected_to}" if row.oauth_client_id else f"Connected to {row.connected_to}"
    match row.status_at(now):
        case AuthorizationStatus.PENDING:
            return f"Not connected yet: finish signing in at {provider} in the browser."
        case AuthorizationStatus.COMPLETED if row.oauth_client_id is None:
            return f"{connected}. It is not in use yet: add an installed app or an integration with it."
        case AuthorizationStatus.COMPLETED | AuthorizationStatus.USED:
            return f"{connected}."
        case AuthorizationStatus.FAILED:
            return f"Not connected. {row.failure_message or f'Sign in at {provider} again.'}"
        case AuthorizationStatus.EXPIRED:
            return f"Not connected: the sign-in at {provider} was not finished or not used in time. Begin another."
        case AuthorizationStatus.REVOKED:
            return f"No longer connected: the sign-in at {provider} was ended. Begin another to connect again."
