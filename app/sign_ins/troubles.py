"""Writing down what a provider or the keyring says is wrong with a grant."""

from app.errors import KeyUnavailable, SealError
from app.providers.contract import Failure, Fault
from app.services import Services
from app.sign_ins import faults, oauth_clients
from app.sign_ins.clients import describe_refused
from app.sign_ins.grants import note_trouble
from app.sign_ins.models import Grant, StatusReason


async def note_refusal(grant: Grant, failure: Failure, *, services: Services) -> None:
    """Write down what the provider refuses: the grant, or with CLIENT_REFUSED the team's own client that it was made with."""
    reason, message = faults.reason(failure), describe_refused(grant, failure)
    if failure.fault is Fault.CLIENT_REFUSED and grant.oauth_client_id is not None:
        await oauth_clients.note_trouble(grant.oauth_client_id, reason, message, services=services)
    else:
        await note_trouble(grant, reason, message, services=services)


async def note_seal_error(grant: Grant, error: SealError, *, services: Services) -> Failure:
    """Write down that the grant's tokens do not open, and return how a call fails for that."""
    if isinstance(error, KeyUnavailable):
        message = f"The stored authorization cannot be opened: the operator has to bring back the key {error.key_id}."
    else:
        message = "The stored authorization cannot be opened: it was damaged. Sign in again, or ask the operator for a backup."
    await note_trouble(grant, StatusReason.KEY_UNAVAILABLE, message, services=services)
    return Failure(Fault.BROKEN, message)
