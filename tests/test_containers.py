"""The container and compose files name nothing that the service does not have. (They are read here, not built.)"""

import json
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.__main__ import cli
from app.settings import PREFIX, Settings
from tests.command_line import command_names

ROOT = Path(__file__).parent.parent
CONTAINERFILE = (ROOT / "Containerfile").read_text("utf-8")
COMPOSE = (ROOT / "compose.yaml").read_text("utf-8")
STOPS_WITHIN_SECONDS = 25
"""What `app/console/web_server.py` promises."""

INSTRUCTIONS = re.findall(r"^([A-Z]+) +(.*?(?:\\\n.*?)*)$", CONTAINERFILE, re.MULTILINE)
YAML_LINE = re.compile(r"(?P<indent> *)(?P<item>- )?(?:(?P<key>[\w<-]+):(?: |$))?(?P<value>.*)")


def test_every_setting_that_they_set_is_one() -> None:
    named = set(re.findall(rf"\b{PREFIX}(\w+)", CONTAINERFILE + COMPOSE))

    assert len(named) >= 8
    assert named <= {name.upper() for name in Settings.model_fields}


def test_every_setting_that_an_operator_makes_reaches_the_service() -> None:
    passed = {name.removeprefix(PREFIX) for name in compose()["x-service"]["environment"]}

    assert passed == {name.upper() for name in Settings.model_fields} - {"DATA_DIR", "SANDBOX_PORT"}


def test_every_command_that_they_run_is_there_with_its_options() -> None:
    keys = compose()["services"]["keys"]
    commands = [last("CMD"), *(compose()["services"][name]["command"] for name in ("web", "worker", "migrate"))]

    for message in [*commands, [keys["entrypoint"][-1], *keys["command"]]]:
        name, options = split(message)
        said = CliRunner().invoke(cli, [*name, "--help"], env={"COLUMNS": "400", "NO_COLOR": "1"})
        assert said.exit_code == 0, message
        assert [option for option in options if option.startswith("--") and option not in said.output] == []


def test_what_the_image_starts_is_what_the_package_installs() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]

    assert [Path(word).name for word in last("ENTRYPOINT")] == list(scripts)
    assert last("ENTRYPOINT")[0] == compose()["services"]["keys"]["entrypoint"][0]


def test_signals_reach_the_service_itself() -> None:
    """A shell in between would keep SIGTERM for itself."""
    assert isinstance(last("ENTRYPOINT"), list)
    assert isinstance(last("CMD"), list)
    stops = [service["stop_grace_period"] for name, service in compose()["services"].items() if name in {"web", "worker"}]
    assert [seconds for seconds in stops if int(seconds.removesuffix("s")) <= STOPS_WITHIN_SECONDS] == []


def test_it_runs_as_a_user_without_rights() -> None:
    (user,) = [text for name, text in INSTRUCTIONS if name == "USER"]

    uid, gid = user.split(":")
    assert (uid, gid) == ("10001", "10001")
    assert f"--uid {uid} " in CONTAINERFILE
    assert f"--owner {uid} --group {gid} --mode 0700 /data" in CONTAINERFILE


def test_ports_and_paths_are_the_same_everywhere() -> None:
    port = Settings().public_url.rpartition(":")[2]
    [published] = compose()["services"]["web"]["ports"]
    keyring = Path(compose()["x-service"]["environment"][f"{PREFIX}KEYRING_FILE"])

    assert dict(INSTRUCTIONS)["EXPOSE"] == port
    assert f"http://127.0.0.1:{port}/healthz" in dict(INSTRUCTIONS)["HEALTHCHECK"]
    assert published == f"127.0.0.1:{port}:{port}"
    assert compose()["x-service"]["volumes"] == [f"./keyring:{keyring.parent}:ro"]
    assert f"{PREFIX}DATA_DIR=/data " in CONTAINERFILE
    assert dict(INSTRUCTIONS)["VOLUME"] == dict(INSTRUCTIONS)["WORKDIR"] == "/data"


def test_the_health_check_runs() -> None:
    check = dict(INSTRUCTIONS)["HEALTHCHECK"].split("CMD ", 1)[1]

    python, option, program = json.loads(check)
    assert (Path(python).parent, option) == (Path(last("ENTRYPOINT")[0]).parent, "-c")
    compile(program, "HEALTHCHECK", "exec")


