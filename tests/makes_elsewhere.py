"""`Making`: a make in one process, and `watching`: compmake in another that looks at it."""

import contextlib
import subprocess
import sys

import psutil
from redis_servers import wait_for
from spaces import Space, clean_environment


class Making:
    """`compmake prog make` under way with two workers, whose jobs end when there is a file `go`."""

    def __init__(self, space: Space, *options: str) -> None:
        self.space = space
        self.process = watching(space, *options, "make", "-j", "2")

    def server(self) -> psutil.Process | None:
        """Return the process of its private server, None if that cannot be reached yet."""
        for process in psutil.Process(self.process.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if "unixsocket:" in " ".join(process.cmdline()):  # what a server says that is ready
                    return process
        return None

    def wait_for_workers(self) -> list[dict]:
        """Return the workers that run a job, once they have told of it themselves."""
        wait_for(self.server, "its server")  # costs less than asking from the beginning
        return wait_for(self._workers, "the workers")

    def _workers(self) -> list[dict]:
        done = self.space.run("prog", "stats", "--workers", "--json")
        return [row for row in done.objects if row.get("state") == "running" and "seq" in row] if done.code == 0 else []

    def let_go(self) -> None:
        """Let its jobs end."""
        (self.space.path / "go").touch()

    def end(self) -> str:
        """Let it end, and return what it said."""
        self.let_go()
        return self.process.communicate(timeout=30)[0]

    def close(self) -> None:
        """End it, whatever it does."""
        self.let_go()
        self.process.kill()
        self.process.communicate()


def watching(space: Space, *words: str) -> subprocess.Popen[str]:
    """Start `compmake prog WORDS`; its two streams are one."""
    return subprocess.Popen(
        [sys.executable, "-m", "compmake", "prog", *words],
        cwd=space.path,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def rest_of(viewer: subprocess.Popen[str]) -> str:
    """Return what it says until it ends, after the lines that were read."""
    assert viewer.stdout is not None
    rest = viewer.stdout.read()
    viewer.wait(timeout=30)
    return rest
