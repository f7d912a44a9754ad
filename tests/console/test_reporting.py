import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.console.reporting import report_newman
from app.errors import StatedProblem
from tests.monitors.test_report import RECORDED, TOKEN, answering

REPORT = Path(__file__).parent.parent / "data" / "newman" / "failed.json"


@pytest.mark.processes
@pytest.mark.parametrize(
    ("answer", "warning"),
    [(RECORDED, "Warning: Nobody listens.\n"), (RECORDED.replace(b'"Nobody listens."', b"null"), "")],
)
def test_a_run_of_which_nothing_is_posted_is_warned_of_beside_its_id(answer: bytes, warning: str) -> None:
    with answering(answer) as service:
        done = subprocess.run(  # noqa: S603 - our own
            [sys.executable, "-m", "app", "report", "newman", str(REPORT), "--monitor", "checkout"],
            env={**os.environ, "INSTALLED_APPS_URL": service.url, "INSTALLED_APPS_TOKEN": TOKEN},
            capture_output=True,
            text=True,
            check=False,
        )

    assert (done.returncode, done.stdout, done.stderr) == (0, "the-run\n", warning)


async def test_a_file_that_never_ends_is_no_report() -> None:
    with pytest.raises(StatedProblem, match="The report cannot be read: it is not JSON"):
        await report_newman(Path("/dev/zero"), monitor_key="m", monitor_name=None, run_id=None, url=None, warn=lambda _: None)


async def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StatedProblem, match=r"missing\.json cannot be read: No such file or directory\."):
        await report_newman(
            tmp_path / "missing.json", monitor_key="m", monitor_name=None, run_id=None, url=None, warn=lambda _: None
        )
