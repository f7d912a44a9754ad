"""The stand-in for Slack as a whole: the Slack app's consent page and Web API over one state."""

from collections.abc import Iterator, Sequence

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from app.sandbox.faults import AccountFault, RateLimitFault
from app.sandbox.slack_consent import consent_routes
from app.sandbox.slack_control import slack_control_routes
from app.sandbox.slack_grants import Grant
from app.sandbox.slack_methods import call_method
from app.sandbox.slack_state import SlackState
from app.sandbox.slack_world import Channel, Message, Workspace
from app.sandbox.state import Snapshot

_JSON = "application/json; charset=utf-8"


class Slack:
    """A Slack of three workspaces with one app."""

    name = "slack"

    def __init__(self, state: SlackState) -> None:
        self._state = state

    def routes(self) -> Sequence[BaseRoute]:
        method = Route("/api/{method}", call_method(self._state), methods=["GET", "POST"])
        return [*consent_routes(self._state), method]

    def control_routes(self) -> Sequence[BaseRoute]:
        return slack_control_routes(self._state)

    def reset(self) -> None:
        self._state.reset()

    def fail(self, status: int) -> Response:
        return Response('{"ok":false,"error":"internal_error"}', status, media_type=_JSON)

    def limit(self, fault: RateLimitFault) -> Response:
        headers = {"Retry-After": str(fault.retry_after)}
        return Response('{"ok":false,"error":"ratelimited"}', 429, headers, _JSON)

    def strike(self, fault: AccountFault) -> int:
        """Let the fault befall one workspace, or every one."""
        return sum(self._strike(workspace, fault) for workspace in self._struck(fault))

    def snapshot(self) -> Snapshot:
        workspaces = self._state.workspaces.values()
        return {
            "workspaces": [_show_workspace(each) for each in workspaces],
            "channels": [_show_channel(each, channel) for each in workspaces for channel in each.channels.values()],
            "messages": [_show_message(*row) for row in self._messages()],
            "grants": [_show_grant(each) for each in self._state.grants.grants],
            "events": [
                {
                    "provider": "slack",
                    "id": each.event_id,
                    "type": each.type,
                    "workspace": each.workspace_id,
                    "attempts": list(each.attempts),
                    "delivered": each.delivered,
                }
                for each in self._state.events.announced
            ],
            "settings": [{"provider": "slack", "rotation": self._state.rotation}],
        }

    def _struck(self, fault: AccountFault) -> list[Workspace]:
        if fault.workspace is None:
            return list(self._state.workspaces.values())
        workspace = self._state.workspace(fault.workspace)
        return [] if workspace is None else [workspace]

    def _strike(self, workspace: Workspace, fault: AccountFault) -> int:
        match fault.fault:
            case "expire_tokens":
                return self._state.grants.expire(workspace)
            case "revoke_token":
                return self._state.revoke_bot(workspace, order=fault.order, announce=fault.events)
            case "uninstall_app":
                return self._state.uninstall(workspace, order=fault.order, announce=fault.events)

    def _messages(self) -> Iterator[tuple[Workspace, Channel, Message]]:
        """Yield every message, in the order in which they were posted."""
        rows = [
            (workspace, channel, message)
            for workspace in self._state.workspaces.values()
            for channel in workspace.channels.values()
            for message in channel.messages
        ]
        yield from sorted(rows, key=lambda row: row[2].at)


def _show_workspace(workspace: Workspace) -> dict[str, object]:
    return {
        "provider": "slack",
        "id": workspace.id,
        "name": workspace.name,
        "bot_user_id": workspace.bot_user_id,
        "user_id": workspace.user_id,
    }


def _show_channel(workspace: Workspace, channel: Channel) -> dict[str, object]:
    return {
        "workspace": workspace.id,
        "id": channel.id,
        "name": channel.name,
        "is_private": channel.is_private,
        "is_archived": channel.is_archived,
        "is_member": channel.is_member,
    }


def _show_message(workspace: Workspace, channel: Channel, message: Message) -> dict[str, object]:
    return {
        "workspace": workspace.id,
        "workspace_name": workspace.name,
        "channel": channel.id,
        "channel_name": channel.name,
        "text": message.text,
        "blocks": message.blocks,
        "at": message.at.isoformat(),
        "ts": message.ts,
        "attachments": message.attachments,
        "metadata": message.metadata,
        "thread_ts": message.thread_ts,
        "reply_broadcast": message.reply_broadcast,
        "unfurl_links": message.unfurl_links,
        "unfurl_media": message.unfurl_media,
    }


def _show_grant(grant: Grant) -> dict[str, object]:
    return {
        "provider": "slack",
        "workspace": grant.workspace.id,
        "is_bot": grant.is_bot,
        "user_id": grant.user_id,
        "scopes": list(grant.scopes),
        "access_tokens": [
            {"token": each.token, "expires_at": None if each.expires_at is None else each.expires_at.isoformat()}
            for each in grant.access
        ],
        "refresh_token": grant.refresh_token,
        "ended": grant.ended,
    }
