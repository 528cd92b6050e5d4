"""The Playground's network on the page of gradient descent: its address, read and translated."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from lab.core.errors import DataError
from lab.core.labels import _
from lab.core.settings import controls_of
from lab.topics.gradient_descent.network import RULES
from lab.topics.gradient_descent.network_settings import (
    ADAPTIVE,
    DATA_SETS,
    LOSSES,
    MOST_STEPS,
    NetworkSettings,
)
from lab.topics.playground import choices
from lab.topics.playground.settings import Settings
from lab.topics.playground.train import EXAMPLES

LONGEST = 8000


def settings_in(address: str) -> Settings:
    """Return the Playground's settings in its address, or in the part behind the question mark.

    Raises:
        DataError: it is not an address of the Playground, or one of its settings cannot be used.
    """
    address = address.strip()
    expected = _("the Playground's address, such as http://…/playground?data=spiral&hidden=8-8")
    try:
        parts = urlsplit(address)
        query = dict(parse_qsl(parts.query or ("" if parts.path.startswith("/") else parts.path)))
    except ValueError:
        raise DataError(_("Address"), expected, address) from None
    at_home = parts.path.rstrip("/").endswith("/playground")
    if len(address) > LONGEST or not (query.keys() & controls_of(Settings).keys() or (at_home and not query)):
        raise DataError(_("Address"), expected, address)
    settings, faults = Settings.from_query(query)
    if faults:
        raise DataError(_("Address"), expected, str(faults[0]))
    return settings


def taken_over(settings: Settings) -> tuple[dict[str, Any], list[str]]:
    """Return the settings of this page that make the Playground's network, and what there is not of it.

    Where nothing is missing, the data, the first weights and the orders of the examples are those of the
    Playground's first network.
    """
    missing: list[str] = []
    values: dict[str, Any] = {
        "net_noise": settings.noise,
        "net_hidden": settings.hidden,
        "net_activation": settings.activation,
        "net_initial": settings.initial,
        "net_seed": settings.seed,
        "net_batch": settings.batch_size,
    }
    values |= _data_and_loss(settings, missing) | _descent(settings, missing)
    plain = Settings()
    names = controls_of(Settings)
    for name in ("train_share", "shuffle", "features", "l1", "l2", "dropout", "edits", "batches"):
        if getattr(settings, name) != getattr(plain, name):
            missing.append(names[name].label)
    return values, missing


def _data_and_loss(settings: Settings, missing: list[str]) -> dict[str, str]:
    values = {}
    for name, chosen, known, theirs in (
        ("net_data", settings.data, DATA_SETS, choices.DATA_SETS),
        ("net_loss", settings.loss, LOSSES, choices.LOSSES),
    ):
        if chosen in known:
            values[name] = chosen
        else:
            missing.append(f"“{theirs[chosen]}”")
    return values


def _descent(settings: Settings, missing: list[str]) -> dict[str, Any]:
    """Return who trains, at which rate, and for how many updates."""
    name = settings.optimizer
    if name == "adamw" and settings.l2 != RULES.decay:
        text = _("AdamW's weight decay of {theirs:g}, here {ours:g}")
        missing.append(text.format(theirs=settings.l2, ours=RULES.decay))
    rate = "net_adaptive_rate" if name in ADAPTIVE else "net_rate"
    examples = EXAMPLES.get(settings.data, 500) * settings.train_share
    updates = settings.epochs * -(-int(examples) // settings.batch_size)
    if updates > MOST_STEPS:
        text = _("{count:,} updates, here {most}")
        missing.append(text.format(count=updates, most=MOST_STEPS))
    steps = min(max(updates, 10), MOST_STEPS)
    both = (*NetworkSettings().net_optimizers, name)
    return {"net_optimizers": both, rate: settings.learning_rate, "net_steps": steps, "net_centre": name}


def same_start(settings: Settings) -> bool:
    """Return whether data and first weights will be those of the Playground's first network."""
    plain = Settings()
    split = settings.train_share == plain.train_share and settings.features == plain.features
    return split and settings.data in DATA_SETS and settings.loss in LOSSES


def sentence(settings: Settings, missing: Sequence[str]) -> str:
    """Return what was taken over, and what was not, in one sentence."""
    told = _("Taken over from the Playground")
    if same_start(settings):
        told = _("Taken over: the Playground's network 1, with its data and its first weights")
    return f"{told}; {_('not taken over')}: {', '.join(missing)}." if missing else f"{told}."
