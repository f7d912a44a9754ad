"""The head of a request, found and bounded however it comes."""

from hypothesis import given, strategies as st

from app.web.wire.request_bounds import LARGEST_HEAD, RequestBounds

END = b"\r\n\r\n"
TEXTS = st.text("a\r\n", max_size=30).map(str.encode)


@given(st.lists(TEXTS, max_size=20), st.lists(st.integers(1, 40), max_size=20))
def test_pieces_end_where_heads_end_however_they_come(parts: list[bytes], sizes: list[int]) -> None:
    sent = END.join([b"x", *parts, b""]).replace(b"\r\n\r\n\r\n", END)
    pieces = cut(RequestBounds(), sent, sizes)

    assert b"".join(pieces or ()) == sent
    assert all(END not in bytes(piece[:-1]) for piece in pieces or () if piece.strip())
    joined, ends = b"", set[int]()
    for piece in pieces or ():
        joined += piece
        ends.add(len(joined))
    assert {at + len(END) for at in range(len(sent)) if sent.startswith(END, at)} <= ends


@given(st.integers(LARGEST_HEAD - 5, LARGEST_HEAD + 5), st.integers(1, 5_000), st.booleans())
def test_a_head_is_as_large_as_allowed_or_refused(length: int, size: int, is_whole: bool) -> None:
    sent = b"x" * (length - len(END)) + END if is_whole else b"x" * length

    pieces = cut(RequestBounds(), sent, [size] * (length // size + 1))

    assert (pieces is None) is (length > LARGEST_HEAD)


def cut(bounds: RequestBounds, sent: bytes, sizes: list[int]) -> list[bytes] | None:
    """Return the pieces; None where the head is too large. Nothing ends it but its size."""
    waiting, pieces = bytearray(), list[bytes]()
    for size in [*sizes, max(1, len(sent))]:
        waiting += sent[:size]
        sent = sent[size:]
        while waiting:
            length = bounds.cut(waiting)
            if length is None:
                return None
            pieces.append(bytes(waiting[:length]))
            del waiting[:length]
    return pieces
