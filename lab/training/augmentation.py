"""Images changed a little at random, as a network sees them in training."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample, pad

Images = Float[Tensor, "example 1 y x"]


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How much images are changed.

    Attributes:
        shift: at most so many whole pixels right or left, and up or down; each as likely as any other.
        rotate: at most so many degrees either way, evenly.
        noise: standard deviation of the normal numbers added to every pixel, in the pixels' own unit.
    """

    shift: int = 0
    rotate: float = 0.0
    noise: float = 0.0

    def applied(self, images: Images, background: float, generator: torch.Generator) -> Images:
        """Return changed images: turned about their middle, then shifted, then with noise.

        Args:
            images: stay as they are.
            background: the value of what comes in from outside the image.
            generator: of the CPU; its draws depend on the number of images and on what is changed.
        """
        count = len(images)
        if self.rotate:
            angles = (2 * torch.rand(count, generator=generator) - 1) * self.rotate
            images = rotated(images, angles.to(images.device), background)
        if self.shift:
            steps = torch.randint(-self.shift, self.shift + 1, (count, 2), generator=generator)
            images = shifted(images, steps.to(images.device), background)
        if self.noise:
            drawn = torch.randn(images.shape, generator=generator)
            images = images + self.noise * drawn.to(images.device)
        return images


def shifted(images: Images, steps: Int64[Tensor, "example 2"], background: float) -> Images:
    """Return the images moved down and right by whole pixels, exactly.

    Args:
        images: square.
        steps: of each image down and to the right, negative for up and left.
        background: the value of what comes in.

    Example:
        >>> shifted(torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]), torch.tensor([[0, 1]]), 0.0).tolist()
        [[[[0.0, 1.0], [0.0, 3.0]]]]
    """
    side = images.shape[-1]
    edge = min(int(steps.abs().max()), side)
    framed = pad(images[:, 0], (edge, edge, edge, edge), value=background)
    places = torch.arange(side, device=images.device) + edge
    rows, columns = (places - steps.clamp(-edge, edge)[:, axis, None] for axis in (0, 1))
    example = torch.arange(len(images), device=images.device)[:, None, None]
    return framed[example, rows[:, :, None], columns[:, None, :]][:, None]


def rotated(images: Images, degrees: Float[Tensor, " example"], background: float) -> Images:
    """Return the images turned counter-clockwise about their middle, with bilinear interpolation.

    Example:
        >>> rotated(torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]), torch.tensor([90.0]), 0.0).round().tolist()
        [[[[2.0, 4.0], [1.0, 3.0]]]]
    """
    angles = degrees * (math.pi / 180)
    cos, sin, zero = torch.cos(angles), torch.sin(angles), torch.zeros_like(angles)
    # Each pixel asks where it came from: turned back, with y pointing down.
    back = torch.stack([torch.stack([cos, -sin, zero], 1), torch.stack([sin, cos, zero], 1)], 1)
    grid = affine_grid(back, list(images.shape), align_corners=False)
    return grid_sample(images - background, grid, align_corners=False) + background
