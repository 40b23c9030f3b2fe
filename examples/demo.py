"""What `make demo` runs: the survey of the standard library, from its first job to a picture, told step by step."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
COMPMAKE = [sys.executable, "-m", "compmake", "stdlib_survey.py"]


def main() -> int:
    say("compmake surveys the standard library of this Python: one job for every few files, then a ranking of all.")
    say("First: what is there to do?  (compmake stdlib_survey plan)")
    compmake("plan")
    say("Now do it, in a process for each CPU: a minute or two.  (compmake stdlib_survey parmake)")
    code = compmake("parmake")
    say(
        "The exit code is 1: two files in examples/data/ are bad on purpose. One job that fails costs one job; only",
        "what depends on it is blocked. Everything else is done. What went wrong?  (compmake stdlib_survey why)",
    )
    compmake("why")
    say("Again, but for what failed: everything is remembered.  (compmake stdlib_survey make not failed)")
    again = compmake("make", "not", "failed")
    say("A picture of all jobs.  (compmake stdlib_survey diagram)")
    compmake("diagram")
    out = HERE / "survey-out"
    say("The packages with the longest functions:")
    print("\n".join((out / "ranking.txt").read_text(encoding="utf-8").splitlines()[:12]))
    say(f"Look at {out / 'ranking.svg'} and at {HERE / 'stdlib_survey.png'}, the graph of the jobs.")
    say(f"Then: cd {HERE.name}; edit survey/measure.py; compmake stdlib_survey plan; compmake stdlib_survey why")
    say(f"compmake is {Path(sys.executable).parent / 'compmake'}; `compmake stdlib_survey help` lists its commands.")
    say(
        "How it goes, job by job, on the whole screen: in one terminal  compmake stdlib_survey remake all -y -j 2",
        "and meanwhile in another  compmake stdlib_survey dash  (in the console, which `compmake stdlib_survey` opens,",
        "it is F2). Where a terminal cannot be filled, `compmake stdlib_survey watch` tells the same in lines.",
    )
    expected = code == 1 and again == 0 and (out / "ranking.svg").is_file()
    if not expected:
        say("This did not end as foreseen: the messages above say why.")
    return 0 if expected else 1


def say(*lines: str) -> None:
    print("", *(f"# {line}" for line in lines), sep="\n", flush=True)


def compmake(*words: str) -> int:
    return subprocess.run(
        [*COMPMAKE, *words], cwd=HERE, env={**os.environ, "COMPMAKE_STORE": ""}, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
