"""How runs end that the engine ends, in one sentence each for the learner."""

from lab.core.lesson import Beginning
from lab.runs.engine import End, Limits

SMALLER = "choose fewer networks, neurons or epochs"


def stopped(begun: Beginning | None = None) -> End:
    """Return the end of a run that its visitor stopped, and where it can be taken up."""
    return End("cancelled", "The run was stopped.", begun=begun)


def replaced() -> End:
    """Return the end of a waiting run whose visitor asked for another."""
    return End("cancelled", "A newer run of yours took the place of this one.")


def shut_down() -> End:
    """Return the end of a run whose engine closes."""
    return End("cancelled", "The lab is shutting down: open the page again in a minute.")


def timed_out(limits: Limits) -> End:
    """Return the end of a run that took too long."""
    return End(
        "timeout",
        f"The run took longer than {limits.seconds:g} s and was ended: {SMALLER}.",
    )


def lost() -> End:
    """Return the end of a run whose worker died."""
    return End(
        "lost",
        "The worker process died in the midst of this run: start it again, "
        f"and if that fails too, {SMALLER}.",
    )


def disconnected() -> End:
    """Return the end of a run whose cluster cannot be reached any more."""
    return End("lost", "The connection to the cluster broke in the midst of this run: start it again.")


def unreachable() -> End:
    """Return the end of a run for which no cluster is there."""
    return End("lost", "The cluster cannot be reached or has no workers: start the run again in a minute.")


def without_gpu() -> End:
    """Return the end of a run that asks for what no worker has."""
    return End("error", "No worker of the cluster has a GPU: choose the device cpu.")


def too_often(runs: int, seconds: float) -> End:
    """Return the end of a run that its visitor asked for too soon after many others.

    Args:
        runs: how many a visitor may start within a minute.
        seconds: until the next one may be started.
    """
    return End("error", f"You started {runs} runs within a minute: wait {seconds:.0f} s, then run it again.")
