"""Jobs that do what no job should do, each with one that reads its result; one process makes them all."""

PROGRAM = """\
import os, sys, io, tempfile, threading
from compmake import comp, File
from ledger import note

class Thing:
    def __init__(self): self.x = 1
class BadText(Exception):
    def __str__(self): raise KeyError("x")

def raises(): raise ValueError("no way")
def exits(): sys.exit(0)
def generator(): yield 1
def recurses(): return recurses()
def bad_text(): raise BadText("x")
def base_exception(): raise BaseException("base")
def group(): raise ExceptionGroup("many", [ValueError("first"), KeyError("second")])
def big_message(): raise ValueError("y" * 1_000_000)
def no_file(): return File("not/there.txt")
def open_file(): return {"log": [open(__file__)]}
def deep():
    x = []
    for _ in range(100_000): x = [x]
    return x
def out_of_memory(): raise MemoryError()
def defines(): return comp(raises)

def changes_folder(): os.chdir(os.sep); return 1
def deletes_folder():
    folder = tempfile.mkdtemp(); os.chdir(folder); os.rmdir(folder); return 1
def closes_stdout(): print("before"); sys.stdout.close(); sys.stderr.close(); return 1
def closes_descriptors(): os.close(1); os.close(2); return 1
def replaces_stdout(): sys.stdout = io.StringIO(); sys.stderr = None; return 1
def bad_utf8(): os.write(1, b"\\xff\\xfe then \\x1b[31mtext\\n"); return 1
def flood():
    for i in range(5 * 1024): print(f"line {i:06d} ".ljust(1023, "x"))
    return 1
def no_newline(): print("no newline", end=""); return 1
def prints_all_ways():
    print("python"); print("error", file=sys.stderr); os.system("echo child"); return 1
def none(): return None
def function(): return lambda x: x + 1
def thing(): return Thing()

FAIL = [raises, exits, generator, recurses, bad_text, base_exception, group, big_message, no_file, open_file, deep,
        out_of_memory, defines]
WORK = [changes_folder, deletes_folder, closes_stdout, closes_descriptors, replaces_stdout, bad_utf8, flood,
        no_newline, prints_all_ways, none, function, thing]
def reads(x, name): note(name); print("read", name); return os.getcwd()
for f in FAIL + WORK:
    comp(reads, comp(f), f.__name__, job_id="after-" + f.__name__)
"""


def _names(name: str) -> list[str]:
    """Return the functions that the program lists under this name."""
    listed = PROGRAM.partition(f"\n{name} = [")[2].partition("]")[0]
    return [function.strip() for function in listed.split(",")]


FAIL, WORK = _names("FAIL"), _names("WORK")
