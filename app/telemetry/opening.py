"""The choice whether spans go anywhere."""

from app.errors import ConfigurationError
from app.telemetry.tracing import NoTracing, Tracing


def open_tracing(url: str | None) -> Tracing:
    """Return the tracing that sends to `url`, None: to nowhere.

    Raises ConfigurationError naming INSTALLED_APPS_TRACES_URL where OpenTelemetry is not installed.
    """
    if url is None:
        return NoTracing()
    try:
        from app.telemetry.exporting import open_exporting  # noqa: PLC0415 - it may not be there, and takes long to import
    except ImportError:
        raise ConfigurationError(
            "INSTALLED_APPS_TRACES_URL needs OpenTelemetry, which is not installed: pip install 'installed-apps[traces]'"
        ) from None
    return open_exporting(url)
