"""Teams, their members, and the credentials of members."""

from datetime import datetime
from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from app.access.callers import Role, Scope


class Team(Model):
    id = fields.UUIDField(primary_key=True)
    name = fields.CharField(max_length=200, unique=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "team"


class Member(Model):
    """A person in one team. A row outlives their leaving: they stay named where they did something."""

    id = fields.UUIDField(primary_key=True)
    team: fields.ForeignKeyRelation[Team] = fields.ForeignKeyField("models.Team", on_delete=fields.RESTRICT, related_name=False)
    team_id: UUID
    name = fields.CharField(max_length=200)
    email = fields.CharField(max_length=320)
    role = fields.CharEnumField(Role, max_length=32)
    joined_at = fields.DatetimeField()
    left_at: datetime | None = fields.DatetimeField(null=True)
    last_signed_in_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "member"
        unique_together = (("team", "email"),)
        # The list of those that are present goes by a partial index, which Tortoise does not declare: migration 0012 makes it.

    @property
    def has_left(self) -> bool:
        return self.left_at is not None


class AccessToken(Model):
    """A bearer token of one member. Only its SHA-256 is kept: the token itself is shown once."""

    id = fields.UUIDField(primary_key=True)
    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "models.Member", on_delete=fields.RESTRICT, related_name=False
    )
    member_id: UUID
    name = fields.CharField(max_length=200)
    hash = fields.CharField(max_length=64, unique=True)
    last_four = fields.CharField(max_length=4)
    scope_names = fields.CharField(max_length=200)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    last_used_at: datetime | None = fields.DatetimeField(null=True)
    revoked_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "access_token"
        # The list of those that are in force goes by a partial index, which Tortoise does not declare: migration 0012 makes it.
        indexes = (("member_id", "revoked_at"),)

    @property
    def scopes(self) -> frozenset[Scope]:
        return frozenset(Scope(name) for name in self.scope_names.split())

    def is_good(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at


class SignInLink(Model):
    """A link that signs a browser in once. Only the SHA-256 of its secret part is kept."""

    id = fields.UUIDField(primary_key=True)
    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "models.Member", on_delete=fields.RESTRICT, related_name=False
    )
    member_id: UUID
    hash = fields.CharField(max_length=64, unique=True)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    used_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "sign_in_link"


class BrowserSession(Model):
    """A browser that is signed in as a member. Only the SHA-256 of its cookie is kept.

    `access_token_id` names the token that it was signed in with, if it was: it ends with that one.
    """

    id = fields.UUIDField(primary_key=True)
    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "models.Member", on_delete=fields.RESTRICT, related_name=False
    )
    member_id: UUID
    hash = fields.CharField(max_length=64, unique=True)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    ended_at: datetime | None = fields.DatetimeField(null=True)
    access_token_id: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "browser_session"
        indexes = (("member_id", "created_at"),)

    def is_good(self, now: datetime) -> bool:
        return self.ended_at is None and now < self.expires_at


class OidcSignIn(Model):
    """A browser that was sent to the OIDC issuer to sign in. Its state and its cookie are kept as SHA-256 alone.

    Nobody is known yet: who they are is what the issuer will say. `email` is whom it said, as long as they still have
    to say which of their teams they mean.
    """

    id = fields.UUIDField(primary_key=True)
    state_hash = fields.CharField(max_length=64, unique=True)
    cookie_hash = fields.CharField(max_length=64)
    next_path = fields.CharField(max_length=1000)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    used_at: datetime | None = fields.DatetimeField(null=True)
    email: str | None = fields.CharField(max_length=320, null=True)  # type: ignore[assignment]  # null=True is not in its type

    class Meta:
        table = "oidc_sign_in"
        indexes = (("expires_at",),)
