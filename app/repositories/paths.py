"""Names of branches and files, as members write them, checked before they are part of any address."""

import re

LONGEST = 1024

# Controls, and lone surrogates, which no database and no address takes.
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def is_fit(text: str) -> bool:
    """Whether the text can name a branch, a file or what is searched for: 1 to 1,024 characters, no controls."""
    return 1 <= len(text) <= LONGEST and not _UNFIT.search(text)


def normalise(path: str) -> str | None:
    """Return the path from the repository's root in its one spelling, "postman/collections"; "" is the root itself.

    None for what begins at "/", leads out with "..", is too long or holds controls.
    """
    if path.startswith("/") or (path and not is_fit(path)):
        return None
    parts = [part for part in path.split("/") if part not in {"", "."}]
    return None if ".." in parts else "/".join(parts)


def directory_of(path: str) -> str:
    """Return the directory that holds the file; "" for one at the root."""
    return path.rpartition("/")[0]


def is_within(path: str, directory: str) -> bool:
    """Whether the path is the directory or lies below it; everything is within the root."""
    return directory in {"", path} or path.startswith(f"{directory}/")
