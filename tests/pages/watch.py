"""What a browser tells of while somebody uses the pages: errors, broken rules, and whom it asked."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, ConsoleMessage, Request, WebError, WebSocket

_REPORT = "reportBrokenRule"
_LISTEN = f"""
addEventListener("securitypolicyviolation", (event) =>
  window.{_REPORT}(`${{event.violatedDirective}} kept ${{event.blockedURI}} from ${{event.documentURI}}`));
"""


@dataclass
class Watch:
    """All that went wrong in one person's browser, and the questions that it asked the API."""

    origins: Sequence[str]
    """Whose pages it may open. What a page loads has to come from where the page itself came from."""

    wrong: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    """The name of each operation that was posted."""

    _expected: list[re.Pattern[str]] = field(default_factory=list)

    @classmethod
    async def begin(cls, context: BrowserContext, *, origins: Sequence[str]) -> "Watch":
        watch = cls(origins)
        await context.expose_function(_REPORT, watch._hear_of_rule)
        await context.add_init_script(_LISTEN)
        context.on("console", watch._hear)
        context.on("weberror", watch._hear_error)
        context.on("request", watch._see)
        context.on("page", lambda page: page.on("websocket", watch._see_socket))
        return watch

    def expect(self, words: str) -> None:
        """Take no offence at what holds these words, from now on: the test itself has brought it about."""
        self._expected.append(re.compile(words))

    def assert_nothing_wrong(self) -> None:
        wrong = [each for each in self.wrong if not any(words.search(each) for words in self._expected)]
        assert wrong == [], wrong

    @contextmanager
    def counting(self) -> Iterator[list[str]]:
        """Yield what is asked from here on."""
        asked: list[str] = []
        before = len(self.questions)
        try:
            yield asked
        finally:
            asked.extend(self.questions[before:])

    def _hear_of_rule(self, broken: str) -> None:
        self.wrong.append(f"rule: {broken}")

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning", "assert"}:
            self.wrong.append(f"console: {message.text} ({message.location['url']})")

    def _hear_error(self, error: WebError) -> None:
        self.wrong.append(f"error: {error.error}")

    def _see(self, request: Request) -> None:
        if request.method == "POST" and urlsplit(request.url).path == "/graphql":
            self.questions.append(str(json.loads(request.post_data or "{}").get("operationName")))
        if request.url.startswith("data:"):
            return
        allowed = self.origins if request.is_navigation_request() else [_origin(request.frame.url)]
        if _origin(request.url) not in allowed:
            self.wrong.append(f"request to {request.url} from {request.frame.url}")

    def _see_socket(self, socket: WebSocket) -> None:
        if _origin(socket.url).replace("ws", "http", 1) not in self.origins:
            self.wrong.append(f"socket to {socket.url}")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
