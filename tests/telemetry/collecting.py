"""A collector of traces, as small as OTLP over HTTP allows."""

from dataclasses import dataclass, field

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

PATH = "/v1/traces"
Attributes = dict[str, str | int]


@dataclass
class Collector:
    """What has arrived, as it came."""

    bodies: list[bytes] = field(default_factory=list)
    status: int = 200

    def app(self) -> Starlette:
        return Starlette(routes=[Route(PATH, self._take, methods=["POST"])])

    def spans(self) -> list[tuple[str, Attributes]]:
        """Return every span's name and attributes."""
        requests = [ExportTraceServiceRequest.FromString(body) for body in self.bodies]
        return [
            (span.name, {each.key: each.value.string_value or each.value.int_value for each in span.attributes})
            for request in requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    async def _take(self, request: Request) -> Response:
        self.bodies.append(await request.body())
        answer = ExportTraceServiceResponse().SerializeToString()
        return Response(answer, status_code=self.status, media_type="application/x-protobuf")
