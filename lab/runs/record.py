"""A line of the log for each run that was computed."""

import hashlib
import logging

from lab.runs.engine import Run

_log = logging.getLogger(__name__)


def record_end(run: Run) -> None:
    """Log how a run ended: by a hash of its token, with nothing that a learner has typed or uploaded."""
    _log.info(
        "run ended",
        extra={
            "run": hashlib.sha256(run.token.encode()).hexdigest()[:8],
            "experiment": run.job.experiment,
            "outcome": run.state,
            "seconds": round(run.took, 3),
        },
    )
