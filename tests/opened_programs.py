"""Programs open in this process as the console has them: watched, loaded anew, and all that is known of their jobs."""

import json

from compmake.module_watch import ModuleWatch
from compmake.opening import open_workspace
from compmake.reloading import reload


class Opened:
    """A program, its store, and the watch on its modules."""

    def __init__(self, program="prog"):
        self.use(open_workspace(program, tell=print))

    def use(self, workspace):
        """Take another workspace."""
        self.workspace = workspace
        self.watch = ModuleWatch(workspace.index, workspace.program.ref.folder)

    def reload(self, *flags):
        """Load the program anew."""
        done = reload(self.workspace, self.watch, flags=flags)
        self.use(done.workspace)
        return done

    def jobs(self):
        """Return the ids of its jobs."""
        return list(self.workspace.graph.jobs)

    def dump(self):
        """Return of every job the state, the reasons, and all that its fingerprint is made of."""
        look = self.workspace.look()
        told = {}
        for job_id, state in look.states().items():
            now = look.now(job_id)
            code = {name: digest.hex() for name, digest in now.code.units.items()}
            seen = {name: [digest.hex(), text] for name, (digest, text) in now.code.globals.items()}
            arguments = [[a.place, a.digest.hex() if a.digest else "", a.unstable] for a in now.arguments]
            reasons = [[reason.code.value, reason.text] for reason in look.reasons(job_id)]
            told[job_id] = [state.value, reasons, now.fingerprint.hex(), code, seen, arguments]
        return json.loads(json.dumps(told))
