"""Names that come from libraries: what they mean counts, although no user code changes with the import."""

import pytest

WORK = """\
from ledger import note
IMPORT
def near(x):
    return CALL
def use(x):
    note("use")
    return near(x)
"""


@pytest.mark.parametrize(
    ("before", "after", "call"),
    [
        ("from math import floor as near_to", "from math import ceil as near_to", "near_to(x)"),
        ("import math as lib", "import cmath as lib", "lib.sqrt(x)"),
        ("", "from operator import neg as abs", "abs(x)"),
        ("import math", "import cmath as math", "math.sqrt(x)"),
    ],
)
def test_a_helper_s_name_that_means_another_library_function_reruns_its_jobs(space, before, after, call):
    """Only an import line changed; the code that uses its name reads as before."""
    space.write("work.py", WORK.replace("IMPORT", before).replace("CALL", call))
    space.write("prog.py", "from compmake import comp\nimport work\ncomp(work.use, 2.5)\n")
    assert space.make() == ["use"]
    space.write("work.py", WORK.replace("IMPORT", after).replace("CALL", call))
    assert space.make() == ["use"]
    space.write("work.py", WORK.replace("IMPORT", before).replace("CALL", call))
    assert space.make() == []


def test_an_import_that_nobody_uses_reruns_nothing(space):
    """A library is imported, in another order, that the job's code does not name."""
    space.write("work.py", WORK.replace("IMPORT", "import math\nimport json as j").replace("CALL", "math.sqrt(x)"))
    space.write("prog.py", "from compmake import comp\nimport work\ncomp(work.use, 2.5)\n")
    assert space.make() == ["use"]
    space.write("work.py", WORK.replace("IMPORT", "import csv as j\nimport math").replace("CALL", "math.sqrt(x)"))
    assert space.make() == []
