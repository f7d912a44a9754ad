"""Slack's Web API: which methods there are, and what is true of calling any of them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, JsonValue, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from app.sandbox import slack_chat as chat, slack_conversations as conversations, slack_oauth as oauth
from app.sandbox.slack_grants import Grant
from app.sandbox.slack_state import SlackState
from app.sandbox.slack_wire import Call, Failure, read_call, respond

_Arguments = TypeVar("_Arguments", bound=BaseModel)


@dataclass(frozen=True)
class Method(Generic[_Arguments]):
    """A method that is called with a token: its arguments, and the scope that every call needs."""

    arguments: type[_Arguments]
    answer: Callable[[SlackState, Grant, _Arguments], Mapping[str, object] | Failure]
    scope: str | None = None


METHODS: Mapping[str, Method[Any]] = {
    "auth.test": Method(oauth.AuthTest, oauth.try_token),
    "auth.revoke": Method(oauth.AuthRevoke, oauth.revoke_token),
    "apps.uninstall": Method(oauth.AppsUninstall, oauth.uninstall_app),
    "chat.postMessage": Method(chat.PostMessage, chat.post_message, scope="chat:write"),
    "chat.delete": Method(chat.DeleteMessage, chat.delete_message, scope="chat:write"),
    "chat.getPermalink": Method(chat.GetPermalink, chat.get_permalink),
    "conversations.list": Method(conversations.ListChannels, conversations.list_channels),
    "conversations.info": Method(conversations.ChannelNamed, conversations.show_channel),
    "conversations.join": Method(conversations.ChannelNamed, conversations.join_channel, scope="channels:join"),
    "conversations.history": Method(conversations.ReadHistory, conversations.read_history),
    "conversations.replies": Method(conversations.ReadReplies, conversations.read_replies),
}

# Arguments whose malformation has an error of its own; all others are invalid_arguments.
_MALFORMED = {
    "blocks": "invalid_blocks_format",
    "attachments": "invalid_attachments",
    "metadata": "invalid_metadata_format",
    "limit": "invalid_limit",
    "types": "invalid_types",
}


def call_method(slack: SlackState) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint of /api/{method}."""

    async def endpoint(request: Request) -> Response:
        name, call = str(request.path_params["method"]), await read_call(request)
        if isinstance(call, Failure):
            return respond(call)
        if name == "oauth.v2.access":
            return respond(oauth.give_access(slack, call))
        method = METHODS.get(name)
        return respond(Failure("unknown_method")) if method is None else _answer(slack, method, call)

    return endpoint


def _answer(slack: SlackState, method: Method[Any], call: Call) -> Response:
    grant = slack.grants.find(call.token)
    if isinstance(grant, Failure):
        return respond(grant)
    if method.scope is not None and method.scope not in grant.scopes:
        return respond(Failure("missing_scope", method.scope, ",".join(grant.scopes)), grant.scopes)
    try:
        arguments = method.arguments.model_validate(_with_client(call))
    except ValidationError as problem:
        field = str(problem.errors()[0]["loc"][0])
        return respond(Failure(_MALFORMED.get(field, "invalid_arguments")), grant.scopes)
    return respond(method.answer(slack, grant, arguments), grant.scopes)


def _with_client(call: Call) -> Mapping[str, JsonValue]:
    """Let the client stand among the arguments, however it was sent."""
    if call.client is None:
        return call.arguments
    return {**call.arguments, "client_id": call.client.id, "client_secret": call.client.secret}
