"""Pictures of providers: letters on a coloured square, drawn here, so that nobody's trade mark is copied."""

from dataclasses import dataclass
from html import escape

_PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" width="64" height="64" role="img" aria-label="{name}">'
    '<rect width="64" height="64" rx="14" fill="{colour}"/>'
    '<text x="32" y="33" fill="#fff" font-family="system-ui, sans-serif" font-size="{size}" font-weight="700" '
    'text-anchor="middle" dominant-baseline="central">{letters}</text>'
    "</svg>\n"
)
_SIZES = {1: 38, 2: 30, 3: 22}


@dataclass(frozen=True)
class Icon:
    """One to three letters, and the colour behind them, `#rrggbb`: dark enough that white stands out from it."""

    letters: str
    colour: str = "#4a5568"

    def draw(self, *, name: str) -> str:
        """Return the picture as SVG, which says whose it is by their `name`."""
        size = _SIZES[len(self.letters)]
        return _PICTURE.format(name=escape(name), colour=self.colour, size=size, letters=escape(self.letters))
