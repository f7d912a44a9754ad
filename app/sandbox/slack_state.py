"""What the stand-in for Slack holds, and what can happen to it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Literal

from app.clock import Clock
from app.sandbox.slack_events import Event, Events, app_uninstalled, tokens_revoked
from app.sandbox.slack_grants import Grant, Grants
from app.sandbox.slack_world import Workspace, seed_workspaces

Order = Literal["uninstalled_first", "revoked_first"]


class SlackState:
    """Workspaces, grants, and the events that were sent. `rotation` is a property of the app, as at Slack."""

    def __init__(self, *, clock: Clock, entropy: Callable[[int], bytes], events: Events, rotation: bool) -> None:
        self.clock = clock
        self.events = events
        self._entropy = entropy
        self._rotation_at_first = rotation
        self._last_ts = datetime.min.replace(tzinfo=UTC)
        self.rotation = rotation
        self.workspaces = seed_workspaces()
        self.grants = Grants(clock=clock, entropy=entropy)

    def reset(self) -> None:
        """Be as new; only message timestamps go on rising."""
        self.rotation = self._rotation_at_first
        self.workspaces = seed_workspaces()
        self.grants = Grants(clock=self.clock, entropy=self._entropy)
        self.events.forget()

    def workspace(self, wanted: str) -> Workspace | None:
        """Find a workspace by its id or its name."""
        by_name = (each for each in self.workspaces.values() if each.name.lower() == wanted.lower())
        return self.workspaces.get(wanted) or next(by_name, None)

    def next_ts(self) -> datetime:
        """Return a moment for a message: now, and later than any message before, by a microsecond at least."""
        self._last_ts = max(self.clock.now(), self._last_ts + timedelta(microseconds=1))
        return self._last_ts

    def revoke(self, grant: Grant, *, announce: bool = True) -> None:
        """End the tokens of the grant's user. With its last token gone, the app is uninstalled from the workspace."""
        self._end(grant.workspace, grant, order="revoked_first", announce=announce)

    def revoke_bot(self, workspace: Workspace, *, order: Order = "revoked_first", announce: bool = True) -> int:
        """End the workspace's bot tokens, and return how many grants that changed."""
        ending = [each for each in self.grants.living(workspace) if each.is_bot]
        if ending:
            self._end(workspace, ending[0], order=order, announce=announce)
        return len(ending)

    def uninstall(self, workspace: Workspace, *, order: Order = "revoked_first", announce: bool = True) -> int:
        """Take the app off the workspace, and return how many grants ended with it."""
        ending = self.grants.living(workspace)
        if ending:
            self.grants.uninstall(workspace)
            self._announce(workspace, [tokens_revoked(ending), app_uninstalled()], order, announce=announce)
        return len(ending)

    def _end(self, workspace: Workspace, grant: Grant, *, order: Order, announce: bool) -> None:
        self.grants.revoke(workspace, grant.user_id)
        happened = [tokens_revoked([grant])]
        if not self.grants.living(workspace):
            happened.append(app_uninstalled())
        self._announce(workspace, happened, order, announce=announce)

    def _announce(self, workspace: Workspace, happened: list[Event], order: Order, *, announce: bool) -> None:
        if announce:
            self.events.announce(workspace, happened if order == "revoked_first" else happened[::-1])
