"""The forward pass of torch's own modules: the oracle of the lesson's tests."""

import torch
from torch import nn

from lab.topics.forward_pass.network import first_parameters
from lab.topics.forward_pass.settings import Settings

MODULES = {
    "tanh": nn.Tanh(),
    "relu": nn.ReLU(),
    "leaky_relu": nn.LeakyReLU(0.01),
    "sigmoid": nn.Sigmoid(),
    "gelu": nn.GELU(),
    "linear": nn.Identity(),
    "softmax": nn.Softmax(-1),
}


def initial(**values):
    settings = Settings(weights="initial", **values)
    return settings, first_parameters(settings).numpy()


def torch_network(settings, walk):
    """Build the same network of torch's own modules."""
    modules = []
    for layer in walk.layers:
        neurons, sources = layer.weights.shape
        linear = nn.Linear(sources, neurons, dtype=torch.float64)
        linear.load_state_dict({"weight": torch.tensor(layer.weights), "bias": torch.tensor(layer.biases)})
        modules += [linear, MODULES[layer.activation]]
    return nn.Sequential(*modules).requires_grad_(False)
