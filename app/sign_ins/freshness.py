"""What a grant's own times say of its tokens."""

from datetime import datetime, timedelta

from app.sign_ins.models import Grant
from app.storage.scheduling import lies_ahead

LEASE = timedelta(seconds=60)
LONGEST_QUIET = timedelta(hours=1)
REFUSED_OFTEN = 2
"""How many refusals in a row to renew a grant are said to its team."""


def is_due(grant: Grant, *, now: datetime) -> bool:
    """Whether its tokens are to be exchanged for newer ones."""
    return grant.refresh_at is not None and grant.refresh_at <= now


def is_leased(grant: Grant, *, now: datetime) -> bool:
    """Whether its tokens are being exchanged. A lease that lies further ahead than it lasts is of a clock set back since."""
    return lies_ahead(grant.lease_until, now=now, longest=LEASE)


def quiet_until(grant: Grant, *, now: datetime) -> datetime | None:
    """Return until when the provider has asked to be left alone, for an hour at most; None where it has not."""
    return grant.quiet_until if lies_ahead(grant.quiet_until, now=now, longest=LONGEST_QUIET) else None


def is_refused(grant: Grant) -> bool:
    """Whether the provider has refused to renew it, in a row and so often that it is said."""
    return (grant.refusals or 0) >= REFUSED_OFTEN


def is_expired(grant: Grant, *, now: datetime) -> bool:
    """Whether its access token has ended."""
    return grant.expires_at is not None and grant.expires_at <= now
