"""The store contract on a Redis server."""

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

from compmake.errors import NoStoreError, ResultDamagedError, ResultMissingError, ResultVanishedError, StoreError
from compmake.job import Blob, Digest, JobId, Record
from compmake.redis_link import PATIENCE_S, Link
from compmake.signing import Signer
from compmake.store import INLINE_BYTES, Attempt, Changes, Damage, Run, StoreSize
from compmake.store.handles import Handle, collector_off
from compmake.store.packing import attempt_of
from compmake.store.redis.changing import Changer
from compmake.store.redis.database import Database, Draft
from compmake.store.redis.lease import LEASE_S, Lease
from compmake.store.redis.ledger import STATE, Ledger
from compmake.store.redis.objects import OBJECTS, RedisObjects, entry_size_bytes
from compmake.store.redis.policy import read_policy, refuse_if_evicting
from compmake.store.redis.rows import NEWEST, PAST, read_newest, read_past
from compmake.store.redis.upkeep import SMALL, Upkeep
from compmake.store.retention import KEEP, newest_attempts

SCHEMA_VERSION = 1


class RedisStore(Handle):
    """The store contract in the keys `compmake:{name}:...` of a server. Open one with `RedisStore.open`."""

    _ledger: Ledger

    def __init__(
        self,
        database: Database,
        lease: Lease,
        *,
        read_only: bool,
        keep: int,
        keep_bytes: int | None,
        folder: Path | None,
        owns_link: bool,
    ) -> None:
        """Join the parts; `open` is what makes them."""
        ledger = Ledger(database)
        super().__init__(ledger, lease, read_only=read_only)
        self._database, self._lease = database, lease
        self._keep, self._keep_bytes = keep, keep_bytes
        self._folder, self._owns_link = folder, owns_link
        self._objects = RedisObjects(database)
        self._upkeep = Upkeep(database, self._objects)
        self._changer = Changer(database, ledger)
        self._whole: set[Digest] = set()
        self._loaded: tuple[int, list[Record]] = (-1, [])

    @classmethod
    def open(
        cls,
        url: str,
        name: str,
        key: bytes,
        *,
        create: bool = True,
        read_only: bool = False,
        keep: int = KEEP,
        keep_bytes: int | None = None,
        cache_only: bool = False,
        folder: Path | None = None,
        tell: Callable[[str], None] | None = None,
        lease_s: float = LEASE_S,
        patience_s: float = PATIENCE_S,
    ) -> "RedisStore":
        """Open the store `name` on a server.

        Args:
            url: Of the server, as redis-py's `from_url` reads it.
            name: Of the store, which is part of every key.
            key: What its values are signed with.
            create: Whether to make the store if there is none.
            read_only: Whether to write nothing; a replica that cannot be written is opened so in any case.
            keep: How many superseded records a job keeps.
            keep_bytes: What the results of all superseded records may take; None is 20 % of the store, at least 1 GB.
            cache_only: Accept a server that drops results when its memory is full.
            folder: Where files of this user that belong to the store may lie.
            tell: Hears what the server would lose, and when it does not answer.
            lease_s: How long the hold on the store lasts after its holder's last sign of life.
            patience_s: How long a server that is away is waited for.

        Raises:
            UserError: The URL cannot be understood.
            StoreError: The server cannot be reached or refuses, there is no such store, or its key is another one.
        """
        database = Database(Link(url, patience_s=patience_s), Signer(key, name))
        try:
            read_only = _prepare(database, create=create, read_only=read_only, cache_only=cache_only, tell=tell)
        except BaseException:
            database.link.close()
            raise
        lease = Lease(database, lease_s)
        database.token = lambda: lease.token
        return cls(
            database, lease, read_only=read_only, keep=keep, keep_bytes=keep_bytes, folder=folder, owns_link=True
        )

    @property
    def location(self) -> str:
        return self._database.location

    @property
    def version(self) -> int:
        return self._database.version_of_others()

    @property
    def objects(self) -> RedisObjects:
        return self._objects

    @property
    def local_folder(self) -> Path | None:
        return self._folder

    def tell_by(self, tell: Callable[[str], None] | None) -> Callable[[str], None] | None:
        return self._database.link.tell_by(tell)

    def load_records(self) -> dict[JobId, Record]:
        with collector_off():
            version, values = self._database.read(("HGET", STATE, "version"), ("HGETALL", NEWEST))
            records = read_newest(self._database.signer, values)
            self._whole = self._upkeep.small()
        self._note_refused(len(values) - len(records))
        self._loaded = (int(version or 0), list(records.values()))
        return records

    def load_record(self, job_id: JobId) -> Record | None:
        values = self._database.fields(NEWEST, [job_id.encode()])
        return read_newest(self._database.signer, values).get(job_id)

    def load_superseded(self) -> dict[JobId, list[Record]]:
        with collector_off():
            (values,) = self._database.read(("HGETALL", PAST))
            found = read_past(self._database.signer, values)
        self._note_refused(len(values) - len(found))
        return {job_id: [row.record for row in rows] for job_id, rows in found.items()}

    def _note_refused(self, count: int) -> None:
        if count:
            self._notes.append(
                f"{self.location}: {count} records are not signed with your key, or altered: left out, as if never made"
            )

    def blob(self, record: Record) -> Blob:
        what = f"the result of job {record.job_id!r}"
        if record.blob and record.size_bytes >= INLINE_BYTES:
            if self._database.fields(OBJECTS, [record.blob]):
                return Blob(record.blob, record.size_bytes)
        elif record.blob:
            value = self._database.fields(SMALL, [record.blob]).get(record.blob)
            if value is not None:
                opened = self._database.signer.open(SMALL, record.blob, value)
                if opened is None:
                    raise ResultDamagedError(f"{what} in {self.location} is refused: it is not signed with your key")
                return Blob(record.blob, record.size_bytes, opened)
        raise ResultMissingError(f"{what} is not in {self.location}")

    def find_damaged(self, records: Iterable[Record]) -> dict[JobId, str]:
        return self._upkeep.find_damaged(records, self._whole)

    def commit(self, changes: Changes) -> None:
        self._refuse_if_read_only()
        self._refuse_vanished(changes)
        self._changer.commit(changes)
        self._settle()

    def _refuse_vanished(self, changes: Changes) -> None:
        """Make sure that no record is written before its result."""
        new = [record for record, _ in changes.records]
        wanted = {record.blob: record for record in new if record.blob and record.size_bytes >= INLINE_BYTES}
        entries = self._database.fields(OBJECTS, list(wanted))
        for digest, record in wanted.items():
            if digest not in entries or entry_size_bytes(entries[digest]) != record.size_bytes:
                text = f"the result of job {record.job_id!r} vanished from {self.location} before it was recorded"
                raise ResultVanishedError(text, record.job_id)

    def forget(self, job_ids: Collection[JobId]) -> None:
        with self._alone("clean"):
            self._changer.change_rows(set(job_ids), lambda shelf: shelf.forget(set(job_ids)))
        self._settle()

    def mark_asked(self, job_ids: Collection[JobId]) -> None:
        self._refuse_if_read_only()
        self._changer.change_rows(set(job_ids), lambda shelf: shelf.mark_asked(set(job_ids)))

    def replace(self, records: Iterable[Record]) -> None:
        self._refuse_if_read_only()
        new = list(records)
        self._changer.change_rows({record.job_id for record in new}, lambda shelf: shelf.replace(new))

    def mark_missing(self, job_ids: Collection[JobId]) -> None:
        self._refuse_if_read_only()
        self._whole.clear()
        self._changer.change_rows(set(job_ids), lambda shelf: shelf.mark_missing(set(job_ids)))
        self._settle()

    def cached_code(self, keys: Collection[str]) -> dict[str, bytes]:
        return self._ledger.cached_code(keys)

    def cache_code(self, entries: Mapping[str, bytes]) -> None:
        if entries and not self._read_only:
            self._ledger.put_code(entries)

    def attempts(self, job_id: JobId | None = None) -> list[Attempt]:
        if job_id is not None:
            record = self.load_record(job_id)
            return newest_attempts([*self._ledger.history(), *([attempt_of(record)] if record else [])], job_id)
        if self._loaded[0] != self._database.version():
            self.load_records()
        return newest_attempts([*self._ledger.history(), *map(attempt_of, self._loaded[1])], job_id)

    def add_history(self, runs: Collection[Run], attempts: Collection[Attempt]) -> None:
        self._refuse_if_read_only()
        self._ledger.add_history(runs, attempts)

    def size(self, defined: Collection[JobId]) -> StoreSize:
        return self._upkeep.size(defined)

    def collect_garbage(self, defined: Collection[JobId]) -> int:
        self._refuse_during_make()
        with self._alone("gc"):
            before = self._upkeep.total_bytes()
            keep = set(defined)
            gone = {record.job_id for record in self._upkeep.records() if record.job_id not in keep}
            self._changer.change_rows(gone, lambda shelf: shelf.forget(gone))
            self._changer.settle(self._keep, self._keep_bytes, everything=True)
            self._upkeep.sweep_all()
            return max(0, before - self._upkeep.total_bytes())

    def check(self) -> list[Damage]:
        return self._upkeep.check()

    def twin(self) -> "RedisStore":
        return RedisStore(
            self._database.twin(),
            self._lease,
            read_only=self._read_only,
            keep=self._keep,
            keep_bytes=self._keep_bytes,
            folder=self._folder,
            owns_link=False,
        )

    def close(self) -> None:
        self.unlock()
        if self._owns_link:
            self._database.link.close()

    def _is_untidy(self) -> bool:
        return self._changer.is_due

    def _tidy(self) -> None:
        self._changer.settle(self._keep, self._keep_bytes)


