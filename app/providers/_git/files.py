"""A file's content as Git servers send it."""

import base64
import binascii

from app.providers.hosting import File

LARGEST_TEXT = 1024 * 1024
_BLANKS = b" \t\r\n\x0b\x0c"
# The mode of a symbolic link in a tree (gitformat-index(5)).
LINK = "120000"


def decode_content(content: str) -> bytes | None:
    """Return what the base64 stands for, with or without line breaks (RFC 2045); None where it is none."""
    try:
        return base64.b64decode(content.encode("ascii").translate(None, _BLANKS), validate=True)
    except (binascii.Error, ValueError):
        return None


def make_file(content: bytes, *, path: str, ref: str, commit: str) -> File:
    """Describe a file. It is binary where it has a NUL or is not UTF-8."""
    text = None if b"\0" in content else _decode(content)
    too_large = len(content) > LARGEST_TEXT
    return File(
        path=path,
        ref=ref,
        commit=commit,
        size=len(content),
        is_binary=text is None,
        text=None if too_large else text,
    )


def _decode(content: bytes) -> str | None:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None
