"""Modules that jobs import while they run: those of the attempt itself count, not those of the one before."""


def test_an_attempt_that_imports_nothing_is_up_to_date_after_it(space):
    """`use` ran after a job that imports a plug-in, then alone: the next make has nothing to do."""
    space.write(
        "plugin.py",
        """\
        TABLE = {}
        def register(function):
            TABLE[function.__name__] = function
            return function
        @register
        def thing():
            return 1
        """,
    )
    space.write(
        "work.py",
        """\
        from ledger import note
        def load(x):
            note("load")
            import plugin
            return plugin.thing()
        def use(x):
            note("use")
            return x
        """,
    )
    space.write(
        "prog.py", "from compmake import comp\nimport work\ncomp(work.load, 1)\ncomp(work.use, 2, job_id='use')\n"
    )
    assert space.make() == ["load", "use"]
    space.edit("work.py", "    return x", "    return x + 1")
    assert space.make() == ["use"]
    assert space.make() == []
