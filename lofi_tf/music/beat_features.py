"""What a beat is like, in many numbers of which none is good or bad.

A beat counts as a loop: after its last step comes its first. So a loop and the same loop twice have
the same features, and beats of few bars can be held against beats of many.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from lofi_tf.music.beats import CRASH, HATS, KICK, SNARE, TOMS, Beats
from lofi_tf.music.drum_classes import DRUM_NAMES
from lofi_tf.music.quantize import STEPS_PER_BAR

GROUPS = {"kick": [KICK], "snare": [SNARE], "hats": HATS, "toms": TOMS, "crash": [CRASH]}
PLAYERS = ("kick", "snare", "hats")  # whose velocities and timing are told by the place
PLACES = {
    "quarters": slice(0, None, 4),
    "eighths": slice(2, None, 4),
    "sixteenths": slice(1, None, 2),
}
LAGS = (2, 4, 8, 16, 32)  # steps after which a group may play the same again
SOFT = 50  # velocities of the snare below it are ghost notes
EDGE = 0.4  # steps: nearly between two

Features = Mapping[str, np.ndarray]  # by name, each float64 [N]


def hit_features(beats: Beats) -> Features:
    """Returns what is hit where, how bars differ and come again, and which drums go together."""
    hits = beats.hits
    per_bar = hits.sum((1, 2)) / beats.num_bars
    found = {f"{name}, a bar": np.sqrt(per_bar[:, n]) for n, name in enumerate(DRUM_NAMES)}
    for name, drums in GROUPS.items():
        found |= _group_features(name, hits[..., drums].any(-1))
    every = hits.reshape(len(hits), -1, len(DRUM_NAMES))
    rhythm = every.any(-1)
    for lag in LAGS[2:]:
        found[f"same after {lag}"] = _likeness(*_lagged(every, lag))
    for lag in LAGS[2:4]:
        one, other = _lagged(rhythm, lag)
        found[f"rhythm after {lag}"] = (one == other).mean(1)
    together = every.sum(-1)
    for count in range(3):
        found[f"{count} at once"] = (together == count).mean(1)
    pairs = np.einsum("ntd,nte->nde", *[every.astype(np.float32)] * 2) / beats.num_bars
    for one, other in zip(*np.triu_indices(len(DRUM_NAMES), 1), strict=True):
        found[f"{DRUM_NAMES[one]} and {DRUM_NAMES[other]}"] = np.sqrt(pairs[:, one, other])
    return found


def play_features(beats: Beats) -> Features:
    """Returns how hard and how late hits are: by drum, by place, from bar to bar, within a step."""
    hits, volumes, late = beats.hits, beats.velocities / 127, beats.late
    found = {}
    for name, drums in [("all", [*range(len(DRUM_NAMES))]), *_single_drums()]:
        for what, values in (("volume", volumes), ("late", late)):
            mean, spread = _mean_and_spread(values[..., drums], hits[..., drums])
            found |= {f"{name}, {what}": mean, f"{name}, spread of {what}": spread}
    for name in PLAYERS:
        for place, steps in PLACES.items():
            where = (slice(None), slice(None), steps, GROUPS[name])
            for what, values in (("volume", volumes), ("late", late)):
                found[f"{name} on {place}, {what}"] = _mean(values[where], hits[where])
    for what, values in (("volume", volumes), ("late", late)):
        found |= {f"{what}, {name}": value for name, value in _changes(values, hits)}
    snare = hits[..., SNARE] & (beats.velocities[..., SNARE] < SOFT)
    found["ghosts, a bar"] = np.sqrt(snare.sum((1, 2)) / beats.num_bars)
    found["distance from steps"] = _mean(np.abs(late), hits)
    found["between steps"] = _mean(np.abs(late) > EDGE, hits)
    return found


def _group_features(name: str, hits: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Yields what a group of drums, hits [N, bars, 16], plays where, and how alike its bars are."""
    for step in range(STEPS_PER_BAR):
        yield f"{name} at {step}", hits[:, :, step].mean(1)
    counts, line = hits.sum(2), hits.reshape(len(hits), -1)
    yield f"{name}, bars with any", (counts > 0).mean(1)
    yield f"{name}, spread over bars", counts.std(1)
    yield f"{name}, most in a bar", np.sqrt(counts.max(1))
    yield f"{name}, more in the last bar", counts[:, -1] - counts.mean(1)
    yield f"{name}, in a row", (line & np.roll(line, -1, axis=1)).mean(1)
    for lag in LAGS:
        yield f"{name} after {lag}", _likeness(*_lagged(line, lag))


def _lagged(line: np.ndarray, lag: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns [N, T, ...] of a loop, and what comes so many steps later."""
    return line, np.roll(line, -lag, axis=1)


def _likeness(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Returns the Jaccard index of hits [N, ...], 1 where there are none, [N]."""
    axes = tuple(range(1, one.ndim))
    both, either = (one & other).sum(axes), (one | other).sum(axes)
    return np.where(either > 0, both / np.maximum(either, 1), 1.0)


def _single_drums() -> Iterator[tuple[str, list[int]]]:
    return ((name, [number]) for number, name in enumerate(DRUM_NAMES))


def _mean(values: np.ndarray, hits: np.ndarray) -> np.ndarray:
    """Returns the mean over what is hit, both [N, ...]; 0 where nothing is, [N]."""
    axes = tuple(range(1, hits.ndim))
    return (values * hits).sum(axes, dtype=np.float64) / np.maximum(hits.sum(axes), 1)


def _mean_and_spread(values: np.ndarray, hits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean = _mean(values, hits)
    variance = _mean(values.astype(np.float64) ** 2, hits) - mean**2
    return mean, np.sqrt(np.maximum(variance, 0))


def _changes(values: np.ndarray, hits: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Yields how values [N, bars, 16, 9] change from bar to bar, from step to step, within one."""
    for lag in (1, 2):
        again = hits & np.roll(hits, -lag, axis=1)
        change = np.abs(values - np.roll(values, -lag, axis=1))
        yield f"change after {lag} bars", _mean(change, again)
    counts = hits.sum(-1).reshape(len(hits), -1)  # [N, T]
    sums = np.where(hits, values, 0).sum(-1).reshape(len(hits), -1)
    means = sums / np.maximum(counts, 1)
    follows = (counts > 0) & (np.roll(counts, -1, axis=1) > 0)
    yield "change from step to step", _mean(np.abs(means - np.roll(means, -1, axis=1)), follows)
    away = np.abs(values.reshape(*counts.shape, -1) - means[..., None])
    shared = hits.reshape(*counts.shape, -1) & (counts > 1)[..., None]
    yield "spread within steps", _mean(away, shared)
