"""Jobs that print more than anybody can read, and what the driver's memory is after each."""

import os

from ledger import note

from compmake import comp


def job(name, prints=None):
    """Flood or not."""
    if prints is not None:
        prints()
    note(f"{name} {driver_peak_bytes()}")


def driver_peak_bytes():
    """Return the most memory that the parent of the parent of this process had."""
    zygote = status(os.getppid())
    return int(status(int(zygote["PPid"]))["VmHWM"].split()[0]) * 1024


def status(pid):
    with open(f"/proc/{pid}/status") as file:
        return dict(line.split(":\t", 1) for line in file)


def lines(megabytes):
    for number in range(megabytes * 1024):
        print(f"line {number:07d} ".ljust(1023, "x"))


def flood():
    lines(100)


def huge_flood():
    lines(1024)


def no_newline():
    os.write(1, b"begin")
    for _ in range(10):
        print("x" * 1_000_000, end="")
    print("end", end="")


def no_utf8():
    os.write(1, b"before\n" + bytes(range(128, 256)) * 20_000 + b"\nafter\n")


def all_bytes():
    os.write(2, bytes(range(256)) + b"\n")


comp(job, "quiet", job_id="quiet")
for prints in (flood, no_newline, no_utf8, all_bytes, huge_flood):
    comp(job, prints.__name__, prints, job_id=prints.__name__)
