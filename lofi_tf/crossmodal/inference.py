"""Recordings to spectra, to latents and to the probabilities of notes, a stretch at a time."""

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

import numpy as np

from lofi_tf.audio.channels import mono_blocks
from lofi_tf.audio.clips import QUALITY
from lofi_tf.crossmodal.posterior import Posterior
from lofi_tf.data.converters.paired import PairedConverter
from lofi_tf.data.converters.symbols import HIGHEST_PITCH, LOWEST_PITCH
from lofi_tf.errors import NotConvertible

STRETCH_FRAMES = 512  # that are looked at at a time
FLUX_STEPS = 4  # of the flux in a frame, where the frame's samples divide by it
_FLUX_SIZE = 1024  # samples of a window of the flux
_CONTEXT_SHARE = 0.6  # of the longest filter of the spectrum that is looked at on either side
_LOUDNESS = 1000.0  # what amplitudes are scaled by before their logarithm


class Model(Protocol):
    """What is asked of a model; see `model.CrossModel`."""

    converter: PairedConverter
    z_size: int

    def encode_sound(self, spectra: np.ndarray) -> Posterior:
        """Returns the posterior of spectra [N, F]."""

    def encode_notes(self, symbols: np.ndarray) -> Posterior:
        """Returns the posterior of symbols [N, S]."""

    def sound_of(self, z: np.ndarray) -> np.ndarray:
        """Returns spectra [N, F] of z [N, Z]."""

    def notes_of(self, z: np.ndarray) -> np.ndarray:
        """Returns probabilities [N, S] of z [N, Z]."""

    def sample(self, count: int, seed: int) -> np.ndarray:
        """Returns z [count, Z], drawn of the prior."""


class Stretch(NamedTuple):
    """Some frames of a recording: spectra [T, F], as the model sees them, and the flux [T * k]."""

    spectra: np.ndarray
    flux: np.ndarray


class FrameProbabilities(NamedTuple):
    """What a model makes of a recording of T frames.

    Attributes:
        z: float32 [T, Z].
        probabilities: float32 [T, S], of the symbols.
        levels_db: float32 [T], of the loudest band.
        pitch_levels_db: float32 [T, 108], of the bands of each pitch from C0 on.
        flux: float32 [T * k], how much louder the bands become at each step.
    """

    z: np.ndarray
    probabilities: np.ndarray
    levels_db: np.ndarray
    pitch_levels_db: np.ndarray
    flux: np.ndarray


def listen(
    model: Model, blocks: Iterable[np.ndarray], sample_rate: int, seed: int | None = None
) -> FrameProbabilities:
    """Returns what a model makes of a recording, whose blocks are float32 [n, channels].

    z is drawn by the seed; posteriors' means are taken without one.

    Raises:
        NotConvertible: `no_samples`: not one sample.
    """
    converter, parts, row = model.converter, [], 0
    bands = pitch_bands(converter)
    for stretch in stretches(blocks, sample_rate, converter):
        posterior = model.encode_sound(stretch.spectra)
        z = posterior.mean if seed is None else posterior.draw(seed, row)
        levels = (1 - stretch.spectra) * converter.floor_db
        padded = np.pad(levels, [(0, 0), (0, 1)], constant_values=converter.floor_db)
        pitches = padded[:, bands].max(axis=2)
        parts.append((z, model.notes_of(z), levels.max(axis=1), pitches, stretch.flux))
        row += len(z)
    return FrameProbabilities(*map(np.concatenate, zip(*parts, strict=True)))


def stretches(
    blocks: Iterable[np.ndarray], sample_rate: int, converter: PairedConverter
) -> Iterator[Stretch]:
    """Yields all frames of a recording, in order, with its neighbours heard at each seam.

    Refuses one without a sample (`no_samples`).
    """
    hop, context = converter.hop_size, _context_frames(converter)
    held, begin, frame = np.zeros(0, np.float32), 0, 0  # `begin`: the frame that `held` begins at
    for block in _resampled(blocks, sample_rate, converter.sample_rate):
        held = np.concatenate([held, block])
        while len(held) >= (frame - begin + STRETCH_FRAMES + context) * hop:
            size = (frame - begin + STRETCH_FRAMES + context) * hop
            yield _stretch(held[:size], frame - begin, STRETCH_FRAMES, converter)
            frame += STRETCH_FRAMES
            kept = max(0, frame - context)
            held, begin = held[(kept - begin) * hop :], kept
    if not begin and not len(held):
        raise NotConvertible("no_samples", "there are no samples to listen to")
    yield _stretch(held, frame - begin, 1 + len(held) // hop - (frame - begin), converter)


def pitch_bands(converter: PairedConverter) -> np.ndarray:
    """Returns the three bands about each pitch from C0 on, int [108, 3]; F stands for none."""
    settings = converter.settings
    pitches = np.arange(LOWEST_PITCH, HIGHEST_PITCH + 1)
    hz = 440 * 2 ** ((pitches - 69) / 12)
    nearest = np.rint(settings.bins_per_octave * np.log2(hz / settings.low_hz)).astype(int)
    bands = nearest[:, None] + [-1, 0, 1]
    return np.where((bands >= 0) & (bands < converter.num_bands), bands, converter.num_bands)


def flux_steps(converter: PairedConverter) -> int:
    """Returns the steps k of the flux in a frame."""
    return FLUX_STEPS if converter.hop_size % FLUX_STEPS == 0 else 1


def _stretch(samples: np.ndarray, first: int, count: int, converter: PairedConverter) -> Stretch:
    spectra = converter.view_of(samples)[first : first + count]
    steps = flux_steps(converter)
    flux = _flux(samples, converter.hop_size // steps)
    wanted = np.zeros(count * steps, np.float32)
    found = flux[first * steps : (first + count) * steps]
    wanted[: len(found)] = found
    return Stretch(spectra.astype(np.float32), wanted)


def _flux(samples: np.ndarray, hop_size: int) -> np.ndarray:
    """Returns the sum of all rises of logarithmic magnitudes, [1 + n / hop]; 0 at first."""
    import librosa

    padded = np.pad(samples, (0, max(0, _FLUX_SIZE - len(samples))))
    spectrum = np.abs(librosa.stft(padded, n_fft=_FLUX_SIZE, hop_length=hop_size))
    loud = np.log1p(spectrum * (_LOUDNESS * 4 / _FLUX_SIZE))
    rises = np.maximum(np.diff(loud, axis=1, prepend=loud[:, :1]), 0).mean(axis=0)
    return rises[: 1 + len(samples) // hop_size].astype(np.float32)


def _context_frames(converter: PairedConverter) -> int:
    ratio = 2 ** (2 / converter.bins_per_octave)
    seconds = _CONTEXT_SHARE * (ratio + 1) / (ratio - 1) / converter.low_hz
    return math.ceil(max(seconds, 2 * _FLUX_SIZE / converter.sample_rate) / converter.frame_seconds)


def _resampled(
    blocks: Iterable[np.ndarray], sample_rate: int, new_rate: int
) -> Iterator[np.ndarray]:
    """Yields all channels as one, at the new rate."""
    monos = (block[:, 0] for block in mono_blocks(np.asarray(b, np.float32) for b in blocks))
    if sample_rate == new_rate:
        yield from monos
        return
    import soxr

    stream = soxr.ResampleStream(sample_rate, new_rate, 1, dtype="float32", quality=QUALITY)
    for mono in monos:
        yield stream.resample_chunk(mono)
    yield stream.resample_chunk(np.zeros(0, np.float32), last=True)
