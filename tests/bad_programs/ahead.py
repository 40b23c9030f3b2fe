"""Two hundred short jobs, many of them sent ahead; some do to their worker what they should not."""

import ctypes
import os
import signal
import stat

from ledger import note

from compmake import comp

LIBC = ctypes.CDLL(None)


def short(i):
    """Print in all ways and end quickly."""
    note(f"{i:03d} in {os.getpid()}")
    print(f"python {i}")
    LIBC.puts(f"C {i}".encode())
    if i % 50 == 20:
        os.write(1, f"descriptor {i}\n".encode())
    if i == 100:
        os.write(1, b"last words\n")
        os.kill(os.getpid(), signal.SIGKILL)
    if i == 150:
        write_garbage()
    return i


def write_garbage():
    for descriptor in range(3, 100):
        try:
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                os.write(descriptor, os.urandom(1000))
        except OSError:
            continue


for i in range(200):
    comp(short, i, job_id=f"short-{i}")
