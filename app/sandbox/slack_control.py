"""What /control can do at the stand-in for Slack: be the person there who runs a workspace."""

from collections.abc import Callable, Sequence
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from app.sandbox.control import refused
from app.sandbox.slack_state import SlackState
from app.sandbox.slack_world import Channel

_Order = TypeVar("_Order", bound="_ChannelOf")


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid")

    provider: Literal["slack"]
    rotation: bool


class _ChannelOf(BaseModel):
    model_config = ConfigDict(extra="forbid")

    workspace: str
    channel: str


class _MessageOf(_ChannelOf):
    ts: str


class _NewName(_ChannelOf):
    name: str = Field(pattern=r"^[a-z0-9_-]{1,80}$")


def slack_control_routes(slack: SlackState) -> Sequence[BaseRoute]:
    """Return /settings (token rotation on or off), /invite, /archive, /unarchive, /rename (a channel, by ids or names), /delete.

    The last takes away a message of a channel, by its ts.
    """

    async def change_settings(request: Request) -> JSONResponse:
        try:
            slack.rotation = _Settings.model_validate_json(await request.body()).rotation
        except ValidationError as problem:
            return refused(problem)
        return JSONResponse({"ok": True, "rotation": slack.rotation})

    return [
        Route("/settings", change_settings, methods=["POST"]),
        _channel_route(slack, "/invite", _ChannelOf, _invite),
        _channel_route(slack, "/archive", _ChannelOf, _archive),
        _channel_route(slack, "/unarchive", _ChannelOf, _unarchive),
        _channel_route(slack, "/rename", _NewName, _rename),
        _channel_route(slack, "/delete", _MessageOf, _delete),
    ]


def _channel_route(slack: SlackState, path: str, kind: type[_Order], change: Callable[[Channel, _Order], None]) -> Route:
    async def endpoint(request: Request) -> JSONResponse:
        try:
            wanted = kind.model_validate_json(await request.body())
        except ValidationError as problem:
            return refused(problem)
        workspace = slack.workspace(wanted.workspace)
        channel = None if workspace is None else workspace.channel(wanted.channel)
        if channel is None:
            return JSONResponse({"error": "there is no such channel"}, status_code=404)
        change(channel, wanted)
        return JSONResponse({"ok": True, "channel": channel.id})

    return Route(path, endpoint, methods=["POST"])


def _invite(channel: Channel, _: _ChannelOf) -> None:
    channel.is_member = True


def _archive(channel: Channel, _: _ChannelOf) -> None:
    channel.is_archived = True


def _unarchive(channel: Channel, _: _ChannelOf) -> None:
    channel.is_archived = False


def _delete(channel: Channel, wanted: _MessageOf) -> None:
    message = channel.message(wanted.ts)
    if message is not None:
        channel.delete(message)


def _rename(channel: Channel, wanted: _NewName) -> None:
    channel.name = wanted.name
