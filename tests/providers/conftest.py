from tests.peers.fixtures import doorkeeper, doorkeeper_url, github_rest, prism

__all__ = ["doorkeeper", "doorkeeper_url", "github_rest", "prism"]
