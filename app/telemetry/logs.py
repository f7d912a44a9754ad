"""Structured logs: JSON lines for machines, plain text on a terminal. They name routes and ids, never addresses or values.

Our own lines are written at once; the standard library's way, which libraries log by, takes some three times as long.
"""

import logging
import sys
from collections.abc import Sequence
from typing import Any, Literal, TextIO

import orjson
import structlog
from structlog.typing import Processor

_SHARED: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def configure_logs(form: Literal["text", "json"] | None, *, level: int = logging.INFO) -> None:
    """Send what is logged from `level` on, by libraries too, to standard error in one form; None: text on a terminal, or JSON."""
    text = form == "text" or (form is None and sys.stderr.isatty())
    stream, finish = sys.stderr, _finish(text=text)
    structlog.configure(
        processors=[*_SHARED, *finish],
        logger_factory=lambda *names: _Lines(stream, *names),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    sink = logging.StreamHandler(stream)
    without_marks = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    sink.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=_SHARED, processors=[without_marks, *finish]))
    root = logging.getLogger()
    root.handlers[:] = [sink]
    root.setLevel(level)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    for name in ("httpx2", "httpcore2", "tortoise", "strawberry", "asyncio"):
        # Their lines name addresses, statements and values.
        logging.getLogger(name).setLevel(logging.CRITICAL)


class _Lines:
    """What structlog has lines written by: each whole, by one call."""

    def __init__(self, stream: TextIO, name: str = "") -> None:
        self._stream = stream
        self.name = name

    def msg(self, line: str) -> None:
        self._stream.write(line + "\n")
        self._stream.flush()

    debug = info = warning = error = critical = exception = fatal = log = msg


def _finish(*, text: bool) -> Sequence[Processor]:
    # Tracebacks without the frames' variables: those hold secrets.
    plain = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    if text:
        colors = sys.stderr.isatty()
        return [structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback)]
    return [structlog.processors.ExceptionRenderer(plain), structlog.processors.JSONRenderer(serializer=_to_json)]


def _to_json(value: Any, **_options: Any) -> str:
    return orjson.dumps(value, default=str).decode()
