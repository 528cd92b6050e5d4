"""A line of the log for each run that was computed."""

import logging

from lab.runs.engine import Run

_log = logging.getLogger(__name__)


def record_end(run: Run) -> None:
    """Log how a run ended, with nothing that a learner has typed or uploaded."""
    _log.info("run ended", extra={**run.log_fields, "outcome": run.state, "seconds": round(run.took, 3)})
