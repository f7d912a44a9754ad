"""The way out: the one door for every outgoing call, what goes through it, and where it may lead."""

from app.outbound.certificates import (
    CERTIFICATES_FILE,
    CERTIFICATES_FOLDER,
    BadCertificates,
    Ends,
    find_ends,
    make_trust,
    parse_certificates,
)
from app.outbound.door import Outbound, Outcome, Sender, prove_guarded
from app.outbound.environment import proxy_for
from app.outbound.messages import (
    BadAnswer,
    Basic,
    Bearer,
    Cause,
    Endpoint,
    Headers,
    NotAllowed,
    Request,
    Response,
    Unreachable,
    fits_header,
)
from app.outbound.origins import OddUrl, Url, origin_of, parse_url, same_origin
from app.outbound.patience import seconds_left, waiting_until
from app.outbound.policy import SETTING as ALLOW_SETTING, AllowRule, parse_allow
from app.outbound.proxies import OddProxy, Proxy, parse_proxy
from app.outbound.tunnels import NoWay
from app.text.json_text import NotJson, parse_json

__all__ = [
    "ALLOW_SETTING",
    "CERTIFICATES_FILE",
    "CERTIFICATES_FOLDER",
    "AllowRule",
    "BadAnswer",
    "BadCertificates",
    "Basic",
    "Bearer",
    "Cause",
    "Endpoint",
    "Ends",
    "Headers",
    "NoWay",
    "NotAllowed",
    "NotJson",
    "OddProxy",
    "OddUrl",
    "Outbound",
    "Outcome",
    "Proxy",
    "Request",
    "Response",
    "Sender",
    "Unreachable",
    "Url",
    "find_ends",
    "fits_header",
    "make_trust",
    "origin_of",
    "parse_allow",
    "parse_certificates",
    "parse_json",
    "parse_proxy",
    "parse_url",
    "prove_guarded",
    "proxy_for",
    "same_origin",
    "seconds_left",
    "waiting_until",
]
