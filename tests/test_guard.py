"""What a job leaves behind in its process: every claim is tried in a process of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = """
import json, sys, threading
{before}
from compmake.guard import Guard
threading.Thread(target=threading.Event().wait, name="beat", daemon=True).start()
guard = Guard({guard})
def job():
    import gc, locale, os, signal, socket, subprocess, sys, threading, time, warnings
{job}
kept = job()
notes, left = guard.restore(), guard.leftovers()
import os, signal
after = {after}
again = guard.restore()
print(json.dumps([notes, left, after, again]), flush=True)
os._exit(0)
"""


@dataclass(frozen=True)
class Told:
    """What the guard of a process said after a job, and what was asked about the process then."""

    notes: list[str]
    left: list[str]
    after: Any
    again: list[str]


def run(job: str, *, after: str = "None", before: str = "", guard: str = "", cwd: Path | None = None) -> Told:
    """Run one job under a guard in a new process; `before` runs ahead of the guard, `after` is asked behind it."""
    lines = "".join(f"    {line}\n" for line in job.splitlines())
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(job=lines, after=after, before=before, guard=guard)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), "KEPT": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Told(*json.loads(done.stdout))


def test_a_job_that_leaves_nothing_is_not_mentioned():
    """A thread that was joined, a child that was waited for, a handler that was put back: no note, nothing left."""
    told = run(
        "thread = threading.Thread(target=int); thread.start(); thread.join()\n"
        "subprocess.run(['true'])\n"
        "signal.signal(signal.SIGALRM, signal.signal(signal.SIGALRM, int))\n"
        "os.environ['A'] = '1'; del os.environ['A']"
    )
    assert (told.notes, told.left) == ([], [])


# What a job does, what the guard says of it, a question to the process afterwards, and the answer of one without jobs.
CHANGES = {
    "environment": (
        "os.environ['A'] = os.environ['B'] = '1'; del os.environ['KEPT']",
        "it changed the environment variables A, B, KEPT; put back",
        "os.popen('echo $A $B $KEPT').read().strip()",
        "1",
    ),
    "environment replaced": (
        "os.environ = dict(os.environ)",
        "it replaced os.environ; put back",
        "type(os.environ).__name__",
        "_Environ",
    ),
    "umask": ("os.umask(0o011)", "it changed the umask to 011; put back", "os.umask(os.umask(0)) == 0o011", False),
    "handlers": (
        "signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.signal(signal.SIGINT, lambda *_: None)",
        "it changed what is done on SIGINT, SIGTERM; put back",
        "[signal.getsignal(2) is signal.default_int_handler, signal.getsignal(15) == signal.SIG_DFL]",
        [True, True],
    ),
    "blocked": (
        "signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())",
        "it changed whether ",
        "len(signal.pthread_sigmask(signal.SIG_BLOCK, []))",
        0,
    ),
    "alarm": ("signal.alarm(100)", "it left an alarm set; put back", "signal.alarm(0)", 0),
    "interval": (
        "signal.signal(signal.SIGPROF, int); signal.setitimer(signal.ITIMER_PROF, 50, 50)",
        "it changed what is done on SIGPROF; put back",
        "signal.getitimer(signal.ITIMER_PROF)",
        [0, 0],
    ),
    "wakeup": (
        "_, end = os.pipe(); os.set_blocking(end, False); signal.set_wakeup_fd(end)",
        "it left a signal wakeup descriptor set; put back",
        "signal.set_wakeup_fd(-1)",
        -1,
    ),
    "path": ("sys.path = ['/x', *sys.path]", "it changed sys.path; put back", "'/x' in sys.path", False),
    "arguments": ("sys.argv.append('--fast')", "it changed sys.argv; put back", "sys.argv", ["-c"]),
    "recursion": (
        "sys.setrecursionlimit(5000)",
        "it changed the recursion limit to 5000; put back",
        "sys.getrecursionlimit()",
        1000,
    ),
    "trace": (
        "sys.settrace(lambda *_: None); sys.setprofile(lambda *_: None)",
        "it left a trace function set; put back",
        "[sys.gettrace(), sys.getprofile()]",
        [None, None],
    ),
    "collector": (
        "gc.disable()",
        "it switched the garbage collector on or off; put back",
        "__import__('gc').isenabled()",
        True,
    ),
    "sockets": (
        "socket.setdefaulttimeout(3)",
        "it changed the default timeout of sockets to 3.0 s; put back",
        "__import__('socket').getdefaulttimeout()",
        None,
    ),
    "warnings": (
        "warnings.simplefilter('error')",
        "it, or a module that it imported, changed the warning filters; put back",
        "__import__('warnings').warn('only shown')",
        None,
    ),
    "locale": (
        "locale.setlocale(locale.LC_ALL, 'C.UTF-8')",
        "it changed LC_NUMERIC of the locale to C.UTF-8; put back",
        "__import__('locale').setlocale(__import__('locale').LC_ALL).split(';')[1]",
        "LC_NUMERIC=C",
    ),
    "decimal": (
        "import decimal; decimal.getcontext().prec = 50",
        "it changed the context of decimal; put back",
        "str(__import__('decimal').Decimal(1) / 3)",
        "0." + 28 * "3",
    ),
    "address space": (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (4 << 30, resource.RLIM_INFINITY))",
        "it changed the limit RLIMIT_AS; put back",
        "__import__('resource').getrlimit(__import__('resource').RLIMIT_AS)[0] == 4 << 30",
        False,
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_a_job_changed_is_put_back_and_noted(what):
    """The next job finds the process as the first did; one note says what was changed; then there is no more to say."""
    job, note, question, answer = CHANGES[what]
    told = run(job, after=question)
    assert any(said.startswith(note) for said in told.notes), told.notes
    assert told.after == answer
    assert (told.left, told.again) == ([], [])


def test_the_current_folder_is_put_back(tmp_path):
    """A job that went elsewhere is brought back, and the note names where it went."""
    there, base = tmp_path / "there", tmp_path / "base"
    there.mkdir()
    base.mkdir()
    told = run(f"os.chdir({str(there)!r})", after="os.getcwd()", cwd=base)
    assert (told.notes, told.after) == ([f"it changed the current folder to {there}; put back"], str(base))


def test_a_job_that_deleted_the_folder_it_went_to_is_brought_back(tmp_path):
    """Nobody can name a folder that is gone; the one of before is still there."""
    told = run("os.mkdir('x'); os.chdir('x'); os.rmdir('../x')", after="os.getcwd()", cwd=tmp_path)
    assert (told.notes, told.after) == (["its current folder is gone; put back"], str(tmp_path))


def test_a_folder_that_is_gone_for_good_is_told(tmp_path):
    """When the job deleted the current folder itself, the worker has nowhere to return to and says so."""
    (tmp_path / "base").mkdir()
    told = run("os.rmdir('../base')", cwd=tmp_path / "base")
    assert told.notes == []
    assert told.left == ["its current folder is gone; it cannot be put back: No such file or directory"]


def test_the_folder_is_found_again_when_the_job_made_it_anew(tmp_path):
    """A folder that was deleted and made again is entered by its name."""
    (tmp_path / "base").mkdir()
    told = run("os.rmdir('../base'); os.mkdir('../base')", after="os.getcwd()", cwd=tmp_path / "base")
    assert (told.notes, told.left) == (["its current folder is gone; put back"], [])
    assert told.after == str(tmp_path / "base")


def test_names_that_are_no_text_are_told_safely():
    """A variable whose name is not UTF-8, or would steer a terminal, is noted in characters that can be printed."""
    told = run("os.environb[b'A\\xff\\x1b'] = b'1'")
    assert told.notes == ["it changed the environment variable A\\udcff\\x1b; put back"]


def test_a_signal_that_waited_does_not_end_the_worker():
    """What arrived while the job had it blocked is discarded where it would kill, and delivered to a handler."""
    told = run(
        "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1, signal.SIGINT])\n"
        "for number in (signal.SIGUSR1, signal.SIGINT): signal.pthread_kill(threading.get_ident(), number)",
        before="import signal; came = []; signal.signal(signal.SIGINT, lambda *_: came.append(1))",
        after="came",
    )
    assert told.notes == ["it changed whether SIGINT, SIGUSR1 is blocked; put back"]
    assert told.after == [1]


def test_an_alarm_of_a_handler_that_is_gone_does_not_end_the_worker():
    """The alarm is stopped before its handler is taken away, also while it goes off a thousand times a second."""
    told = run("signal.signal(signal.SIGALRM, lambda *_: None); signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)")
    assert told.notes == ["it left an alarm set; put back", "it changed what is done on SIGALRM; put back"]


def test_functions_that_a_job_replaced_do_not_deceive(tmp_path):
    """Patches of `os`, `signal` and `time` that a test in a job forgot change nothing here."""
    told = run(
        "os.environ['A'] = '1'; os.chdir('/'); os.umask(0o011); child = subprocess.Popen(['sleep', '60'])\n"
        "os.getcwd = os.getcwdb = os.chdir = os.umask = os.waitpid = os.putenv = None\n"
        "signal.signal = signal.getsignal = signal.setitimer = time.sleep = None; return child",
        after="kept.kill()",
        cwd=tmp_path,
    )
    assert [note.split(" ")[3] for note in told.notes] == ["current", "umask", "environment"]
    assert len(told.left) == 1


def test_values_that_cannot_be_compared_count_as_changed():
    """An object in sys.argv that refuses to be compared costs a note, no more."""
    told = run("class Odd:\n    def __eq__(self, other): raise ValueError\nsys.argv = [Odd()]", after="sys.argv")
    assert (told.notes, told.after) == (["it changed sys.argv; put back"], ["-c"])


def test_a_limit_that_only_root_can_raise_is_left_over():
    """A lowered hard limit cannot be put back, so the worker is of no more use."""
    told = run(
        "import resource\nif os.geteuid() == 0: os.setuid(65534)\n"
        "resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 8 << 30))",
        after="__import__('resource').getrlimit(__import__('resource').RLIMIT_AS)[0] == 8 << 30",
    )
    assert told.left == ["it changed the limit RLIMIT_AS; it cannot be put back: not allowed to raise maximum limit"]
    assert told.after is True


def test_threads_that_a_job_left_are_named():
    """Threads that still run are left over; those that ran before the first job are the worker's own."""
    told = run("for name in 'ab': threading.Thread(target=threading.Event().wait, name=name, daemon=True).start()")
    assert (told.notes, told.left) == ([], ["it left threads running: a, b"])


