"""Frames, cut into pieces of a few, however they come."""

import struct

from hypothesis import given, strategies as st
from websockets.frames import CONT, PING, PONG, TEXT, Frame, Opcode

from app.web.wire.frames import CONTROLS_AT_ONCE, FRAMES_A_TURN, Controls, Cut, Frames

PAYLOADS = st.one_of(st.binary(max_size=130), st.integers(0, 70_000).map(bytes))
FRAMES = st.one_of(
    st.tuples(st.sampled_from([PING, PONG]), st.binary(max_size=125), st.just(value=True)),
    st.tuples(st.sampled_from([TEXT, CONT]), PAYLOADS, st.booleans()),
)


def cuts(sent: bytes, *, pieces: list[int]) -> tuple[list[Cut], int]:
    """Return what was cut of the bytes as they came, and how much is left."""
    frames, waiting, found = Frames(), bytearray(), list[Cut]()
    for size in [*pieces, len(sent)]:
        waiting += sent[:size]
        sent = sent[size:]
        while (cut := frames.cut(waiting)).length:
            found.append(cut)
            del waiting[: cut.length]
    return found, len(waiting)


@given(st.lists(FRAMES, max_size=100), st.lists(st.integers(1, 10_000), max_size=20), st.booleans())
def test_all_is_cut_and_counted_however_it_comes(
    parts: list[tuple[Opcode, bytes, bool]], pieces: list[int], is_masked: bool
) -> None:
    sent = b"".join(Frame(opcode, payload, fin).serialize(mask=is_masked) for opcode, payload, fin in parts)

    found, left = cuts(sent, pieces=pieces)

    assert left == 0
    assert sum(cut.length for cut in found) == len(sent)
    assert sum(cut.controls for cut in found) == sum(opcode in {PING, PONG} for opcode, _, _ in parts)
    assert sum(cut.ends_message for cut in found) == sum(opcode in {TEXT, CONT} and fin for opcode, _, fin in parts)


def test_a_piece_has_a_few_frames_and_ends_with_a_message() -> None:
    ping, text = (Frame(opcode, b"").serialize(mask=True) for opcode in (PING, TEXT))

    assert Frames().cut(bytearray(ping * 1000)) == Cut(FRAMES_A_TURN * len(ping), FRAMES_A_TURN, FRAMES_A_TURN)
    assert Frames().cut(bytearray(ping * 2 + text * 5)) == Cut(2 * len(ping) + len(text), 3, 2, ends_message=True)


def test_fragments_are_counted_up_to_the_end_of_their_message() -> None:
    frames, ping = Frames(), Frame(PING, b"").serialize(mask=True)
    begun = Frame(TEXT, b"a", fin=False).serialize(mask=True)
    more, last = (Frame(CONT, b"a", fin=fin).serialize(mask=True) for fin in (False, True))

    frames.cut(bytearray(begun + ping + more + ping + more))
    assert frames.fragments == 3
    frames.cut(bytearray(last))
    assert frames.fragments == 0


def test_a_length_beyond_all_bounds_is_a_frame_that_has_not_come() -> None:
    head = struct.pack("!BBQ", 0x81, 0xFF, 2**63) + bytes(4)

    assert Frames().cut(bytearray(head + b"abc")) == Cut(len(head) + 3, 1)


def test_controls_are_so_many_at_once_and_a_second() -> None:
    controls = Controls(now=0.0)

    assert not controls.are_too_many(CONTROLS_AT_ONCE, now=0.0)
    assert controls.are_too_many(1, now=0.0)
    assert not controls.are_too_many(20, now=1.1)
    assert not controls.are_too_many(CONTROLS_AT_ONCE, now=1000.0)
    assert controls.are_too_many(1, now=1000.0)
