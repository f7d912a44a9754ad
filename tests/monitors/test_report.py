from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.errors import StatedProblem
from app.monitors.models import Failure, RunOutcome
from app.monitors.report import Reported, report_run
from app.monitors.reported import ReportedRun
from tests.servers import run_server

TOKEN = "ia_a-token"
RUN = ReportedRun(
    monitor_key="checkout",
    run_id="17",
    outcome=RunOutcome.FAILED,
    started_at=datetime(2026, 11, 21, 10, 0, 0, 123000, tzinfo=UTC),
    duration_ms=75,
    test_count=2,
    failed_test_count=1,
    failures=(Failure("answers 200", "got 500"),),
)
RECORDED = b'{"data": {"recordMonitorRun": {"run": {"id": "the-run"}, "notice": "Nobody listens.", "userErrors": []}}}'


@dataclass
class Service:
    """Something that answers as told; `asked` is what it was asked."""

    url: str = ""
    asked: list[tuple[str, str | None, Any]] = field(default_factory=list)


@contextmanager
def answering(body: bytes, *, status: int = 200, headers: dict[str, str] | None = None, **options: Any) -> Iterator[Service]:
    """Run something that answers so; `options` go to its server."""
    service = Service()

    async def answer(request: Request) -> Response:
        service.asked.append((request.url.path, request.headers.get("authorization"), await request.json()))
        return Response(body, status, {"content-type": "application/json"} | (headers or {}))

    with run_server(Starlette(routes=[Route("/{path:path}", answer, methods=["POST"])]), **options) as url:
        service.url = url
        yield service


async def problem_of(url: str, *, token: str = TOKEN) -> str:
    with pytest.raises(StatedProblem) as problem:
        await report_run(RUN, url=url, token=token, environment={}, warn=lambda _: None)
    assert TOKEN not in problem.value.message
    return problem.value.message


@pytest.mark.parametrize(
    ("ending", "path"), [("", "/graphql"), ("/", "/graphql"), ("/graphql", "/graphql"), ("/apps/", "/apps/graphql")]
)
async def test_the_run_is_sent_to_the_api_with_the_token(ending: str, path: str) -> None:
    warnings: list[str] = []
    proxy = {"http_proxy": "http://127.0.0.1:9", "HTTPS_PROXY": "nonsense"}
    with answering(RECORDED) as service:
        url = service.url + ending
        recorded = await report_run(RUN, url=url, token=TOKEN, environment=proxy, warn=warnings.append)

    [(asked_path, authorization, body)] = service.asked
    assert recorded == Reported("the-run", "Nobody listens.")
    assert (asked_path, authorization, warnings) == (path, f"Bearer {TOKEN}", [])
    assert "recordMonitorRun" in body["query"]
    assert body["variables"]["input"] == {
        "monitorKey": "checkout",
        "monitorName": None,
        "runId": "17",
        "outcome": "FAILED",
        "startedAt": "2026-11-21T10:00:00.123Z",
        "durationMs": 75,
        "requestCount": 0,
        "testCount": 2,
        "failedTestCount": 1,
        "errorCount": 0,
        "failures": [{"name": "answers 200", "message": "got 500"}],
        "url": None,
    }


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (
            b'{"data": {"recordMonitorRun": {"run": null, "userErrors": [{"message": "Too long.", "field": ["runId"]}]}}}',
            200,
            "The run was not recorded: runId: Too long.",
        ),
        (b'{"errors": [{"message": "Sign in first."}]}', 401, "The run was not recorded: Sign in first."),
        (b'{"data": null, "errors": [{"message": "It needs the scope RUNS_WRITE."}]}', 200, "needs the scope RUNS_WRITE"),
        (b'{"data": {"recordMonitorRun": null}}', 200, "the service does not say why"),
        (b"<html>", 200, "INSTALLED_APPS_URL names something that does not answer as this service does (HTTP 200)."),
        (b'{"data": []}', 200, "does not answer as this service does"),
        (b"{}", 502, "does not answer as this service does (HTTP 502)"),
    ],
)
async def test_what_went_wrong_is_said(body: bytes, status: int, says: str) -> None:
    with answering(body, status=status) as service:
        assert says in await problem_of(service.url)


async def test_the_token_follows_no_redirect() -> None:
    with answering(RECORDED) as elsewhere, answering(b"", status=307, headers={"location": elsewhere.url}) as service:
        assert "(HTTP 307)" in await problem_of(service.url)

    assert elsewhere.asked == []


async def test_a_service_that_is_not_there_is_said_to_be_unreachable() -> None:
    with answering(RECORDED) as service:
        pass

    assert (await problem_of(service.url)).startswith("The service cannot be reached: ")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://52.216.0.1", "INSTALLED_APPS_URL: The address policy lets calls to public addresses go out over https only"),
        ("http://169.254.169.254", "INSTALLED_APPS_URL: The address policy never lets"),
        ("apps.example.com", "INSTALLED_APPS_URL is no address"),
        ("https://user@apps.example.com", "INSTALLED_APPS_URL is no address"),
        ("https://169.254.169.254", "INSTALLED_APPS_URL: The address policy never lets"),
    ],
)
async def test_an_address_that_cannot_be_meant_is_refused_before_anything_is_sent(url: str, says: str) -> None:
    assert (await problem_of(url)).startswith(says)


@pytest.mark.parametrize("token", ["", "two words\n", "żółw"])
async def test_what_is_no_token_is_not_sent(token: str) -> None:
    with answering(RECORDED) as service:
        message = await problem_of(service.url, token=token)

    assert (message, service.asked) == ("INSTALLED_APPS_TOKEN holds no access token.", [])
