import json

from app.providers.slack import provider as slack
from app.providers.slack.manifest import manifest


def test_the_manifest_registers_what_the_service_uses() -> None:
    written = json.loads(manifest("https://apps.example.com"))

    assert written["oauth_config"] == {
        "redirect_urls": ["https://apps.example.com/callback/slack"],
        "scopes": {"bot": list(slack.PROVIDER.scopes)},
    }
    assert written["settings"]["event_subscriptions"] == {
        "request_url": "https://apps.example.com/hooks/slack",
        "bot_events": ["app_uninstalled", "tokens_revoked"],
    }
    assert written["settings"]["token_rotation_enabled"] is False
    assert written["features"]["bot_user"]["display_name"]


def test_the_manifest_keeps_slacks_lengths() -> None:
    shown = json.loads(manifest("https://apps.example.com"))["display_information"]

    assert len(shown["name"]) <= 35
    assert len(shown["description"]) <= 140
