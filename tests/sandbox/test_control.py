import pytest

from tests.sandbox.running import Sandbox


def test_the_state_shows_everything_and_no_query(sandbox: Sandbox) -> None:
    sandbox.bot().chat_postMessage(channel="C0ACME001", text="hello")

    state = sandbox.state()

    assert [each["name"] for each in state["workspaces"]] == ["Acme", "Globex", "Initech"]
    assert len(state["channels"]) == 5 + 265 + 5
    assert [(each["method"], each["path"], each["status"]) for each in state["requests"]] == [
        ("POST", "/slack/oauth/v2/authorize", 302),
        ("POST", "/slack/api/oauth.v2.access", 200),
        ("POST", "/slack/api/chat.postMessage", 200),
    ]
    assert [each["workspace"] for each in state["grants"]] == ["T0ACME001"]
    assert state["settings"] == [{"provider": "slack", "rotation": False}]


def test_a_reset_makes_everything_new(sandbox: Sandbox) -> None:
    new = sandbox.state()
    sandbox.control("settings", provider="slack", rotation=True)
    sandbox.control("invite", workspace="Acme", channel="ops-private")
    sandbox.control("archive", workspace="Acme", channel="general")
    sandbox.control("faults", provider="slack", fault="status", endpoint="auth.test")
    sandbox.bot().chat_postMessage(channel="C0ACME002", text="hello")
    changed = sandbox.state()

    sandbox.control("reset")

    assert all(changed[key] != new[key] for key in ("settings", "channels", "faults", "messages", "grants", "requests"))
    assert sandbox.state() == new


def test_waiting_faults_are_shown_and_can_be_forgotten(sandbox: Sandbox) -> None:
    sandbox.control("faults", provider="slack", fault="status", endpoint="auth.test", times=3)
    shown = sandbox.state()["faults"]

    sandbox.http.delete("/control/faults")

    assert shown == [{"provider": "slack", "endpoint": "auth.test", "times": 3, "fault": "status", "status": 503}]
    assert sandbox.state()["faults"] == []


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"provider": "slack", "fault": "earthquake"}, "'earthquake'"),
        ({"provider": "slack", "fault": "earthquake"}, "'uninstall_app'"),
        ({"provider": "svn", "fault": "status"}, "there is no 'svn' here, only: slack"),
        ({"provider": "slack", "fault": "status", "times": 0}, "times"),
        ({"provider": "slack", "fault": "slow", "second": 3}, "second"),
        ({"fault": "reset"}, "provider"),
        ({}, "fault"),
    ],
)
def test_a_fault_that_nobody_knows_is_refused_and_said(sandbox: Sandbox, fault: dict[str, object], said: str) -> None:
    answer = sandbox.control("faults", **fault)

    assert answer.status_code == 400
    assert said in answer.json()["error"]
    assert sandbox.state()["faults"] == []


@pytest.mark.parametrize("path", ["faults", "settings", "invite"])
def test_what_is_no_json_is_refused(sandbox: Sandbox, path: str) -> None:
    answer = sandbox.http.post(f"/control/{path}", content=b"{", headers={"Content-Type": "application/json"})

    assert answer.status_code == 400
    assert "Invalid JSON" in answer.json()["error"]


@pytest.mark.parametrize("channel", [{"workspace": "Acme", "channel": "none"}, {"workspace": "None", "channel": "general"}])
def test_a_channel_that_is_not_there_cannot_be_changed(sandbox: Sandbox, channel: dict[str, object]) -> None:
    assert sandbox.control("invite", **channel).status_code == 404
