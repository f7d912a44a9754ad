"""A provider whose function has another signature than the contract says is refused by mypy, before anything runs."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent

pytestmark = pytest.mark.processes

RIGHT = """
from datetime import datetime, timedelta

from app.outbound import Sender
from app.providers.activity import ActivityReport
from app.providers.contract import Authorized, Channel, ChannelPage, Failure, Posted, RunReport
from app.providers.messaging import Messaging, Thread


async def list_channels(*, authorized: Authorized, cursor: str | None, limit: int, outbound: Sender) -> ChannelPage | Failure:
    return ChannelPage((), None)


async def find_channel(*, authorized: Authorized, channel_id: str, outbound: Sender) -> Channel | Failure:
    return Channel(channel_id, "general", is_private=False)


async def post_report(
    *,
    authorized: Authorized,
    channel_id: str,
    report: RunReport,
    now: datetime,
    outbound: Sender,
    thread: Thread | None = None,
    mention: str | None = None,
) -> Posted | Failure:
    return Posted()


async def post_activity(
    *, authorized: Authorized, channel_id: str, report: ActivityReport, now: datetime, outbound: Sender
) -> Posted | Failure:
    return Posted()


def is_own_id(text: str) -> bool:
    return text.isalnum()


MESSAGING = Messaging(list_channels, find_channel, post_report, post_activity, is_own_id, timedelta(seconds=1))
"""


@pytest.mark.parametrize(
    ("right", "wrong", "refused"),
    [
        ("cursor: str | None, limit: int, outbound", "kursor: int, limit: str, outbound", "ListChannels"),
        ("channel_id: str, outbound: Sender) -> Channel", "channel_id: str) -> Channel", "FindChannel"),
        (
            "mention: str | None = None,\n) -> Posted | Failure",
            "mention: str | None = None,\n) -> Posted | Failure | None",
            "PostReport",
        ),
        ("def is_own_id", "async def is_own_id", "IsOwnId"),
    ],
    ids=["an argument of another name and type", "an argument too few", "another answer", "a coroutine"],
)
def test_a_provider_with_a_wrong_signature_is_refused(right: str, wrong: str, refused: str, tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text(RIGHT.replace(right, wrong))

    told = _check(tmp_path / "wrong.py")

    assert [f'expected "{refused}"' in line for line in told.splitlines() if "error:" in line] == [True]


def test_a_provider_with_the_right_signatures_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "right.py").write_text(RIGHT)

    assert _check(tmp_path / "right.py") == "Success: no issues found in 1 source file\n"


def _check(file: Path) -> str:
    command = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), str(file)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout  # noqa: S603 - no words of others
