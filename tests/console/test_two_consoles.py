"""A console on a store that another process changes meanwhile."""

from consoles import Console, let_go


def test_the_prompt_follows_what_another_process_makes(console, made):
    """Without a key pressed here."""
    let_go(made, "a")
    assert made.run("prog", "make", "gate-a").code == 0
    console.ready("8/11")


def test_a_command_sees_what_another_process_made_just_before(console, made):
    """`clean failed` must not forget a result that is good by now."""
    made.edit("steps.py", "x == 15", "x == 16")
    assert "1 done" in made.run("prog", "make", "func2-3").err
    assert "Nothing to clean" in console.run("clean failed -y")
    assert made.run("prog", "ls", "func2-3", "--json").objects[0]["state"] == "done"


def test_a_make_elsewhere_is_named(made):
    """By the banner and by `jobs`: that nothing runs here is not the whole truth."""
    with Console(made) as first, Console(made) as second:
        first.ready()
        first.begin("make gate-a", "waiting for a")
        second.ready()
        assert "held by 'compmake prog make gate-a' (pid" in second.run("jobs").replace("\n", "")
        with Console(made) as third:
            assert "the store is held by" in third.ready()
        let_go(made, "a")
        first.ready("8/11")
        assert "No make is running." in second.run("jobs")