def _prepare(
    database: Database, *, create: bool, read_only: bool, cache_only: bool, tell: Callable[[str], None] | None
) -> bool:
    """Make sure that the server can be used and has the store; return whether it is only to be read."""
    link = database.link
    link.tell_by(tell)
    policy = read_policy(link)
    read_only = read_only or policy.is_replica
    if not read_only:
        refuse_if_evicting(policy, link.name, cache_only)
    _find_or_make(database, create and not read_only)
    if tell is not None and (warning := policy.warning()):
        tell(f"{link.name}: {warning}")
    return read_only


def _find_or_make(database: Database, create: bool) -> None:
    """Make sure that the store is there and can be read: its schema is known, its key is ours."""
    mark = database.signer.seal("key", b"", b"").hex()

    def work() -> tuple[Draft, None]:
        version, schema, key = database.read(*(("HGET", STATE, name) for name in ("version", "schema", "key")))
        draft = Draft(int(version or 0))
        if key is None:
            if not create:
                raise NoStoreError(f"there is no store {database.location}. Make something first, or name another.")
            draft.set(STATE, {"schema": SCHEMA_VERSION, "key": mark})
        elif key.decode(errors="replace") != mark:
            raise StoreError(
                f"{database.location} is signed with another key: copy the key of whoever made it, "
                "or name it with --key-file FILE"
            )
        elif int(schema or 0) > SCHEMA_VERSION:
            raise StoreError(f"{database.location} was made by a newer compmake: upgrade compmake or use --store.")
        return draft, None

    if database.read(("HGET", STATE, "key"))[0] is not None:
        work()
    else:
        database.change(work)
