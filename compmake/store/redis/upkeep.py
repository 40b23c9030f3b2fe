"""Keeping a store small, and finding what in it is no longer what was written."""

from collections.abc import Collection, Iterable

from compmake.errors import ResultDamagedError, ResultMissingError
from compmake.fingerprint.digests import digest_bytes
from compmake.job import DIGEST_BYTES, Blob, Digest, JobId, Record
from compmake.store import INLINE_BYTES, Damage, StoreSize
from compmake.store.packing import objects_of
from compmake.store.redis.database import Database
from compmake.store.redis.objects import RedisObjects
from compmake.store.redis.rows import NEWEST, PAST, named, read_newest, read_past
from compmake.store.redis.scripts import NAMES, PRESENT, WEIGH

SMALL = "small"
_HASHES = (NEWEST, PAST, SMALL, "parts", "meta", "runs")
_AT_ONCE = 500


class Upkeep:
    """Looks at everything there is. Removes only what no record names, and leaves that to the server to find out."""

    def __init__(self, database: Database, objects: RedisObjects) -> None:
        self._database, self._objects = database, objects

    def records(self) -> list[Record]:
        """Return all records, superseded ones too."""
        newest, past = self._database.read(("HGETALL", NEWEST), ("HGETALL", PAST))
        signer = self._database.signer
        kept = [row.record for rows in read_past(signer, past).values() for row in rows]
        return [*read_newest(signer, newest).values(), *kept]

    def stored(self) -> set[Digest]:
        """Return the digests of all small results and objects."""
        return {*self.small(), *self._objects.stored()}

    def small(self) -> set[Digest]:
        """Return the digests of all small results."""
        names = self._database.script(NAMES, SMALL)
        return {Digest(names[at : at + DIGEST_BYTES]) for at in range(0, len(names), DIGEST_BYTES)}

    def sweep_all(self) -> None:
        """Remove whatever no record names, and what killed processes left unfinished."""
        self._database.sweep(self.stored())
        for digest, count in self._objects.unfinished().items():
            self._objects.remove_unfinished(digest, count)

    def total_bytes(self) -> int:
        """Return what the store takes."""
        return int(self._database.script(WEIGH, *_HASHES)) + sum(self._objects.stored().values())

    def size(self, defined: Collection[JobId]) -> StoreSize:
        """Measure the store."""
        keep, records = set(defined), self.records()
        needed = {digest for record in records if record.job_id in keep for digest in named(record)}
        stored = self._objects.stored()
        free = sum(size for digest, size in stored.items() if digest not in needed)
        gone = {r.blob: r.size_bytes for r in records if r.size_bytes < INLINE_BYTES and r.blob not in needed}
        count = int(self._database.read(("HLEN", NEWEST))[0])
        return StoreSize(
            records=count,
            superseded=len(records) - count,
            objects=len(stored),
            total_bytes=self.total_bytes(),
            free_able_bytes=free + sum(gone.values()),
        )

    def find_damaged(self, records: Iterable[Record], whole: Collection[Digest]) -> dict[JobId, str]:
        """Return which results are missing or damaged; those in `whole` were seen a moment ago."""
        damaged: dict[JobId, str] = {}
        small: list[Record] = []
        large: list[Record] = []
        for record in records:
            if not record.ok:
                continue
            if not record.blob:
                damaged[record.job_id] = "its result was found missing or damaged before"
            elif record.size_bytes >= INLINE_BYTES:
                large.append(record)
            elif record.blob not in whole:
                small.append(record)
        values = self._database.sealed(SMALL, list({record.blob for record in small}))
        for record in small:
            data = values.get(record.blob)
            if data is None or len(data) != record.size_bytes or digest_bytes(data) != record.blob:
                damaged[record.job_id] = f"its result is not in {self._database.location}"
        lengths = self._lengths({record.blob for record in large})
        for record in large:
            if lengths[record.blob] != record.size_bytes:
                damaged[record.job_id] = f"its result is not in {self._database.location}"
        return damaged

    def _lengths(self, digests: Collection[Digest]) -> dict[Digest, int]:
        left = list(digests)
        found: list[int] = []
        for start in range(0, len(left), _AT_ONCE):
            found += self._database.script(PRESENT, *left[start : start + _AT_ONCE])
        return dict(zip(left, found, strict=True))

    def check(self) -> list[Damage]:
        """Verify every record and every result."""
        newest, past = self._database.read(("HGETALL", NEWEST), ("HGETALL", PAST))
        signer, found = self._database.signer, []
        records = read_newest(signer, newest)
        rows = read_past(signer, past)
        for name in [*newest, *past]:
            job_id = JobId(name.decode(errors="replace"))
            if (name in newest and job_id not in records) or (name in past and job_id not in rows):
                found.append(Damage(f"a record of job {job_id}: it is not signed with your key, or altered", job_id))
        jobs: dict[Digest, Record] = {}
        for record in [*records.values(), *(row.record for kept in rows.values() for row in kept)]:
            if record.blob and record.size_bytes < INLINE_BYTES:
                jobs.setdefault(record.blob, record)
            for digest, size_bytes in objects_of(record):
                found += self._damaged_object(Blob(digest, size_bytes), record.job_id)
        return found + self._damaged_small(jobs)

    def _damaged_small(self, jobs: dict[Digest, Record]) -> list[Damage]:
        found, left = [], list(jobs)
        for start in range(0, len(left), _AT_ONCE):
            some = left[start : start + _AT_ONCE]
            values = self._database.sealed(SMALL, some)
            for digest in some:
                if digest not in values or digest_bytes(values[digest]) != digest:
                    job_id = jobs[digest].job_id
                    found.append(Damage(f"the result of job {job_id} is missing, or not as it was written", job_id))
        return found

    def _damaged_object(self, blob: Blob, job_id: JobId) -> list[Damage]:
        try:
            self._objects.read(blob)
        except (ResultMissingError, ResultDamagedError) as error:
            return [Damage(f"an object of job {job_id}: {error}", job_id)]
        return []
