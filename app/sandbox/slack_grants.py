"""What the workspaces have granted the sandbox's Slack app: codes, tokens, and how both end."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from app.clock import Clock
from app.sandbox.pkce import proves
from app.sandbox.slack_wire import Failure
from app.sandbox.slack_world import Workspace

CODE_LIFETIME = timedelta(minutes=10)
ACCESS_LIFETIME = timedelta(hours=12)


@dataclass(frozen=True)
class Consent:
    """What someone agreed to on the consent page."""

    workspace: Workspace
    scopes: tuple[str, ...]
    user_scopes: tuple[str, ...]
    redirect_uri: str
    code_challenge: str | None


@dataclass
class Access:
    """An access token; `expires_at` is None for one that lasts."""

    token: str
    expires_at: datetime | None


@dataclass
class Grant:
    """An installation's tokens for one user, bot or person: the access tokens given so far, the newest last.

    `ended` is the error that its tokens get from then on.
    """

    workspace: Workspace
    is_bot: bool
    user_id: str
    scopes: tuple[str, ...]
    access: list[Access]
    refresh_token: str | None = None
    ended: Literal["token_revoked", "account_inactive"] | None = None


@dataclass
class Grants:
    """Every code and grant of the one client.

    Without rotation a second consent for the same workspace gives the same token, and scopes add up, as with Slack. With
    rotation it gives a fresh pair. Either way there is one bot in a workspace: revoking any of its tokens ends them all.
    """

    clock: Clock
    entropy: Callable[[int], bytes]
    codes: dict[str, tuple[Consent, datetime]] = field(default_factory=dict)
    grants: list[Grant] = field(default_factory=list)

    def issue_code(self, consent: Consent) -> str:
        """Return a code that is good once, for ten minutes."""
        code = f"{consent.workspace.id}.{self.entropy(24).hex()}"
        self.codes[code] = (consent, self.clock.now() + CODE_LIFETIME)
        return code

    def redeem_code(self, code: str, *, redirect_uri: str | None, verifier: str | None) -> Consent | Failure:
        """Return what the code stands for. Whatever comes of it, the code is spent (RFC 6749 section 4.1.2)."""
        consent, good_until = self.codes.pop(code, (None, None))
        if consent is None or good_until is None or self.clock.now() >= good_until:
            return Failure("invalid_code")
        if redirect_uri != consent.redirect_uri:
            return Failure("bad_redirect_uri")
        if not proves(verifier, consent.code_challenge):
            return Failure("invalid_code_verifier")
        return consent

    def grant(self, workspace: Workspace, scopes: tuple[str, ...], *, is_bot: bool, rotation: bool) -> Grant:
        """Return the grant that a consent leaves."""
        user_id = workspace.bot_user_id if is_bot else workspace.user_id
        living = (each for each in self.living(workspace) if each.user_id == user_id)
        lasting = next((each for each in living if each.refresh_token is None), None)
        if lasting is not None and not rotation:
            lasting.scopes = tuple(dict.fromkeys((*lasting.scopes, *scopes)))
            return lasting
        granted = Grant(workspace, is_bot, user_id, scopes, access=[])
        self._renew(granted, rotation=rotation)
        self.grants.append(granted)
        return granted

    def refresh(self, refresh_token: str) -> Grant | Failure:
        """Exchange a refresh token, which is spent by that; the access token before stays good until it expires."""
        grant = next((each for each in self.grants if each.refresh_token == refresh_token), None)
        if grant is None or grant.ended is not None:
            return Failure("invalid_refresh_token")
        self._renew(grant, rotation=True)
        return grant

    def find(self, token: str | None) -> Grant | Failure:
        """Return whose token it is."""
        if not token:
            return Failure("not_authed")
        for grant in self.grants:
            for access in grant.access:
                if hmac.compare_digest(access.token.encode(), token.encode()):
                    return self._still_good(grant, access)
        return Failure("invalid_auth")

    def living(self, workspace: Workspace) -> list[Grant]:
        return [each for each in self.grants if each.ended is None and each.workspace is workspace]

    def revoke(self, workspace: Workspace, user_id: str) -> None:
        """End every token of that user there; a bot also leaves its channels."""
        for grant in self.living(workspace):
            if grant.user_id == user_id:
                grant.ended = "token_revoked"
        if user_id == workspace.bot_user_id:
            workspace.let_bot_leave()

    def uninstall(self, workspace: Workspace) -> None:
        """End everything that the workspace granted: bots' tokens answer account_inactive, people's token_revoked."""
        for grant in self.living(workspace):
            grant.ended = "account_inactive" if grant.is_bot else "token_revoked"
        workspace.let_bot_leave()

    def expire(self, workspace: Workspace) -> int:
        """Let every access token that can expire do so now, and return of how many grants."""
        expiring = [each for each in self.living(workspace) if each.refresh_token]
        for access in (access for grant in expiring for access in grant.access):
            access.expires_at = self.clock.now()
        return len(expiring)

    def _still_good(self, grant: Grant, access: Access) -> Grant | Failure:
        if grant.ended is not None:
            return Failure(grant.ended)
        if access.expires_at is not None and self.clock.now() >= access.expires_at:
            return Failure("token_expired")
        return grant

    def _renew(self, grant: Grant, *, rotation: bool) -> None:
        prefix = "xoxb" if grant.is_bot else "xoxp"
        body = f"{grant.workspace.id[2:]}-{self.entropy(18).hex()}"
        if rotation:
            grant.access.append(Access(f"xoxe.{prefix}-1-{body}", self.clock.now() + ACCESS_LIFETIME))
            grant.refresh_token = f"xoxe-1-{self.entropy(24).hex()}"
        else:
            grant.access.append(Access(f"{prefix}-{body}", None))
