"""Keys: their signatures, how their roots are spelled, and which one a piece is in."""

from typing import Any

import numpy as np

MAJOR, MINOR = 0, 1  # as NoteSequences have modes

# Sharps (flats are negative) of the major key on each pitch class.
_SHARPS = [0, -5, 2, -3, 4, -1, 6, 1, -4, 3, -2, 5]
_LETTERS = "FCGDAEB"  # up by fifths
_GB, _AS = -6, 10  # in fifths from C
_LOWEST = {MAJOR: -5, MINOR: -3}  # of the roots in C major and A minor, in fifths from C

# How much each degree belongs to a key (Temperley 1999, "What's Key for Key?").
_PROFILES = np.array(
    [
        [5.0, 2.0, 3.5, 2.0, 4.5, 4.0, 2.0, 4.5, 2.0, 3.5, 1.5, 4.0],
        [5.0, 2.0, 3.5, 4.5, 2.0, 4.0, 2.0, 4.5, 3.5, 2.0, 1.5, 4.0],
    ]
)


def sharps_of(tonic: int, mode: int) -> int:
    """Returns the sharps of a key signature, -5 to 6; flats are negative.

    Example:
        >>> sharps_of(9, MINOR), sharps_of(1, MAJOR)
        (0, -5)
    """
    return _SHARPS[(tonic + 3 * mode) % 12]


def spelled(pitch_class: int, sharps: int, mode: int) -> str:
    """Returns the name of a pitch class in a key: seven of the scale, others as the key borrows.

    Names that only the scale may need are read more easily by their other name: Fb is E.

    Example:
        >>> [spelled(6, sharps, MAJOR) for sharps in (1, -5)]
        ['F#', 'Gb']
    """
    lowest = sharps + _LOWEST[mode]
    fifths = lowest + (7 * pitch_class - lowest) % 12  # of all with this pitch, in reach
    if not sharps - 1 <= fifths <= sharps + 5:
        fifths += 12 * ((fifths < _GB) - (fifths > _AS))
    accidentals, letter = divmod(fifths + 1, 7)
    return _LETTERS[letter] + ("#" * accidentals if accidentals > 0 else "b" * -accidentals)


def key_of(piece: Any) -> tuple[int, int] | None:
    """Returns tonic and mode of the key that fits a NoteSequence's pitched notes best, or None.

    How long pitch classes sound is correlated with each key's profile (Krumhansl and Schmuckler),
    and the likeliest key is taken.

    Example:
        >>> key_of(lofi_tf.read_music("tune.abc"))
        (0, 0)
    """
    heard = np.zeros(12)
    for note in piece.notes:
        if not note.is_drum:
            heard[note.pitch % 12] += note.end_time - note.start_time
    if np.count_nonzero(heard) < 2:
        return None
    keys = [(tonic, mode) for mode in (MAJOR, MINOR) for tonic in range(12)]
    rows = np.stack([np.roll(_PROFILES[mode], tonic) for tonic, mode in keys])
    return keys[int(np.argmax([np.corrcoef(heard, row)[0, 1] for row in rows]))]
