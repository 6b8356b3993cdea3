"""Sounds through a model of clips: played again, morphed into each other, varied.

Sounds come in at any rate and of any length; they go out at the model's rate, as long as they were.
A sound longer than a clip goes through in windows of a clip's length, each half a clip after the
one before, and what comes out is cross-faded; of a model of spectra it is the spectra that are, so
that phases are looked for once, for the whole sound.
"""

import warnings
from typing import NamedTuple

import numpy as np

from lofi_tf.audio.channels import with_channels
from lofi_tf.audio.clips import resampled
from lofi_tf.audio.io import Audio
from lofi_tf.audio.loudness import gain_for, parse_target
from lofi_tf.backends.base import Backend
from lofi_tf.data.converters.clip_options import ClipConverter
from lofi_tf.errors import LofiError, LofiWarning
from lofi_tf.generation.decoding import HOW, GenerationConfig, decode_arrays, prior, window_seeds
from lofi_tf.generation.latent_perturbation import AMOUNT, neighbours
from lofi_tf.generation.slerp import slerp
from lofi_tf.models.kinds import answers

ENCODED_AT_ONCE = 64  # windows
_VARIATION = 1  # tells the draws of a variation from others, as for `variations`


class ClipInputs(NamedTuple):
    """A sound as model inputs.

    Attributes:
        windows: [N, T, D], one after the other, zeros beyond the sound.
        lengths: steps of each, int32 [N].
        begins: first step of each.
        num_steps: of the whole sound.
        num_samples: of the whole sound, at the model's rate.
        gain: that brought it to the loudness that the model knows.
    """

    windows: np.ndarray
    lengths: np.ndarray
    begins: list[int]
    num_steps: int
    num_samples: int
    gain: float


def reconstruct(backend: Backend, sound: Audio, how: GenerationConfig = HOW) -> Audio:
    """Returns a sound as the model plays it: each window's posterior mean, decoded.

    Arguments and errors are those of `lofi_tf.SoundModel.reconstruct`; nothing is drawn.
    """
    inputs = clip_inputs(backend, sound)
    return _decoded(backend, inputs, means_of(backend, inputs), how)


def vary(
    backend: Backend,
    sound: Audio,
    num_outputs: int,
    how: GenerationConfig = HOW,
    amount: float | None = None,
) -> list[Audio]:
    """Returns neighbours of a sound, as long as it is; all windows of one move the same way.

    Arguments and errors are those of `lofi_tf.SoundModel.vary`.
    """
    inputs = clip_inputs(backend, sound)
    means = means_of(backend, inputs)
    found = []
    for output in range(num_outputs):
        draws = prior(window_seeds(how.seed, output, 1, _VARIATION), means.shape[1])
        z = neighbours(means, draws, AMOUNT if amount is None else amount)
        found.append(_decoded(backend, inputs, z, how))
    return found


def morph(
    backend: Backend, start: Audio, end: Audio, num_steps: int, how: GenerationConfig = HOW
) -> list[Audio]:
    """Returns the sounds on the way from one to another, both included.

    The way is the great circle between the posteriors' means (White 2016, "Sampling Generative
    Networks"). Of a sound longer than a clip the first clip counts, and a `LofiWarning` says so.
    All are as long as the longer one, a clip at most, and as loud as the model plays them.

    Arguments and errors are those of `lofi_tf.SoundModel.interpolate`; nothing is drawn.
    """
    ends = [
        _first_clip(clip_inputs(backend, sound), backend, n) for n, sound in enumerate((start, end))
    ]
    means = [means_of(backend, inputs)[0] for inputs in ends]
    longer = max(ends, key=lambda inputs: inputs.num_samples)
    gains = np.geomspace(*(inputs.gain for inputs in ends), num_steps)
    way = slerp(*means, np.linspace(0.0, 1.0, num_steps))
    return [
        _decoded(backend, longer._replace(gain=float(gain)), z[None], how)
        for z, gain in zip(way, gains, strict=True)
    ]