def test_a_thread_without_an_object_is_left_over_too():
    """What `_thread` started is in no list, and counts all the same."""
    told = run(
        "import _thread; began = threading.Event()\n"
        "_thread.start_new_thread(lambda: (began.set(), threading.Event().wait()), ())\n"
        "began.wait()"
    )
    assert told.left == ["it left threads running: without a name"]


def test_threads_about_to_end_are_waited_for():
    """An executor that was forgotten ends its threads when it goes; that takes a moment and leaves nothing."""
    told = run("import concurrent.futures\nconcurrent.futures.ThreadPoolExecutor(4).submit(int).result()")
    assert told.left == []


def test_a_living_child_is_left_over():
    """A child process that still runs is told, by name where the system tells it."""
    told = run("return subprocess.Popen(['sleep', '60'])", after="[kept.pid, kept.kill()]")
    pid = told.after[0]
    assert told.left in ([f"it left child processes running: {pid} sleep"], ["it left child processes running"])


def test_a_child_of_a_thread_that_ended_is_found():
    """It makes no difference which thread of the job started a child."""
    told = run(
        "found = []\n"
        "start = lambda: found.append(subprocess.Popen(['sleep', '60']))\n"
        "thread = threading.Thread(target=start); thread.start(); thread.join()\n"
        "return found[0]",
        after="kept.kill()",
    )
    assert [left.split(":")[0] for left in told.left] == ["it left child processes running"]


