"""What Slack tells us by itself: its signed events.

Sources: Slack's "Verifying requests from Slack" (the signature), and its references of the Events API's envelope, of
`url_verification`, `app_uninstalled` and `tokens_revoked`.
"""

import hashlib
import hmac
import re
from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints, ValidationError

from app.providers._http.answers import Answer
from app.providers.contract import AccessEnded, Challenge, Forged, HookAnswer, Ignored, SignedRequest
from app.sealing.secret import Secret, to_bytes
from app.text.json_text import NotJson, parse_json

WINDOW_SECONDS = 300

# int() would also take "1_7", " 12 " and digits of other scripts, and compare_digest raises on text that is not ASCII.
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")

_Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
_Challenge = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,512}$")]


class _Envelope(Answer):
    type: str


class _Verification(Answer):
    challenge: _Challenge


class _Tokens(Answer):
    oauth: list[object] = Field(default_factory=list)
    bot: list[object] = Field(default_factory=list)


class _Event(Answer):
    type: str
    tokens: _Tokens | None = None

    @property
    def ends_bot(self) -> bool:
        """Whether the app's own token may be among those that ended; `tokens` holds the ids of users, not tokens."""
        of_people_only = self.tokens is not None and not self.tokens.bot and bool(self.tokens.oauth)
        return self.type == "app_uninstalled" or (self.type == "tokens_revoked" and not of_people_only)


class _Callback(Answer):
    event: _Event


class _Occurrence(Answer):
    team_id: _Id


def read_hook(request: SignedRequest, *, signing_secret: Secret, now: datetime) -> HookAnswer:
    """Verify an event of Slack's, and read it only then.

    Forged unless it has exactly one timestamp within 300 s of `now` (either way) and exactly one signature `v0=` + hex
    HMAC-SHA256 of `v0:{timestamp}:{raw body}`, and also when it is genuine and cannot be read.
    """
    if not _is_genuine(request, signing_secret=signing_secret, now=now):
        return Forged()
    body = parse_json(request.body)
    if isinstance(body, NotJson):
        return Forged()
    try:
        return _read(body)
    except ValidationError:
        return Forged()


def _is_genuine(request: SignedRequest, *, signing_secret: Secret, now: datetime) -> bool:
    timestamp = _only_header(request, "x-slack-request-timestamp", _TIMESTAMP)
    signature = _only_header(request, "x-slack-signature", _SIGNATURE)
    if timestamp is None or signature is None or abs(now.timestamp() - int(timestamp)) > WINDOW_SECONDS:
        return False
    signed = b"v0:" + timestamp.encode("ascii") + b":" + request.body
    expected = "v0=" + hmac.new(to_bytes(signing_secret), signed, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode("ascii"), signature.encode("ascii"))


def _only_header(request: SignedRequest, name: str, pattern: re.Pattern[str]) -> str | None:
    """Return the header's value where it stands there once and looks as it must."""
    values = [value for key, value in request.headers.items() if key.lower() == name]
    return values[0] if len(values) == 1 and pattern.fullmatch(values[0]) else None


def _read(body: object) -> HookAnswer:
    match _Envelope.model_validate(body).type:
        case "url_verification":
            return Challenge(_Verification.model_validate(body).challenge)
        case "event_callback" if _Callback.model_validate(body).event.ends_bot:
            return AccessEnded(account_id=_Occurrence.model_validate(body).team_id)
        case _:
            return Ignored()
