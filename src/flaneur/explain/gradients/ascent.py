"""A network and what it is to find in; pictures that climb towards it, step by step, out.

A picture is held as its frequencies, each divided by how fine it is: one step then moves coarse forms more than grain,
which a network reacts to strongly and nobody can see.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from flaneur.explain.dream_settings import DreamSettings
from flaneur.explain.gradients.network import Network
from flaneur.explain.gradients.question import Question, asked, score
from flaneur.explain.target import Target

_START = 0.01  # deviation of the noise, in units of the spectrum
_COLOURS = ((0.26, 0.09, 0.02), (0.27, 0.00, -0.05), (0.27, -0.09, 0.03))


def climb(
    target: Target, layer: str | None, channel: int, how: DreamSettings, progress: Callable[[int, int], None]
) -> NDArray[np.float32]:
    """Pictures by gradient ascent.

    Args:
        target: whose score is raised; its photo does not matter.
        layer: raise the mean of a channel of this value of the network instead.
        channel: of it.
        how: steps, and what keeps pictures from turning into grain.
        progress: told how many steps are done of how many.

    Returns:
        ``[how.seeds, S, S, 3]`` in 0..1.

    Raises:
        UsageError: the network's gradient is not known, or it has no such layer.

    Source:
        Simonyan, Vedaldi & Zisserman, *Deep Inside Convolutional Networks*, ICLR workshop 2014, section 2. Frequencies,
        colours and the shaking by Olah, Mordvintsev & Schubert, *Feature Visualization*, Distill 2017.
    """
    with asked(target) as question:
        shakes = [torch.Generator().manual_seed(seed) for seed in range(how.seed, how.seed + how.seeds)]
        spectrum = _noise(how, target.size_px).requires_grad_()
        penalty = _penalty(target.size_px, how.frequency_penalty)
        optimiser = torch.optim.Adam([spectrum], how.learning_rate)
        for step in range(how.steps):
            unbounded = _unbounded(spectrum * penalty, target.size_px)
            seen = _shaken(torch.sigmoid(unbounded), how, shakes)
            gain = _goal(question, _normalised(seen, target), layer, channel)
            worth = gain.sum() - how.total_variation * _total_variation(unbounded / 4).sum()
            (slope,) = torch.autograd.grad(-worth, spectrum)
            spectrum.grad = slope
            optimiser.step()
            progress(step + 1, how.steps)
        made = torch.sigmoid(_unbounded(spectrum * penalty, target.size_px)).detach()
    return np.asarray(made.permute(0, 2, 3, 1).numpy(), np.float32)


def channel_means(target: Target, layer: str, channel: int, pictures: NDArray[np.float32]) -> NDArray[np.float64]:
    """How strongly a channel answers to pictures.

    Args:
        target: of the model.
        layer: a value of its network.
        channel: of it.
        pictures: ``[N, S, S, 3]`` in 0..1.

    Returns:
        ``[N]`` means over the channel's map.
    """
    with asked(target) as question, torch.no_grad():
        images = torch.from_numpy(pictures.transpose(0, 3, 1, 2).copy())
        return np.asarray(_goal(question, _normalised(images, target), layer, channel).numpy(), np.float64)


def _goal(question: Question, images: Tensor, layer: str | None, channel: int) -> Tensor:
    """What is raised, ``[B]``."""
    if layer is None:
        return score(question.network(images), question.target)
    return _map(question.network, layer, images)[:, channel].mean(dim=(1, 2))


def _map(network: Network, layer: str, images: Tensor) -> Tensor:
    network.layer(layer)
    return network.values(images, [layer])[layer]


def _noise(how: DreamSettings, size_px: int) -> Tensor:
    """``[seeds, 3, S, S // 2 + 1, 2]``; each picture has a seed of its own, however many there are."""
    shape = (3, size_px, size_px // 2 + 1, 2)
    seeds = range(how.seed, how.seed + how.seeds)
    return torch.stack([_START * torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds])


def _penalty(size_px: int, power: float) -> Tensor:
    """What each frequency is multiplied by: ``[S, S // 2 + 1, 1]``; the coarsest 1 over the side, at power 1."""
    down, across = torch.fft.fftfreq(size_px)[:, None], torch.fft.rfftfreq(size_px)[None]
    frequency = torch.sqrt(down**2 + across**2).clamp(min=1 / size_px)
    penalty = frequency**-power
    return (penalty * (size_px / torch.sqrt((penalty**2).mean())))[..., None]


def _unbounded(spectrum: Tensor, size_px: int) -> Tensor:
    """``[B, 3, S, S]``; its sigmoid is the pictures in 0..1, grey where the spectrum is 0 and a quarter as steep.

    Total variation is counted here: counted in 0..1 it is least in black and in white.
    """
    plain = torch.fft.irfft2(torch.view_as_complex(spectrum), s=(size_px, size_px))
    return 4 * torch.einsum("ij,bjyx->biyx", torch.tensor(_COLOURS), plain)


def _normalised(images: Tensor, target: Target) -> Tensor:
    mean, deviation = (torch.tensor(values)[:, None, None] for values in (target.spec.mean, target.spec.std))
    return torch.div(images - mean, deviation)


def _shaken(pictures: Tensor, how: DreamSettings, shakes: Sequence[torch.Generator]) -> Tensor:
    """Pictures moved and zoomed at random, each by its own generator, mirrored where they end."""
    size_px = pictures.shape[-1]
    drawn = torch.stack([torch.rand(3, generator=shake) * 2 - 1 for shake in shakes])[..., None]
    moved, zoom = drawn[:, :2] * 2 * how.jitter_px / size_px, 1 + drawn[:, 2:] * how.zoom
    where = torch.cat([torch.eye(2) * zoom, moved], dim=2)
    grid = functional.affine_grid(where, list(pictures.shape), align_corners=False)
    return functional.grid_sample(pictures, grid, padding_mode="reflection", align_corners=False)


def _total_variation(pictures: Tensor) -> Tensor:
    """Mean step from a pixel to its neighbours, ``[B]``."""
    down, across = pictures.diff(dim=2).abs(), pictures.diff(dim=3).abs()
    return down.mean(dim=(1, 2, 3)) + across.mean(dim=(1, 2, 3))
