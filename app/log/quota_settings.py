"""The settings that say how much a team may have and do: what `quotas` counts by."""

from pydantic import BaseModel, Field


class Quotas(BaseModel):
    """The settings that say how much; 0 is no limit."""

    max_members: int = Field(default=1_000, ge=0)
    max_access_tokens: int = Field(default=5_000, ge=0)
    max_access_tokens_of_member: int = Field(default=100, ge=0)
    max_installed_apps: int = Field(default=200, ge=0)
    max_integrations: int = Field(default=2_000, ge=0)
    max_integrations_of_monitor: int = Field(default=100, ge=0)
    max_activity_integrations: int = Field(default=20, ge=0)
    max_monitors: int = Field(default=5_000, ge=0)
    max_runs_per_minute: int = Field(default=1_000, ge=0)
    max_runs_per_day: int = Field(default=100_000, ge=0)
    max_run_kilobytes_per_day: int = Field(default=200_000, ge=0)
    max_deliveries_per_day: int = Field(default=200_000, ge=0)
    max_changes_per_day: int = Field(default=20_000, ge=0)

    def most(self, setting: str) -> int:
        number: int = getattr(self, setting)
        return number
