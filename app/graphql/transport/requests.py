"""A GraphQL request over HTTP (GraphQL over HTTP, draft of 2026-08)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from app.text.json_text import NotJson, parse_json

LARGEST_BODY = 1024 * 1024
LONGEST_QUERY = 32 * 1024
"""Of an address, in bytes: no head of a request is longer."""

_MOST_PARAMETERS = 100
_NO_BATCHES = (
    "The body is an array, and batches are not taken: send each operation in a request of its own, as a JSON object with `query`."
)
_STRAY_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Operation:
    """A request to run one operation of a document: `query`, or what was sent before with this SHA-256 where that is empty.

    `size`: of the body that it came in, in bytes.
    """

    query: str
    variables: Mapping[str, Any] | None
    name: str | None
    extensions: Mapping[str, Any] | None
    digest: str | None = None
    size: int = 0


@dataclass(frozen=True)
class Refused:
    """The request is not one; `message` says why to its author. `headers` are the answer's."""

    status: int
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)


def read_operation(body: bytes) -> Operation | Refused:
    """Read the JSON object that asks for an operation."""
    asked = parse_json(body)
    if isinstance(asked, NotJson):
        return Refused(400, f"The body has to be JSON, but {asked.message}.")
    if isinstance(asked, list):
        return Refused(400, _NO_BATCHES)
    if not isinstance(asked, dict):
        return Refused(400, "The body has to be a JSON object with `query`.")
    return operation_of(asked, size=len(body))


def read_parameters(query_string: bytes) -> Operation | Refused:
    """Read the operation that a GET request's address asks for, behind its question mark."""
    parameters = _decode(query_string)
    if isinstance(parameters, Refused):
        return parameters
    asked: dict[str, object] = {"query": parameters.get("query"), "operationName": parameters.get("operationName")}
    for name in ("variables", "extensions"):
        text = parameters.get(name)
        value = parse_json(text.encode()) if text else None
        if isinstance(value, NotJson):
            return Refused(400, f"`{name}` has to be JSON, but {value.message}.")
        asked[name] = value
    return operation_of(asked)


def operation_of(asked: Mapping[str, object], *, size: int = 0) -> Operation | Refused:
    """Check the members of a request, on whatever way it came; `size` is that of its body."""
    query, name = asked.get("query"), asked.get("operationName")
    variables, extensions = asked.get("variables"), asked.get("extensions")
    if not isinstance(extensions, dict | None):
        return Refused(400, "`extensions` has to be an object or null.")
    digest = digest_in(extensions)
    if isinstance(digest, Refused):
        return digest
    query = "" if query is None and digest is not None else query
    if not isinstance(query, str) or not (query or digest):
        return Refused(400, "`query` has to be a text that is not empty.")
    if not isinstance(name, str | None):
        return Refused(400, "`operationName` has to be a text or null.")
    if not isinstance(variables, dict | None):
        return Refused(400, "`variables` has to be an object or null.")
    return Operation(query, variables, name or None, extensions, digest, size)


def digest_in(extensions: Mapping[str, Any] | None) -> str | Refused | None:
    """Return the hash that stands for the document (`persistedQuery`, as Apollo's clients send it); None where there is none."""
    match (extensions or {}).get("persistedQuery"):
        case None:
            return None
        case {"version": 1, "sha256Hash": str(digest)} if _SHA256.fullmatch(digest):
            return digest
    return Refused(400, "`persistedQuery` has to have `version` 1 and `sha256Hash`, 64 lower-case hexadecimal digits.")


def _decode(query_string: bytes) -> dict[str, str] | Refused:
    """Return the parameters, of which each has to be there once."""
    if _STRAY_PERCENT.search(query_string):
        return Refused(400, "The address has a % without two hexadecimal digits behind it.")
    try:
        pairs = parse_qsl(
            query_string.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS, separator="&"
        )
    except UnicodeDecodeError:
        return Refused(400, "The address has to be UTF-8.")
    except ValueError:
        return Refused(400, f"The address has more than {_MOST_PARAMETERS} parameters.")
    found = dict(pairs)
    return found if len(found) == len(pairs) else Refused(400, "The address has a parameter twice.")
