"""What makes a progression of chords or a line a good loop."""

import functools
from collections.abc import Sequence

import numpy as np

from lofi_tf.data.converters.progression_tracks import CHORD_OFF, FIRST_CHORD, ChordEvent
from lofi_tf.music.chord_qualities import CHORD_QUALITIES, NUM_QUALITIES, TONICS
from lofi_tf.music.quantize import STEPS_PER_BAR

BEAT = 4  # steps
STRONG = 8  # steps from one strong beat, the first or third, to the next
BLOCK_STEPS = 4 * STEPS_PER_BAR
C_MAJOR = frozenset({0, 2, 4, 5, 7, 9, 11})


def line_score(starts: np.ndarray, ends: np.ndarray, pitches: np.ndarray, steps: int) -> float:
    """Says how well a line of at least two notes sings, whatever the harmony; higher is better.

    Most steps small, few leaps, few pitches again and again, a range of an octave, notes off the
    beat too, in every bar some, and rests to breathe in.

    Args:
        starts: of notes in their order, in steps [N].
        ends: of them.
        pitches: MIDI's [N].
        steps: of the loop, sixteenths.
    """
    leaps = np.abs(np.diff(pitches))
    sounding = (ends - starts).sum() / steps
    return float(
        2.0 * np.mean((leaps > 0) & (leaps <= 4))
        - 3.0 * np.mean(leaps > 9)
        - 2.0 * max(0.0, np.mean(leaps == 0) - 0.25)
        + 0.3 * min(len(np.unique(pitches)), 6)
        - 0.15 * max(0, int(np.ptp(pitches)) - 14)
        + 0.5 * len(np.unique(starts // STEPS_PER_BAR))
        + 1.0 * min(np.mean(starts % BEAT != 0), 0.4)
        - 2.0 * max(0.0, sounding - 0.8)
    )


def key_share(pitches: np.ndarray, weights: np.ndarray) -> float:
    """Returns how much of a line, by weight, lies in the major scale that it fits best, 0 to 1."""
    shares = [
        weights[np.isin((pitches - tonic) % 12, sorted(C_MAJOR))].sum() for tonic in range(12)
    ]
    return float(max(shares) / weights.sum())


def strikes_of(tokens: np.ndarray) -> list[ChordEvent]:
    """Returns the chords of a progression model's tokens [T], in steps of the block."""
    events = np.flatnonzero(tokens)
    ends = np.append(events, len(tokens))[1:]
    return [
        ChordEvent(int(start), int(end), int(tokens[start]) - FIRST_CHORD)
        for start, end in zip(events, ends, strict=True)
        if tokens[start] != CHORD_OFF
    ]


@functools.cache
def chord_classes(chord: int) -> frozenset[int]:
    """Returns the pitch classes of a chord."""
    root, quality = divmod(chord, NUM_QUALITIES)
    return frozenset((root + interval) % 12 for interval in CHORD_QUALITIES[quality].intervals)


def merged(strikes: Sequence[ChordEvent], steps: int = BLOCK_STEPS) -> list[ChordEvent]:
    """Returns each chord struck once and held until the next, however often it was struck."""
    found: list[ChordEvent] = []
    for strike in strikes:
        if found and found[-1].chord == strike.chord:
            found[-1] = found[-1]._replace(end=strike.end)
        else:
            found.append(strike)
    ends = [*(strike.start for strike in found[1:]), steps]
    return [strike._replace(end=end) for strike, end in zip(found, ends, strict=True)]


def progression_score(strikes: Sequence[ChordEvent], mode: str, steps: int = BLOCK_STEPS) -> float:
    """Says how good a loop a progression makes in C major or A minor; higher is better.

    It is to begin on its first beat and near its tonic, to hold three to five chords, to change
    about once a bar, none of them for less than a beat, to stay in the scale but for a passing
    colour, and to lead back to where it began.

    Args:
        strikes: chords in their steps.
        mode: `major` or `minor`.
        steps: of the loop, sixteenths.
    """
    if not strikes or strikes[0].start:
        return -np.inf
    chords = [strike.chord for strike in strikes]
    roots = [chord // NUM_QUALITIES for chord in chords]
    tones = [tone for chord in chords for tone in chord_classes(chord)]
    outside = sum(tone not in C_MAJOR for tone in tones) / len(tones)
    changes = sum(one != other for one, other in zip(chords, chords[1:], strict=False))
    silent = steps - sum(strike.end - strike.start for strike in strikes)
    held = [strike.end - strike.start for strike in merged(strikes, steps)]
    tonic, kinds = TONICS[mode], len(set(chords))
    return (
        -12.0 * max(0.0, outside - 0.03)
        + 2.0 * (roots[0] == tonic)
        + 1.0 * (tonic in roots)
        - 1.5 * (TONICS["minor" if mode == "major" else "major"] == roots[0])
        + 1.0 * (roots[-1] in {7, 5, 2, 4} and roots[-1] != roots[0])
        + {1: -4.0, 2: 0.0}.get(kinds, 1.0 if kinds <= 5 else -1.0)
        - 0.5 * abs(changes - 4)
        - 0.3 * max(0, len(strikes) - 10)
        - 0.1 * max(0, silent - 8)
        - 1.0 * sum(length < 4 for length in held)
        - 0.08 * max(0, max(held) - 24)
    )
