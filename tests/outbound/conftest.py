import pytest

from tests.wires import Authority, make_authority


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority("git.corp.example", tmp_path_factory.mktemp("authority"))