def clip_inputs(backend: Backend, sound: Audio) -> ClipInputs:
    """Returns a sound as model inputs; raises what `reconstruct` raises."""
    converter = _clips_of(backend)
    samples = np.asarray(sound.samples, np.float32)
    if samples.ndim != 2 or not len(samples):
        raise LofiError(f"a sound must be samples [n, channels]. Received: {list(samples.shape)}")
    samples, rate = with_channels(samples, converter.channels), converter.sample_rate
    gain = 1.0
    if converter.normalize_loudness is not None:
        target = parse_target(converter.normalize_loudness)
        gain = float(gain_for([samples], sound.sample_rate, target))
    num_samples = max(1, round(len(samples) * rate / sound.sample_rate))
    samples = resampled(samples * np.float32(gain), sound.sample_rate, rate)[:num_samples]
    samples = np.pad(samples, [(0, num_samples - len(samples)), (0, 0)])
    steps, size = converter.steps_of(samples), backend.num_steps
    begins = window_begins(len(steps), size)
    padded = np.pad(steps, [(0, max(0, size - len(steps))), (0, 0)])
    windows = np.stack([padded[begin : begin + size] for begin in begins])
    length = size if converter.padding_is_silence else min(size, len(steps))
    lengths = np.full(len(begins), length, np.int32)
    return ClipInputs(windows, lengths, begins, len(steps), num_samples, gain)


def means_of(backend: Backend, inputs: ClipInputs) -> np.ndarray:
    """Returns the posterior's mean of each window, [N, Z]."""
    firsts = range(0, len(inputs.windows), ENCODED_AT_ONCE)
    batches = [slice(first, first + ENCODED_AT_ONCE) for first in firsts]
    means = [backend.encode(inputs.windows[rows], inputs.lengths[rows])[0] for rows in batches]
    return np.concatenate(means)


def window_begins(num_steps: int, size: int) -> list[int]:
    """Returns the first steps of windows of a size, half of it apart; the last ends at the end."""
    last = max(0, num_steps - size)
    return [*range(0, last, max(1, size // 2)), last]


def cross_faded(windows: np.ndarray, begins: list[int], num_steps: int) -> np.ndarray:
    """Returns windows [N, T, D] as one, [num_steps, D]: where they overlap, their weighted mean.

    A window's weight rises over its first half and falls over its second, evenly: a linear
    cross-fade, which gives back what all of them agree on.
    """
    size = windows.shape[1]
    weight = np.minimum(np.arange(size) + 0.5, np.arange(size)[::-1] + 0.5)[:, None]
    total = np.zeros([max(num_steps, size), windows.shape[2]])
    weights = np.zeros([len(total), 1])
    for window, begin in zip(windows, begins, strict=True):
        total[begin : begin + size] += weight * window
        weights[begin : begin + size] += weight
    return (total / weights)[:num_steps].astype(np.float32)


def _decoded(backend: Backend, inputs: ClipInputs, z: np.ndarray, how: GenerationConfig) -> Audio:
    """Returns the sound of the windows' latents [N, Z], as long and as loud as the inputs."""
    outputs = decode_arrays(backend, z, how)
    steps = cross_faded(outputs, inputs.begins, inputs.num_steps)
    audio = _clips_of(backend).sound_of(steps, inputs.num_samples)
    return audio._replace(samples=audio.samples / np.float32(inputs.gain))


def _first_clip(inputs: ClipInputs, backend: Backend, number: int) -> ClipInputs:
    if len(inputs.windows) == 1:
        return inputs
    converter = _clips_of(backend)
    warnings.warn(
        f"input {number + 1} is longer than a clip of {converter.clip_seconds:g} s: its first clip "
        "is taken",
        LofiWarning,
        stacklevel=3,
    )
    return ClipInputs(
        *(inputs.windows[:1], inputs.lengths[:1], [0]),
        num_steps=inputs.windows.shape[1],
        num_samples=converter.clip_size,
        gain=inputs.gain,
    )


def _clips_of(backend: Backend) -> ClipConverter:
    """Returns the converter of a model of clips of sound; refuses others."""
    converter = backend.converter
    if converter.medium != "sound" or not answers(backend.config, "score"):
        raise LofiError(
            f"{backend.config.name} is no autoencoder of clips of sound. Allowed: a model of such "
            "a config as lofai_conv or spectrum_mel"
        )
    return converter
