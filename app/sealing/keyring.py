"""The keyring: a file that holds 256-bit keys and nothing else. Which of them seals is a row, not the file's business."""

import base64
import binascii
import contextlib
import fcntl
import glob
import json
import os
import re
import stat
from collections.abc import Callable, ItemsView, Iterable, Iterator, Mapping
from pathlib import Path
from typing import final

from app.errors import ConfigurationError
from app.sealing.keys import KEY_BYTES, Entropy, Key

SETTING = "INSTALLED_APPS_KEYRING_FILE"

_ID_BYTES = 8
_ID = re.compile(r"[0-9a-f]{16}")
_LARGEST_FILE = 1 << 20
_OWNER_ONLY = 0o600
_OTHERS = 0o077

Sync = Callable[[int], None]
"""Has what an open file, by its descriptor, holds written to the disk, as `os.fsync` does."""

Stamp = tuple[int, int, int]
"""A file as it was at one moment: its inode, its last change in nanoseconds, its size in bytes."""


@final
class Keyring:
    """Keys by their ids, in the file's order."""

    __slots__ = ("_keys",)

    def __init__(self, keys: Mapping[str, Key]) -> None:
        self._keys = dict(keys)

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(self._keys)

    def get(self, key_id: str) -> Key | None:
        return self._keys.get(key_id)

    def items(self) -> ItemsView[str, Key]:
        return self._keys.items()

    def joined_by(self, other: "Keyring") -> "Keyring":
        """Return these keys and those of `other` that are not among them."""
        return Keyring({**dict(other.items()), **self._keys})

    def __repr__(self) -> str:
        return f"Keyring({', '.join(self._keys)})"


def read_keyring(path: Path) -> Keyring:
    """Return the keys in the file at `path`.

    Raises ConfigurationError, naming the setting and the key id and never key material, when the file is missing, can be read
    by others than its owner, or is not `{"keys": {"<16 hexadecimal digits>": "<32 bytes in base64>"}}` with one key or more.
    """
    return Keyring({key_id: Key(bits) for key_id, bits in _parse(_read(path), path).items()})


def is_keyring_there(path: Path) -> bool:
    """Raises ConfigurationError when that cannot be told."""
    with _problems_named(path):
        return path.exists()


def stamp_of(path: Path) -> Stamp:
    """Return what differs once the file at `path`, or the link that stands there, was changed or replaced.

    Raises ConfigurationError when it cannot be told.
    """
    with _problems_named(path):
        found = path.stat()
    return found.st_ino, found.st_mtime_ns, found.st_size


def make_keyring(path: Path, *, entropy: Entropy = os.urandom, sync: Sync = os.fsync) -> Keyring:
    """Make the file at `path` with one new key, for its owner alone, and return it; a file that is already there is kept.

    It is on disk then, under its name. `sync` has what an open file or folder holds written there.
    Whoever comes second, of two processes that start at once, gets the first one's keyring.
    Raises ConfigurationError when the file can be neither made nor read.
    """
    with _problems_named(path), _written_beside(path, {_new_id(entropy): entropy(KEY_BYTES)}, sync) as ready:
        with contextlib.suppress(FileExistsError, FileNotFoundError):  # another was first, and may have swept ours away
            path.hardlink_to(ready)
        _sync_folder(path, sync)
    return read_keyring(path)


def add_key(path: Path, *, entropy: Entropy = os.urandom, sync: Sync = os.fsync) -> str:
    """Add a new key to the file at `path` and return its id; other processes see the old file or the new one, whole.

    It is on disk then, as with `make_keyring`.
    Raises ConfigurationError as `read_keyring` does, and when the file cannot be replaced.
    """
    target = path.resolve()  # a link to the file stays one
    with _locked(target):
        _sweep(target)
        keys = _parse(_read(target), path)
        key_id = _new_id(entropy)
        keys[key_id] = entropy(KEY_BYTES)
        with _problems_named(path), _written_beside(target, keys, sync) as ready:
            _give_same_owner(ready, target)
            ready.replace(target)
            _sync_folder(target, sync)
    return key_id


def _new_id(entropy: Entropy) -> str:
    return entropy(_ID_BYTES).hex()


