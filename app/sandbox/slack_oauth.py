"""Tokens by Slack's Web API: given, refreshed, tried, taken back."""

from collections.abc import Mapping

from pydantic import BaseModel

from app.sandbox.slack_app import APP_ID, APP_NAME, CLIENT_ID, CLIENT_SECRET
from app.sandbox.slack_grants import Access, Consent, Grant
from app.sandbox.slack_state import SlackState
from app.sandbox.slack_wire import Call, Client, Failure

Answer = Mapping[str, object] | Failure


class AuthTest(BaseModel):
    pass


class AuthRevoke(BaseModel):
    test: bool = False


class AppsUninstall(BaseModel):
    client_id: str = ""
    client_secret: str = ""


def give_access(slack: SlackState, call: Call) -> Answer:
    """Answer oauth.v2.access: tokens for a code, or fresh ones for a refresh token."""
    wrong = _refuse_client(call.client)
    if wrong is not None:
        return wrong
    match call.arguments.get("grant_type", "authorization_code"):
        case "authorization_code":
            return _exchange(slack, call)
        case "refresh_token":
            return _refresh(slack, call)
        case _:
            return Failure("invalid_grant_type")


def try_token(slack: SlackState, grant: Grant, _: AuthTest) -> Answer:
    workspace = grant.workspace
    answer: dict[str, object] = {
        "url": f"https://{workspace.domain}.slack.com/",
        "team": workspace.name,
        "user": "sandbox_app" if grant.is_bot else "sandbox.person",
        "team_id": workspace.id,
        "user_id": grant.user_id,
        "app_id": APP_ID,
        "app_name": APP_NAME,
        "enterprise_id": None,
        "is_enterprise_install": False,
    }
    if grant.is_bot:
        answer["bot_id"] = workspace.bot_id
    return answer | _lifetime(slack, grant.access[-1])


def revoke_token(slack: SlackState, grant: Grant, arguments: AuthRevoke) -> Answer:
    """End the token, unless this is only a test of whether it could be."""
    if arguments.test:
        return {"revoked": False}
    slack.revoke(grant)
    return {"revoked": True}


def uninstall_app(slack: SlackState, grant: Grant, arguments: AppsUninstall) -> Answer:
    wrong = _refuse_client(Client(arguments.client_id, arguments.client_secret))
    if wrong is not None:
        return wrong
    slack.uninstall(grant.workspace)
    return {}


def _refuse_client(client: Client | None) -> Failure | None:
    if client is None or client.id != CLIENT_ID:
        return Failure("invalid_client_id")
    return None if client.secret == CLIENT_SECRET else Failure("bad_client_secret")


def _exchange(slack: SlackState, call: Call) -> Answer:
    code, redirect_uri = call.arguments.get("code"), call.arguments.get("redirect_uri")
    verifier = call.arguments.get("code_verifier")
    consent = slack.grants.redeem_code(
        str(code),
        redirect_uri=None if redirect_uri is None else str(redirect_uri),
        verifier=None if verifier is None else str(verifier),
    )
    return consent if isinstance(consent, Failure) else _install(slack, consent)


def _install(slack: SlackState, consent: Consent) -> Answer:
    workspace, rotation = consent.workspace, slack.rotation
    person: dict[str, object] = {"id": workspace.user_id}
    if consent.user_scopes:
        person |= _tokens(slack, slack.grants.grant(workspace, consent.user_scopes, is_bot=False, rotation=rotation))
    answer = _installation(workspace.id, workspace.name) | {"authed_user": person}
    if consent.scopes:
        answer |= _tokens(slack, slack.grants.grant(workspace, consent.scopes, is_bot=True, rotation=rotation))
        answer["bot_user_id"] = workspace.bot_user_id
    return answer


def _refresh(slack: SlackState, call: Call) -> Answer:
    grant = slack.grants.refresh(str(call.arguments.get("refresh_token", "")))
    if isinstance(grant, Failure):
        return grant
    answer = _installation(grant.workspace.id, grant.workspace.name) | _tokens(slack, grant)
    return answer | ({"bot_user_id": grant.user_id} if grant.is_bot else {"user_id": grant.user_id})


def _installation(team_id: str, team_name: str) -> dict[str, object]:
    team = {"id": team_id, "name": team_name}
    return {"app_id": APP_ID, "team": team, "enterprise": None, "is_enterprise_install": False}


def _tokens(slack: SlackState, grant: Grant) -> dict[str, object]:
    newest = grant.access[-1]
    answer: dict[str, object] = {
        "access_token": newest.token,
        "token_type": "bot" if grant.is_bot else "user",
        "scope": ",".join(grant.scopes),
    }
    if grant.refresh_token is not None:
        answer["refresh_token"] = grant.refresh_token
    return answer | _lifetime(slack, newest)


def _lifetime(slack: SlackState, access: Access) -> dict[str, object]:
    """Say for how many seconds the token is good, where it ends at all."""
    if access.expires_at is None:
        return {}
    return {"expires_in": int((access.expires_at - slack.clock.now()).total_seconds())}
