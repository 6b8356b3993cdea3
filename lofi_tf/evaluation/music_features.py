"""What one excerpt of music is like, in numbers: features of a grid of sixteenths.

After Dong et al. 2020, "MusPy", and Wu and Yang 2020, "The Jazz Transformer on the Front Line";
times count as the converters round them.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lofi_tf.music import metrics
from lofi_tf.music.drum_classes import DRUM_NAMES, REDUCED, class_table
from lofi_tf.music.quantize import STEPS_PER_BAR, STEPS_PER_QUARTER, first_qpm

MAJOR = np.isin(np.arange(12), (0, 2, 4, 5, 7, 9, 11))
LENGTHS = (1, 2, 3, 4, 6, 8, 12, 16)  # sixteenths: the classes of note lengths
_DRUMS = class_table(REDUCED, nearest=True)


@dataclasses.dataclass(frozen=True)
class Excerpt:
    """The notes of an excerpt, N of them.

    Attributes:
        starts, ends: in sixteenths from its first bar, float64 [N].
        pitches, velocities: MIDI's, int64 [N].
        drums: which notes are drums, bool [N].
        num_bars: its length.
        bar_steps: sixteenths in a bar.
        piece: the NoteSequence.
    """

    starts: np.ndarray
    ends: np.ndarray
    pitches: np.ndarray
    velocities: np.ndarray
    drums: np.ndarray
    num_bars: int
    bar_steps: int
    piece: Any

    @property
    def steps(self) -> np.ndarray:
        """The sixteenth that each note begins at, int64 [N]."""
        return np.clip(np.floor(self.starts + 0.5), 0, None).astype(np.int64)

    @property
    def late(self) -> np.ndarray:
        """How late each note is, in sixteenths, float64 [N]."""
        return self.starts - self.steps

    @property
    def lines(self) -> np.ndarray:
        """The line of each note: its pitch, or 128 + its drum of nine, int64 [N]."""
        return np.where(self.drums, 128 + _DRUMS[self.pitches], self.pitches)


def excerpt_of(piece: Any, quarters_per_bar: int, num_bars: int | None = None) -> Excerpt:
    """Returns the notes of a NoteSequence of one tempo; without `num_bars` it is as long as they.

    The piece's total time becomes that of its bars.
    """
    qpm = first_qpm(piece)
    scale = qpm / 60.0 * STEPS_PER_QUARTER
    notes = [(n.start_time, n.end_time, n.pitch, n.velocity, n.is_drum) for n in piece.notes]
    columns = np.array(notes, np.float64).reshape(-1, 5)
    starts, ends = columns[:, 0] * scale, columns[:, 1] * scale
    pitches, velocities = columns[:, 2:4].astype(np.int64).T
    bar_steps = quarters_per_bar * STEPS_PER_QUARTER
    last = int(np.floor(starts.max() + 0.5)) + 1 if len(starts) else 1
    num_bars = max(num_bars or 1, -(-last // bar_steps))
    timed = type(piece)()
    timed.CopyFrom(piece)
    timed.total_time = num_bars * bar_steps / scale
    drums = columns[:, 4] != 0
    return Excerpt(starts, ends, pitches, velocities, drums, num_bars, bar_steps, timed)


def notes_a_bar(excerpt: Excerpt) -> float:
    """Returns how many notes begin in a bar."""
    return len(excerpt.starts) / excerpt.num_bars


def pitch_classes(excerpt: Excerpt) -> np.ndarray:
    """Returns the share of each pitch class in the notes, float64 [12]; drums do not count."""
    return _shares(excerpt.pitches[~excerpt.drums] % 12, 12)


def pitch_class_entropy(excerpt: Excerpt) -> float:
    """Returns the entropy of the pitch classes in bits, 0 to log2(12) (MusPy)."""
    shares = pitch_classes(excerpt)
    return float(-np.sum(shares * np.log2(np.where(shares > 0, shares, 1.0))))


def scale_consistency(excerpt: Excerpt) -> float:
    """Returns the share of notes in the scale that holds the most of them (MusPy).

    Scales are the major ones; the natural minor ones hold the same notes.
    """
    shares = pitch_classes(excerpt)
    return float(max(shares @ np.roll(MAJOR, key) for key in range(12)))


def polyphony(excerpt: Excerpt) -> float:
    """Returns how many pitches sound at once, in the mean over steps where any does (MusPy)."""
    roll = np.zeros([excerpt.num_bars * excerpt.bar_steps, 128], bool)
    chosen = np.flatnonzero(~excerpt.drums)
    for note in chosen:
        end = max(int(np.floor(excerpt.ends[note] + 0.5)), excerpt.steps[note] + 1)
        roll[excerpt.steps[note] : end, excerpt.pitches[note]] = True
    sounding = roll.any(axis=1).sum()
    return roll.sum() / sounding if sounding else np.nan


def pitch_range(excerpt: Excerpt) -> float:
    """Returns the half steps from the lowest to the highest note (MusPy)."""
    pitches = excerpt.pitches[~excerpt.drums]
    return float(np.ptp(pitches)) if len(pitches) else np.nan


def note_lengths(excerpt: Excerpt) -> np.ndarray:
    """Returns the share of each class of `LENGTHS` in the notes, float64 [8]; without drums."""
    lengths = (excerpt.ends - excerpt.starts)[~excerpt.drums]
    classes = np.abs(lengths[:, None] - np.array(LENGTHS)).argmin(axis=1)
    return _shares(classes, len(LENGTHS))


def drum_shares(excerpt: Excerpt) -> np.ndarray:
    """Returns the share of each of nine drums in the hits, float64 [9]."""
    return _shares(_DRUMS[excerpt.pitches[excerpt.drums]], len(DRUM_NAMES))


def empty_beats(excerpt: Excerpt) -> float:
    """Returns the share of beats in which nothing sounds (MusPy's empty-beat rate)."""
    beats = np.zeros(excerpt.num_bars * excerpt.bar_steps // STEPS_PER_QUARTER, bool)
    for start, end in zip(excerpt.steps, np.floor(excerpt.ends + 0.5).astype(int), strict=True):
        last = max(end - 1, start) // STEPS_PER_QUARTER
        beats[start // STEPS_PER_QUARTER : last + 1] = True
    return float(1 - beats.mean())


def groove_consistency(excerpt: Excerpt) -> float:
    """Returns how alike the rhythms of neighbouring bars are: the share of steps that agree.

    A bar's rhythm is at which steps anything begins (MusPy; Wu and Yang 2020 take all pairs of
    bars). NaN of a single bar.
    """
    onsets = np.zeros([excerpt.num_bars, excerpt.bar_steps], bool)
    onsets.reshape(-1)[excerpt.steps] = True
    return float(1 - (onsets[1:] ^ onsets[:-1]).mean()) if len(onsets) > 1 else np.nan


def self_similarity(excerpt: Excerpt) -> float:
    """Returns how alike bars are: the mean over their pairs of the Jaccard index of their notes.

    A note is its step and its pitch, or its drum. It is the mean of a self-similarity matrix
    (Foote 1999) off its diagonal. Pairs of empty bars do not count; NaN where there are no others.
    """
    bars, steps = np.divmod(excerpt.steps, excerpt.bar_steps)
    notes = np.zeros([excerpt.num_bars, excerpt.bar_steps, 128 + len(DRUM_NAMES)])
    notes[bars, steps, excerpt.lines] = 1
    notes = notes.reshape(len(notes), -1)
    both = notes @ notes.T
    either = notes.sum(axis=1)[:, None] + notes.sum(axis=1) - both
    pairs = np.triu(either > 0, k=1)
    return float(np.mean(both[pairs] / either[pairs])) if pairs.any() else np.nan


def syncopation(excerpt: Excerpt) -> float:
    """Returns `metrics.syncopation`; NaN of music without bars of 4/4 or without notes."""
    known = excerpt.bar_steps == STEPS_PER_BAR and len(excerpt.starts)
    return metrics.syncopation(excerpt.piece) if known else np.nan


def swing(excerpt: Excerpt) -> float:
    """Returns `metrics.swing`."""
    return metrics.swing(excerpt.piece)


def velocity(excerpt: Excerpt) -> float:
    """Returns `metrics.velocity`."""
    return metrics.velocity(excerpt.piece)


def accents(excerpt: Excerpt) -> float:
    """Returns the standard deviation of the velocities; NaN without notes."""
    return float(excerpt.velocities.std()) if len(excerpt.velocities) else np.nan


def looseness(excerpt: Excerpt) -> float:
    """Returns the standard deviation of how late notes are, in sixteenths; NaN without notes."""
    return float(excerpt.late.std()) if len(excerpt.starts) else np.nan


FEATURES: Mapping[str, Callable[[Excerpt], Any]] = {
    "notes a bar": notes_a_bar,
    "pitch classes": pitch_classes,
    "pitch class entropy, bits": pitch_class_entropy,
    "scale consistency": scale_consistency,
    "pitch range, half steps": pitch_range,
    "polyphony": polyphony,
    "note lengths": note_lengths,
    "drums": drum_shares,
    "empty beats": empty_beats,
    "groove consistency": groove_consistency,
    "self-similarity": self_similarity,
    "syncopation a bar": syncopation,
    "velocity": velocity,
    "accents (spread of velocity)": accents,
    "swing, sixteenths": swing,
    "looseness, sixteenths": looseness,
}


def _shares(classes: np.ndarray, size: int) -> np.ndarray:
    """Returns the share of each class, float64 [size]; NaN where there is none at all."""
    counts = np.bincount(classes, minlength=size).astype(np.float64)
    return counts / counts.sum() if len(classes) else np.full(size, np.nan)
