"""Surveys the standard library of the Python that runs it: which packages have the longest functions?

    compmake stdlib_survey plan          what would be done, and why
    compmake stdlib_survey parmake       on all CPUs, a minute or two; the exit code is 1: two files are bad on purpose
    compmake stdlib_survey why           why they failed: data/ holds a syntax error and bytes that are no text
    compmake stdlib_survey diagram       the graph as stdlib_survey.svg and .png

Then look at survey-out/ranking.svg and survey-out/ranking.txt: they were made although other jobs failed.

Things to try after that, each followed by `compmake stdlib_survey plan`:
  - nothing at all: only the failed jobs, and what waits for them, are left to do;
  - delete survey-out/ranking.svg: only `draw_ranking` runs again;
  - change LONG_FUNCTION_LINES in survey/ranking.py: nothing is measured again, only ranked, drawn and written;
  - change `depth()` in survey/measure.py: everything is measured again, but ranked only if the numbers differ;
  - repair data/broken_syntax.py: its own three jobs run, nothing else.
"""

import sysconfig
from collections import defaultdict
from pathlib import Path

from survey.measure import combine, measure_file, measure_files
from survey.output import draw_ranking, report_file, write_table
from survey.ranking import rank_packages
from survey.style import check_style

from compmake import File, comp, comp_prefix

LIBRARY = Path(sysconfig.get_path("stdlib"))
DATA = Path(__file__).parent / "data"
FILES_A_JOB = 12
NOT_ITS_OWN = frozenset({"site-packages", "dist-packages", "__pycache__"})


def library_files() -> dict[str, list[Path]]:
    """Return the source files of each package, and of each module that stands alone, sorted."""
    packages: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(LIBRARY.rglob("*.py")):
        parts = path.relative_to(LIBRARY).parts
        top = parts[0].removesuffix(".py")
        if top.isidentifier() and NOT_ITS_OWN.isdisjoint(parts):
            packages[top].append(path)
    return packages


measured = {}
for package, paths in library_files().items():
    groups = [paths[i : i + FILES_A_JOB] for i in range(0, len(paths), FILES_A_JOB)]
    if len(groups) == 1:
        measured[package] = comp(measure_files, [File(path) for path in paths], job_id=f"measure-{package}")
    else:
        parts = [
            comp(measure_files, [File(path) for path in group], job_id=f"measure-{package}-{number}")
            for number, group in enumerate(groups, start=1)
        ]
        measured[package] = comp(combine, parts, job_id=f"combine-{package}")

ranking = comp(rank_packages, measured)
comp(draw_ranking, ranking)
comp(write_table, ranking)

comp_prefix("data-")
for path in sorted(DATA.glob("*.py")):
    measure = comp(measure_file, File(path), job_id=f"measure-{path.stem}")
    style = comp(check_style, File(path), job_id=f"style-{path.stem}")
    comp(report_file, path.stem, measure, style, job_id=f"report-{path.stem}")
comp_prefix()
