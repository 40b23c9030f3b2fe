"""Jobs that leave something behind in their process, each followed by one that looks at what it finds there."""

import asyncio
import concurrent.futures
import io
import json
import multiprocessing
import os
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
import warnings

from ledger import note

from compmake import comp


def changes_folder():
    os.chdir(os.sep)


def deletes_folder():
    folder = tempfile.mkdtemp()
    os.chdir(folder)
    os.rmdir(folder)


def changes_environment():
    os.environ["HOME"] = "elsewhere"
    os.environ["COMPMAKE_STORE"] = "elsewhere"
    del os.environ["PATH"]


def changes_umask():
    os.umask(0)


def changes_sys_path():
    sys.path = [os.sep, *reversed(sys.path)]


def changes_arguments():
    sys.argv.append("--more")


def handles_sigchld():
    signal.signal(signal.SIGCHLD, lambda *_: os._exit(1))


def ignores_sigchld():
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    subprocess.run([sys.executable, "-c", ""], check=False)


def ignores_sigterm():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def sets_alarm():
    signal.setitimer(signal.ITIMER_REAL, 0.05)


def closes_stdout():
    sys.stdout.close()
    sys.stderr.close()


def closes_descriptors():
    os.close(1)
    os.close(2)


def closes_stdin():
    os.close(0)


def replaces_stdout():
    sys.stdout = io.StringIO()
    sys.stderr = None


def unblocks_stdout():
    os.set_blocking(1, False)
    os.set_blocking(2, False)


def gives_stdout_to_an_event_loop():
    async def write():
        loop = asyncio.get_running_loop()
        await loop.connect_write_pipe(asyncio.BaseProtocol, os.fdopen(os.dup(1), "wb"))

    asyncio.run(write())


def runs_asyncio():
    async def child():
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", "print(1)", stdout=subprocess.PIPE)
        return (await process.communicate())[0]

    assert asyncio.run(child()) == b"1\n"


def writes_garbage_into_sockets():
    for descriptor in range(3, 100):
        try:
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                os.write(descriptor, b"garbage \xff\x00" * 100)
        except OSError:
            continue


def turns_warnings_into_errors():
    warnings.simplefilter("error")


def leaves_thread():
    threading.Thread(target=threading.Event().wait, name="for-ever", daemon=True).start()


def leaves_other_thread():
    threading.Thread(target=threading.Event().wait).start()


def leaves_child():
    if os.fork() == 0:
        note(f"child {os.getpid()}")
        time.sleep(1000)


def leaves_daemon():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            note(f"daemon {os.getpid()}")
            time.sleep(1000)
        os._exit(0)
    os.wait()


def leaves_files_open():
    LEFT.extend(os.open(__file__, os.O_RDONLY) for _ in range(100))


def forks_and_returns_twice():
    os.fork()


def forks_and_raises_in_the_child():
    if os.fork() == 0:
        raise ValueError("in the child")


def forks_and_ends_the_child():
    for _ in range(100):
        pid = os.fork()
        if pid == 0:
            time.sleep(10)
            os._exit(1)
        os.kill(pid, signal.SIGTERM)
        assert os.waitpid(pid, 0)[1] == signal.SIGTERM


def imports_numpy():
    import numpy

    assert (numpy.ones((300, 300)) @ numpy.ones((300, 300))).sum() == 300.0**3


def runs_subprocess():
    assert subprocess.run(["echo", "hello"], check=True, capture_output=True).stdout == b"hello\n"


def uses_fork_pool():
    uses_pool("fork")


def uses_spawn_pool():
    uses_pool("spawn")


def uses_forkserver_pool():
    uses_pool("forkserver")


def uses_pool(method):
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map(abs, [-1, 2, -3]) == [1, 2, 3]
        assert pool.map(squared, [1, 2, 3]) == [1, 4, 9]


def uses_process_pool_executor():
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        assert list(pool.map(squared, [1, 2, 3])) == [1, 4, 9]


def leaves_process_pool_executor():
    LEFT.append(concurrent.futures.ProcessPoolExecutor(2))
    assert LEFT[-1].submit(squared, 3).result() == 9


LEFT = []


def squared(x):
    return x * x


def odd(does):
    note(does.__name__)
    does()
    return os.getpid()


def after(pid, name):
    """Note what this process is like, and whether the odd job ran in it."""
    print("python says", name, flush=True)
    os.system(f"echo child says {name}")
    umask = os.umask(0o077)
    os.umask(umask)
    handlers = [signal.getsignal(number) for number in (signal.SIGCHLD, signal.SIGALRM, signal.SIGINT)]
    threads = [thread.name for thread in threading.enumerate()]
    state = {
        "folder": os.getcwd(),
        "environment": dict(os.environ),
        "umask": umask,
        "path": sys.path,
        "arguments": sys.argv,
        "handlers": repr(handlers),
        "hears SIGTERM": callable(signal.getsignal(signal.SIGTERM)),
        "filters": repr(warnings.filters[:1]),
        "threads": threads,
        "blocking": os.get_blocking(1) and os.get_blocking(2),
        "pipe": os.path.sameopenfile(1, 2) and stat.S_ISFIFO(os.fstat(1).st_mode),
        "input": os.readlink("/proc/self/fd/0") if os.path.exists("/proc/self") else "",
    }
    note(json.dumps({"name": name, "same process": os.getpid() == pid, "state": state}))


REPLACED = (leaves_thread, leaves_other_thread, leaves_child, leaves_daemon, leaves_files_open)
UNDONE = (
    changes_folder,
    deletes_folder,
    changes_environment,
    changes_umask,
    changes_sys_path,
    changes_arguments,
    handles_sigchld,
    ignores_sigchld,
    ignores_sigterm,
    sets_alarm,
    turns_warnings_into_errors,
    closes_stdout,
    closes_descriptors,
    closes_stdin,
    replaces_stdout,
    unblocks_stdout,
    gives_stdout_to_an_event_loop,
    runs_asyncio,
    writes_garbage_into_sockets,
    forks_and_returns_twice,
    forks_and_raises_in_the_child,
    forks_and_ends_the_child,
    imports_numpy,
    runs_subprocess,
    uses_fork_pool,
    uses_spawn_pool,
    uses_forkserver_pool,
    uses_process_pool_executor,
    leaves_process_pool_executor,
)

last = comp(after, 0, "nothing", job_id="after-nothing")
for does in (*UNDONE, *REPLACED):
    name = does.__name__
    last = comp(after, comp(odd, does, job_id=name, extra_dep=last), name, job_id=f"after-{name}")
