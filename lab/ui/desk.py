"""The one desk of this server process, at which all visitors' pages ask for runs."""

import os
from functools import cache

from lab.runs.desk import Desk
from lab.runs.store import Store


@cache
def desk() -> Desk:
    """Return the desk.

    `LAB_STORE_MB` bounds the results it keeps (256 if not set). Runs estimated below `LAB_IN_PLACE_SECONDS`
    (0.15 if not set) are computed in the server itself, longer ones by the workers.
    """
    store = Store(int(os.environ.get("LAB_STORE_MB", "256")) * 2**20)
    return Desk(None, store, in_place_seconds=float(os.environ.get("LAB_IN_PLACE_SECONDS", "0.15")))