def _read(path: Path) -> bytes:
    with _problems_named(path), path.open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if not stat.S_ISREG(mode):
            raise ConfigurationError(f"{SETTING}: {path} is not a file.")
        if mode & _OTHERS:
            raise ConfigurationError(
                f"{SETTING}: {path} can be read or changed by others than its owner; set it right with: chmod 600 {path}"
            )
        return file.read(_LARGEST_FILE)


def _parse(content: bytes, path: Path) -> dict[str, bytes]:
    if not content.strip():
        raise ConfigurationError(f"{SETTING}: {path} is empty.")
    try:
        document = json.loads(content, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        raise ConfigurationError(f"{SETTING}: {path} is not JSON.") from None
    match document:
        case _Pairs(pairs=[("keys", _Pairs(pairs=entries))]) if entries:
            return _keys(entries, path)
        case _Pairs(pairs=[("keys", _Pairs())]):
            raise ConfigurationError(f"{SETTING}: {path} holds no key.")
    raise ConfigurationError(f'{SETTING}: {path} must hold {{"keys": {{…}}}} and nothing else.')


class _Pairs:
    """A JSON object as it is written, duplicate names included."""

    def __init__(self, pairs: list[tuple[str, object]]) -> None:
        self.pairs = pairs


def _keys(entries: Iterable[tuple[str, object]], path: Path) -> dict[str, bytes]:
    keys: dict[str, bytes] = {}
    for position, (key_id, text) in enumerate(entries, start=1):
        if not _ID.fullmatch(key_id):  # not repeated in the message: it may be a key in the wrong place
            raise ConfigurationError(f"{SETTING}: the id of key number {position} in {path} is not 16 hexadecimal digits.")
        if key_id in keys:
            raise ConfigurationError(f"{SETTING}: key {key_id} is in {path} twice.")
        keys[key_id] = _bits(text, key_id=key_id, path=path)
    return keys


def _bits(text: object, *, key_id: str, path: Path) -> bytes:
    try:
        bits = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError):
        raise ConfigurationError(f"{SETTING}: key {key_id} in {path} is not base64.") from None
    if len(bits) != KEY_BYTES:
        raise ConfigurationError(f"{SETTING}: key {key_id} in {path} is not {KEY_BYTES} bytes in base64.")
    return bits


@contextlib.contextmanager
def _problems_named(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigurationError(f"{SETTING}: {path}: {error.strerror}.") from None


@contextlib.contextmanager
def _written_beside(path: Path, keys: Mapping[str, bytes], sync: Sync) -> Iterator[Path]:
    """Give a complete file on disk, for its owner alone, next to `path`; it is gone afterwards unless it was moved."""
    ready = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    content = {"keys": {key_id: base64.b64encode(bits).decode() for key_id, bits in keys.items()}}
    try:
        with os.fdopen(os.open(ready, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY), "w") as file:
            file.write(json.dumps(content, indent=2) + "\n")
            file.flush()
            sync(file.fileno())
        yield ready
    finally:
        ready.unlink(missing_ok=True)


def _sweep(path: Path) -> None:
    """Remove what writers left that were killed: a key that is taken out of the file must not live on beside it."""
    with _problems_named(path):
        for left in path.parent.glob(f".{glob.escape(path.name)}.{'[0-9a-f]' * 16}"):
            left.unlink(missing_ok=True)


def _sync_folder(path: Path, sync: Sync) -> None:
    """Have the folder's entry for `path` on disk as well: data sealed under a key that a power cut takes back is lost."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        sync(folder)
    finally:
        os.close(folder)


def _give_same_owner(ready: Path, old: Path) -> None:
    """Let the service's user read on when the operator adds a key as root."""
    owner = old.stat()
    if (owner.st_uid, owner.st_gid) != (os.geteuid(), os.getegid()):
        os.chown(ready, owner.st_uid, owner.st_gid)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the file at `path` against others who replace it; a lock on a file that was just replaced is taken anew."""
    while True:
        with _problems_named(path):
            file = path.open("rb")
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            with _problems_named(path):
                present = path.stat()
            if os.path.samestat(os.fstat(file.fileno()), present):
                yield
                return
