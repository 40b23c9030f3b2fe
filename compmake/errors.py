"""The exception tree of compmake: each class says whose mistake it is and how the process exits."""


class CompmakeError(Exception):
    """Anything compmake tells its user in one or two lines, without a traceback."""

    exit_code = 70


class UserError(CompmakeError):
    """The program, the command or the settings are wrong; nothing was done."""

    exit_code = 2


class StoreError(CompmakeError):
    """The store cannot be read or written, or something in it is damaged."""

    exit_code = 3


class UnpicklableError(UserError):
    """A value cannot be pickled; the text names the place in Python syntax."""


class DefinitionError(UserError):
    """A call of `comp` that cannot become a job."""


class ProgramError(UserError):
    """The user's program cannot be found or raised while it was loading."""


class WorkersError(UserError):
    """Worker processes cannot be started on this machine."""


class SelectionError(UserError):
    """A selection that does not parse, or names something that is not there."""


class ResultMissingError(StoreError):
    """The bytes of a result are not in the store: cleaned, or never stored."""


class ResultVanishedError(ResultMissingError):
    """A result is gone before its record was written; nothing of that commit was."""

    def __init__(self, text: str, job_id: str) -> None:
        super().__init__(text)
        self.job_id = job_id


class ResultDamagedError(StoreError):
    """The bytes of a result differ in length or digest from what was stored."""


class StoreLockedError(StoreError):
    """Another process is making on this store."""


class NoStoreError(StoreError):
    """There is no store yet, and none was to be made."""


class ServerError(StoreError):
    """A Redis server cannot be used; the text names it, says why, and what to do."""


class ServerAwayError(ServerError):
    """The server does not answer now; it may later."""
