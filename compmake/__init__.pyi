from compmake.api import Context as Context
from compmake.api import Summary as Summary
from compmake.api import open as open
from compmake.cli import compmake_console as compmake_console
from compmake.define import comp as comp
from compmake.define import comp_prefix as comp_prefix
from compmake.errors import CompmakeError as CompmakeError
from compmake.errors import StoreError as StoreError
from compmake.errors import UserError as UserError
from compmake.fingerprint.values import register_digest as register_digest
from compmake.job import File as File
from compmake.job import Promise as Promise
from compmake.job_progress import progress as progress

__version__: str
