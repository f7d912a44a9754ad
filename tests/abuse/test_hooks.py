"""Events that a provider has not signed: 401 from the running service, and nothing is changed or told."""

from pathlib import Path

from tests.abuse.inside import told_of_the_inside
from tests.abuse.service import SIGNING_SECRET, Header, rows, serving
from tests.providers.slack.test_hooks import BAD_HEADERS, GENUINE, GOOD, SECRET, STAMP, TIMESTAMPS, headers_of, sign

ARABIC = STAMP.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))

OTHER_BODIES: dict[str, tuple[bytes, list[Header]]] = {
    "a byte more": (GENUINE + b" ", []),
    "a byte less": (GENUINE[:-1], []),
    "another byte": (GENUINE.replace(b"3eZ", b"3eY"), []),
    "nothing": (b"", []),
    "written anew": (GENUINE.replace(b": ", b":"), []),
    "in UTF-16": (GENUINE.decode().encode("utf-16"), [(b"content-type", b"application/json; charset=utf-16")]),
    "with a byte order mark": (b"\xef\xbb\xbf" + GENUINE, []),
    "as a form": (b"payload=" + GENUINE, [(b"content-type", b"application/x-www-form-urlencoded")]),
    "said to be gzip": (b"\x1f\x8b" + GENUINE, [(b"content-encoding", b"gzip")]),
    "with a query": (GENUINE + b"?", []),
}


def raw(headers: object) -> list[Header]:
    pairs = headers.raw if hasattr(headers, "raw") else headers.items()  # type: ignore[attr-defined]  # Headers, or a dict
    return [(encode(name).lower(), encode(value)) for name, value in pairs]


def encode(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")


async def test_no_bad_signature_or_timestamp_changes_or_learns_anything(database_url: str, tmp_path: Path) -> None:
    assert SECRET == SIGNING_SECRET
    bad = {name: (GENUINE, raw(headers)) for name, headers in BAD_HEADERS.items()}
    bad |= {name: (body, [*raw(headers_of(GOOD)), *more]) for name, (body, more) in OTHER_BODIES.items()}
    for name, (timestamp, is_genuine) in TIMESTAMPS.items():
        if not is_genuine:
            bad[f"timestamp: {name}"] = (GENUINE, raw(headers_of(sign(GENUINE, timestamp=timestamp), timestamp)))
    bad["timestamp: arabic"] = (GENUINE, raw(headers_of(GOOD, ARABIC)))
    bad["timestamp: missing"] = (GENUINE, raw({"X-Slack-Signature": GOOD}))

    async with serving(database_url, tmp_path) as service:
        before = await rows()
        answers = {
            name: await service.ask("POST", "/hooks/slack", headers=headers, body=body) for name, (body, headers) in bad.items()
        }
        after = await rows()

    assert len(bad) >= 40 + 12
    assert {name: answer.status for name, answer in answers.items() if answer.status != 401} == {}
    assert [name for name, answer in answers.items() if told_of_the_inside(answer.text) or "3eZ" in answer.text] == []
    assert after == before


async def test_a_good_timestamp_and_signature_are_answered(database_url: str, tmp_path: Path) -> None:
    good = [timestamp for timestamp, is_genuine in TIMESTAMPS.values() if is_genuine]

    async with serving(database_url, tmp_path) as service:
        answers = [
            await service.ask("POST", "/hooks/slack", headers=raw(headers_of(sign(GENUINE, timestamp=each), each)), body=GENUINE)
            for each in good
        ]

    assert len(good) >= 3
    assert {(answer.status, answer.body) for answer in answers} == {(200, b"3eZbrw1aB")}


async def test_events_that_are_no_events_at_other_addresses_are_404(database_url: str, tmp_path: Path) -> None:
    async with serving(database_url, tmp_path) as service:
        answers = [
            await service.ask("POST", f"/hooks/{name}", headers=raw(headers_of(GOOD)), body=GENUINE)
            for name in ("github", "gitlab", "nobody", "Slack", "slack%2f", "..", "slack/")
        ]

    assert {answer.status for answer in answers} == {404}
