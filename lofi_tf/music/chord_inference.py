"""Chords and keys guessed from the notes, where a piece names none.

A hidden Markov model over pairs of a key and a chord, two chords a bar of 4/4; its numbers are
those of note-seq's `infer_chords_for_sequence`.
"""

import dataclasses
import functools
import itertools
import math

import numpy as np

from lofi_tf.music.chords import NO_CHORD, ROOTS
from lofi_tf.music.quantize import Grid, refusal
from lofi_tf.music.splits import Chord, Key, Notes, Segment

MAX_CHORDS = 1000
CHORDS_PER_BAR = {(2, 2): 1, (2, 4): 1, (3, 4): 1, (4, 4): 2, (6, 8): 2}
KEY_CHANGE, CHORD_CHANGE, OUT_OF_KEY = 0.001, 0.5, 0.01  # probabilities
CONCENTRATION = 100.0  # how closely the notes follow the chord

_SCALE = (0, 2, 4, 5, 7, 9, 11)
_KINDS = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "+": (0, 4, 8),
    "dim": (0, 3, 6),
    "7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "m7": (0, 3, 7, 10),
    "m7b5": (0, 3, 6, 10),
}
_CHORDS = (None, *itertools.product(range(12), _KINDS))  # None is no chord
_FIGURES = (NO_CHORD, *(ROOTS[root] + kind for root, kind in _CHORDS[1:]))
_UNPITCHED = (*range(96, 104), *range(112, 128))  # MIDI programs: effects, percussion, noises


def with_inferred_chords(part: Segment, grid: Grid) -> Segment:
    """Returns the part with the most likely chords, and the keys that go with them.

    Raises:
        NotConvertible: `no_chords`, where the metre is unusual, or the part empty or too long.
    """
    metre = tuple(part.time_signatures[0][1:]) if part.time_signatures else (4, 4)
    per_bar = CHORDS_PER_BAR.get(metre, 0)
    steps = per_bar and grid.steps_per_quarter * 4.0 * metre[0] / metre[1] / per_bar
    if not steps or steps != round(steps):
        raise _no_chords(f"bars of {metre[0]}/{metre[1]}")
    seconds = int(steps) / (grid.steps_per_quarter * grid.qpm / 60.0)
    num_frames = math.ceil(part.total_seconds / seconds)
    if not 0 < num_frames <= MAX_CHORDS:
        raise _no_chords(f"{num_frames} chords of {seconds:.2f} s")
    frames = _pitch_classes(part.notes, seconds * np.arange(1, num_frames))
    path = _most_likely(CONCENTRATION * np.dot(frames, _chord_vectors().T))
    found = [(frame * seconds, *divmod(state, len(_CHORDS))) for frame, state in enumerate(path)]
    return dataclasses.replace(
        part,
        chords=tuple(Chord(t, _FIGURES[chord]) for t, _, chord in _changes(found, 2)),
        keys=tuple(Key(t, key) for t, key, _ in _changes(found, 1)),
    )


def _no_chords(received: str) -> Exception:
    metres = ", ".join(f"{n}/{d}" for n, d in CHORDS_PER_BAR)
    allowed = f"chord symbols, or 1 to {MAX_CHORDS} chords in {metres} to guess"
    return refusal("no_chords", "it has no chords and they cannot be guessed", allowed, received)


def _changes(found: list[tuple], column: int) -> list[tuple]:
    """Returns the rows whose value in a column differs from the row before."""
    return [
        row
        for before, row in zip([None, *found], found, strict=False)
        if before is None or before[column] != row[column]
    ]


def _pitch_classes(notes: Notes, bounds: np.ndarray) -> np.ndarray:
    """Returns how long each pitch class sounds in each frame, as unit vectors, float64 [F, 12]."""
    notes = notes.take(~notes.drums & ~np.isin(notes.programs, _UNPITCHED))
    first = np.searchsorted(bounds, notes.starts, side="right")
    last = np.maximum(first, np.searchsorted(bounds, notes.ends, side="left"))
    counts = last - first + 1
    note = np.repeat(np.arange(len(notes)), counts)
    frame = np.arange(counts.sum()) - np.repeat(counts.cumsum() - counts, counts) + first[note]
    edges = np.concatenate([[-np.inf], bounds, [np.inf]])
    begins = np.where(frame == first[note], notes.starts[note], edges[frame])
    ends = np.where(frame == last[note], notes.ends[note], edges[frame + 1])
    x = np.zeros([len(bounds) + 1, 12])
    np.add.at(x, (frame, notes.pitches[note] % 12), ends - begins)
    norms = np.linalg.norm(x, axis=1)
    x[norms > 0] /= norms[norms > 0, None]
    return x


@functools.cache
def _chord_vectors() -> np.ndarray:
    """Returns the unit vector of each chord's pitch classes, float64 [97, 12]."""
    x = np.zeros([len(_CHORDS), 12])
    for row, (root, kind) in enumerate(_CHORDS[1:], 1):
        x[row, [(root + offset) % 12 for offset in _KINDS[kind]]] = 1
    x[1:] /= np.linalg.norm(x[1:], axis=1)[:, None]
    return x


@functools.cache
def _chords_of_keys() -> np.ndarray:
    """Returns the probability of each chord in each key, float64 [12, 97]."""
    inside = np.zeros([12, len(_CHORDS)], np.int32)
    outside = np.zeros([12, len(_CHORDS)], np.int32)
    for key in range(12):
        scale = {(key + offset) % 12 for offset in _SCALE}
        for column, (root, kind) in enumerate(_CHORDS[1:], 1):
            pitches = {(root + offset) % 12 for offset in _KINDS[kind]}
            inside[key, column] = len(pitches & scale)
            outside[key, column] = len(pitches - scale)
    weights = (1 - OUT_OF_KEY) ** inside * OUT_OF_KEY**outside
    return weights / weights.sum(axis=1)[:, None]


@functools.cache
def _log_transitions() -> np.ndarray:
    """Returns log probabilities, float64 [to, from], of the 12 * 97 pairs of key and chord."""
    chords, size = _chords_of_keys(), len(_CHORDS)
    jump = KEY_CHANGE / 11 * chords  # [to key, to chord]
    stay = (1 - KEY_CHANGE) * (
        CHORD_CHANGE * (chords[:, :, None] + chords[:, None, :] / (size - 1))
    )  # [key, to chord, from chord]
    stay[:, range(size), range(size)] = (1 - KEY_CHANGE) * (1 - CHORD_CHANGE)
    full = np.broadcast_to(jump[:, :, None, None], [12, size, 12, size]).copy()
    full[range(12), :, range(12), :] = stay
    return np.log(full.reshape(12 * size, 12 * size))


def _most_likely(likelihood: np.ndarray) -> list[int]:
    """Returns key * 97 + chord of each frame, by Viterbi's algorithm; log likelihoods [F, 97]."""
    score = (-np.log(12) + np.log(_chords_of_keys()) + likelihood[0]).reshape(-1)
    parents = []
    for frame in likelihood[1:]:
        reached = _log_transitions() + score  # [to, from]
        parents.append(reached.argmax(axis=1))
        score = reached[np.arange(len(score)), parents[-1]] + np.tile(frame, 12)
    path = [int(score.argmax())]
    for parent in reversed(parents):
        path.append(int(parent[path[-1]]))
    return path[::-1]
