"""The one spelling of an e-mail address, so that two are the same person's mailbox where their texts are the same.

The part before the @ is the receiving server's to read (RFC 5321, section 2.4): only the case of ASCII letters is taken out of
it, which no server in use tells apart. So `straße` is not `strasse`. The domain is a name of the DNS: it is the same where IDNA
says so (UTS 46, non-transitional; RFC 5890 to 5893).
"""

import re
import unicodedata

import idna

LONGEST_EMAIL = 254

_SHAPE = re.compile(r"(?P<local>[^@\s]+)@(?P<domain>[^@\s]+)")
_SMALL = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
# NFC makes ASCII of these three (the Kelvin sign, the Greek question mark, the varia): they are no other spelling of it here.
_LOOKS_LIKE_ASCII = re.compile("([\u212a\u037e\u1fef])")
_LONGEST_LABEL = 63


def spell(text: str) -> str | None:
    """Return the address in the one spelling that all its spellings share, without blanks around it; None for what is none.

    `spell` leaves what it returns as it is. Whether the address takes mail is not asked.
    """
    stripped = text.strip()
    parts = _SHAPE.fullmatch(stripped) if len(stripped) <= LONGEST_EMAIL else None
    domain = _spell_domain(parts["domain"]) if parts is not None else None
    if parts is None or domain is None:
        return None
    spelled = f"{_spell_local(parts['local'])}@{domain}"
    return spelled if len(spelled) <= LONGEST_EMAIL else None


def _spell_local(local: str) -> str:
    return "".join(
        part if _LOOKS_LIKE_ASCII.fullmatch(part) else _in_small_letters(part) for part in _LOOKS_LIKE_ASCII.split(local)
    )


def _in_small_letters(text: str) -> str:
    # Composed before, so that é is left whichever way it was typed; and behind, since a small letter may take a mark in.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).translate(_SMALL))


def _spell_domain(domain: str) -> str | None:
    """Return the domain in small letters, each label as people read it (bücher, not xn--bcher-kva)."""
    if domain.isascii():
        mapped: str | None = domain.translate(_SMALL)
    else:
        mapped = _map(domain)
    labels = [_read_label(label) for label in mapped.split(".")] if mapped is not None else [None]
    return None if None in labels else ".".join(label for label in labels if label is not None)


def _map(domain: str) -> str | None:
    """Return the domain as UTS 46 maps it; None where something beyond ASCII stands for ASCII, or for nothing, in it.

    Nobody types those honestly: full-width letters, the long s, the Kelvin sign, soft hyphens.
    """
    try:
        for character in domain:
            mapped = idna.uts46_remap(character, std3_rules=False, transitional=False)
            if not character.isascii() and (not mapped or any(one.isascii() for one in mapped)):
                return None
        return idna.uts46_remap(domain, std3_rules=False, transitional=False)
    except idna.IDNAError:
        return None


def _read_label(label: str) -> str | None:
    if not 0 < len(label) <= _LONGEST_LABEL:  # the library's time grows with the square of it
        return None
    if label.isascii() and not label.startswith("xn--"):
        return label
    try:
        read = idna.ulabel(label)
        return read if not label.isascii() or idna.alabel(read).decode("ascii") == label else None
    except (idna.IDNAError, UnicodeError):
        return None
