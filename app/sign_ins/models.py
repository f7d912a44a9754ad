"""The authorization (what the API shows of a sign-in) and the grant (the sealed tokens that it left)."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from app.sealing.vault import Binding
from app.teams.models import Member


class AuthorizationStatus(StrEnum):
    PENDING = "PENDING"
    COMPLETED = "COMPLETED"
    USED = "USED"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"


class AuthorizationFailureCode(StrEnum):
    DENIED = "DENIED"
    WRONG_ACCOUNT = "WRONG_ACCOUNT"
    CLIENT_REFUSED = "CLIENT_REFUSED"
    MISSING_SCOPES = "MISSING_SCOPES"
    PROVIDER_REFUSED = "PROVIDER_REFUSED"
    PROVIDER_UNREACHABLE = "PROVIDER_UNREACHABLE"


class StatusReason(StrEnum):
    """Why an installed app or an integration is not simply active; the contract's enum."""

    INSTALLED_APP_DELETED = "INSTALLED_APP_DELETED"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"
    MISSING_SCOPES = "MISSING_SCOPES"
    AUTHORIZATION_ENDED = "AUTHORIZATION_ENDED"
    REFRESH_UNCERTAIN = "REFRESH_UNCERTAIN"
    CLIENT_REFUSED = "CLIENT_REFUSED"
    KEY_UNAVAILABLE = "KEY_UNAVAILABLE"
    PROVIDER_UNREACHABLE = "PROVIDER_UNREACHABLE"
    PROVIDER_ERROR = "PROVIDER_ERROR"
    TARGET_UNAVAILABLE = "TARGET_UNAVAILABLE"
    PAUSED_BY_MEMBER = "PAUSED_BY_MEMBER"

    @property
    def needs_reauthentication(self) -> bool:
        return self in _NEEDS_REAUTHENTICATION

    @property
    def is_passing(self) -> bool:
        """Whether it may pass by itself."""
        return self in {StatusReason.PROVIDER_UNREACHABLE, StatusReason.PROVIDER_ERROR}


_NEEDS_REAUTHENTICATION = frozenset(
    {
        StatusReason.INSTALLED_APP_DELETED,
        StatusReason.REVOKED,
        StatusReason.EXPIRED,
        StatusReason.MISSING_SCOPES,
        StatusReason.AUTHORIZATION_ENDED,
        StatusReason.REFRESH_UNCERTAIN,
        StatusReason.CLIENT_REFUSED,
    }
)


class GrantState(StrEnum):
    """WAITING to be used → ACTIVE → REVOKING (only the revocation job reads it) → GONE (its sealed values are shredded)."""

    WAITING = "WAITING"
    ACTIVE = "ACTIVE"
    REVOKING = "REVOKING"
    GONE = "GONE"


LIVE = (GrantState.WAITING, GrantState.ACTIVE)


class RevocationOutcome(StrEnum):
    """KEPT: it was shredded here alone: another live grant has the same token, or nothing can be given back.

    UNKNOWN: the provider could not be asked for a whole day.
    """

    REVOKED = "REVOKED"
    KEPT = "KEPT"
    UNKNOWN = "UNKNOWN"


class OAuthClient(Model):
    """A team's own OAuth client at a Git server. Its secret stays until the last grant that it made is GONE.

    `version` counts the secrets it has had; `trouble` is what keeps the client itself from working, whoever signs in with it.
    `certificate_ends_at` is when the server's certificate ends, and `trust_ends_at` when the one of `certificates` does that
    it is trusted by: as of the last check; None where there is none.
    """

    id = fields.UUIDField(primary_key=True)
    team_id = fields.UUIDField()
    provider = fields.CharField(max_length=64)
    base_url = fields.CharField(max_length=300)
    origin = fields.CharField(max_length=300)
    client_id = fields.CharField(max_length=300)
    sealed_secret: bytes | None = fields.BinaryField(null=True)
    secret_hint = fields.CharField(max_length=4)
    certificates: str | None = fields.TextField(null=True)
    version = fields.IntField(default=1)
    trouble: StatusReason | None = fields.CharEnumField(StatusReason, max_length=32, null=True)  # type: ignore[assignment]  # null=True is not in its type
    certificate_ends_at: datetime | None = fields.DatetimeField(null=True)
    trust_ends_at: datetime | None = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    last_checked_at: datetime | None = fields.DatetimeField(null=True)
    ended_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "oauth_client"
        indexes = (("team_id", "ended_at"),)

    @property
    def has_ended(self) -> bool:
        return self.ended_at is not None

    def binding(self, column: str, *, version: int | None = None) -> Binding:
        """Return the place that `column` (sealed_secret) is sealed for; `version` defaults to the present one."""
        return Binding(
            team_id=self.team_id,
            table="oauth_client",
            column=column,
            row_id=self.id,
            origin=self.origin,
            generation=self.version if version is None else version,
        )


