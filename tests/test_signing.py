"""Nobody without the key can make a value that is taken for one of ours."""

import hashlib
import hmac
import os
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compmake.errors import StoreError
from compmake.signing import Signer, read_key

KEY = bytes(range(32))
texts = st.text(max_size=20)
values = st.binary(max_size=200)
names = st.binary(max_size=20)


@given(store=texts, kind=texts, name=names, value=values)
def test_what_was_sealed_opens(store, kind, name, value):
    """The value comes back under the same store, kind and name."""
    signer = Signer(KEY, store)
    sealed = signer.seal(kind, name, value)
    assert signer.open(kind, name, sealed) == value
    assert signer.open_all(kind, {name: sealed}) == {name: value}


@given(store=texts, kind=texts, name=names, value=values)
def test_the_signature_is_hmac_sha256(store, kind, name, value):
    """It is what the standard library computes over the framed names and the value."""
    framed = b"".join(len(part).to_bytes(4, "little") + part for part in (store.encode(), kind.encode(), name))
    expected = hmac.new(KEY, framed + value, hashlib.sha256).digest()
    assert Signer(KEY, store).seal(kind, name, value) == expected + value


@given(first=st.tuples(texts, texts, names), second=st.tuples(texts, texts, names), value=values)
def test_a_value_is_valid_in_one_place_only(first, second, value):
    """What was moved to another store, kind or name is refused."""
    sealed = Signer(KEY, first[0]).seal(*first[1:], value)
    assert (Signer(KEY, second[0]).open(*second[1:], sealed) is None) == (first != second)


@given(value=values, position=st.integers(0), bit=st.integers(0, 7))
def test_a_changed_bit_is_refused(value, position, bit):
    """Every bit of signature and value counts."""
    signer = Signer(KEY, "s")
    sealed = bytearray(signer.seal("jobs", b"a", value))
    sealed[position % len(sealed)] ^= 1 << bit
    assert signer.open("jobs", b"a", bytes(sealed)) is None
    assert signer.open_all("jobs", {b"a": bytes(sealed)}) == {}


@given(value=values, length=st.integers(0, 231))
def test_what_was_cut_off_is_refused(value, length):
    """A value that is shorter than what was signed is refused."""
    signer = Signer(KEY, "s")
    sealed = signer.seal("jobs", b"a", value)
    if length < len(sealed):
        assert signer.open("jobs", b"a", sealed[:length]) is None


@given(forged=values)
def test_what_another_key_signed_is_refused(forged):
    """Neither arbitrary bytes nor the signature of another key are accepted."""
    signer = Signer(KEY, "s")
    assert signer.open("jobs", b"a", forged) is None
    assert signer.open("jobs", b"a", Signer(bytes(32), "s").seal("jobs", b"a", forged)) is None


def test_the_key_is_made_once_and_private(tmp_path):
    """The first use makes a key that only the user can read, whatever the umask; later uses find it."""
    path = tmp_path / "new" / "key"
    before = os.umask(0)
    try:
        made = read_key(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert read_key(path) == made
    assert list(path.parent.iterdir()) == [path]


def test_a_key_that_others_can_read_is_refused(tmp_path):
    """The error says what to do."""
    path = tmp_path / "key"
    read_key(path)
    path.chmod(0o640)
    with pytest.raises(StoreError, match="chmod 600"):
        read_key(path)


def test_what_is_no_key_is_refused(tmp_path):
    """A file that holds something else is not taken, nor written over."""
    path = tmp_path / "key"
    path.write_text("hello")
    path.chmod(0o600)
    with pytest.raises(StoreError, match="hexadecimal"):
        read_key(path)
    assert path.read_text() == "hello"
