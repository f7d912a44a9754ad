"""What the operator registers at Slack, so that nothing has to be clicked together by hand."""

import json

from app.providers.slack.calls import SCOPES


def manifest(public_url: str) -> str:
    """Return the app's manifest as JSON text, to be pasted at api.slack.com/apps ("Create New App", "From a manifest").

    Source: Slack's app manifest reference. Token rotation is off: once on, Slack never lets an app turn it off again. The service
    works with tokens of both sorts, so the operator may turn it on.
    """
    described = {
        "display_information": {
            "name": "Installed apps",
            "description": "Posts the results of your team's monitors to the channels that you choose.",
        },
        "features": {"bot_user": {"display_name": "Installed apps", "always_online": True}},
        "oauth_config": {"redirect_urls": [f"{public_url}/callback/slack"], "scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": {
                "request_url": f"{public_url}/hooks/slack",
                "bot_events": ["app_uninstalled", "tokens_revoked"],
            },
            "org_deploy_enabled": False,
            "socket_mode_enabled": False,
            "token_rotation_enabled": False,
        },
    }
    return json.dumps(described, indent=2)
