"""What can go wrong on order: the JSON of POST /control/faults, as typed values."""

from typing import Annotated, Literal

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, TypeAdapter


class _Fault(BaseModel):
    """What every fault says: whose requests meet it, and how many of them.

    `endpoint` is the end of a path ("chat.postMessage", "oauth/v2/authorize", "/slack/api/auth.test"); without it, or with
    "*", any request to the provider meets the fault.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    provider: str
    endpoint: str | None = None
    times: int = Field(default=1, ge=1)

    def concerns(self, path: str) -> bool:
        return self.endpoint in {None, "*"} or path.endswith("/" + str(self.endpoint).lstrip("/"))


class StatusFault(_Fault):
    """The provider answers with this status and does nothing; without a `body`, it says so in its own words."""

    fault: Literal["status"]
    status: int = Field(default=503, ge=200, le=599)
    body: str | None = None


class RateLimitFault(_Fault):
    """429 with Retry-After, in seconds. GitHub only: 403 is its primary limit, whose end X-RateLimit-Reset tells instead."""

    fault: Literal["rate_limit"]
    retry_after: int = Field(default=1, ge=0)
    status: Literal[403, 429] = 429


class SlowFault(_Fault):
    """The answer comes, so many seconds late."""

    fault: Literal["slow"]
    seconds: float = Field(default=1.0, ge=0)
    when: Literal["before", "after"] = "before"


class ResetFault(_Fault):
    """The TCP connection breaks: before anything is done, or midway through the answer to what has been done."""

    fault: Literal["reset"]
    when: Literal["before", "midway"] = "before"


class MalformedFault(_Fault):
    """The provider does nothing and answers these very bytes: `body_base64` where they are no text."""

    fault: Literal["malformed"]
    status: int = Field(default=200, ge=200, le=599)
    body: str = '{"ok": tru'
    body_base64: Base64Bytes | None = None
    content_type: str = "application/json; charset=utf-8"
    headers: dict[str, str] = Field(default_factory=dict)

    def content(self) -> bytes:
        return self.body.encode() if self.body_base64 is None else self.body_base64


class AccountFault(_Fault):
    """Something happens to the grants: at once, or, where an endpoint is named, just before its next request is answered.

    `workspace`: its id or name; all when absent. Git servers: `user`, a login; everyone when absent. Slack only: the order of
    its signed events, and whether it sends any.
    """

    fault: Literal["revoke_token", "uninstall_app", "expire_tokens"]
    workspace: str | None = None
    user: str | None = None
    order: Literal["uninstalled_first", "revoked_first"] = "revoked_first"
    events: bool = True


Fault = StatusFault | RateLimitFault | SlowFault | ResetFault | MalformedFault | AccountFault

FAULT: TypeAdapter[Fault] = TypeAdapter(Annotated[Fault, Field(discriminator="fault")])
