"""Records docs/session.txt, a session in the console from the first line to the last: `python docs/record_session.py`.

What follows is the story in the form of the documents that tests/documents.py plays: programs, edits, and lines that
are typed at the prompts of a console in a pseudo-terminal. What the console showed is written between them. It needs
the packages of the extra `test`.
"""

import re
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))  # where documents are played

from documents import Folder, filled

TARGET = Path(__file__).with_name("session.txt")
STORY = r"""
A session in the console, recorded by docs/record_session.py in a terminal of 110 columns.

== The program: sweep.py, with its functions in models.py and a helper in steps.py

<!-- file: sweep.py -->
```python
from models import load, summary, train

from compmake import comp

for fold in range(4):
    samples = comp(load, fold, job_id=f"load-{fold}")
    scores = [comp(train, samples, rate, job_id=f"train-{fold}-rate={rate}") for rate in [0.1, 0.3, 1.0]]
    comp(summary, scores, job_id=f"summary-{fold}")
```

<!-- file: models.py -->
```python
import time

from compmake import progress
from steps import stepped


def load(fold):
    return [3.0 + 0.1 * fold * number for number in range(6)]


def train(samples, rate):
    weight = 0.0
    for sample in progress(samples, "sample"):
        time.sleep(0.12)
        weight = stepped(weight, sample, rate)
    return weight


def summary(scores):
    return f"best {max(scores):.3f} of {len(scores)}"
```

<!-- file: steps.py -->
```python
def stepped(weight, sample, rate):
    new = weight + 3 * rate * (sample - weight)
    if abs(new) > 100:
        raise ValueError(f"weight {new:g} is out of range")
    return new
```

== Open it, and look at what a make would do

<!-- typed -->
```console
$ compmake sweep
@ 0/20: ls train-0*
@ 0/20: plan
```

== Make, two jobs at a time; in the middle it looks like this

<!-- typed: ✘ 1 failed.*\n ▶ w\d train.*\n ▶ w\d train.*\n.*\[f\] -->
```console
@ 0/20: make -j 2
```

== When it has ended a summary stays; why did jobs fail?

<!-- typed -->
```console
@ 12/20 ✘4: why
@ 12/20 ✘4: traceback train-0-rate=1.0
```

== The viewer of the failure fills the screen; "q" leaves it

<!-- screen: q -->
```text
```

== The helper is mended in an editor, and the prompt notices

<!-- edit: steps.py -->
```diff
 def stepped(weight, sample, rate):
-    new = weight + 3 * rate * (sample - weight)
+    new = weight + min(3 * rate, 1) * (sample - weight)
     if abs(new) > 100:
```

<!-- typed -->
```console
@ 12/20 ✘4 steps.py changed, reload?: reload
@ 4/20 ✘4: plan
@ 4/20 ✘4: why train-0-rate=0.1
@ 4/20 ✘4: make -j 2
```

== All is made; once more there is nothing to do

<!-- typed -->
```console
@ 20/20: make
@ 20/20: ls -l summary-*
@ 20/20: exit
```
"""


def record() -> str:
    """Play the story in a folder of its own and return the transcript."""
    with Folder() as folder:
        text = filled(STORY.lstrip("\n"), folder)
    text = re.sub(r"^<!-- (file|edit): (.*) -->$", r"--- \2", text, flags=re.M)
    return re.sub(r"^(<!-- .* -->|```\w*)\n", "", text, flags=re.M)


if __name__ == "__main__":
    TARGET.write_text(record(), encoding="utf-8")
