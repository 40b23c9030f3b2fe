"""Programs that have a module of their own with the name of the client library."""

import pytest
from makes_elsewhere import Making, watching
from redis_servers import Server
from spaces import Space

PROGRAM = """\
import os
import time
from compmake import comp

def slow():
    import redis
    while not os.path.exists("go"):
        time.sleep(0.05)
    print("the module says", redis.WORD)

comp(slow)
"""


@pytest.fixture
def space(tmp_path):
    space = Space(tmp_path)
    space.write("prog.py", PROGRAM)
    space.write("redis.py", "WORD = 'mine'")
    return space


@pytest.mark.parametrize("early", [True, False])
def test_a_module_of_the_name_serves_the_program_and_the_library_the_news(space, early):
    """Whether it is imported by the program or by a job: the job gets the user's module, the viewers their news."""
    if early:
        space.edit("prog.py", "import os", "import os, redis")
    making = Making(space)
    try:
        making.wait_for_workers()
        watch = watching(space, "watch")
        assert "make 1 job" in watch.stdout.readline()
        assert " in slow" in space.run("prog", "where", "slow").out
    finally:
        shown = making.end()
    assert making.process.returncode == 0, shown
    assert "1 done" in watch.stdout.read() and watch.wait(30) == 0
    assert space.run("prog", "output", "slow").out == "the module says mine\n"


def test_a_store_on_a_server_is_not_disturbed(space):
    """The store's client is the library too, also when the store is looked at without its program."""
    server = Server()
    try:
        space.write("go", "")
        env = {"COMPMAKE_STORE": server.url, "XDG_CONFIG_HOME": str(space.path / "config")}
        done = space.run("prog", "make", env=env)
        assert done.code == 0, done.err
        done = space.run(f"{server.url}#prog", "ls", "--json", env=env)
        assert [job["state"] for job in done.objects] == ["done"]
    finally:
        server.close()
