"""The devices on which a run can be computed."""

from collections.abc import Collection
from functools import cache

import torch

from lab.core.labels import _


@cache
def devices() -> tuple[str, ...]:
    """Return torch's names of the devices here, the CPU first.

    Example:
        >>> devices()[0]
        'cpu'
    """
    graphics = [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    apple = ["mps"] if torch.backends.mps.is_available() else []
    return ("cpu", *graphics, *apple)


def usable(device: str, present: Collection[str], *, float64: bool = False) -> tuple[str, str]:
    """Return the device to use instead of `device`, and a note if it is another one.

    Args:
        device: what the learner picked, or a URL named.
        present: the devices that there are.
        float64: whether the work needs double precision, which Apple's devices lack.

    Example:
        >>> usable("mps", ("cpu", "mps"), float64=True)[0]
        'cpu'
        >>> usable("cuda", ("cpu",))
        ('cpu', 'cuda is not present here; this runs on the CPU.')
    """
    if device not in present:
        return "cpu", _("{device} is not present here; this runs on the CPU.").format(device=device)
    if float64 and device == "mps":
        return "cpu", _("This needs double precision, which {device} lacks; it runs on the CPU.").format(
            device=device
        )
    return device, ""
