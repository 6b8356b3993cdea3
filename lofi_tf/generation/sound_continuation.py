"""A sound that is there, and what a model lets follow."""

import math

import numpy as np

from lofi_tf.audio.channels import with_channels
from lofi_tf.audio.clips import resampled
from lofi_tf.audio.io import Audio, quantized, unquantized
from lofi_tf.backends.base import Backend
from lofi_tf.errors import LofiError, check_range
from lofi_tf.generation.decoding import HOW, GenerationConfig, prior, row_seeds, window_seeds
from lofi_tf.generation.slerp import slerp
from lofi_tf.models.kinds import answers, kind_of
from lofi_tf.models.layers.frame_size import frame_size_of

SECONDS = 4.0  # of new sound


def continue_sound(
    backend: Backend,
    sound: Audio,
    num_outputs: int = 1,
    how: GenerationConfig = HOW,
    seconds: float = SECONDS,
    change_at_seconds: float | None = None,
    change_amount: float | None = None,
) -> list[Audio]:
    """Returns a sound at the model's rate, in 16 bits, mono, and new sound after it.

    Of a sound longer than the model's clips the last of these is heard. A change of style moves z
    from its draw towards another, along the great circle, at the first frame from the moment on;
    what is before is as it would be without.

    Arguments and errors are those of `lofi_tf.ContinuationModel.continue_`.
    """
    given = given_sound(backend, sound)
    size = max(1, round(seconds * backend.converter.sample_rate))
    amount = _amount(backend, seconds, change_at_seconds, change_amount)
    width = frame_size_of(backend.config.model.encoder)
    num_frames = math.ceil(size / width)
    z = latent_paths(
        backend, how.seed, num_outputs, num_frames, _frame(backend, change_at_seconds), amount
    )
    outputs = []
    for first in range(0, num_outputs, how.max_batch_size):
        rows = np.arange(first, min(first + how.max_batch_size, num_outputs))
        states, frame = encode_sounds(backend, given[None])
        start = np.repeat(states, len(rows), 0), np.repeat(frame, len(rows), 0)
        temperature = np.full(len(rows), how.temperature, np.float32)
        seeds = _seeds(backend, how, rows, z)
        outputs.append(continue_from(backend, start, z[rows], seeds, temperature))
    new = np.concatenate(outputs)[:, :size]
    return [_audio(backend, given, row) for row in new]


def given_sound(backend: Backend, sound: Audio) -> np.ndarray:
    """Returns a sound as the model hears it: float32 [n], 16 bits, mono, at its rate.

    Raises:
        LofiError: no continuation, or a sound shorter than a frame.
    """
    if not answers(backend.config, "continue"):
        raise LofiError(
            f"{backend.config.name} is {kind_of(backend.config).noun}: only a continuation goes on "
            "with a sound (configs continuation_...)"
        )
    rate = backend.converter.sample_rate
    mono = with_channels(np.asarray(sound.samples, np.float32), 1)
    samples = unquantized(quantized(resampled(mono, sound.sample_rate, rate)))[:, 0]
    width = frame_size_of(backend.config.model.encoder)
    if len(samples) < width:
        raise LofiError(
            f"the sound is shorter than a frame of {backend.config.name}, {width / rate:.3g} s. "
            f"Received: {len(samples) / rate:.3g} s"
        )
    return samples


def encode_sounds(backend: Backend, sounds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the states and the last frame, [B, ...] each, after sounds [B, n]."""
    width = frame_size_of(backend.config.model.encoder)
    whole = backend.num_steps // width * width
    last = sounds[:, -whole:]
    inputs = np.zeros([len(last), whole, 1], np.float32)
    inputs[:, : last.shape[1], 0] = last
    lengths = np.full(len(last), last.shape[1], np.int32)
    found = backend.call("encode", {"inputs": inputs, "lengths": lengths})
    return found["states"], found["frame"]


def continue_from(
    backend: Backend,
    start: tuple[np.ndarray, np.ndarray],
    z: np.ndarray,
    seeds: np.ndarray,
    temperature: np.ndarray,
) -> np.ndarray:
    """Returns the samples that follow, [B, blocks of a clip's length].

    Args:
        backend: a continuation.
        start: what `encode_sounds` gives.
        z: for each frame, [B, F, Z], F whole blocks; Z is 0 of a model without a latent.
        seeds: of each block, int64 [B, blocks].
        temperature: [B].
    """
    states, frame = start
    parts = []
    for block, path in enumerate(np.split(z, seeds.shape[1], axis=1)):
        given = {"states": states, "frame": frame, "temperature": temperature}
        given |= {"seed": seeds[:, block]} | ({"z": path} if z.shape[-1] else {})
        found = backend.call("continue", given)
        states, frame = found["states"], found["frame"]
        parts.append(found["outputs"][..., 0])
    return np.concatenate(parts, axis=1)


def latent_paths(
    backend: Backend,
    seed: int,
    num_outputs: int,
    num_frames: int,
    change_frame: int | None = None,
    amount: float = 0.0,
) -> np.ndarray:
    """Returns z for each frame of whole blocks, float32 [B, F, Z], a row an output.

    Args:
        backend: a continuation.
        seed: of all outputs.
        num_outputs: rows B.
        num_frames: frames that are needed; F is as many or more.
        change_frame: from where on z is another; None is nowhere.
        amount: how far from the one draw to the other.
    """
    z_size = backend.config.model.z_size
    block = backend.num_steps // frame_size_of(backend.config.model.encoder)
    total = math.ceil(num_frames / block) * block
    first = prior(row_seeds(seed, num_outputs), z_size)
    paths = np.repeat(first[:, None], total, axis=1)
    if change_frame is not None and amount > 0:
        keys = [window_seeds(seed, output, 1, draw=1)[0] for output in range(num_outputs)]
        other = prior(np.array(keys, np.int64), z_size)
        for path, one, two in zip(paths, first, other, strict=True):
            path[change_frame:] = slerp(one, two, np.array([amount]))[0]
    return paths


def _seeds(backend: Backend, how: GenerationConfig, rows: np.ndarray, z: np.ndarray) -> np.ndarray:
    block = backend.num_steps // frame_size_of(backend.config.model.encoder)
    return np.stack([window_seeds(how.seed, int(row), z.shape[1] // block) for row in rows])


def _frame(backend: Backend, change_at_seconds: float | None) -> int | None:
    """Returns the first frame that begins at a moment or after it."""
    if change_at_seconds is None:
        return None
    rate = backend.converter.sample_rate
    sample = math.ceil(round(change_at_seconds * rate, 6))
    return math.ceil(sample / frame_size_of(backend.config.model.encoder))


def _amount(backend, seconds, change_at_seconds, change_amount) -> float:
    """Returns how far z changes; refuses what cannot be."""
    if change_at_seconds is None and change_amount is None:
        return 0.0
    if not backend.config.model.z_size:
        raise LofiError(f"{backend.config.name} has no latent (z_size 0): its style cannot change")
    if change_at_seconds is None:
        raise LofiError("--change_amount needs --change_at_seconds, the moment of the change")
    if not 0 <= change_at_seconds < seconds:
        raise LofiError(
            f"--change_at_seconds must be from 0 to below the {seconds:g} s of new sound. "
            f"Received: {change_at_seconds:g}"
        )
    amount = 1.0 if change_amount is None else change_amount
    check_range("--change_amount", amount, 0, 1)
    return amount


def _audio(backend: Backend, given: np.ndarray, new: np.ndarray) -> Audio:
    samples = np.concatenate([given, new])[:, None]
    return backend.converter.from_outputs(samples)
