"""The settings of our connections to a PostgreSQL server."""

from app.storage.outages import Patience


def server_settings(patience: Patience) -> dict[str, str]:
    """Return what the server keeps to on every connection of ours; it takes milliseconds, or seconds where it says so."""
    return {
        "statement_timeout": f"{patience.statement * 1000:.0f}",
        "lock_timeout": f"{patience.lock * 1000:.0f}",
        "idle_in_transaction_session_timeout": f"{patience.idle * 1000:.0f}",
        # A process whose machine is gone must not keep its transaction, and so its team's lock.
        "tcp_keepalives_idle": "10",
        "tcp_keepalives_interval": "5",
        "tcp_keepalives_count": "3",
        "tcp_user_timeout": "20000",
    }
