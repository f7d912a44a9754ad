"""What Slack's refusals mean: every error code sorted once, and said to a person.

Sources: the error tables of oauth.v2.access, auth.test, auth.revoke, conversations.list, conversations.info,
chat.postMessage and chat.getPermalink in Slack's API reference, and its page on rate limits (429 with Retry-After).
"""

from collections.abc import Mapping
from dataclasses import replace

from app.providers._http.waiting import read_retry_after
from app.providers._oauth.errors import sort_error
from app.providers.contract import Failure, Fault

_INVITE = "Slack knows no such channel, or it is private and the app is not in it: invite the app there, or choose another"
_CLOSED = "Slack does not let the app post in this channel: ask its owners, or choose another"
_MIGRATES = "the workspace is being moved by Slack; it comes back by itself"
_FAILS = "Slack has a fault of its own"

_MEANINGS: Mapping[str, tuple[Fault, str]] = {
    "invalid_auth": (Fault.DEAD_GRANT, "the authorization is no longer valid: sign in again"),
    "token_revoked": (Fault.DEAD_GRANT, "the authorization was revoked: sign in again"),
    "account_inactive": (Fault.DEAD_GRANT, "the app was uninstalled from the workspace, or the workspace is gone: sign in again"),
    "not_authed": (Fault.DEAD_GRANT, "the authorization is no longer valid: sign in again"),
    "user_is_deactivated": (Fault.DEAD_GRANT, "the app's user in the workspace was deactivated: sign in again"),
    "app_not_installed": (Fault.DEAD_GRANT, "the app was uninstalled from the workspace: sign in again"),
    "invalid_refresh_token": (Fault.DEAD_GRANT, "the authorization can no longer be renewed: sign in again"),
    "invalid_grant": (Fault.DEAD_GRANT, "the authorization can no longer be renewed: sign in again"),
    "token_expired": (Fault.EXPIRED, "the access token has expired"),
    "missing_scope": (Fault.MISSING_SCOPES, "the authorization lacks a permission: sign in again and allow everything asked for"),
    "no_scopes": (Fault.MISSING_SCOPES, "the authorization has no permissions: sign in again and allow everything asked for"),
    "invalid_client_id": (Fault.CLIENT_REFUSED, "Slack does not know the app's client id"),
    "bad_client_secret": (Fault.CLIENT_REFUSED, "Slack does not accept the app's client secret"),
    "invalid_client": (Fault.CLIENT_REFUSED, "Slack does not accept the app's client id and secret"),
    "channel_not_found": (Fault.TARGET_GONE, _INVITE),
    "not_in_channel": (Fault.TARGET_GONE, "the app is not in this channel: invite the app there, or choose another"),
    "is_archived": (Fault.TARGET_GONE, "the channel is archived: choose another"),
    "restricted_action": (Fault.TARGET_GONE, _CLOSED),
    "restricted_action_read_only_channel": (Fault.TARGET_GONE, _CLOSED),
    "restricted_action_thread_only_channel": (Fault.TARGET_GONE, _CLOSED),
    "restricted_action_non_threadable_channel": (Fault.TARGET_GONE, _CLOSED),
    "restricted_action_thread_locked": (Fault.TARGET_GONE, "the thread is locked"),
    "cannot_reply_to_message": (Fault.TARGET_GONE, "this is no message that can be answered"),
    "message_not_found": (Fault.TARGET_GONE, "the message was deleted"),
    "posting_to_general_channel_denied": (Fault.TARGET_GONE, _CLOSED),
    "method_not_supported_for_channel_type": (Fault.TARGET_GONE, "this is no channel that can be posted to: choose another"),
    "access_denied": (Fault.REFUSED, "an admin of the workspace does not allow this"),
    "accesslimited": (Fault.REFUSED, "the workspace does not accept calls from this network"),
    "team_access_not_granted": (Fault.REFUSED, "the workspace has not approved the app: ask an admin of it"),
    "two_factor_setup_required": (Fault.REFUSED, "two-factor authentication has to be set up at Slack first"),
    "enterprise_is_restricted": (Fault.REFUSED, "the organization at Slack does not allow this: ask an admin of it"),
    "ekm_access_denied": (Fault.REFUSED, "an admin of the workspace has suspended messages"),
    "invalid_code": (Fault.REFUSED, "the sign-in took too long or was used already: begin again"),
    "code_already_used": (Fault.REFUSED, "the sign-in was used already: begin again"),
    "invalid_code_verifier": (Fault.REFUSED, "the sign-in does not belong to this browser: begin again"),
    "bad_redirect_uri": (Fault.REFUSED, "the app at Slack does not list this service's redirect URL: the operator has to add it"),
    "cannot_install_an_org_installed_app": (Fault.REFUSED, "the app is installed for a whole organization: ask its admins"),
    "ratelimited": (Fault.BUSY, "Slack asks to slow down"),
    "rate_limited": (Fault.BUSY, "Slack asks to slow down"),
    "message_limit_exceeded": (Fault.BUSY, "the workspace sends too many messages at the moment"),
    "org_login_required": (Fault.BUSY, _MIGRATES),
    "team_added_to_org": (Fault.BUSY, _MIGRATES),
    "internal_error": (Fault.BROKEN, _FAILS),
    "fatal_error": (Fault.BROKEN, _FAILS),
    "service_unavailable": (Fault.BROKEN, _FAILS),
    "request_timeout": (Fault.BROKEN, _FAILS),
}


def sort_refusal(code: str, *, headers: Mapping[str, str]) -> Failure:
    """Turn the `error` of an answer into a failure. An unknown code is REFUSED, and shown only where it looks like one."""
    failure = sort_error(code, _MEANINGS, server="Slack")
    return replace(failure, retry_after=read_retry_after(headers)) if failure.fault is Fault.BUSY else failure
