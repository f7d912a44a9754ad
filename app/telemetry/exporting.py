"""Spans by OpenTelemetry, sent to the operator's collector by OTLP over HTTP. Imported only where that is switched on."""

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Span as SpanOfLibrary, Status, StatusCode

from app.telemetry.tracing import Attributes, Span

_SERVICE = "installed-apps"
_FLUSH_MILLISECONDS = 2_000


class ExportedTracing:
    """Hands spans over in the background, a few seconds' worth at a time. A collector that is away costs spans, nothing else."""

    def __init__(self, exporter: SpanExporter) -> None:
        name = os.environ.get("OTEL_SERVICE_NAME") or _SERVICE
        self._provider = TracerProvider(resource=Resource.create({SERVICE_NAME: name}))
        self._provider.add_span_processor(BatchSpanProcessor(_Noting(exporter)))
        self._tracer = self._provider.get_tracer(_SERVICE)

    @contextmanager
    def span(self, name: str, attributes: Attributes | None = None) -> Iterator[Span]:
        """As `Tracing` has it."""
        with self._tracer.start_as_current_span(
            name, attributes=attributes, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield _Exported(span)
            except BaseException as error:
                span.set_status(Status(StatusCode.ERROR, type(error).__name__))
                raise

    def close(self) -> None:
        """Hand over what is left, for two seconds at most. It blocks."""
        self._provider.force_flush(_FLUSH_MILLISECONDS)
        self._provider.shutdown()


def open_exporting(url: str) -> ExportedTracing:
    """Return the tracing that sends to `url`. Headers for the collector are taken from OTEL_EXPORTER_OTLP_HEADERS."""
    for name in ("opentelemetry", "urllib3"):
        # Their lines name addresses, and repeat what the collector answers.
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return ExportedTracing(OTLPSpanExporter(endpoint=url, timeout=_FLUSH_MILLISECONDS / 1000))


class _Exported:
    def __init__(self, span: SpanOfLibrary) -> None:
        self._span = span

    def note(self, attributes: Attributes) -> None:
        self._span.set_attributes(attributes)


class _Noting(SpanExporter):
    """Says once that spans are lost, and once more that they arrive again."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._is_away = False
        self._log = structlog.get_logger("traces")

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        is_away = result is not SpanExportResult.SUCCESS
        if is_away and not self._is_away:
            self._log.warning("traces do not arrive: the collector does not take them")
        elif self._is_away and not is_away:
            self._log.info("traces arrive again")
        self._is_away = is_away
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = _FLUSH_MILLISECONDS) -> bool:
        return self._exporter.force_flush(timeout_millis)
