"""What the server of forks reads once, so that every worker has it from its first run on: the digits."""

import contextlib

from lab.data.digits import SIDES, digits

for side in SIDES:
    with contextlib.suppress(OSError):  # a run that needs a missing file says so
        digits(side)
