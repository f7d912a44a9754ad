"""What is asked: pages of the API, and the same of what is written by hand."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import orjson

from tests.bench.rows import Filled

_APPS = """
query ($first: Int!, $each: Int!) {
  installedApps(first: $first) {
    nodes {
      id name connectedTo status createdAt
      provider { key name }
      installedBy { id name }
      integrations(first: $each) { nodes { id name status connectedTo } pageInfo { hasNextPage } }
    }
    pageInfo { hasNextPage endCursor }
  }
}"""
_VIEWER = "query { viewer { member { id name email role } team { id name } } }"
_APP = """
query ($app: ID!) {
  installedApp(id: $app) {
    id name connectedTo status createdAt provider { key name } url updatedAt installedBy { id name }
  }
}"""
_INTEGRATIONS = """
query {
  integrations(first: 50) {
    nodes { id name status connectedTo createdAt kind { key } installedApp { id name } createdBy { name } }
    pageInfo { hasNextPage endCursor }
  }
}"""
_RUNS = """
query ($integration: ID!) {
  integration(id: $integration) {
    deliveries(first: 50) {
      nodes { id status createdAt run { runId outcome startedAt durationMs } attempts { at durationMs succeeded error } }
      pageInfo { hasNextPage endCursor }
    }
  }
}"""


@dataclass(frozen=True)
class Page:
    """A page by its name for people, its operation, and its path where it is written by hand."""

    name: str
    query: str
    path: str
    first: int = 50
    each: int = 5

    def of_api(self, team: Filled, *, url: str) -> bytes:
        """Return the request of the API."""
        given = {**team.variables, "first": self.first, "each": self.each}
        variables = {name: value for name, value in given.items() if f"${name}:" in self.query}
        body = orjson.dumps({"query": self.query, "variables": variables})
        return request_of("POST", "/graphql", token=team.token, url=url, body=body)

    def of_path(self, team: Filled, *, url: str) -> bytes:
        """Return the request of what is written by hand."""
        path = self.path.format(**team.variables, first=self.first, each=self.each)
        return request_of("GET", path, token=team.token, url=url)


PAGE = Page("the page: 50 installed apps, each with installer and five integrations", _APPS, "/page?first={first}&each={each}")
PAGES: Mapping[str, Page] = {
    "page": PAGE,
    "viewer": Page("`viewer`", _VIEWER, "/viewer"),
    "app": Page("one installed app", _APP, "/apps/{app}"),
    "integrations": Page("the integrations page: 50 with app and maker", _INTEGRATIONS, "/integrations"),
    "runs": Page("the run log: 50 with run and attempts", _RUNS, "/runs/{integration}"),
}


def request_of(method: str, path: str, *, token: str, url: str, body: bytes = b"") -> bytes:
    """Return the whole request as it goes over the wire."""
    lines = [
        f"{method} {path} HTTP/1.1",
        f"Host: {urlsplit(url).netloc}",
        f"Authorization: Bearer {token}",
        "Accept: application/json",
        *([f"Content-Type: application/json\r\nContent-Length: {len(body)}"] if body else []),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body
