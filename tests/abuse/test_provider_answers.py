"""What one team's Git server answers takes nobody else's time: little of the event loop's, and none of it in one piece."""

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any

import pytest

from app.outbound import BadAnswer, Response
from app.outbound.door import MAX_BYTES
from app.outbound.messages import Headers
from app.providers._http.answers import MOST_SEPARATORS
from app.providers.contract import Failure, Fault
from app.providers.hosting import EntryPage
from tests.abuse.costs import MOST_GROWTH, growth, seconds
from tests.outbound.calling import call
from tests.providers.git_servers import GITHUB, KINDS, Kind
from tests.providers.scripted import door_to, http, scripted
from tests.slowness import slowness

LOOP_SECONDS = 0.2
ALL_SECONDS = 1.0
CLAIMED = MAX_BYTES - 100
LEAF = {"path": "a" * 40, "mode": "100644", "type": "blob", "sha": "0" * 40, "size": 1, "url": "https://git.example/" + "0" * 60}


def fill(part: str, *, most: int = MOST_SEPARATORS) -> bytes:
    """Write `part` as often as it goes into an answer, and as its separators let it."""
    separators = sum(map(part.count, ",[{")) or 1
    return b"[" + (part * min(CLAIMED // len(part), (most - 10) // separators)).encode() + b"1]"


ANSWERS: Mapping[str, bytes] = {
    "empty lists": b"[" + b"[]," * (CLAIMED // 3) + b"[]]",
    "empty lists as many as are read": fill("[],"),
    "empty objects": fill("{},"),
    "small objects": fill('{"a":1},'),
    "objects of one kind": fill('{"path":"a","mode":"1","type":"x"},'),
    "deep lists": fill("[" * 28 + "]" * 28 + ","),
    "deep objects": fill('{"a":' * 20 + "1" + "}" * 20 + ","),
    "floats": fill("1.5e300,"),
    "long floats": fill("1." + "9" * 700 + "e-300,"),
    "long ints": fill("9" * 4_000 + ","),
    "texts": fill('"x",'),
    "texts of escapes": b'["' + b"\\u0041" * (CLAIMED // 6) + b'"]',
    "quotes that do not end": b'["' + b'\\",' * (CLAIMED // 3),
    "one text": b'"' + b"x" * CLAIMED + b'"',
    "spaces": b" " * CLAIMED + b"1",
    "names": b"{" + b",".join(b'"%d":1' % number for number in range(MOST_SEPARATORS - 10)) + b"}",
    "a directory": b"[" + b",".join([json.dumps(LEAF | {"name": "a", "download_url": "x"}).encode()] * 7_000) + b"]",
    "a directory of slashes": b"["
    + b",".join([json.dumps({"type": "dir", "name": "a", "path": "/" * 600_000}).encode()] * 3)
    + b"]",
    "a directory of dots": b"["
    + b",".join([json.dumps({"type": "dir", "name": "a", "path": "./" * 1_400}).encode()] * 600)
    + b"]",
    "a tree": b'{"tree":[' + b",".join([json.dumps(LEAF).encode()] * 7_000) + b"]}",
    "branches": b"["
    + b",".join([json.dumps({"name": "a..b" * 200, "commit": {"sha": "0" * 40}, "protected": True}).encode()] * 2_000)
    + b"]",
    "a file": json.dumps({"type": "file", "size": 1, "encoding": "base64", "content": "YQ==" * (CLAIMED // 6)}).encode(),
    "a file of blanks": json.dumps({"type": "file", "size": 1, "encoding": "base64", "content": " a" * (CLAIMED // 3)}).encode(),
    "scopes": json.dumps({"access_token": "x", "token_type": "bearer", "scope": "a," * (CLAIMED // 3)}).encode(),
    "an error": json.dumps({"error": "_" * CLAIMED}).encode(),
    "a message": json.dumps({"message": ["your account is "] * 40_000}).encode(),
}


async def ask(answer: bytes, *, status: int, kind: Kind, links: str = "") -> list[object]:
    """Return what comes of each question whose answer this could be."""
    headers = {"Link": links} if links else {}

    async with scripted(lambda _: http(answer, status=status, headers=headers)) as there, door_to(there) as outbound:
        asked: dict[str, Any] = {"authorized": there.authorized(), "outbound": outbound}
        where: dict[str, Any] = {**asked, "repository_id": kind.repository_id, "ref": "0" * 40}
        paged: dict[str, Any] = {"cursor": None, "limit": 100}
        hosting, check = kind.hosting, kind.provider.check
        assert check is not None
        return [
            await hosting.list_repositories(**asked, search=None, **paged),
            await hosting.list_entries(**where, path="a", **paged),
            await hosting.list_entries(**where, path="", **paged),
            await hosting.read_file(**where, path="a"),
            await check(**asked),
        ]


@pytest.mark.endurance
@pytest.mark.parametrize("status", [200, 404])
@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.provider.key)
async def test_no_answer_takes_the_event_loops_time(kind: Kind, name: str, status: int) -> None:
    tries: list[tuple[float, float]] = []
    answers: list[object] = []
    for _ in range(3):
        loop, whole = time.thread_time(), time.process_time()
        answers = await ask(ANSWERS[name], status=status, kind=kind)
        tries.append(((time.thread_time() - loop) / len(answers), (time.process_time() - whole) / len(answers)))
        if tries[-1] < (LOOP_SECONDS, ALL_SECONDS):
            break

    slower = slowness()
    assert min(tries)[0] < LOOP_SECONDS * slower
    assert min(each for _, each in tries) < ALL_SECONDS * slower
    assert all(not isinstance(answer, Failure) or answer.fault in {Fault.BROKEN, Fault.TARGET_GONE} for answer in answers)


async def test_a_directory_of_a_thousand_is_read_whole() -> None:
    leaves = [LEAF | {"path": f"file-{number}"} for number in range(7_000)]

    async with scripted(lambda _: http({"tree": leaves})) as there, door_to(there) as outbound:
        page = await GITHUB.hosting.list_entries(
            authorized=there.authorized(), repository_id="acme/x", ref="main", path="", cursor=None, limit=100, outbound=outbound
        )

    assert isinstance(page, EntryPage)
    assert (len(page.entries), page.next_cursor) == (100, "size=100&skip=100")


@pytest.mark.endurance
def test_repeated_headers_are_joined_in_time_that_grows_with_them() -> None:
    def repeated(size: int) -> list[tuple[bytes, bytes]]:
        return [(b"Link", b"x" * 100)] * size

    assert growth(Headers, repeated) < MOST_GROWTH
    assert seconds(Headers, repeated(4_000)) < LOOP_SECONDS * slowness()


async def test_an_answer_has_so_many_headers_and_no_more() -> None:
    def answer(headers: int) -> bytes:
        return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + b"a: b\r\n" * headers + b"\r\nok"

    read, refused = await call(answer(199)), await call(answer(200))

    assert isinstance(read, Response)
    assert isinstance(refused, BadAnswer)
    assert refused.message.endswith("answered with more than 200 headers")


async def test_an_answer_in_ever_so_small_pieces_is_not_read_to_its_end() -> None:
    chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 300_000 + b"0\r\n\r\n"

    begun = time.process_time()
    refused = await call(chunks)

    assert isinstance(refused, BadAnswer)
    assert refused.message.endswith("in more than 10000 pieces")
    assert time.process_time() - begun < 3 * slowness()


async def test_others_go_on_between_the_pieces_of_an_answer() -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(others())
    chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 5_000 + b"0\r\n\r\n"
    read = await call(chunks)
    other.cancel()

    assert isinstance(read, Response)
    assert read.body == b"a" * 5_000
    assert turns >= 50
