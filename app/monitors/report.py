"""The report command: it tells a service of a run, through its API, once the file is read."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.errors import StatedProblem
from app.graphql.scalars import format_moment
from app.monitors.reported import ReportedRun
from app.outbound import (
    AllowRule,
    BadAnswer,
    Bearer,
    NotAllowed,
    NotJson,
    OddProxy,
    OddUrl,
    Outbound,
    Request,
    Response,
    Unreachable,
    Url,
    fits_header,
    parse_json,
    parse_url,
    proxy_for,
)
from app.sealing.secret import Secret
from app.settings import LOOPBACK_HOSTS

URL_SETTING = "INSTALLED_APPS_URL"
TOKEN_SETTING = "INSTALLED_APPS_TOKEN"  # noqa: S105 - the setting's name
DEADLINE = 30.0

_PATH = "/graphql"
_OK = 200
_MUTATION = """\
mutation RecordMonitorRun($input: RecordMonitorRunInput!) {
  recordMonitorRun(input: $input) { run { id } notice userErrors { message field } }
}"""


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, hide_input_in_errors=True)


class _Named(_Part):
    id: str


class _UserError(_Part):
    message: str
    field: list[str] | None = None


class _Payload(_Part):
    run: _Named | None = None
    notice: str | None = None
    user_errors: list[_UserError] = Field(alias="userErrors")


class _Recorded(_Part):
    payload: _Payload | None = Field(alias="recordMonitorRun", default=None)


class _Error(_Part):
    message: str


class _Answer(_Part):
    data: _Recorded | None = None
    errors: list[_Error] = []


@dataclass(frozen=True)
class Reported:
    """A recorded run's id at the service; `notice` says why nothing comes of it, where that is so."""

    run_id: str
    notice: str | None = None


async def report_run(
    reported: ReportedRun, *, url: str, token: str, environment: Mapping[str, str], warn: Callable[[str], None]
) -> Reported:
    """Record the run at the service at `url` and return what it became there.

    The token goes to that very host and nowhere else, over http only to this machine and, with a warning, to a private address.
    `environment` names the proxy, where there is one. Raises StatedProblem with what is wrong.
    """
    service = _service(url)
    if not fits_header(token):
        raise StatedProblem(f"{TOKEN_SETTING} holds no access token.")
    outbound = _open(service, environment)
    try:
        outcome = await outbound.send(_request(service, reported, token=token), origin=service.origin, deadline=DEADLINE)
    finally:
        await outbound.aclose()
    if service.scheme == "http" and not _is_here(service) and not isinstance(outcome, NotAllowed):
        warn(f"{URL_SETTING} is http: whoever can read the network on the way can read the access token.")
    match outcome:
        case Response():
            return _read(outcome)
        case NotAllowed(message):
            raise StatedProblem(f"{URL_SETTING}: {message}")
        case Unreachable(_, message) | BadAnswer(message):
            raise StatedProblem(f"The service cannot be reached: {message}.")


def _service(url: str) -> Url:
    service = parse_url(url)
    if isinstance(service, OddUrl):
        raise StatedProblem(f"{URL_SETTING} is no address: {service.message}.")
    return service


def _open(service: Url, environment: Mapping[str, str]) -> Outbound:
    if service.scheme == "http" and _is_here(service):
        return Outbound(sandbox=(service.host, service.port))
    proxy = proxy_for(service, environment) if not _is_here(service) else None
    if isinstance(proxy, OddProxy):
        raise StatedProblem(f"{proxy.message}.")
    allow = [AllowRule(name=service.host, port=service.port, plain=service.scheme == "http")]
    return Outbound(allow=allow, proxy=proxy, proxies_private=True)


def _is_here(service: Url) -> bool:
    return service.host in LOOPBACK_HOSTS


def _request(service: Url, reported: ReportedRun, *, token: str) -> Request:
    path = service.target.rstrip("/").removesuffix(_PATH)
    return Request(
        "POST",
        f"{service.origin}{path}{_PATH}",
        json={"query": _MUTATION, "variables": {"input": _input(reported)}},
        credential=Bearer(Secret(token)),
    )


def _input(reported: ReportedRun) -> dict[str, object]:
    return {
        "monitorKey": reported.monitor_key,
        "monitorName": reported.monitor_name,
        "runId": reported.run_id,
        "outcome": reported.outcome.value,
        "startedAt": format_moment(reported.started_at),
        "durationMs": reported.duration_ms,
        "requestCount": reported.request_count,
        "testCount": reported.test_count,
        "failedTestCount": reported.failed_test_count,
        "errorCount": reported.error_count,
        "failures": [asdict(failure) for failure in reported.failures],
        "url": reported.url,
    }


def _read(response: Response) -> Reported:
    body = parse_json(response.body)
    try:
        answer = _Answer.model_validate(body) if not isinstance(body, NotJson) else None
    except ValidationError:
        answer = None
    if answer is None or (response.status != _OK and not answer.errors):
        raise StatedProblem(f"{URL_SETTING} names something that does not answer as this service does (HTTP {response.status}).")
    payload = answer.data.payload if answer.data is not None else None
    if answer.errors or payload is None:
        raise StatedProblem(f"The run was not recorded: {_join(error.message for error in answer.errors)}")
    if payload.run is None:
        raise StatedProblem(f"The run was not recorded: {_join(map(_describe, payload.user_errors))}")
    return Reported(payload.run.id, payload.notice)


def _describe(error: _UserError) -> str:
    return f"{'.'.join(error.field)}: {error.message}" if error.field else error.message


def _join(messages: Iterable[str]) -> str:
    return " ".join(messages) or "the service does not say why."
