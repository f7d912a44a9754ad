import pytest

from tests.sandbox.running import Sandbox

PATHS = ["/control/state", "/slack/api/auth.test", "/slack/oauth/v2/authorize"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:80", "localhost.evil.example", "", "10.0.0.1"])
def test_any_other_host_name_is_misdirected(sandbox: Sandbox, path: str, host: str) -> None:
    answer = sandbox.http.get(path, headers={"Host": host})

    assert answer.status_code == 421
    assert sandbox.state()["requests"] == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:1", "LOCALHOST:8010", "[::1]:8010"])
def test_loopback_names_are_answered(sandbox: Sandbox, host: str) -> None:
    assert sandbox.http.get("/control/state", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("headers", [{"Origin": "null"}, {"Origin": "http://127.0.0.1"}, {"Sec-Fetch-Site": "cross-site"}])
def test_no_web_page_reads_or_drives_the_sandbox(sandbox: Sandbox, headers: dict[str, str]) -> None:
    sandbox.install()
    before = sandbox.state()

    read = sandbox.http.get("/control/state", headers=headers)
    driven = sandbox.http.post("/control/reset", json={}, headers=headers)

    assert (read.status_code, driven.status_code) == (403, 403)
    assert sandbox.state() == before


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "text/plain;application/json"])
def test_control_takes_nothing_that_a_form_can_send(sandbox: Sandbox, content_type: str) -> None:
    answer = sandbox.http.post("/control/reset", content=b"{}", headers={"Content-Type": content_type})

    assert answer.status_code == 415


def test_a_preflight_is_refused(sandbox: Sandbox) -> None:
    answer = sandbox.http.options(
        "/control/reset", headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    )

    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers
