"""The key with which values are signed that others could have written: made on first use, kept by the user alone."""

import hashlib
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path

from compmake.errors import StoreError

KEY_BYTES = 32
SIGNATURE_BYTES = 32
_BLOCK_BYTES = 64
_INNER, _OUTER = bytes(byte ^ 0x36 for byte in range(256)), bytes(byte ^ 0x5C for byte in range(256))


class Signer:
    """HMAC-SHA256 over a store's name, where a value is, and the value.

    Nothing that was signed for one place is valid in another. The two inner states are kept and copied: `hmac` takes
    more than twice as long for short values, of which a store has one for each job.
    """

    def __init__(self, key: bytes, store: str) -> None:
        """Sign with `key`, which is as long as `KEY_BYTES`, for one store."""
        self.key, self.store = key, store
        padded = key.ljust(_BLOCK_BYTES, b"\0")
        self._inner = hashlib.sha256(padded.translate(_INNER) + _framed(store.encode()))
        self._outer = hashlib.sha256(padded.translate(_OUTER))
        self._kinds: dict[str, hashlib._Hash] = {}

    def seal(self, kind: str, name: bytes, value: bytes) -> bytes:
        """Return the value with its signature before it.

        Args:
            kind: The group of values that it belongs to.
            name: Its name within the group.
            value: Anything.
        """
        return self._signature(kind, name, value) + value

    def open(self, kind: str, name: bytes, sealed: object) -> bytes | None:
        """Return the value, or None if it was not signed with this key for this place, or altered since."""
        if not isinstance(sealed, bytes) or len(sealed) < SIGNATURE_BYTES:
            return None
        value = sealed[SIGNATURE_BYTES:]
        # Not a comparison in constant time for its own sake: who can write to the server may try as often as they like.
        genuine = secrets.compare_digest(sealed[:SIGNATURE_BYTES], self._signature(kind, name, value))
        return value if genuine else None

    def open_all(self, kind: str, sealed: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
        """Return those of the values by name that are genuine; the same as `open` for each, in half the time."""
        begun, outer = self._begun(kind).copy, self._outer.copy
        equal, genuine = secrets.compare_digest, {}
        for name, value in sealed.items():
            data = value[SIGNATURE_BYTES:]
            one, two = begun(), outer()
            one.update(b"%b%b%b" % (len(name).to_bytes(4, "little"), name, data))
            two.update(one.digest())
            if equal(two.digest(), value[:SIGNATURE_BYTES]):
                genuine[name] = data
        return genuine

    def _begun(self, kind: str) -> "hashlib._Hash":
        started = self._kinds.get(kind)
        if started is None:
            started = self._inner.copy()
            started.update(_framed(kind.encode()))
            self._kinds[kind] = started
        return started

    def _signature(self, kind: str, name: bytes, value: bytes) -> bytes:
        inner, outer = self._begun(kind).copy(), self._outer.copy()
        inner.update(_framed(name) + value)
        outer.update(inner.digest())
        return outer.digest()


def _framed(name: bytes) -> bytes:
    """Return a name with its length, so that no two lists of names are the same bytes."""
    return len(name).to_bytes(4, "little") + name


def read_key(path: Path) -> bytes:
    """Return the user's key; made now if there is none.

    Raises:
        StoreError: It cannot be read or made, is no key, or others can read or could have written it.
    """
    try:
        return _read(path)
    except FileNotFoundError:
        return _make(path)
    except OSError as cause:
        raise StoreError(f"{path}: the key for signing cannot be read: {cause.strerror}") from cause


def _read(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
            raise StoreError(f"{path} must be a file of your own: refused as the key for signing")
        if stat.S_IMODE(status.st_mode) & 0o077:
            raise StoreError(f"{path} can be read by others: refused as the key for signing. Run: chmod 600 {path}")
        text = file.read(4 * KEY_BYTES).strip()
    try:
        key = bytes.fromhex(text.decode("ascii"))
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise StoreError(f"{path} is no key for signing: it must hold {2 * KEY_BYTES} hexadecimal digits")
    return key


def _make(path: Path) -> bytes:
    """Write a new key; if somebody else does at the same moment, theirs counts."""
    temporary = path.with_name(f".{path.name}-{os.getpid()}-{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_hex(KEY_BYTES) + "\n")
                file.flush()
                os.fsync(descriptor)
            os.link(temporary, path)
        except FileExistsError:
            pass
        finally:
            temporary.unlink(missing_ok=True)
        return _read(path)
    except OSError as cause:
        raise StoreError(
            f"{path}: the key for signing cannot be made: {cause.strerror}. Name another with --key-file FILE"
        ) from cause