def test_children_that_ended_are_reaped():
    """A child that nobody waited for, or that was killed just now, leaves nothing."""
    told = run(
        "return [subprocess.Popen(['true']), subprocess.Popen(['sleep', '60']).kill()]",
        after="[line for line in os.popen('ps -o stat= --ppid %d' % os.getpid()) if line.startswith('Z')]",
    )
    assert (told.left, told.after) == ([], [])


def test_multiprocessing_knows_of_the_children_that_were_reaped():
    """A process of multiprocessing that was never joined is not taken for alive in the next job."""
    told = run(
        "import multiprocessing\nchild = multiprocessing.get_context('fork').Process(target=int); child.start()",
        after="__import__('multiprocessing').active_children()",
    )
    assert (told.left, told.after) == ([], [])


def test_many_open_files_are_left_over():
    """A few files may stay open, for a cache; so many that the next jobs could have none left may not."""
    assert run("return [open(os.devnull) for _ in range(20)]").left == []
    told = run("return [open(os.devnull) for _ in range(100)]")
    assert told.left == ["it, or jobs before it, left more than 64 files open"]


def test_a_fork_that_comes_back_from_the_job_ends():
    """Only one process answers for a call, also when the job forked and returned in both."""
    assert run("os.fork()").left == []


def test_a_shared_process_keeps_what_may_be_of_others():
    """In the driver's own process the environment is put back; alarms, handlers, threads and children are not ours."""
    told = run(
        "os.environ['A'] = '1'; signal.alarm(100); signal.signal(signal.SIGTERM, signal.SIG_IGN); gc.disable()\n"
        "threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
        "return subprocess.Popen(['sleep', '60'])",
        guard="shared=True",
        after="[signal.alarm(0) > 0, signal.getsignal(15) == signal.SIG_IGN, kept.poll() is None, kept.kill()][:3]",
    )
    assert (told.notes, told.left) == (["it changed the environment variable A; put back"], [])
    assert told.after == [True, True, True]
