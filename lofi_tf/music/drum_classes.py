"""Drum classes: which General MIDI percussion pitches count as the same drum.

A list of classes is a tuple of tuples of MIDI pitches; the first pitch of each is the one that is
written back. The three named lists are those of Magenta's MusicVAE.
"""

import re
from collections.abc import Iterable, Sequence

import numpy as np

from lofi_tf.errors import LofiError, unknown_name

Classes = tuple[tuple[int, ...], ...]

# The nine drums, in the order of every nine-class list here.
DRUM_NAMES = (
    "kick",
    "snare",
    "closed hi-hat",
    "open hi-hat",
    "low tom",
    "mid tom",
    "high tom",
    "crash",
    "ride",
)

# What a Roland TD-11 kit sends: the Groove MIDI Dataset.
ROLAND: Classes = (
    (36,),
    (38, 37, 40),
    (42, 22, 44),
    (46, 26),
    (43, 58),
    (47, 45),
    (50, 48),
    (49, 52, 55, 57),
    (51, 53, 59),
)

# All General MIDI percussion in nine classes (note-seq's default drum types).
REDUCED: Classes = (
    (36, 35),
    (38, 27, 28, 31, 32, 33, 34, 37, 39, 40, 56, 65, 66, 75, 85),
    (42, 44, 54, 68, 69, 70, 71, 73, 78, 80, 22),
    (46, 67, 72, 74, 79, 81, 26),
    (45, 29, 41, 43, 61, 64, 84),
    (48, 47, 60, 63, 77, 86, 87),
    (50, 30, 62, 76, 83),
    (49, 52, 55, 57, 58),
    (51, 53, 59, 82),
)

# Each General MIDI percussion pitch a class of its own.
FULL: Classes = tuple(
    (pitch,)
    for pitch in (
        *(36, 35, 38, 27, 28, 31, 32, 33, 34, 37, 39, 40, 56, 65, 66, 75, 85, 42, 44, 54, 68),
        *(69, 70, 71, 73, 78, 80, 46, 67, 72, 74, 79, 81, 45, 29, 41, 61, 64, 84, 48, 47, 60),
        *(63, 77, 86, 87, 50, 30, 43, 62, 76, 83, 49, 55, 57, 58, 51, 52, 53, 59, 82),
    )
)

# What a drum kit has, of all General MIDI percussion; no cowbells, shakers, congas.
KIT = frozenset({35, 39, 41, *(pitch for pitches in ROLAND for pitch in pitches)})
CLAP, SNARES = 39, frozenset({38, 40})

CLASSES = {"roland": ROLAND, "reduced": REDUCED, "full": FULL}

# Which drum a drummer would hit instead, by the order of `DRUM_NAMES`.
STAND_INS = {
    0: (35,),  # acoustic bass drum
    1: (
        *(27, 28, 31, 32, 33, 34, 37, 39, 40),  # slaps, sticks, clicks, side stick, clap
        *(56, 65, 66, 75, 85),  # cowbell, timbales, claves, castanets
    ),
    2: (
        *(22, 44, 54, 69, 70, 82),  # pedal, tambourine, cabasa, maracas, shaker
        *(68, 71, 73, 78, 80),  # short agogo, whistle, guiro, cuica, muted triangle
    ),
    3: (26, 67, 72, 74, 79, 81),  # long agogo, whistle, guiro, cuica, open triangle
    4: (29, 41, 43, 45, 61, 64, 84),  # floor toms, low bongo, low conga
    5: (47, 48, 60, 63, 77, 86, 87),  # mid toms, high bongo, open conga, low wood block, surdos
    6: (30, 50, 62, 76, 83),  # muted conga, high wood block
    7: (52, 55, 57, 58),  # china, splash, second crash
    8: (53, 59),  # bell, second ride
}

# What people call several drums at once, and drums in other words; see `drums_named`.
GROUPS = {
    "hihat": (2, 3),
    "hat": (2, 3),
    "tom": (4, 5, 6),
    "cymbal": (7, 8),
    "bass drum": (0,),
}

UNKNOWN = -1  # in a class table: the pitch belongs to no class


