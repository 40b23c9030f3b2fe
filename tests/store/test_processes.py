"""Several processes on one store: one writes, others read, any of them dies."""

import os
import random
import signal
import subprocess
import sys

from store_samples import large, make, object_files, temporaries, value

from compmake.store.files import FileStore

READ = (
    "import sys; from pathlib import Path; from compmake.store.files import FileStore\n"
    "store = FileStore.open(Path(sys.argv[1]), create=False, read_only=True)\n"
    "for line in sys.stdin:\n"
    "    records = store.load_records()\n"
    "    assert not store.find_damaged(records.values())\n"
    "    print(len(records), flush=True)\n"
)

WRITE = (
    "import sys; from pathlib import Path; from compmake.store.files import FileStore\n"
    "from compmake.store import Changes; from store_samples import large, success\n"
    "store = FileStore.open(Path(sys.argv[1])); store.lock('make'); first = int(sys.argv[2])\n"
    "for n in range(first, first + 100000):\n"
    "    data = large(n) if n % 3 else b'%d' % n\n"
    "    made = [success(store.objects, f'job-{n}-{k}', data, fingerprint=n) for k in range(3)]\n"
    "    store.commit(Changes(records=made)); print(n, flush=True)\n"
)


def test_another_process_reads_while_one_writes(tmp_path):
    """A reader in another process sees every commit as soon as it is made, and never a part of one."""
    store = FileStore.open(tmp_path / "store")
    store.lock("make")
    reader = subprocess.Popen(
        [sys.executable, "-c", READ, store.location], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    for number in range(30):
        make(store, f"job-{number}", large(number) if number % 2 else b"small")
        reader.stdin.write("\n")
        reader.stdin.flush()
        assert reader.stdout.readline() == f"{number + 1}\n"
    reader.communicate()
    assert reader.returncode == 0
    store.close()


def test_what_was_reported_done_is_done_after_kill_9(fast_path):
    """A process killed at random moments: every commit it reported is whole, no manual step, nothing half-written."""
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    reported: list[int] = []
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    for turn in range(12):
        command = [sys.executable, "-c", WRITE, str(fast_path / "store"), str(1000 * turn)]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        reported += [int(writer.stdout.readline()) for _ in range(chance.randrange(1, 20))]
        writer.send_signal(signal.SIGKILL)
        reported += [int(line) for line in writer.communicate()[0].splitlines()]
        store = FileStore.open(fast_path / "store")
        store.lock("make")
        records = store.load_records()
        for number in reported:
            for copy in range(3):
                data = large(number) if number % 3 else b"%d" % number
                assert value(store, records[f"job-{number}-{copy}"]) == data, f"seed {seed}"
        assert store.find_damaged(records.values()) == {}
        assert len(records) % 3 == 0, "a commit is all or nothing"
        store.close()
    assert len(reported) > 20
    store = FileStore.open(fast_path / "store")
    records = store.load_records()
    store.collect_garbage(records)
    assert temporaries(fast_path) == []
    assert len(object_files(store)) == len({record.blob for record in records.values() if record.size_bytes > 1000})
    assert store.check() == []
    store.close()
