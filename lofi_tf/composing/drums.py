"""Drums: a beat chosen among what a model plays, its loop of two bars, fills and crashes."""

from collections.abc import Sequence

import numpy as np

from lofi_tf.composing.step_notes import BLOCK_BARS
from lofi_tf.music.beats import CLOSED, CRASH, HATS, KICK, SNARE, TOMS
from lofi_tf.music.drum_classes import DRUM_NAMES
from lofi_tf.music.quantize import STEPS_PER_BAR

CLASSES = len(DRUM_NAMES)
BACKBEATS = (4, 12)  # steps of a bar
BACKBEAT_VELOCITY, KICK_VELOCITY = 0.62, 0.66
LEAST_LIKE = 0.9  # share of cells in which a bar must be like another to end a loop in its place
SOFT = 0.3  # velocities below it are ghost notes


def hits_of(groove: np.ndarray) -> np.ndarray:
    """Returns what is hit in a groove [T, 27], bool [bars, 16, 9]."""
    return groove[:, :CLASSES].reshape(-1, STEPS_PER_BAR, CLASSES) > 0.5


def fill_score(groove: np.ndarray) -> np.ndarray:
    """Says of each bar of a groove [T, 27] how much its second half is a fill, [bars]."""
    hits = hits_of(groove)[:, STEPS_PER_BAR // 2 :]
    busy = hits[:, :, [SNARE, *TOMS]].sum((1, 2))
    return 1.0 * busy - 1.5 * np.maximum(0, busy - 5) + 0.5 * hits[:, :, TOMS].any((1, 2))


def with_backbeat(groove: np.ndarray) -> np.ndarray:
    """Returns a groove with a kick on its first step and a snare on, or near, each backbeat."""
    found = groove.copy()
    for bar in range(len(groove) // STEPS_PER_BAR):
        first = bar * STEPS_PER_BAR
        for step in BACKBEATS:
            around = found[first + step - 1 : first + step + 2, SNARE]
            if not (around > 0.5).any():
                _hit(found, first + step, SNARE, BACKBEAT_VELOCITY)
        if bar % 2 == 0 and not (found[first : first + 2, KICK] > 0.5).any():
            _hit(found, first, KICK, KICK_VELOCITY)
    return found


def with_fill(groove: np.ndarray, fill: np.ndarray) -> np.ndarray:
    """Returns a groove whose last half bar is that of another bar, [16, 27], but for cymbals."""
    found = groove.copy()
    half = STEPS_PER_BAR // 2
    kept = found[-half:, CLOSED].copy()
    found[-half:] = fill[-half:]
    found[-half:, [CRASH, CLASSES + CRASH, 2 * CLASSES + CRASH]] = 0.0
    found[-half:, CLOSED] = np.maximum(kept, 0.0) * (fill[-half:, [SNARE, *TOMS]] <= 0.5).all(-1)
    return found


def looped(groove: np.ndarray) -> np.ndarray:
    """Returns the first two bars of a groove [64, 27] twice, without crashes.

    The last bar is that of the groove where it is like the second.
    """
    bars = groove.reshape(-1, STEPS_PER_BAR, groove.shape[-1]).copy()
    bars[:, :, [CRASH, CLASSES + CRASH, 2 * CLASSES + CRASH]] = 0.0
    hits = bars[:, :, :CLASSES] > 0.5
    like = (hits[3] == hits[1]).mean() >= LEAST_LIKE
    return np.concatenate([bars[0], bars[1], bars[0], bars[3 if like else 1]])


def without_end(loop: np.ndarray) -> np.ndarray:
    """Returns the two bars of a loop twice, without its last one's variation."""
    half = len(loop) // 2
    return np.concatenate([loop[:half], loop[:half]])


def with_crash(groove: np.ndarray, energy: float) -> np.ndarray:
    """Returns a groove that begins with a cymbal, soft where there is little energy."""
    found = groove.copy()
    _hit(found, 0, CRASH, 0.4 + 0.4 * energy)
    return found


def thinned(groove: np.ndarray, energy: float) -> np.ndarray:
    """Returns a groove without its ghost notes and crashes where there is little energy."""
    found = groove.copy()
    hits, velocities = found[:, :CLASSES], found[:, CLASSES : 2 * CLASSES]
    if energy < 0.5:
        hits[:, CRASH] = 0.0
        hits[:, TOMS] = 0.0
    if energy < 0.35:
        hits[velocities < SOFT] = 0.0
        hits[1::2, CLOSED] = 0.0
    return found


def best(grooves: Sequence[np.ndarray], energy: float) -> list[int]:
    """Returns the numbers of grooves, the best beat first."""
    scores = [beat_score(hits_of(groove), energy) for groove in grooves]
    return list(np.argsort(np.negative(scores), kind="stable"))


def beat_score(hits: np.ndarray, energy: float) -> float:
    """Says how good a lo-fi beat hits [bars, 16, 9] are; higher is better.

    Snares on the second and fourth beat, kicks on the first and few beside them, hi-hats or a ride
    that keep time, as many hits as the energy asks for, and bars that are alike but not the same.
    """
    snare, kick = hits[:, :, SNARE], hits[:, :, KICK]
    hats = hits[:, :, HATS].any(-1)
    back = np.mean([snare[:, step] for step in BACKBEATS])
    astray = snare.sum(1).mean() - 2.0 * back
    hat_target, kick_target = 4.0 + 6.0 * energy, 2.0 + 1.5 * energy
    same = (hits[1:] == hits[:-1])[:, :, [KICK, SNARE]]
    alike = same.mean() if len(hits) > 1 else 1.0
    return float(
        3.0 * back
        + 2.0 * kick[:, 0].mean()
        - 0.4 * max(0.0, astray - 0.5)
        - 0.35 * np.abs(kick.sum(1) - kick_target).mean()
        - 0.15 * np.abs(hats.sum(1) - hat_target).mean()
        + 1.0 * hats[:, ::4].mean()
        - 0.6 * hits[:, :, [*TOMS, CRASH]].sum((1, 2)).mean()
        + 2.0 * alike
    )


def shortened(groove: np.ndarray, bars: int) -> np.ndarray:
    """Returns the last bars of a groove where a block has fewer than four: its fill stays."""
    return groove if bars >= BLOCK_BARS else groove[-bars * STEPS_PER_BAR :]


def _hit(groove: np.ndarray, step: int, column: int, velocity: float) -> None:
    groove[step, [column, CLASSES + column, 2 * CLASSES + column]] = 1.0, velocity, 0.0
