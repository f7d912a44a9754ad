"""The way out: the one door for every outgoing call, what goes through it, and where it may lead."""

from app.json_text import NotJson, parse_json
from app.outbound.connections import BadCertificates, parse_certificates
from app.outbound.door import Outbound, Outcome, prove_guarded
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
from app.outbound.policy import AllowRule, parse_allow

__all__ = [
    "AllowRule",
    "BadAnswer",
    "BadCertificates",
    "Basic",
    "Bearer",
    "Cause",
    "Endpoint",
    "Headers",
    "NotAllowed",
    "NotJson",
    "OddUrl",
    "Outbound",
    "Outcome",
    "Request",
    "Response",
    "Unreachable",
    "Url",
    "fits_header",
    "origin_of",
    "parse_allow",
    "parse_certificates",
    "parse_json",
    "parse_url",
    "prove_guarded",
    "same_origin",
]
