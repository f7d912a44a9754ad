"""What docs/ci.md has people paste works as pasted: the script, the step and the job, against a running service."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import pytest
import yaml

from app.graphql.scalars import format_moment
from app.monitors.newman import read_report
from app.monitors.reported import ReportedRun
from tests.journeys.story import ADMIN, TEAM, Story
from tests.monitors.test_report import RECORDED, TOKEN, answering
from tests.processes import free_port

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "ci.md").read_text("utf-8")
SCRIPT, CALL = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
ACTIONS, GITLAB = (yaml.safe_load(text) for text in re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
[JENKINS] = re.findall(r"^```groovy\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
DATA = ROOT / "tests" / "data"
# Every one that has Newman's structure.
REPORTS = (
    *(DATA / "newman" / f"{name}.json" for name in ("passed", "failed", "error", "bailed")),
    *sorted((DATA / "postman_cli").glob("newman-*.json")),
    *(DATA / "odd_reports" / f"{name}.json" for name in ("1500-failures", "message-is-an-object", "nothing-ran")),
    DATA / "odd_reports" / "postman-cli-newman-structure.json",
)
JUNIT_REPORT = DATA / "junit" / "pytest.xml"
RUNS = """
query { monitors(first: 1) { nodes { key runs(first: 20) { nodes {
  runId outcome startedAt durationMs requestCount testCount failedTestCount errorCount failures { name message } url
} } } } }"""


@pytest.fixture(autouse=True)
def _programs() -> None:
    if not all(map(shutil.which, ("bash", "curl", "jq"))) and not os.environ.get("REQUIRE_PEERS"):
        pytest.skip("curl and jq are not installed")


class Pipeline:
    """A folder with the script and a report, and the environment that a pipeline has."""

    def __init__(self, folder: Path, *, url: str, token: str) -> None:
        self.folder = folder
        self.environment = {
            "INSTALLED_APPS_URL": url,
            "INSTALLED_APPS_TOKEN": token,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }
        (folder / "report-newman.sh").write_text(SCRIPT)

    @classmethod
    def of_story(cls, folder: Path, story: Story) -> Self:
        token = story.service.run("token", "create", "--team", TEAM, "--email", ADMIN, "--scope", "RUNS_WRITE", "--name", "ci")
        assert story.service.run("token", "list", "--team", TEAM, "--email", ADMIN).split("\n")[-1].endswith("\tci")
        return cls(folder, url=story.service.url, token=token)

    def run(self, command: str, report: Path | None, **more: str) -> subprocess.CompletedProcess[str]:
        if report is not None:
            shutil.copyfile(report, self.folder / "newman.json")
            shutil.copyfile(JUNIT_REPORT, self.folder / "junit.xml")
        environment: Mapping[str, str] = self.environment | more
        return subprocess.run(  # noqa: S603 - what the page says
            [shutil.which("bash") or "bash", "-e", "-c", command],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )


def told(report: Path) -> ReportedRun:
    with report.open("rb") as opened:
        return read_report(opened, monitor_key="checkout")


async def recorded(story: Story) -> list[dict[str, Any]]:
    monitors = (await story.admin.ask(RUNS))["monitors"]["nodes"]
    return [run for monitor in monitors if monitor["key"] == "checkout" for run in monitor["runs"]["nodes"]]


async def test_the_script_records_what_the_command_would(story: Story, tmp_path: Path) -> None:
    pipeline = Pipeline.of_story(tmp_path, story)

    for report in REPORTS:
        done = pipeline.run(CALL.replace("build-17", report.name), report)
        assert (done.returncode, done.stderr) == (0, ""), report
        assert done.stdout.startswith(f"Recorded as {told(report).outcome.value}.\nWarning: "), report

    runs = {run["runId"]: run for run in await recorded(story)}
    assert len(runs) == len(REPORTS)
    for report in REPORTS:
        expected, run = told(report), runs[report.name]
        assert run["outcome"] == expected.outcome.value, report
        assert [run[name] for name in ("requestCount", "testCount", "failedTestCount", "errorCount", "durationMs")] == [
            expected.request_count,
            expected.test_count,
            expected.failed_test_count,
            expected.error_count,
            expected.duration_ms,
        ], report
        assert run["failures"] == [{"name": one.name, "message": one.message} for one in expected.failures], report
        assert run["startedAt"] == format_moment(expected.started_at), report
        assert run["url"] == "https://ci.example.com/builds/17"


async def test_the_same_run_again_is_a_warning_and_what_is_refused_a_failure(story: Story, tmp_path: Path) -> None:
    pipeline = Pipeline.of_story(tmp_path, story)
    await story.add_sharing(name="Checkout to Slack", monitor="checkout")

    first, again = pipeline.run(CALL, REPORTS[1]), pipeline.run(CALL, REPORTS[1])
    refused = pipeline.run(CALL, REPORTS[1], INSTALLED_APPS_TOKEN="ia_nobodys")
    too_long = pipeline.run(CALL.replace("build-17", "x" * 300), REPORTS[1])

    assert (first.returncode, first.stdout) == (0, "Recorded as FAILED.\n")
    assert (again.returncode, "Warning: This run was recorded before" in again.stdout) == (0, True)
    assert (refused.returncode, "errors" in refused.stderr) == (1, True)
    assert (too_long.returncode, "1 to 200 characters" in too_long.stderr) == (1, True)
    assert len(await recorded(story)) == 1


@pytest.mark.parametrize("ending", ["", "/", "/graphql", "/graphql/"])
def test_the_address_may_end_as_it_likes(tmp_path: Path, ending: str) -> None:
    body = RECORDED.replace(b'"id"', b'"outcome": "FAILED", "id"')
    with answering(body) as service:
        done = Pipeline(tmp_path, url=service.url + ending, token=TOKEN).run(CALL, REPORTS[1])

    assert (done.returncode, done.stderr, done.stdout) == (0, "", "Recorded as FAILED.\nWarning: Nobody listens.\n")
    assert [(path, authorization) for path, authorization, _ in service.asked] == [("/graphql", f"Bearer {TOKEN}")]


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (
            502,
            b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n",
            "502: <html> <head><title>502 Bad Gateway</title></head> ",
        ),
        (404, b"Not Found", "404: Not Found"),
        (404, b"", "404: "),
        (200, b'"all is well"', '200: "all is well"'),
        (200, b"\x1b[2J" + b"x" * 2000, "200: [2J" + "x" * 997),
        (401, b'{"errors": [{"message": "No."}]}', '401: {"errors": [{"message": "No."}]}'),
    ],
)
def test_what_is_no_answer_of_this_service_is_told_with_its_status(
    tmp_path: Path, status: int, body: bytes, message: str
) -> None:
    (tmp_path / "answer.json").write_bytes(RECORDED.replace(b'"id"', b'"outcome": "FAILED", "id"'))  # an earlier step's

    with answering(body, status=status) as service:
        done = Pipeline(tmp_path, url=service.url, token=TOKEN).run(CALL, REPORTS[1])

    told_words = f"The run was not recorded: {service.url}/graphql answered HTTP {message}\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", told_words)


@pytest.mark.parametrize(
    ("report", "message"),
    [
        (None, "there is no report at newman.json, or it is empty: look at what Newman said."),
        ("", "there is no report at newman.json, or it is empty: look at what Newman said."),
        ("\n", "newman.json is no report of Newman's."),
        ("{}", "newman.json is no report of Newman's."),
        ("<html>", "newman.json is no report of Newman's."),
    ],
)
def test_what_is_no_report_is_told_before_anything_is_posted(tmp_path: Path, report: str | None, message: str) -> None:
    if report is not None:
        (tmp_path / "newman.json").write_text(report)

    with answering(RECORDED) as service:
        done = Pipeline(tmp_path, url=service.url, token=TOKEN).run(CALL, None)

    assert (done.returncode, done.stdout, service.asked) == (1, "", [])
    assert done.stderr.endswith(f"The run was not recorded: {message}\n")


def test_an_address_that_does_not_answer_or_is_not_set_is_told(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    pipeline = Pipeline(tmp_path, url=url, token=TOKEN)

    away = pipeline.run(CALL, REPORTS[1])
    no_url, no_token = (pipeline.run(CALL, REPORTS[1], **{name: ""}) for name in ("INSTALLED_APPS_URL", "INSTALLED_APPS_TOKEN"))

    assert (away.returncode, no_url.returncode, no_token.returncode) == (1, 1, 1)
    assert away.stderr.startswith("curl: (7) Failed to connect")
    assert away.stderr.endswith(f"The run was not recorded: {url}/graphql gave no answer.\n")
    assert no_url.stderr == "The run was not recorded: INSTALLED_APPS_URL is not set.\n"
    assert no_token.stderr == "The run was not recorded: INSTALLED_APPS_TOKEN is not set.\n"


async def test_the_step_of_github_and_the_job_of_gitlab_record_their_runs(story: Story, tmp_path: Path) -> None:
    pipeline = Pipeline.of_story(tmp_path, story)
    [step] = [step for step in ACTIONS["jobs"]["newman"]["steps"] if step.get("name") == "Report the run"]
    [after] = GITLAB["newman"]["after_script"]
    github = {
        "GITHUB_RUN_ID": "4711",
        "GITHUB_RUN_ATTEMPT": "2",
        "GITHUB_SERVER_URL": "https://github.example.com",
        "GITHUB_REPOSITORY": "acme/shop",
    }

    at_github = pipeline.run(step["run"], REPORTS[0], **github)
    at_gitlab = pipeline.run(after, REPORTS[1], CI_JOB_ID="815", CI_JOB_URL="https://gitlab.example.com/acme/shop/-/jobs/815")

    assert set(step["env"]) == {"INSTALLED_APPS_URL", "INSTALLED_APPS_TOKEN"}
    assert (at_github.returncode, at_gitlab.returncode) == (0, 0), (at_github.stderr, at_gitlab.stderr)
    assert {(run["runId"], run["outcome"], run["url"]) for run in await recorded(story)} == {
        ("4711-2", "PASSED", "https://github.example.com/acme/shop/actions/runs/4711"),
        ("815", "FAILED", "https://gitlab.example.com/acme/shop/-/jobs/815"),
    }


async def test_the_steps_of_all_three_record_a_report_of_junit_s(story: Story, tmp_path: Path) -> None:
    pipeline = Pipeline.of_story(tmp_path, story)
    [step] = [step for step in ACTIONS["jobs"]["pytest"]["steps"] if step.get("name") == "Report the run"]
    [after] = GITLAB["pytest"]["after_script"]
    [jenkins] = re.findall(r"always \{.*?sh '(.*?)'", JENKINS, re.DOTALL)
    github = {
        "GITHUB_RUN_ID": "4711",
        "GITHUB_RUN_ATTEMPT": "2",
        "GITHUB_SERVER_URL": "https://github.example.com",
        "GITHUB_REPOSITORY": "acme/shop",
    }

    at_github = pipeline.run(step["run"], REPORTS[0], **github)
    at_gitlab = pipeline.run(after, REPORTS[0], CI_JOB_ID="815", CI_JOB_URL="https://gitlab.example.com/acme/shop/-/jobs/815")
    at_jenkins = pipeline.run(jenkins, REPORTS[0], BUILD_TAG="jenkins-shop-7", BUILD_URL="https://jenkins.example.com/shop/7/")

    for done in (at_github, at_gitlab, at_jenkins):
        assert done.returncode == 0, done.stderr
    assert {(run["runId"], run["outcome"], run["url"]) for run in await recorded(story)} == {
        ("4711-2", "ERROR", "https://github.example.com/acme/shop/actions/runs/4711"),
        ("815", "ERROR", "https://gitlab.example.com/acme/shop/-/jobs/815"),
        ("jenkins-shop-7", "ERROR", "https://jenkins.example.com/shop/7/"),
    }


def test_each_exit_code_of_the_page_is_the_command_s(tmp_path: Path) -> None:
    command = "installed-apps report junit junit.xml --monitor checkout"
    with answering(RECORDED) as service:
        pipeline = Pipeline(tmp_path, url=service.url, token=TOKEN)

        ends = [
            pipeline.run(command, REPORTS[0]).returncode,
            pipeline.run(command.replace("junit.xml", "missing.xml"), None).returncode,
            pipeline.run(command, REPORTS[0], INSTALLED_APPS_URL=f"http://127.0.0.1:{free_port()}").returncode,
            pipeline.run("installed-apps report junit junit.xml", REPORTS[0]).returncode,
        ]

    assert ends == [0, 1, 1, 2]
    for code in set(ends):
        assert f"| {code} | " in PAGE
