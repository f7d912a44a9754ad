"""Pictures of letters, which people can read."""

import re

import pytest

from app.providers.catalogue import CATALOGUE
from app.providers.icons import Icon

READABLE = 4.5
"""As much white has to stand out from what is behind it (WCAG 2.2, 1.4.3)."""


@pytest.mark.parametrize("icon", [each.icon or Icon("A") for each in CATALOGUE.values()])
def test_letters_stand_out_and_fit(icon: Icon) -> None:
    assert 1 <= len(icon.letters) <= 3
    assert 1.05 / (_luminance(icon.colour) + 0.05) >= READABLE


def test_a_name_stays_a_name() -> None:
    picture = Icon("<").draw(name='"><script>')

    assert 'aria-label="&quot;&gt;&lt;script&gt;"' in picture
    assert ">&lt;</text>" in picture


@pytest.mark.parametrize("address", [each.help_url for each in CATALOGUE.values() if each.help_url is not None])
def test_help_is_on_a_page_that_cannot_be_another_on_the_way(address: str) -> None:
    assert re.fullmatch(r"https://[a-z.]+/[A-Za-z0-9@/_-]*", address)


def _luminance(colour: str) -> float:
    shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