def test_everything_copied_is_there_and_let_in() -> None:
    let_in = {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    copied = {word for name, text in INSTRUCTIONS if name == "COPY" and "--from" not in text for word in text.split()[:-1]}

    assert copied == let_in
    assert [path for path in copied if not (ROOT / path).exists()] == []


def test_nothing_that_is_not_locked_is_installed() -> None:
    locked, itself = re.findall(r"pip install (.*?)(?:&&|$)", CONTAINERFILE.replace("\\\n", ""), re.MULTILINE)

    assert {"--require-hashes", "--no-deps", "/src/requirements/serving.txt"} <= set(locked.split())
    assert {"--no-index", "--no-deps", "--no-build-isolation", "/src"} <= set(itself.split())


def test_no_password_stands_in_them() -> None:
    text = CONTAINERFILE + COMPOSE

    assert re.findall(r"PASSWORD: (?!\$\{DATABASE_PASSWORD:\?)", text) == []
    assert re.findall(r"://\w+:(?!\$\{DATABASE_PASSWORD:\?)[^@\s]*@", text) == []
    assert re.findall(r"(?:SECRET|TOKEN)\w*[:=] *\S", text) == []


def test_every_service_network_and_volume_that_compose_names_is_there() -> None:
    whole = compose()
    services = {name: whole["x-service"] | service for name, service in whole["services"].items()}

    for service in whole["services"].values():
        assert set(service.get("depends_on", {})) <= services.keys()
        assert set(service.get("networks", [])) <= whole["networks"].keys()
        named = (volume.split(":")[0] for volume in service.get("volumes", []))
        assert {volume for volume in named if not volume.startswith("./")} <= whole["volumes"].keys()
        assert "image" in service or service["<<"] == "*service"


def test_redis_may_be_away_when_the_service_starts() -> None:
    assert [name for name, service in compose()["services"].items() if "redis" in service.get("depends_on", {})] == []


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a:\n  b: 1\n  c:\nd: x y\n", {"a": {"b": "1", "c": None}, "d": "x y"}),
        ('a: ["b", "c d"]\ne: [f, g]\n', {"a": ["b", "c d"], "e": ["f", "g"]}),
        ("# one\n\na:\n  - b:c # d\n  - e\nf: &g\n  h: *i\n", {"a": ["b:c", "e"], "f": {"h": "*i"}}),
    ],
)
def test_the_yaml_that_compose_is_written_in_is_read(text: str, read: object) -> None:
    assert read_yaml(text) == read


def compose() -> dict[str, Any]:
    return read_yaml(COMPOSE)


def read_yaml(text: str) -> dict[str, Any]:
    """Read the little of YAML that the compose file needs: mappings, lists in lines or brackets, plain and quoted scalars.

    Scalars stay text, and what an anchor stands for is not put in.
    """
    lines = [line for line in (re.sub(r"(^| )#.*", "", raw).rstrip() for raw in text.splitlines()) if line]
    block, rest = _read_block(lines, indent=0)
    assert rest == []
    assert isinstance(block, dict)
    return block


def _read_block(lines: Sequence[str], *, indent: int) -> tuple[Any, Sequence[str]]:
    mapping: dict[str, Any] = {}
    items: list[Any] = []
    while lines:
        found = YAML_LINE.fullmatch(lines[0])
        assert found is not None
        if len(found["indent"]) < indent:
            break
        assert len(found["indent"]) == indent, lines[0]
        value = re.sub(r"^&\w+ ?", "", found["value"])
        if found["item"]:
            items.append(_read_scalar((f"{found['key']}: " if found["key"] else "") + value))
            lines = lines[1:]
        elif value:
            mapping[found["key"]], lines = _read_scalar(value), lines[1:]
        else:
            mapping[found["key"]], lines = _read_below(lines[1:], indent=indent)
    return items or mapping, lines


def _read_below(lines: Sequence[str], *, indent: int) -> tuple[Any, Sequence[str]]:
    deeper = len(lines[0]) - len(lines[0].lstrip()) if lines else 0
    return _read_block(lines, indent=deeper) if deeper > indent else (None, lines)


def _read_scalar(text: str) -> Any:
    if text.startswith("["):
        return json.loads(text) if '"' in text else [word.strip() for word in text.strip("[]").split(",")]
    return json.loads(text) if text.startswith('"') else text


def last(instruction: str) -> Any:
    """Return what the last such instruction says, which has to be in its JSON form."""
    return json.loads([text for name, text in INSTRUCTIONS if name == instruction][-1])


def split(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the command's name and its options."""
    names = command_names()
    length = next(length for length in (2, 1) if " ".join(words[:length]) in names)
    return list(words[:length]), list(words[length:])
