"""The service with graphql-core's own executor: `python -m tests.bench.fields serve --port N`."""

import sys

from app.console.web_server import WebServer, configure, listen
from app.service.opening import Process
from app.service.server import create_app
from app.settings import read_settings
from app.telemetry.logs import configure_logs
from app.web.stopping import Stopping
from tests.graphql.alike import FieldByField


def main() -> None:
    host, port = "127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])
    settings, stopping = read_settings(), Stopping()
    configure_logs(settings.log_format)
    process = Process(listens=((host, port),), works=False)
    app = create_app(settings, process=process, stopping=stopping, executor=FieldByField)
    server = WebServer(configure(app, settings=settings, host=host, port=port), stopping=stopping)
    server.run(sockets=[listen(host=host, port=port)])


if __name__ == "__main__":
    main()
