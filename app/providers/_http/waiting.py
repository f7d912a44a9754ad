"""How long a provider asks to be left alone."""

import re
from collections.abc import Mapping
from datetime import datetime

LONGEST_WAIT = 3600.0

_SECONDS = re.compile(r"[0-9]{1,20}")
_HTTP_DATE = "%a, %d %b %Y %H:%M:%S GMT"


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of Retry-After (RFC 9110, section 10.2.3), at most an hour; None where there are none to be read.

    A date is measured from the Date of the same answer, so that no two clocks are compared.
    """
    text = headers.get("retry-after")
    if text is None:
        return None  # as nearly always: to read the Date of the answer takes long
    if _SECONDS.fullmatch(text):
        return min(float(text), LONGEST_WAIT)
    until, answered = _read_date(text), _read_date(headers.get("date", ""))
    return None if until is None or answered is None else _bounded((until - answered).total_seconds())


def read_reset(headers: Mapping[str, str], name: str) -> float | None:
    """Return the seconds until the Unix time in the header, by the Date of the same answer; bounded alike."""
    text, answered = headers.get(name, ""), _read_date(headers.get("date", ""))
    if answered is None or not _SECONDS.fullmatch(text):
        return None
    return _bounded(float(text) - (answered - _EPOCH).total_seconds())


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), LONGEST_WAIT)


def _read_date(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, _HTTP_DATE)  # noqa: DTZ007 - both ends of the difference are in GMT
    except ValueError:
        return None


_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - as above