class Grant(Model):
    """The tokens of one sign-in, sealed. `version` counts the token pairs it has held: what is sealed is bound to it.

    `refresh_at` is when the next refresh is due, and after one that failed, when it may be tried again. A `lease_owner` whose
    lease has run out was cut off: nobody knows whether the provider has spent the refresh token. `refresh_ends_at` is when
    the refresh token ends, where the provider says so; `refusals` counts how often in a row it has refused to renew the tokens.
    """

    id = fields.UUIDField(primary_key=True)
    team_id = fields.UUIDField()
    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "models.Member", on_delete=fields.RESTRICT, related_name=False
    )
    member_id: UUID
    provider = fields.CharField(max_length=64)
    oauth_client: fields.ForeignKeyNullableRelation[OAuthClient] = fields.ForeignKeyField(
        "models.OAuthClient", on_delete=fields.RESTRICT, related_name=False, null=True
    )
    oauth_client_id: UUID | None
    is_shared = fields.BooleanField(default=False)
    origin = fields.CharField(max_length=300)
    client_id = fields.CharField(max_length=300)
    redirect_uri = fields.TextField()
    account_id = fields.CharField(max_length=300)
    account_name = fields.CharField(max_length=300)
    actor_id = fields.CharField(max_length=300, null=True)
    url: str | None = fields.TextField(null=True)
    scope_names = fields.TextField()
    sealed_access: bytes | None = fields.BinaryField(null=True)
    sealed_refresh: bytes | None = fields.BinaryField(null=True)
    version = fields.IntField(default=1)
    expires_at: datetime | None = fields.DatetimeField(null=True)
    lifetime_seconds: int | None = fields.BigIntField(null=True)
    refresh_at: datetime | None = fields.DatetimeField(null=True)
    refresh_ends_at: datetime | None = fields.DatetimeField(null=True)
    refusals: int | None = fields.IntField(null=True)
    state = fields.CharEnumField(GrantState, max_length=32)
    trouble: StatusReason | None = fields.CharEnumField(StatusReason, max_length=32, null=True)  # type: ignore[assignment]  # null=True is not in its type
    trouble_message: str | None = fields.TextField(null=True)
    lease_owner: UUID | None = fields.UUIDField(null=True)
    lease_until: datetime | None = fields.DatetimeField(null=True)
    quiet_until: datetime | None = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    last_used_at: datetime | None = fields.DatetimeField(null=True)
    last_checked_at: datetime | None = fields.DatetimeField(null=True)
    next_check_at: datetime | None = fields.DatetimeField(null=True)
    revoking_since: datetime | None = fields.DatetimeField(null=True)
    next_revocation_at: datetime | None = fields.DatetimeField(null=True)
    revocation_attempts = fields.IntField(default=0)
    revocation: RevocationOutcome | None = fields.CharEnumField(RevocationOutcome, max_length=32, null=True)  # type: ignore[assignment]  # null=True is not in its type

    class Meta:
        table = "grant"
        indexes = (
            ("state", "next_check_at"),
            ("state", "next_revocation_at"),
            ("state", "refresh_at"),
            ("origin", "client_id", "account_id"),
            ("team_id", "member_id"),
        )

    @property
    def scopes(self) -> tuple[str, ...]:
        return tuple(self.scope_names.split())

    @property
    def is_live(self) -> bool:
        return self.state in LIVE

    def binding(self, column: str, *, version: int | None = None) -> Binding:
        """Return the place that `column` (sealed_access, sealed_refresh) is sealed for; `version` defaults to the present one."""
        return Binding(
            team_id=self.team_id,
            table="grant",
            column=column,
            row_id=self.id,
            origin=self.origin,
            generation=self.version if version is None else version,
        )


class Authorization(Model):
    """One sign-in at a provider, from begin to its end. Everything that the callback trusts is here."""

    id = fields.UUIDField(primary_key=True)
    team_id = fields.UUIDField()
    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "models.Member", on_delete=fields.RESTRICT, related_name=False
    )
    member_id: UUID
    provider = fields.CharField(max_length=64)
    installed_app_id: UUID | None = fields.UUIDField(null=True)
    oauth_client: fields.ForeignKeyNullableRelation[OAuthClient] = fields.ForeignKeyField(
        "models.OAuthClient", on_delete=fields.RESTRICT, related_name=False, null=True
    )
    oauth_client_id: UUID | None
    integration_id: UUID | None = fields.UUIDField(null=True)
    wanted_account_id = fields.CharField(max_length=300, null=True)
    origin = fields.CharField(max_length=300)
    client_id = fields.CharField(max_length=300)
    redirect_uri = fields.TextField()
    ticket_hash = fields.CharField(max_length=64, unique=True)
    state_hash = fields.CharField(max_length=64, unique=True, null=True)
    cookie_hash = fields.CharField(max_length=64, null=True)
    sealed_ticket: bytes | None = fields.BinaryField(null=True)
    sealed_verifier: bytes | None = fields.BinaryField(null=True)
    status = fields.CharEnumField(AuthorizationStatus, max_length=32)
    failure_code: AuthorizationFailureCode | None = fields.CharEnumField(AuthorizationFailureCode, max_length=32, null=True)  # type: ignore[assignment]  # null=True is not in its type
    failure_message: str | None = fields.TextField(null=True)
    connected_to = fields.CharField(max_length=300, null=True)
    grant: fields.ForeignKeyNullableRelation[Grant] = fields.ForeignKeyField(
        "models.Grant", on_delete=fields.RESTRICT, related_name=False, null=True
    )
    grant_id: UUID | None
    begun_at = fields.DatetimeField()
    consumed_at: datetime | None = fields.DatetimeField(null=True)
    ended_at: datetime | None = fields.DatetimeField(null=True)
    expires_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "authorization"
        indexes = (
            ("team_id", "member_id"),
            ("member_id", "status", "begun_at", "id"),
            ("status", "expires_at"),
            ("status", "ended_at"),
            ("grant_id",),
        )

    def status_at(self, now: datetime) -> AuthorizationStatus:
        """Return the status as it is at `now`: what ran out counts as EXPIRED before the job has written it."""
        runs_out = self.status in {AuthorizationStatus.PENDING, AuthorizationStatus.COMPLETED}
        if runs_out and self.expires_at is not None and self.expires_at <= now:
            return AuthorizationStatus.EXPIRED
        return self.status

    def binding(self, column: str) -> Binding:
        return Binding(
            team_id=self.team_id, table="authorization", column=column, row_id=self.id, origin=self.origin, generation=1
        )
