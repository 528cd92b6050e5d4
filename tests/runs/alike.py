"""Whether two results are the same, though each was computed by a process of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import torch

MEASURED = "seconds"  # what a clock has said is never the same


def assert_alike(one: Any, other: Any, place: str = "it") -> None:
    """Compare to the last bit; only a sum in double precision may differ there, by where its memory lies."""
    assert type(one) is type(other), place
    parts = _parts(one)
    if parts is not None:
        theirs = _parts(other)
        assert theirs is not None
        assert parts.keys() == theirs.keys(), place
        for name, part in parts.items():
            assert_alike(part, theirs[name], f"{place}.{name}")
    elif isinstance(one, float) or (isinstance(one, np.ndarray) and one.dtype == np.float64):
        np.testing.assert_allclose(one, other, rtol=1e-13, atol=0, err_msg=place)
    elif isinstance(one, np.ndarray | torch.Tensor):
        np.testing.assert_array_equal(one, other, err_msg=place)
    else:
        assert one == other, place


def _parts(thing: Any) -> Mapping[Any, Any] | None:
    """Return what a thing consists of, by name or number; None if it has no parts."""
    if is_dataclass(thing):
        thing = {one.name: getattr(thing, one.name) for one in fields(thing)}
    if isinstance(thing, Mapping):
        return {name: part for name, part in thing.items() if name != MEASURED}
    if isinstance(thing, Sequence) and not isinstance(thing, str | bytes):
        return dict(enumerate(thing))
    return None
