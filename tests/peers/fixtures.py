"""The peers as fixtures: a process once a session, and for each test what is its own."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.peers import github, gitlab, javascript
from tests.peers.processes import need


@pytest.fixture(scope="session")
def doorkeeper_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    need(installed=gitlab.is_installed(), reason="Doorkeeper is not installed: tests/peers/install")
    with gitlab.run_doorkeeper(tmp_path_factory.mktemp("doorkeeper")) as url:
        yield url


@pytest.fixture
async def doorkeeper(doorkeeper_url: str) -> AsyncIterator[gitlab.Doorkeeper]:
    """A GitLab's OAuth with a client of this test's own."""
    async with gitlab.open_doorkeeper(doorkeeper_url) as peer:
        yield peer


@pytest.fixture(scope="session")
def prism(tmp_path_factory: pytest.TempPathFactory) -> Iterator[github.Prism]:
    need(installed=github.is_installed(), reason="Prism is not installed: tests/peers/install")
    with github.run_prism(tmp_path_factory.mktemp("prism")) as running:
        yield running


@pytest.fixture
def github_rest(prism: github.Prism) -> Iterator[github.GitHubRest]:
    """A GitHub Enterprise Server's REST API. The test fails at its end if any call was not as GitHub describes it."""
    with github.serve_github_rest(prism) as peer:
        yield peer
    if faults := peer.faults():
        pytest.fail("GitHub describes no such call:\n" + "\n".join(faults))


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs in graphql/, from where they can be run."""
    need(installed=javascript.is_installed(), reason="GraphQL's peers are not installed: tests/peers/install")
    return javascript.lay_out(tmp_path_factory.mktemp("programs"))
