"""What people granted the one app that a Git server knows: codes, tokens, and how both end."""

import hmac
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.clock import Clock
from app.sandbox.git_world import User
from app.sandbox.pkce import proves

CODE_LIFETIME = timedelta(minutes=10)


@dataclass(frozen=True)
class Consent:
    """What someone agreed to on the consent page."""

    user: User
    scopes: tuple[str, ...]
    redirect_uri: str
    challenge: str | None


@dataclass
class Token:
    """An access token, with its refresh token where it has one; `expires_at` is None for one that lasts."""

    id: int
    user: User
    scopes: tuple[str, ...]
    access: str
    redirect_uri: str
    created_at: datetime
    refresh: str | None = None
    expires_at: datetime | None = None
    is_revoked: bool = False


@dataclass
class Grants:
    """Every code and token of the one client, in the order in which they were given."""

    clock: Clock
    entropy: Callable[[int], bytes]
    codes: dict[str, tuple[Consent, datetime]] = field(default_factory=dict)
    tokens: list[Token] = field(default_factory=list)

    def issue_code(self, consent: Consent) -> str:
        """Return a code that is good once, for ten minutes."""
        code = self.entropy(20).hex()
        self.codes[code] = (consent, self.clock.now() + CODE_LIFETIME)
        return code

    def redeem_code(self, code: str, *, redirect_uri: str | None, verifier: str | None) -> Consent | str:
        """Return what the code stands for, and spend it; or say what is wrong: "code", "redirect_uri" or "verifier".

        `redirect_uri` None: who exchanges it does not say where it was sent.
        """
        consent, good_until = self.codes.get(code, (None, None))
        if consent is None or good_until is None or self.clock.now() >= good_until:
            return "code"
        if redirect_uri is not None and redirect_uri != consent.redirect_uri:
            return "redirect_uri"
        if not proves(verifier, consent.challenge):
            return "verifier"
        del self.codes[code]
        return consent

    def give(self, consent: Consent, *, access: str, refresh: str | None = None, lifetime: timedelta | None = None) -> Token:
        """Give the app a token."""
        now = self.clock.now()
        token = Token(
            id=len(self.tokens) + 1,
            user=consent.user,
            scopes=consent.scopes,
            access=access,
            redirect_uri=consent.redirect_uri,
            created_at=now,
            refresh=refresh,
            expires_at=None if lifetime is None else now + lifetime,
        )
        self.tokens.append(token)
        return token

    def find(self, access: str) -> Token | None:
        return next((each for each in self.tokens if _same(each.access, access)), None)

    def find_by_refresh(self, refresh: str) -> Token | None:
        return next((each for each in self.tokens if each.refresh is not None and _same(each.refresh, refresh)), None)

    def is_expired(self, token: Token) -> bool:
        return token.expires_at is not None and self.clock.now() >= token.expires_at

    def living(self, user: User | None = None) -> Iterator[Token]:
        """Yield the tokens that were not revoked, of one person or of everyone."""
        yield from (each for each in self.tokens if not each.is_revoked and (user is None or each.user == user))

    def revoke_all(self, user: User | None) -> int:
        """Revoke every token of one person, or of everyone, and return how many that were."""
        ending = list(self.living(user))
        for token in ending:
            token.is_revoked = True
        return len(ending)

    def expire_all(self, user: User | None) -> int:
        """Let every token that can expire do so now, and return how many that were."""
        expiring = [each for each in self.living(user) if each.expires_at is not None]
        for token in expiring:
            token.expires_at = self.clock.now()
        return len(expiring)


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
