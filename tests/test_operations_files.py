"""The files of operations/ and docs/operations.md name nothing that the service does not have."""

import re
from configparser import ConfigParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.__main__ import cli
from app.settings import PREFIX, Settings, read_settings, unknown_settings

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "operations/settings.example"
UNIT = ROOT / "operations/installed-apps.service"
PAGE = (ROOT / "docs/operations.md").read_text("utf-8")
STOPS_WITHIN_SECONDS = 25
"""What `app/console/web_server.py` promises."""


@pytest.fixture
def unit() -> ConfigParser:
    read = ConfigParser(strict=False, interpolation=None)
    read.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's names have capitals
    read.read(UNIT)
    return read


def test_the_unit_starts_a_command_that_is_there_and_leaves_it_time_to_stop(unit: ConfigParser) -> None:
    _, command, *options = unit["Service"]["ExecStart"].split()

    said = CliRunner().invoke(cli, [command, "--help"], env={"COLUMNS": "400", "NO_COLOR": "1"}).output

    assert [option for option in options if option.startswith("--") and option not in said] == []
    assert int(unit["Service"]["TimeoutStopSec"]) > STOPS_WITHIN_SECONDS
    assert unit["Service"]["RestartPreventExitStatus"] == "78"
    assert unit["Service"]["EnvironmentFile"] in PAGE
    assert not any("Environment=" in line for line in UNIT.read_text("utf-8").splitlines())


def test_the_example_of_settings_is_read_whole_and_names_the_proxy() -> None:
    settings = read_settings(env_file=EXAMPLE)

    assert [str(network) for network in settings.trusted_proxies] == ["127.0.0.1/32"]
    assert unknown_settings({}, env_file=EXAMPLE) == []
    commented = re.findall(rf"^#{PREFIX}(\w+)=", EXAMPLE.read_text("utf-8"), re.MULTILINE)
    assert len(commented) >= 8
    assert set(commented) <= {name.upper() for name in Settings.model_fields}


def test_the_keyring_of_the_example_is_in_the_folder_that_the_services_user_owns(unit: ConfigParser) -> None:
    settings = read_settings(env_file=EXAMPLE)

    assert f"/var/lib/{unit['Service']['StateDirectory']}" == str(settings.data_dir)
    assert settings.keyring == settings.data_dir / "keyring.json"
    assert "KEYRING_FILE=" not in EXAMPLE.read_text("utf-8")
    assert not re.search(r"/etc/\S*keyring", PAGE)
    assert (
        f"install -d -m {unit['Service']['StateDirectoryMode']} -o installed-apps -g installed-apps {settings.data_dir} " in PAGE
    )


def test_a_server_is_migrated_and_has_a_keyring_before_the_service_starts() -> None:
    steps = [PAGE.index(step) for step in ("\nrun migrate ", "\nrun keys add ", "\nsystemctl enable --now installed-apps\n")]

    assert steps == sorted(steps)


def test_every_command_of_the_page_is_there() -> None:
    named = re.findall(r"^run ([a-z][a-z -]*?)(?= [\"-]|  |$)", PAGE, re.MULTILINE)

    assert len(named) >= 5
    for command in named:
        assert CliRunner().invoke(cli, [*command.split(), "--help"]).exit_code == 0, command
