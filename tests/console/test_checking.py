from pathlib import Path

import pytest
from pydantic import SecretStr

from app.console.checking import check
from app.settings import Settings
from app.storage import database as app_database
from tests.faults.redis import redis_server
from tests.processes import free_port


async def test_a_redis_that_answers_is_well(database_url: str, tmp_path: Path) -> None:
    async with redis_server(tmp_path, password="right") as server:
        findings = await _check(database_url, tmp_path, redis_url=server.url)

    assert (True, "Redis: answers") in findings


async def test_no_redis_is_well_too(database_url: str, tmp_path: Path) -> None:
    findings = await _check(database_url, tmp_path, redis_url=None)

    assert (True, "Redis: none set (one process wakes itself; several look once a second)") in findings


async def test_a_redis_that_is_not_there_is_a_problem_and_the_rest_is_looked_at(database_url: str, tmp_path: Path) -> None:
    findings = await _check(database_url, tmp_path, redis_url=f"redis://:s3cret@127.0.0.1:{free_port()}/0")

    message = "INSTALLED_APPS_REDIS_URL: Redis does not answer there. Start it, or leave the setting out."
    assert (False, message) in findings
    assert (True, "database and keyring: open, migrated, every key there") in findings
    assert "s3cret" not in str(findings)


async def test_a_password_that_redis_does_not_take_is_named_and_not_shown(database_url: str, tmp_path: Path) -> None:
    async with redis_server(tmp_path, password="right") as server:
        findings = await _check(database_url, tmp_path, redis_url=server.url.replace("right", "s3cret"))

    message = "INSTALLED_APPS_REDIS_URL: Redis does not take the user and password in it. Set them right."
    assert (False, message) in findings
    assert "s3cret" not in str(findings)


@pytest.mark.parametrize("url", ["127.0.0.1:6379", "redis://:s3cret@127.0.0.1:port/0"])
async def test_what_is_no_address_is_named_once_and_not_shown(database_url: str, tmp_path: Path, url: str) -> None:
    findings = await _check(database_url, tmp_path, redis_url=url)

    assert [line for is_well, line in findings if "REDIS_URL" in line and not is_well] == [
        "INSTALLED_APPS_REDIS_URL must be an address such as redis://redis.example.com:6379/0 (rediss:// for TLS)."
    ]
    assert "s3cret" not in str(findings)


async def _check(database_url: str, folder: Path, *, redis_url: str | None) -> list[tuple[bool, str]]:
    settings = Settings(
        data_dir=folder,
        database_url=database_url,
        redis_url=SecretStr(redis_url) if redis_url is not None else None,
        keyring_file=folder / "keyring.json",
    )
    if not app_database.is_embedded(database_url):
        from app.sealing.keyring import make_keyring  # noqa: PLC0415 - only where the service makes none itself

        make_keyring(settings.keyring)
    return await check(settings)
