"""The keyring's file: read or refused as a whole, made once, added to in place."""

import base64
import json
import os
import pickle
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given, settings, strategies as st

from app.errors import ConfigurationError, SealBroken
from app.sealing.keyring import Keyring, add_key, make_keyring, read_keyring
from app.sealing.keys import Key
from tests.journeys.soaking import full

SETTING = "INSTALLED_APPS_KEYRING_FILE"
FIRST, SECOND = "00000000000000aa", "00000000000000bb"
BITS = bytes(range(32))
TEXT = base64.b64encode(BITS).decode()


def write_file(path: Path, content: str | bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(mode)
    return path


def keyring_text(*keys: tuple[str, object]) -> str:
    return '{"keys": {' + ", ".join(f"{json.dumps(key_id)}: {json.dumps(text)}" for key_id, text in keys) + "}}"


def test_the_keys_of_a_file_are_read_in_its_order(tmp_path: Path) -> None:
    path = write_file(tmp_path / "keyring.json", keyring_text((SECOND, TEXT), (FIRST, TEXT)))

    keyring = read_keyring(path)

    assert keyring.ids == (SECOND, FIRST)
    assert keyring.get(FIRST) is not None
    assert keyring.get("00000000000000cc") is None


def test_a_file_that_only_its_owner_reads_may_be_read_only(tmp_path: Path) -> None:
    path = write_file(tmp_path / "keyring.json", keyring_text((FIRST, TEXT)), mode=0o400)

    assert read_keyring(path).ids == (FIRST,)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        (TEXT, "is not JSON"),
        (b"\xff\xfe\xff", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        (keyring_text((FIRST, TEXT))[:-1], "is not JSON"),
        ("null", 'must hold {"keys": {…}} and nothing else'),
        (f'["{TEXT}"]', 'must hold {"keys": {…}} and nothing else'),
        ("{}", 'must hold {"keys": {…}} and nothing else'),
        (f'{{"keys": ["{TEXT}"]}}', 'must hold {"keys": {…}} and nothing else'),
        (f'{{"keys": {{"{FIRST}": "{TEXT}"}}, "primary": "{FIRST}"}}', 'must hold {"keys": {…}} and nothing else'),
        (f'{{"keys": {{"{FIRST}": "{TEXT}"}}, "keys": {{}}}}', 'must hold {"keys": {…}} and nothing else'),
        ('{"keys": {}}', "holds no key"),
        (keyring_text((FIRST, TEXT), (TEXT, FIRST)), "the id of key number 2"),
        (keyring_text((FIRST.upper(), TEXT)), "the id of key number 1"),
        (keyring_text((FIRST + "\n", TEXT)), "the id of key number 1"),
        (keyring_text((FIRST, TEXT), (SECOND, TEXT), (FIRST, TEXT)), f"key {FIRST} is in"),
        (keyring_text((FIRST, TEXT[:-4])), f"key {FIRST} in"),
        (keyring_text((FIRST, base64.b64encode(BITS[:31]).decode())), f"key {FIRST} in"),
        (keyring_text((FIRST, base64.b64encode(BITS + b"!").decode())), f"key {FIRST} in"),
        (keyring_text((FIRST, "")), f"key {FIRST} in"),
        (keyring_text((FIRST, TEXT[:20] + "*" + TEXT[20:])), f"key {FIRST} in"),
        (keyring_text((FIRST, TEXT[:20] + "é" + TEXT[20:])), f"key {FIRST} in"),
        (keyring_text((SECOND, TEXT), (FIRST, None)), f"key {FIRST} in"),
        (keyring_text((SECOND, TEXT), (FIRST, 7)), f"key {FIRST} in"),
        (keyring_text((SECOND, TEXT), (FIRST, {"key": TEXT})), f"key {FIRST} in"),
    ],
)
def test_a_wrong_file_is_refused_by_setting_and_key_id_without_its_content(
    tmp_path: Path, content: str | bytes, told: str
) -> None:
    path = write_file(tmp_path / "keyring.json", content)

    with pytest.raises(ConfigurationError) as refused:
        read_keyring(path)

    assert refused.value.message.startswith(f"{SETTING}: ")
    assert told in refused.value.message
    assert str(path) in refused.value.message
    assert TEXT[:8] not in refused.value.message
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o644, 0o666, 0o777])
def test_a_file_that_others_can_read_or_change_is_refused(tmp_path: Path, mode: int) -> None:
    path = write_file(tmp_path / "keyring.json", keyring_text((FIRST, TEXT)), mode=mode)

    with pytest.raises(ConfigurationError) as refused:
        read_keyring(path)

    assert refused.value.message == (
        f"{SETTING}: {path} can be read or changed by others than its owner; set it right with: chmod 600 {path}"
    )


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=f"^{SETTING}: .*absent.json: No such file or directory.$"):
        read_keyring(tmp_path / "absent.json")
    with pytest.raises(ConfigurationError, match=f"^{SETTING}: .*: Is a directory.$"):
        read_keyring(tmp_path)


