"""Where beats and bars of four beats begin in music that says nothing of it: found in its notes.

Beats lie where most notes begin, to a sixteenth. Of the sixteen places of a bar the first is where
chords change, many and long notes begin, and low ones: the likeliest way through the piece is taken
(Viterbi), which may cut a bar in half where the song does.
"""

import numpy as np

PLACES = 16  # of a bar, sixteenths
HALF_BAR_COST = 4.0  # of a bar of two beats
CLEAR = 0.3  # how much notes must keep to one grid, 0 to 1
_FIRST, _OTHER = 1.0, 0.1  # how much the first beat, and each other, is to be accented
_WEIGHTS = np.array([0.5, 1.0, 1.0, 3.0, 2.0, 2.0])  # of the accents, in their order
_LOW, _LOW_SPAN = 60.0, 24.0  # pitches
_LONGEST = 16  # steps of a note that count


def grid_offset(starts: np.ndarray) -> tuple[float, float]:
    """Returns by how many quarters a grid of sixteenths is late, and how clear it is, 0 to 1.

    Args:
        starts: of notes, in quarters [N].
    """
    turn = np.exp(2j * np.pi * 4 * np.asarray(starts)).mean()
    return float(np.angle(turn) / (8 * np.pi)), float(abs(turn))


def accents(starts: np.ndarray, ends: np.ndarray, pitches: np.ndarray) -> tuple[np.ndarray, int]:
    """Returns how much each sixteenth is like a first beat, [T], on the mean 0 with deviation 1.

    Args:
        starts: of notes, in sixteenths of the grid [N].
        ends: of them [N].
        pitches: [N].

    Returns:
        The accents, and the sixteenth of the first one.
    """
    on = np.rint(starts).astype(int)
    off = np.maximum(on + 1, np.rint(ends).astype(int))
    first = min(0, int(on.min())) // PLACES * PLACES
    on, off = on - first, off - first
    steps = int(on.max()) + 2 * PLACES
    count, length, low = np.zeros(steps), np.zeros(steps), np.full(steps, np.inf)
    np.add.at(count, on, 1.0)
    np.add.at(length, on, np.minimum(off - on, _LONGEST) / 4)
    np.minimum.at(low, on, pitches)
    edges = np.zeros([steps + 1, 12])
    np.add.at(edges, (on, pitches % 12), 1.0)
    np.add.at(edges, (np.minimum(off, steps), pitches % 12), -1.0)
    passed = np.vstack([np.zeros(12), np.cumsum(edges[:-1].cumsum(0), 0)])  # [T + 1, 12]
    bass = np.clip((_LOW - low) / _LOW_SPAN, 0.0, 1.5)
    rows = [np.log1p(count), np.log1p(length), bass, *(_change(passed, w) for w in (8, 4, 16))]
    columns = np.stack(rows, 1)
    weighed = columns / (columns.mean(0) + 1e-9) @ _WEIGHTS
    return (weighed - weighed.mean()) / (weighed.std() + 1e-9), first


def bar_starts(found: np.ndarray) -> np.ndarray:
    """Returns the sixteenths at which bars begin, of accents [T]."""
    levels = np.zeros(PLACES)
    levels[::4] = _OTHER
    levels[0] = _FIRST
    gains = found[:, None] * (levels - levels.mean())
    score, parents = gains[0].copy(), np.zeros([len(found), PLACES], np.int64)
    before, half = np.roll(np.arange(PLACES), 1), PLACES // 2 - 1
    for step in range(1, len(found)):
        reached, parent = score[before], before.copy()
        if score[half] - HALF_BAR_COST > reached[0]:
            reached[0], parent[0] = score[half] - HALF_BAR_COST, half
        parents[step], score = parent, reached + gains[step]
    place, places = int(score.argmax()), []
    for parent in parents[::-1]:
        places.append(place)
        place = int(parent[place])
    return np.flatnonzero(np.array(places[::-1]) == 0)


def _change(passed: np.ndarray, width: int) -> np.ndarray:
    """Returns how unlike the pitch classes before and after each step are, 0 to 1, [T]."""
    at, last = np.arange(len(passed) - 1), len(passed) - 1
    before = passed[at] - passed[np.maximum(at - width, 0)]
    after = passed[np.minimum(at + width, last)] - passed[at]
    norms = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    heard = passed[at].sum(1) - passed[np.maximum(at - 8, 0)].sum(1) > 0
    return np.where(heard, 1.0 - (before * after).sum(1) / np.maximum(norms, 1e-9), 0.0)
