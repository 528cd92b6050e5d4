"""The one desk of this server process, at which all visitors' pages ask for runs."""

from functools import cache

from lab.runs.desk import Desk
from lab.runs.options import Options
from lab.runs.shared_store import open_shared_store
from lab.runs.store import Store


@cache
def desk() -> Desk:
    """Return the desk, with the options that the environment sets (`lab.runs.options`)."""
    options = Options()
    return Desk(None, Store(options.store_mb), options, shared=open_shared_store(options))
