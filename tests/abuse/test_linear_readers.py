"""Whatever reads what strangers write takes twice the CPU at most for twice as much, and little for the most that is let in."""

from collections.abc import Callable, Iterator

import pytest

from tests.abuse.costs import MOST_GROWTH, growth, seconds
from tests.abuse.patterns import SHAPES
from tests.abuse.readers import READERS, Reader, refused_or_read
from tests.slowness import slowness

CPU_SECONDS = 0.3


def shapes(reader: Reader) -> Iterator[Callable[[int], str]]:
    for begin in reader.begins:
        for part in (*SHAPES, *reader.repeats):
            for end in reader.ends:
                yield lambda size, begin=begin, part=part, end=end: begin + part * (size // len(part)) + end  # type: ignore[misc]


@pytest.mark.endurance
@pytest.mark.parametrize("name", READERS)
def test_twice_the_text_takes_a_reader_twice_as_long(name: str) -> None:
    reader = READERS[name]
    read = refused_or_read(reader.read)

    for shape in shapes(reader):
        assert growth(read, shape) < MOST_GROWTH, shape(12)


@pytest.mark.endurance
@pytest.mark.parametrize("name", READERS)
def test_the_most_that_is_let_in_takes_little(name: str) -> None:
    reader = READERS[name]
    read = refused_or_read(reader.read)

    for part in reader.repeats or SHAPES[:8]:
        text = reader.begins[-1] + part * (reader.allowed // len(part))
        assert seconds(read, text, tries=1) < CPU_SECONDS or seconds(read, text) < CPU_SECONDS * slowness(), part


def test_there_are_enough_of_them() -> None:
    assert sum(len(list(shapes(reader))) for reader in READERS.values()) >= 1_000
