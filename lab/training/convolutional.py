"""One network of images in training: steps, measurements, and a state from which it can go on."""

from collections.abc import Callable, Mapping
from time import thread_time
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim import Optimizer

from lab.models.convnet import GeneratorDropout

CHUNK = 250
"""Images measured at once: few enough to be stopped soon and to stay in the processor's cache."""

OPTIMIZERS: Mapping[str, tuple[Callable[..., Optimizer], Mapping[str, Any]]] = {
    "sgd": (torch.optim.SGD, {"fused": True}),
    "momentum": (torch.optim.SGD, {"momentum": 0.9, "fused": True}),
    "nesterov": (torch.optim.SGD, {"momentum": 0.9, "nesterov": True, "fused": True}),
    "rmsprop": (torch.optim.RMSprop, {"foreach": False}),
    "adam": (torch.optim.Adam, {"fused": True}),
    "adamw": (torch.optim.AdamW, {"fused": True}),
}
"""Class of torch.optim and its arguments; a fused update is one pass over the memory."""

State = dict[str, np.ndarray]


def channels_last(images: Float[Tensor, "example channel y x"]) -> Float[Tensor, "example channel y x"]:
    """Return the images laid out pixel by pixel, which makes small convolutions a third faster."""
    return images.contiguous(memory_format=torch.channels_last)


class Learner:
    """A network, its optimiser, and what has been measured since the last look.

    Attributes:
        network: trained in place; on its device, channels last.
        steps: updates made so far.
        overflow: the step, from 1, whose loss was not a finite number; 0 as long as all were. From then on
            the network stays as it was before that step.
        seconds: CPU time of this thread spent in `learn`: a worker that pauses for others computes nothing.
    """

    def __init__(self, network: nn.Module, optimizer: str, rate: float, device: str = "cpu") -> None:
        self.network = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        make, arguments = OPTIMIZERS[optimizer]
        self.optimizer = make(self.network.parameters(), lr=rate, **arguments)
        self.steps = self.overflow = 0
        self.seconds = 0.0
        self._loss, self._right, self._seen = 0.0, 0, 0

    def begin(self, seed: int) -> None:
        """Begin an epoch: its dropout masks follow from `seed`."""
        self.network.train()
        for part in self.network.modules():
            if isinstance(part, GeneratorDropout):
                part.generator.manual_seed(seed)

    def learn(self, images: Float[Tensor, "example 1 y x"], labels: Int64[Tensor, " example"]) -> None:
        """Make one step, unless an earlier one has overflowed."""
        if self.overflow:
            return
        begun = thread_time()
        self.optimizer.zero_grad()
        scores = self.network(images)
        loss = cross_entropy(scores, labels)
        told = loss.item()
        self.steps += 1
        if np.isfinite(told):
            loss.backward()
            self.optimizer.step()
            self._loss += told * len(labels)
            self._right += int((scores.argmax(dim=1) == labels).sum())
            self._seen += len(labels)
        else:
            self.overflow = self.steps
        self.seconds += thread_time() - begun

    def learned(self) -> tuple[float, float]:
        """Return mean loss and accuracy of the batches since the last call, each before its step.

        NaN if there were none, or if the network has overflowed.
        """
        loss, right, seen = self._loss, self._right, self._seen
        self._loss, self._right, self._seen = 0.0, 0, 0
        return (loss / seen, right / seen) if seen and not self.overflow else (np.nan, np.nan)

    def scores(self, images: Float[Tensor, "example 1 y x"]) -> Float32[Tensor, "example class"]:
        """Return the scores of images as the trained network gives them, in evaluation mode."""
        was_training = self.network.training
        found = scores_of(self.network, images)
        self.network.train(was_training)
        return found

    def state(self) -> State:
        """Return all that going on needs, as arrays."""
        kept: State = {f"network/{name}": _array(one) for name, one in self.network.state_dict().items()}
        for number, values in self.optimizer.state_dict()["state"].items():
            named = {f"optimizer/{number}/{name}": value for name, value in values.items()}
            kept |= {
                name: _array(torch.as_tensor(value)) for name, value in named.items() if value is not None
            }
        return kept | {"steps": np.array([self.steps, self.overflow]), "seconds": np.array(self.seconds)}

    def restore(self, state: State) -> None:
        """Take up where `state` was."""
        self.network.load_state_dict(
            {
                name.partition("/")[2]: torch.tensor(one)
                for name, one in state.items()
                if name.startswith("net")
            }
        )
        whole = self.optimizer.state_dict()
        parameters = [one for group in self.optimizer.param_groups for one in group["params"]]
        for name, one in state.items():
            if name.startswith("optimizer/"):
                _kind, number, of = name.split("/")
                values = whole["state"].setdefault(int(number), {})
                values[of] = _laid_out(torch.tensor(one), parameters[int(number)])
        self.optimizer.load_state_dict(whole)
        self.steps, self.overflow = map(int, state["steps"])
        self.seconds = float(state["seconds"])


def scores_of(network: nn.Module, images: Float[Tensor, "example 1 y x"]) -> Float32[Tensor, "example class"]:
    """Return the scores of any number of images, in evaluation mode, which it leaves switched on."""
    network.eval()
    with torch.no_grad():
        return torch.cat([network(channels_last(chunk)) for chunk in images.split(CHUNK)])


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy().copy(order="C")


def _laid_out(tensor: Tensor, parameter: Tensor) -> Tensor:
    """Return `tensor` with the memory layout of its parameter, over which a fused update walks."""
    if tensor.shape != parameter.shape:
        return tensor  # the number of steps
    return torch.empty_like(parameter, requires_grad=False).copy_(tensor)
