"""Short runs on series, which several tests look at."""

from typing import Any

import numpy as np

from lab.core.events import Done
from lab.core.lesson import Context
from lab.data.tables import table_key
from lab.topics.rnn.series import train
from lab.topics.rnn.series_settings import SeriesSettings

SMALL = {"series_epochs": 2, "series_networks": 1, "series_hidden": 8, "series_length": 12}


def chosen(**values):
    return SeriesSettings(**{**SMALL, **values})


def ran(settings, context=None) -> tuple[list[Any], Any]:
    *events, done = train(settings, context or Context())
    assert isinstance(done, Done)
    return events, done.result


def with_series(values, **others):
    """Return settings and context of a learner's file with these values."""
    raw = "\n".join(["value", *(repr(float(value)) for value in values)]).encode()
    settings = chosen(series_task="csv", series_file=table_key(raw), **others)
    return settings, Context(files={table_key(raw): raw})


def walk(count=120, seed=0):
    random = np.random.default_rng(seed)
    return np.sin(np.arange(count) / 3) + np.cumsum(random.normal(0, 0.1, count))