def drum_classes(value: str | Iterable[Iterable[int]], name: str = "pitch_classes") -> Classes:
    """Returns the classes of a name (`roland`, `reduced`, `full`) or of explicit lists of pitches.

    Raises:
        LofiError: an unknown name, an empty class, or a pitch out of range or in two classes.
    """
    if isinstance(value, str):
        if value not in CLASSES:
            raise unknown_name(name, value, CLASSES)
        return CLASSES[value]
    allowed = f"Allowed: {', '.join(CLASSES)} or lists of MIDI pitches 0 to 127, none twice"
    try:
        classes = tuple(tuple(pitches) for pitches in value)
    except TypeError:
        raise LofiError(f"{name} is not a list of lists. {allowed}. Received: {value!r}") from None
    pitches = [pitch for group in classes for pitch in group]
    whole = all(type(pitch) is int and 0 <= pitch <= 127 for pitch in pitches)
    if not whole or not classes or not all(classes) or len(set(pitches)) < len(pitches):
        raise LofiError(f"{name} are not drum classes. {allowed}. Received: {value!r}")
    return classes


def drums_named(drums: str | Iterable[str]) -> frozenset[int]:
    """Returns the drums, by the order of `DRUM_NAMES`, of a text such as `snare,toms`, or of names.

    Raises:
        LofiError: no such drum.

    Example:
        >>> sorted(drums_named("snare,toms"))
        [1, 4, 5, 6]
    """
    known = {name: (drum,) for drum, name in enumerate(DRUM_NAMES)} | GROUPS
    plain = {_plain(name): numbers for name, numbers in known.items()}
    found: set[int] = set()
    for name in drums.split(",") if isinstance(drums, str) else drums:
        if _plain(name) not in plain:
            groups = ("hi-hats", "toms", "cymbals")
            raise unknown_name("drum", name.strip(), [*DRUM_NAMES, *groups])
        found.update(plain[_plain(name)])
    return frozenset(found)


def _plain(name: str) -> str:
    """Returns a name without what people write or leave out: `hi-hats` is `hihat`."""
    return re.sub(r"[\s_-]", "", name.lower()).removesuffix("s")


def swallowed(classes: Sequence[Sequence[int]], played: Iterable[int]) -> frozenset[int]:
    """Returns the pitches that classes cannot hold: percussion that would come back as kit.

    A clap is one where a snare is played too. Where no pitch of a kit is played, there are none:
    such music has drums of its own.

    Args:
        classes: lists of MIDI pitches.
        played: pitches of the music.

    Example:
        >>> sorted(swallowed(REDUCED, [36, 38, 42, 56, 70]))
        [56, 70]
    """
    played = frozenset(played)
    kit = KIT - {CLAP} if played & SNARES else KIT
    if not played & kit:
        return frozenset()
    lost = {p for group in classes if KIT & {*group} for p in group if p not in kit}
    unknown = played - {pitch for group in classes for pitch in group} - kit
    return played & (lost | unknown)


def class_table(classes: Sequence[Sequence[int]], nearest: bool = False) -> np.ndarray:
    """Returns the class of every MIDI pitch, int64 [128].

    Args:
        classes: lists of MIDI pitches.
        nearest: whether a pitch outside all classes gets that of its stand-in (`STAND_INS`), or,
            where that is unknown too, of the nearest pitch; otherwise it is `UNKNOWN`.
    """
    table = np.full(128, UNKNOWN, np.int64)
    for index, pitches in enumerate(classes):
        table[list(pitches)] = index
    if not nearest:
        return table
    known = np.flatnonzero(table != UNKNOWN)
    closest = known[np.abs(np.arange(128)[:, None] - known).argmin(axis=1)]
    filled = np.where(table == UNKNOWN, table[closest], table)
    for drum, pitches in STAND_INS.items():
        leads = [pitch for pitch in (ROLAND[drum] + REDUCED[drum]) if table[pitch] != UNKNOWN]
        unknown = [pitch for pitch in pitches if table[pitch] == UNKNOWN]
        if leads:
            filled[unknown] = table[leads[0]]
    return filled
