"""What /control can do at the stand-in for Slack: be the person there who runs a workspace."""

from collections.abc import Callable, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from app.sandbox.control import refused
from app.sandbox.slack_state import SlackState
from app.sandbox.slack_world import Channel


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid")

    provider: Literal["slack"]
    rotation: bool


class _ChannelOf(BaseModel):
    model_config = ConfigDict(extra="forbid")

    workspace: str
    channel: str


def slack_control_routes(slack: SlackState) -> Sequence[BaseRoute]:
    """Return /settings (token rotation on or off) and /invite, /archive, /unarchive (a channel, by ids or names)."""

    async def change_settings(request: Request) -> JSONResponse:
        try:
            slack.rotation = _Settings.model_validate_json(await request.body()).rotation
        except ValidationError as problem:
            return refused(problem)
        return JSONResponse({"ok": True, "rotation": slack.rotation})

    return [
        Route("/settings", change_settings, methods=["POST"]),
        _channel_route(slack, "/invite", _invite),
        _channel_route(slack, "/archive", _archive),
        _channel_route(slack, "/unarchive", _unarchive),
    ]


def _channel_route(slack: SlackState, path: str, change: Callable[[Channel], None]) -> Route:
    async def endpoint(request: Request) -> JSONResponse:
        try:
            wanted = _ChannelOf.model_validate_json(await request.body())
        except ValidationError as problem:
            return refused(problem)
        workspace = slack.workspace(wanted.workspace)
        channel = None if workspace is None else workspace.channel(wanted.channel)
        if channel is None:
            return JSONResponse({"error": "there is no such channel"}, status_code=404)
        change(channel)
        return JSONResponse({"ok": True, "channel": channel.id})

    return Route(path, endpoint, methods=["POST"])


def _invite(channel: Channel) -> None:
    channel.is_member = True


def _archive(channel: Channel) -> None:
    channel.is_archived = True


def _unarchive(channel: Channel) -> None:
    channel.is_archived = False
