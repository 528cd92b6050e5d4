"""Health and numbers for those who run the lab, in JSON and in Prometheus' format."""

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lab.serving.gate import HEALTH, METRICS

Stats = Callable[[], Mapping[str, float]]

GAUGES = {
    "sessions": "Browsers that are connected now.",
    "visitors": "Visits that have asked for a run and have not ended.",
    "workers": "Workers that are up.",
    "busy": "Workers that compute now.",
    "queued": "Runs that wait for a worker.",
    "store_bytes": "Bytes of results that this server keeps in memory.",
}
COUNTERS = {
    "restarts": "Workers that were started again.",
    "lost": "Workers that died in the midst of a run.",
    "run_seconds": "Seconds that runs have taken.",
    "joined": "Requests that joined a run in flight.",
    "store_hits": "Requests answered from this server's memory.",
    "shared_hits": "Requests answered from the store that servers share.",
    "store_misses": "Requests that had to be computed.",
    "refused": "Requests that were refused, since their visitor had made too many.",
}
OUTCOME = "runs_"


class LabCollector(Collector):
    """Reads the lab's counts when Prometheus asks; a count that is not there is left out."""

    def __init__(self, stats: Stats) -> None:
        self._stats = stats

    def collect(self) -> Iterable[Metric]:
        """Yield the metrics of this moment."""
        stats = self._stats()
        for name, meaning in GAUGES.items():
            if name in stats:
                yield GaugeMetricFamily(f"lab_{name}", meaning, stats[name])
        for name, meaning in COUNTERS.items():
            if name in stats:
                yield CounterMetricFamily(f"lab_{name}", meaning, stats[name])
        runs = CounterMetricFamily("lab_runs", "Computed runs that are over, by outcome.", labels=["outcome"])
        for name, count in stats.items():
            if name.startswith(OUTCOME):
                runs.add_metric([name.removeprefix(OUTCOME)], count)
        yield runs


def routes(stats: Stats) -> list[Route]:
    """Return the routes of health and metrics; the gate keeps visitors from them.

    Args:
        stats: returns the lab's counts of this moment by the names above, and runs as `runs_<outcome>`.
    """
    registry = CollectorRegistry()
    registry.register(LabCollector(stats))
    ProcessCollector(registry=registry)  # CPU seconds and memory of the server, where the system tells them

    def health(_request: Request) -> Response:
        counts = stats()
        ready = counts.get("workers", 0) > 0
        said: dict[str, object] = {"status": "ready" if ready else "no worker is up"}
        said |= {name: counts[name] for name in ("sessions", "workers", "busy", "queued") if name in counts}
        return JSONResponse(said, 200 if ready else 503, {"Cache-Control": "no-store"})

    def metrics(_request: Request) -> Response:
        text = generate_latest(registry)
        return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"})

    return [Route(HEALTH, health), Route(METRICS, metrics)]
