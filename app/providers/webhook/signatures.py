"""Signatures as Standard Webhooks has them: HMAC-SHA256 of id, timestamp and body, one for each secret that is in use."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime


def sign(*, id: str, at: datetime, body: bytes, keys: Sequence[bytes]) -> dict[str, str]:
    """Return the headers that a message is verified by."""
    timestamp = str(int(at.timestamp()))
    signed = f"{id}.{timestamp}.".encode() + body
    signatures = [base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in keys]
    return {
        "webhook-id": id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