def test_a_keyring_is_made_for_its_owner_alone_with_one_key_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"

    keyring = make_keyring(path, entropy=lambda count: bytes([count]) * count)

    assert keyring.ids == ("08" * 8,)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text()) == {"keys": {"08" * 8: base64.b64encode(b"\x20" * 32).decode()}}
    assert list(tmp_path.iterdir()) == [path]


class Disk:
    """What was on its way to the disk when it was synced: a file's keys, or what a folder then names as the keyring."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.synced: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = []

    def sync(self, descriptor: int) -> None:
        named = read_keyring(self._path).ids if self._path.exists() else ()
        if os.path.samestat(os.fstat(descriptor), self._path.parent.stat()):
            self.synced.append(("folder", (), named))
        else:
            self.synced.append(("file", read_keyring(Path(f"/proc/self/fd/{descriptor}").resolve()).ids, named))


def test_a_keyring_is_on_disk_before_it_has_its_name_and_so_is_the_name(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    disk = Disk(path)

    made = make_keyring(path, sync=disk.sync).ids

    assert disk.synced == [("file", made, ()), ("folder", (), made)]


def test_an_added_key_is_on_disk_before_the_old_file_is_replaced_and_so_is_the_new_name(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    old = make_keyring(path).ids
    link, disk = tmp_path / "link.json", Disk(path)
    link.symlink_to(path)

    both = (*old, add_key(link, sync=disk.sync))

    assert disk.synced == [("file", both, old), ("folder", (), both)]


def test_a_keyring_that_is_there_is_kept(tmp_path: Path) -> None:
    path = write_file(tmp_path / "keyring.json", keyring_text((FIRST, TEXT)))
    before = path.read_bytes()

    keyring = make_keyring(path)

    assert keyring.ids == (FIRST,)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_all_who_make_a_keyring_at_once_get_the_same_one(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"

    with ThreadPoolExecutor(8) as pool:
        keyrings = list(pool.map(lambda _: make_keyring(path), range(8)))

    assert {keyring.ids for keyring in keyrings} == {read_keyring(path).ids}
    assert list(tmp_path.iterdir()) == [path]


def test_a_keyring_is_not_made_in_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=f"^{SETTING}: .*No such file or directory.$"):
        make_keyring(tmp_path / "absent" / "keyring.json")

    assert list(tmp_path.iterdir()) == []


def test_an_added_key_stands_behind_those_that_were_there(tmp_path: Path) -> None:
    path = write_file(tmp_path / "keyring.json", keyring_text((FIRST, TEXT)))

    added = add_key(path)

    assert read_keyring(path).ids == (FIRST, added)
    assert json.loads(path.read_text())["keys"][FIRST] == TEXT
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_key_added_through_a_link_goes_into_the_file_behind_it(tmp_path: Path) -> None:
    target = write_file(tmp_path / "real.json", keyring_text((FIRST, TEXT)))
    link = tmp_path / "keyring.json"
    link.symlink_to(target)

    added = add_key(link)

    assert link.is_symlink()
    assert read_keyring(target).ids == (FIRST, added)


def test_what_a_killed_writer_left_is_gone_with_the_next_key_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    [first] = make_keyring(path).ids
    left = write_file(tmp_path / ".keyring.json.00112233445566aa", keyring_text((SECOND, TEXT)))
    others = [write_file(tmp_path / name, "mine") for name in (".keyring.json.bak", ".other.json.00112233445566aa")]

    added = add_key(path)

    assert not left.exists()
    assert [each.read_text() for each in others] == ["mine"] * 2
    assert read_keyring(path).ids == (first, added)


def test_no_key_is_lost_among_many_that_are_added_at_once(tmp_path: Path) -> None:
    path = write_file(tmp_path / "keyring.json", keyring_text((FIRST, TEXT)))

    with ThreadPoolExecutor(8) as pool:
        added = list(pool.map(lambda _: add_key(path), range(16)))

    assert set(read_keyring(path).ids) == {FIRST, *added}
    assert len(set(added)) == 16


@pytest.mark.parametrize("content", ["", keyring_text((FIRST, "short"))])
def test_no_key_is_added_to_a_file_that_is_wrong(tmp_path: Path, content: str) -> None:
    path = write_file(tmp_path / "keyring.json", content)

    with pytest.raises(ConfigurationError, match=f"^{SETTING}: "):
        add_key(path)

    assert path.read_text() == content
    assert list(tmp_path.iterdir()) == [path]


def test_no_key_is_added_to_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=f"^{SETTING}: "):
        add_key(tmp_path / "keyring.json")

    assert list(tmp_path.iterdir()) == []


def test_a_key_and_a_keyring_show_no_bits() -> None:
    key = Key(BITS)

    assert repr(key) == "Key(***)"
    assert repr(Keyring({FIRST: key})) == f"Keyring({FIRST})"
    with pytest.raises(TypeError, match="never written out"):
        pickle.dumps(key)


@pytest.mark.parametrize("count", [0, 16, 31, 33, 64])
def test_a_key_has_256_bits(count: int) -> None:
    with pytest.raises(ValueError, match="256 bits"):
        Key(bytes(count))


@given(text=st.binary(max_size=2_000), purpose=st.binary(max_size=40), context=st.binary(max_size=200))
@settings(max_examples=full(10_000, ci=100), deadline=None)
def test_what_a_key_seals_it_opens_for_the_same_purpose_and_context_only(text: bytes, purpose: bytes, context: bytes) -> None:
    key, other = Key(BITS), Key(BITS[::-1])

    box = key.seal(text, purpose=purpose, context=context, entropy=os.urandom)

    assert key.open(box, purpose=purpose, context=context) == text
    assert key.made(box, purpose=purpose)
    assert not other.made(box, purpose=purpose)
    assert_does_not_open(lambda: key.open(box, purpose=purpose + b"x", context=context))
    assert_does_not_open(lambda: key.open(box, purpose=purpose, context=context + b"x"))
    assert_does_not_open(lambda: other.open(box, purpose=purpose, context=context))


def assert_does_not_open(opening: Callable[[], bytes]) -> None:
    with pytest.raises(SealBroken):
        opening()


def test_a_ciphertext_made_to_open_under_two_keys_opens_under_the_one_it_is_committed_to_alone() -> None:
    salt, purpose, context = b"s" * 32, b"purpose", b"context"
    keys = Key(BITS), Key(BITS[::-1])
    derived = [HKDF(SHA512(), 76, salt, purpose).derive(bits) for bits in (BITS, BITS[::-1])]
    ciphertext = open_to_both(derived, context)

    boxes = [salt + part[44:] + ciphertext for part in derived]

    for part in derived:  # AES-GCM by itself takes it for genuine, twice
        assert len(AESGCM(part[:32]).decrypt(part[32:44], ciphertext, context)) == 16
    assert len(keys[0].open(boxes[0], purpose=purpose, context=context)) == 16
    assert len(keys[1].open(boxes[1], purpose=purpose, context=context)) == 16
    assert_does_not_open(lambda: keys[1].open(boxes[0], purpose=purpose, context=context))
    assert_does_not_open(lambda: keys[0].open(boxes[1], purpose=purpose, context=context))


def open_to_both(derived: list[bytes], context: bytes) -> bytes:
    """Return one block and a tag that AES-GCM accepts under both derived keys: the block where both tags are equal.

    A tag is linear in the block, so the block is the tags' difference for an empty block, divided by that of the factors.
    """
    tags = [tag_of(part, bytes(16), context) for part in derived]
    factors = [multiply(subkey, subkey) for subkey in map(ghash_key, derived)]
    block = multiply(tags[0] ^ tags[1], inverse(factors[0] ^ factors[1])).to_bytes(16, "big")
    return block + tag_of(derived[0], block, context).to_bytes(16, "big")


def tag_of(derived: bytes, ciphertext: bytes, context: bytes) -> int:
    cipher, nonce = AESGCM(derived[:32]), derived[32:44]
    stream = cipher.encrypt(nonce, bytes(len(ciphertext)), None)[: len(ciphertext)]
    plaintext = bytes(a ^ b for a, b in zip(stream, ciphertext, strict=True))
    return int.from_bytes(cipher.encrypt(nonce, plaintext, context)[-16:], "big")


def ghash_key(derived: bytes) -> int:
    """AES of the zero block (NIST SP 800-38D): with two tags of one block each, it is the root of what they differ by."""

    block = Cipher(algorithms.AES(derived[:32]), modes.ECB()).encryptor().update(bytes(16))  # noqa: S305 - GHASH's own key
    return int.from_bytes(block, "big")


def multiply(x: int, y: int) -> int:
    """Return the product in GCM's GF(2^128), whose bits run from the left."""
    product = 0
    for bit in range(127, -1, -1):
        if (x >> bit) & 1:
            product ^= y
        y = (y >> 1) ^ (0xE1 << 120 if y & 1 else 0)
    return product


def inverse(x: int) -> int:
    power, result = x, 1 << 127
    for _ in range(127):
        power = multiply(power, power)
        result = multiply(result, power)
    return result
