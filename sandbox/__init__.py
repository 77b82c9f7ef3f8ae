"""Local stand-ins for the services that the sync talks to."""

import sys
from importlib.util import find_spec

from pusher.errors import as_run_error

if not find_spec("bqemulator"):
    print(f"sandbox: {as_run_error(ModuleNotFoundError(name='bqemulator'))}", file=sys.stderr)
    raise SystemExit(2)
