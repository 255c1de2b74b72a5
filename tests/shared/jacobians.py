"""Ground truth for what a number depends on: Jacobians of a smooth twin in float64."""

import copy

import torch
from torch import nn


class Softened(nn.Module):
    """A maximum to which each number of a window adds something."""

    def __init__(self, mean):
        super().__init__()
        self.mean = mean

    def forward(self, x):
        return self.mean(x.exp()).log()


def smooth(network):
    """Its twin in double, with generic weights, in which no number wins or is shut off."""
    for module in list(network.modules()):
        for name, child in module.named_children():
            kind = type(child).__name__
            if kind.startswith("MaxPool"):
                facts = child.kernel_size, child.stride, child.padding, child.ceil_mode
                setattr(module, name, Softened(getattr(nn, kind.replace("Max", "Avg"))(*facts)))
            elif kind.startswith("AdaptiveMax"):
                pool = getattr(nn, kind.replace("Max", "Avg"))(child.output_size)
                setattr(module, name, Softened(pool))
            elif isinstance(child, nn.ReLU):
                setattr(module, name, nn.Softplus())
    for parameter in network.parameters():
        nn.init.normal_(parameter, 0.1, 0.7)
    return network.double().eval()


def gradients(layers, shape, seed):
    """After each layer: for each number and each place of the input, whether it has a gradient.

    A Jacobian matrix of (numbers, places), its entries summed over the input's channels.
    """
    found = [None] * len(layers)
    for turn in range(3):
        torch.manual_seed(1000 * seed + turn)
        twins = smooth(nn.Sequential(*copy.deepcopy(layers)))
        x = torch.rand(1, *shape, dtype=torch.double)
        for number in range(len(layers)):
            jacobian = torch.func.jacrev(twins[: number + 1])(x).abs()
            rows = jacobian.reshape(-1, shape[0], torch.Size(shape[1:]).numel()).sum(1)
            reached = rows > 1e-13 * max(0.1, rows.max().item())  # what rounding leaves
            found[number] = reached if turn == 0 else found[number] | reached
    return found
