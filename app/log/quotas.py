"""Quotas: how much a team may have and do, so that no token fills the database.

What a team *has* is looked at in the change that would add to it, under the team's lock. What it *does* in a minute or a day is
counted in the row that is the lock. Nothing is looked through for it: neither grows with the tables. A team that is beyond a
quota, because it was made smaller, keeps what it has.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from tortoise.queryset import QuerySet

from app.errors import Refusal, UserErrorCode
from app.log.quota_settings import Quotas

MINUTE = 60
DAY = 24 * 3600


@dataclass(frozen=True)
class Quota:
    """A limit on what a team has. `things` are those of "Your team has 200 …", `way_out` says what a member can do."""

    setting: str
    things: str
    way_out: str
    whose: str = "Your team has"


@dataclass(frozen=True)
class Allowance:
    """A limit on what a team does in each minute or day of the clock. `deed` is what stands behind "A team may …"."""

    setting: str
    seconds: int
    deed: str
    name: str = ""
    """By which it is counted; the setting's where that stands for one thing."""

    @property
    def key(self) -> str:
        return self.name or self.setting


MEMBERS = Quota("max_members", "members", "remove one who is not needed")
ACCESS_TOKENS = Quota("max_access_tokens", "access tokens in force", "revoke some that nobody needs")
ACCESS_TOKENS_OF_MEMBER = Quota(
    "max_access_tokens_of_member", "access tokens in force", "revoke one that is not needed", whose="This member has"
)
INSTALLED_APPS = Quota("max_installed_apps", "installed apps", "delete one that nobody needs")
INTEGRATIONS = Quota("max_integrations", "integrations", "delete one that nobody needs")
INTEGRATIONS_OF_MONITOR = Quota(
    "max_integrations_of_monitor", "integrations that listen to it", "delete one that nobody needs", whose="This monitor has"
)
"""Each of its runs makes a delivery for each of these, in one change."""
ACTIVITY_INTEGRATIONS = Quota(
    "max_activity_integrations", "integrations that tell of its activity log", "delete one that nobody needs"
)
"""Each change of the team can make a delivery for each of these."""
MONITORS = Quota("max_monitors", "monitors", "use a monitorKey that is there already")

RUNS_OF_MINUTE = Allowance("max_runs_per_minute", MINUTE, "record {most} runs a minute")
RUNS_OF_DAY = Allowance("max_runs_per_day", DAY, "record {most} runs a day")
KILOBYTES_OF_DAY = Allowance("max_run_kilobytes_per_day", DAY, "record {most} kB of runs a day")
DELIVERIES_OF_DAY = Allowance("max_deliveries_per_day", DAY, "have {most} deliveries made a day")
CHANGES_OF_DAY = Allowance("max_changes_per_day", DAY, "make {most} changes a day")
REFUSALS_OF_DAY = Allowance("max_changes_per_day", DAY, "be refused {most} times a day", name="refusals")
TROUBLES_OF_DAY = Allowance("max_changes_per_day", DAY, "be in trouble {most} times a day", name="troubles")


class Used:
    """The part of its allowances that a team has used, as the row that is its lock keeps it: the latest period and how much."""

    def __init__(self, kept: str | None, *, quotas: Quotas, now: datetime) -> None:
        self._counts: dict[str, tuple[int, int]] = orjson.loads(kept) if kept is not None else {}
        self._quotas = quotas
        self._now = now
        self.is_changed = False

    @property
    def text(self) -> str:
        return orjson.dumps(self._counts).decode()

    def spend(self, allowance: Allowance, amount: int = 1) -> None:
        """Count so much, or raise Refusal CONFLICT where not enough is left, with the seconds after which to come back.

        More than a whole period's counts as all of it: whoever has not used anything yet gets that.
        """
        if self.let(allowance, amount):
            return
        most, seconds = self._quotas.most(allowance.setting), self._seconds_left(allowance)
        left = max(most - self._used_of(allowance), 0)
        deed = allowance.deed.format(most=f"{most:,}")
        raise Refusal(
            UserErrorCode.CONFLICT,
            f"A team may {deed}, and yours has {f'only {left:,}' if left else 'none'} left: try again in {_message(seconds)}, or "
            f"have your operator raise {_named(allowance.setting)}.",
            retry_after=seconds,
        )

    def let(self, allowance: Allowance, amount: int = 1) -> bool:
        """The same, but say whether it was enough."""
        most = self._quotas.most(allowance.setting)
        used = self._used_of(allowance)
        if most and used + min(amount, most) > most:
            return False
        self._counts[allowance.key] = (self._period(allowance), used + amount)
        self.is_changed = True
        return True

    def _used_of(self, allowance: Allowance) -> int:
        period, used = self._counts.get(allowance.key, (0, 0))
        return used if period == self._period(allowance) else 0

    def _period(self, allowance: Allowance) -> int:
        return int(self._now.timestamp()) // allowance.seconds

    def _seconds_left(self, allowance: Allowance) -> int:
        return allowance.seconds - int(self._now.timestamp()) % allowance.seconds


async def require_room(quota: Quota, rows: QuerySet[Any], *, quotas: Quotas, field: Sequence[str] = ()) -> None:
    """Raise Refusal CONFLICT where there are as many `rows` as may be; for one more, inside the change that adds it.

    No more of them are looked at than there may be.
    """
    most = quotas.most(quota.setting)
    if not most or not await rows.offset(most - 1).limit(1).values_list("id", flat=True):
        return
    raise Refusal(
        UserErrorCode.CONFLICT,
        f"{quota.whose} {most:,} {quota.things}, which is as many as there may be: {quota.way_out}, or have your operator raise "
        f"{_named(quota.setting)}.",
        field=field,
    )


def _named(setting: str) -> str:
    return f"INSTALLED_APPS_{setting.upper()}"


def _message(seconds: int) -> str:
    if seconds <= MINUTE:
        return f"{seconds} seconds"
    hours, minutes = divmod(-(-seconds // MINUTE), MINUTE)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
