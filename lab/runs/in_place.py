"""Short runs, computed in the thread that asks."""

import threading

from lab.core.events import Event
from lab.runs import ends
from lab.runs.engine import End, Limits, Run
from lab.runs.pipe import Order, packed, unpacked
from lab.runs.worker import Stopper, drive


def compute(run: Run, find: str, limits: Limits) -> None:
    """Run a short job to its end, by the same code and through the same pickles as a worker.

    Memory cannot be limited here, since all visitors share the process: that is for workers.

    Args:
        run: what to compute; it is over afterwards.
        find: the finder of experiments as `module:function`.
        limits: of which seconds and events hold here.
    """
    job, stopper = run.job, Stopper(threading.get_ident())
    timer = threading.Timer(limits.seconds, stopper.ask)
    timer.daemon = True

    def pass_on(item: Event | End) -> End | None:
        data = packed(item, limits)
        events, end = unpacked(data)
        run.extend(events, len(data))
        return end

    run.begin()
    timer.start()
    end = drive(Order(job.experiment, job.settings.key(), job.context, limits), find, pass_on, stopper)
    timer.cancel()
    if stopper.asked and end.state == "cancelled":
        end = ends.timed_out(limits)
    run.finish(pass_on(end) or end)
