"""What arrives at a collector, and what does not."""

import socket
from pathlib import Path

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from app.outbound import Bearer, Endpoint, NotAllowed, Request
from app.sealing.keyring import make_keyring
from app.sealing.secret import Secret
from app.service.opening import open_services
from app.settings import Settings
from app.telemetry.exporting import ExportedTracing, open_exporting
from app.telemetry.meters import Meters
from tests.graphql.tiny import World
from tests.outbound.calling import OK, opened
from tests.servers import run_server
from tests.service.test_metrics import ask, service
from tests.telemetry.collecting import PATH, Collector
from tests.telemetry.reading import read_meters, value_of
from tests.wires import serving

SECRET = "uzEJbd4vUwfUcwoRa9p2tbvJmVGZ9pYJqvBDqAQLsMk"
ADD = "mutation AddOne($input: ClientInput!) { addClient(input: $input) { name } }"


async def test_a_request_is_a_span_of_its_route_with_nothing_that_came_in(database_url: str, tmp_path: Path) -> None:
    collector = Collector()
    with run_server(collector.app()) as url:
        app = service(database_url, tmp_path, traces_url=f"{url}{PATH}")
        async with app.router.lifespan_context(app):
            await ask(app, "GET", f"/sign-in/{SECRET}?code={SECRET}", headers={"cookie": f"a={SECRET}", "traceparent": SECRET})
            await ask(app, "GET", f"/graphql?query={{viewer{{{SECRET}}}}}", headers={"authorization": f"Bearer {SECRET}"})

    route = "/sign-in/{secret}"
    assert (
        f"GET {route}",
        {"http.request.method": "GET", "http.route": route, "http.response.status_code": 404},
    ) in collector.spans()
    assert "GET /graphql" in [name for name, _ in collector.spans()]
    assert SECRET.encode() not in b"".join(collector.bodies)


async def test_an_operation_is_a_span_of_its_name_kind_and_outcome_without_values() -> None:
    exporter = InMemorySpanExporter()
    world = World(tracing=ExportedTracing(exporter))
    given = {"input": {"url": "https://a.example", "clientSecret": SECRET}}
    async with world.client() as client:
        for query, variables in ((ADD, given), (f"query {SECRET} {{", {}), (f'{{ a(b: "{SECRET}") }}', {})):
            await client.post("/graphql", json={"query": query, "variables": variables})
    world.tracing.close()

    found = [(span.name, dict(span.attributes or {})) for span in exporter.get_finished_spans()]
    assert [attributes["installed_apps.outcome"] for _, attributes in found] == ["OK", "BAD_USER_INPUT", "BAD_USER_INPUT"]
    assert found[0] == (
        "graphql",
        {"graphql.operation.name": "AddOne", "graphql.operation.type": "mutation", "installed_apps.outcome": "OK"},
    )
    assert SECRET not in repr(found)


async def test_a_call_that_goes_out_is_a_span_of_its_endpoint_and_outcome_without_its_address() -> None:
    exporter = InMemorySpanExporter()
    tracing, meters = ExportedTracing(exporter), Meters()
    async with serving(OK) as server, opened(sandbox=("127.0.0.1", server.port), tracing=tracing, meters=meters) as outbound:
        await outbound.send(request_to(server.origin), origin=server.origin)
        await outbound.send(request_to("https://169.254.169.254"), origin="https://169.254.169.254")
        head = server.heads[0].decode()
    tracing.close()

    spans = exporter.get_finished_spans()
    assert [(span.name, (span.attributes or {})["installed_apps.outcome"]) for span in spans] == [
        ("call slack chat.postMessage", "200"),
        ("call slack chat.postMessage", "not allowed"),
    ]
    called = {"provider": "slack", "endpoint": "chat.postMessage"}
    for outcome in ("200", "not allowed"):
        assert value_of(read_meters(meters), "outgoing_calls_total", **called, outcome=outcome) == 1
    assert value_of(read_meters(meters), "outgoing_call_seconds_count", **called) == 2
    assert "traceparent" not in head
    assert not any(part in span.to_json() for span in spans for part in (SECRET, server.origin, "169.254"))


def test_what_fails_is_noted_by_its_type_and_not_by_its_words() -> None:
    exporter = InMemorySpanExporter()
    tracing = ExportedTracing(exporter)

    with pytest.raises(ValueError, match=SECRET), tracing.span("a change"):
        raise ValueError(SECRET)
    tracing.close()

    [span] = exporter.get_finished_spans()
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "ValueError")
    assert SECRET not in span.to_json()


async def test_the_collector_is_closed_to_calls_that_members_cause(database_url: str, tmp_path: Path) -> None:
    collector = Collector()
    with run_server(collector.app()) as url, run_server(collector.app()) as beside:
        settings = Settings(
            data_dir=tmp_path,
            database_url=database_url,
            keyring_file=make_keyring_in(tmp_path),
            traces_url=f"{url}{PATH}",
            outbound_allow="127.0.0.0/8",
        )
        async with open_services(settings) as services:
            outcomes = [
                await services.outbound.send(Request("GET", origin), origin=origin) for origin in map(in_tls, (url, beside))
            ]

    assert isinstance(outcomes[0], NotAllowed)
    assert not isinstance(outcomes[1], NotAllowed)


def test_a_collector_that_is_away_costs_spans_and_nothing_else() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    tracing = open_exporting(f"http://127.0.0.1:{port}{PATH}")

    with tracing.span("a change"):
        pass

    tracing.close()


def make_keyring_in(folder: Path) -> Path:
    make_keyring(folder / "keyring.json")
    return folder / "keyring.json"


def in_tls(url: str) -> str:
    return url.replace("http:", "https:", 1)


def request_to(origin: str) -> Request:
    endpoint = Endpoint("slack", "chat.postMessage")
    return Request("GET", f"{origin}/{SECRET}", credential=Bearer(Secret(SECRET)), endpoint=endpoint)
