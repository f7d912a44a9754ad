"""Structured logs: JSON lines for machines, plain text on a terminal. They name routes and ids, never addresses or values."""

import logging
import sys
from typing import Any, Literal

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
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    sink = logging.StreamHandler(sys.stderr)
    sink.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=_SHARED, processors=_finish(text=text)))
    root = logging.getLogger()
    root.handlers[:] = [sink]
    root.setLevel(level)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    for name in ("httpx2", "httpcore2", "tortoise", "strawberry", "asyncio"):
        # Their lines name addresses, statements and values.
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _finish(*, text: bool) -> list[Processor]:
    # Tracebacks without the frames' variables: those hold secrets.
    plain = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    if text:
        return [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback),
        ]
    return [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.ExceptionRenderer(plain),
        structlog.processors.JSONRenderer(serializer=_to_json),
    ]


def _to_json(value: Any, **_options: Any) -> str:
    return orjson.dumps(value, default=str).decode()
