"""Working: the background work without the service, and beside it, where a port is given, an address that says how it goes."""

import asyncio
import contextlib

from app.console.heap import gc_frozen
from app.console.output import Say
from app.console.sandboxes import sandbox_address
from app.console.served_at import read_settings_as_served
from app.console.serving import Serving, settings_for
from app.console.signals import stop_when_told
from app.console.web_server import answering, listen
from app.service.background import Background
from app.service.opening import Process, open_services
from app.service.server import create_probes
from app.settings import Settings
from app.telemetry.logs import configure_logs
from app.web.stopping import Stopping


def work(*, host: str, port: int | None, sandbox: bool, sandbox_port: int | None, say: Say) -> None:
    """Do the background work only, until SIGTERM or SIGINT; a second one ends it at once.

    With a `port`, /healthz, /readyz and /metrics are answered there. `sandbox`: with the one that `serve --sandbox` has started.
    Raises ConfigurationError and StatedProblem before anything is done when it cannot.
    """
    settings = settings_for(Serving(sandbox=sandbox, sandbox_port=sandbox_port), settings=read_settings_as_served())
    configure_logs(settings.log_format)
    process = Process(
        listens=((host, port),) if port is not None else (),
        sandbox=sandbox_address(settings) if sandbox else None,
    )
    asyncio.run(_work(settings, host=host, port=port, process=process, say=say))


async def _work(settings: Settings, *, host: str, port: int | None, process: Process, say: Say) -> None:
    background, stopping = Background(), Stopping()
    stop_when_told(stopping.tell)
    async with contextlib.AsyncExitStack() as lasting:
        listener = lasting.enter_context(listen(host=host, port=port)) if port is not None else None
        services = await lasting.enter_async_context(
            open_services(settings, process=process, background=background, stopping=stopping)
        )
        if listener is not None:
            await lasting.enter_async_context(answering(create_probes(services=services), settings=settings, listener=listener))
        services.meters.process_started()
        say("Working (Ctrl+C stops it)")
        with gc_frozen():
            await background.run(services=services)
