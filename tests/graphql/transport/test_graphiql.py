import hashlib
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from graphql import GraphQLSchema, OperationDefinitionNode, build_schema, parse, validate
from graphql.execution.values import get_variable_values
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from app.graphql.transport import graphiql

ROOT = Path(__file__).parents[3]
SOURCES = ROOT / "web/graphiql"
BUNDLE = ROOT / "app/graphql/transport/graphiql/static"
TABS = sorted((ROOT / "app/graphql/transport/graphiql/operations").glob("*.graphql"))


@pytest.fixture
def client() -> TestClient:
    return TestClient(Starlette(routes=[Route("/graphql", _answer_with_page), *graphiql.routes()]))


async def _answer_with_page(_: Request) -> Response:
    return graphiql.page()


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema((ROOT / "schema.graphql").read_text("utf-8"))


def test_page_may_load_and_send_only_here(client: TestClient) -> None:
    response = client.get("/graphql")

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["vary"] == "Accept"
    assert response.headers["content-security-policy"].split("; ") == [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "connect-src 'self'",
        "worker-src 'self'",
        "font-src 'self' data:",
        "img-src 'self' data:",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]


def test_everything_that_the_page_names_is_served_here(client: TestClient) -> None:
    page = _read(client.get("/graphql").text)

    assert page.addresses == [
        "data:,",
        "graphiql/main.css",
        "sign-in?next=/graphql",
        "sign-out",
        "graphiql/account.js",
        "graphiql/main.js",
    ]
    assert client.get("/graphiql/main.css").headers["content-type"] == "text/css; charset=utf-8"
    for script in ("account.js", "main.js", "editor.worker.js", "graphql.worker.js", "json.worker.js"):
        assert client.get(f"/graphiql/{script}").headers["content-type"] == "text/javascript; charset=utf-8"


def test_stylesheet_loads_nothing_from_elsewhere(client: TestClient) -> None:
    addresses = re.findall(r"url\(\s*[\"']?([^\"')]{1,20})", client.get("/graphiql/main.css").text)

    assert {address for address in addresses if not address.startswith("data:")} == {"./codicon.ttf"}
    assert client.get("/graphiql/codicon.ttf").status_code == 200


def test_file_that_has_not_changed_is_not_sent_again(client: TestClient) -> None:
    first = client.get("/graphiql/main.js")

    second = client.get("/graphiql/main.js", headers={"If-None-Match": first.headers["etag"]})

    assert first.headers["cache-control"] == "no-cache"
    assert first.headers["content-security-policy"] == "default-src 'none'"
    assert first.headers["x-content-type-options"] == "nosniff"
    assert second.status_code == 304
    assert second.content == b""


@pytest.mark.parametrize("path", ["/graphiql/", "/graphiql/nothing.js", "/graphiql/%2e%2e/__init__.py"])
def test_what_is_not_in_the_bundle_is_not_found(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_page_opens_with_the_operations_in_their_order(client: TestClient) -> None:
    tabs = json.loads(_read(client.get("/graphql").text).operations)

    assert [tab["query"] for tab in tabs] == [path.read_text("utf-8") for path in TABS]
    assert [path.stem for path in TABS] == [
        "01-who-am-i",
        "02-sign-in-at-slack",
        "03-outcome",
        "04-add-an-integration",
        "05-use-an-installed-app",
        "06-record-a-run",
        "07-deliveries",
        "08-watch",
        "09-installed-apps",
        "10-delete-an-installed-app",
        "11-integrations",
        "12-bring-it-back",
        "13-sign-in-link",
    ]
    # GraphiQL puts the variables of the tab that is open first nowhere.
    assert "variables" not in tabs[0]


@pytest.mark.parametrize("path", TABS, ids=lambda path: path.stem)
def test_operation_and_its_variables_fit_the_schema(path: Path, schema: GraphQLSchema) -> None:
    document = parse(path.read_text("utf-8"))
    stored = path.with_suffix(".json")
    variables = json.loads(stored.read_text("utf-8")) if stored.exists() else {}

    errors = validate(schema, document)

    assert errors == []
    # One alone: a tab is named after the operation that ran last, and shows the last answer.
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    assert len(operations) == 1
    for operation in operations:
        assert not isinstance(get_variable_values(schema, operation.variable_definitions or (), variables), list)
    declared = {each.variable.name.value for operation in operations for each in operation.variable_definitions or ()}
    assert set(variables) == declared


def test_bundle_is_built_from_these_sources() -> None:
    lines = [line.split("  ") for line in (BUNDLE / "built-from.txt").read_text("utf-8").splitlines()]
    recorded = {name: digest for digest, name in lines}

    actual = {name: hashlib.sha256((SOURCES / name).read_bytes()).hexdigest() for name in recorded}

    assert recorded == actual, "run scripts/graphiql"
    assert {path.name for path in SOURCES.glob("*.js*")} - set(recorded) == {
        "account.test.js",
        "package.json",
        "subscription.test.js",
    }


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
def test_subscriptions_of_the_page_resume_and_it_says_who_is_signed_in() -> None:
    done = subprocess.run(
        ["node", "--test"],  # noqa: S607 - found on the path, as skipif did
        cwd=SOURCES,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.operations = ""
        self._in_operations = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.addresses += [value for name in ("href", "src", "action") if (value := attributes.get(name))]
        self._in_operations = tag == "script" and attributes.get("id") == "operations"

    def handle_data(self, data: str) -> None:
        if self._in_operations:
            self.operations += data


def _read(html: str) -> _Page:
    page = _Page()
    page.feed(html)
    return page
