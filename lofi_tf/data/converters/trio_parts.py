"""Which instruments of a piece play melody, bass and drums together, and where.

The rules are those of Magenta's TrioConverter: instruments are told apart by program, and each
must play in every bar of an example, short rests aside.
"""

import itertools
from collections.abc import Iterator

import numpy as np

from lofi_tf.music.quantize import refusal
from lofi_tf.music.splits import GridNotes

MELODY, BASS, DRUMS, OTHER = range(4)
KIND_NAMES = ("melody (programs 0 to 31)", "bass (programs 32 to 39)", "drums")
MAX_INSTRUMENT = 127

Cast = tuple[list[int], list[int], list[int]]  # instruments of melody, bass and drums


def cast_of(notes: GridNotes) -> Cast:
    """Returns the instruments that play melody, bass and drums, each in rising order.

    An instrument that plays several of these plays none.

    Raises:
        NotConvertible: `no_trio` where one of the three is missing.
    """
    programs = notes.programs
    kinds = np.select([notes.drums, programs < 0, programs < 32, programs < 40], [2, 3, 0, 1], 3)
    cast: tuple[list[int], list[int], list[int]] = ([], [], [])
    for instrument in np.unique(notes.instruments).tolist():
        its = kinds[notes.instruments == instrument]
        if its[0] != OTHER and (its == its[0]).all() and instrument <= MAX_INSTRUMENT:
            cast[its[0]].append(instrument)
    missing = [name for name, instruments in zip(KIND_NAMES, cast, strict=True) if not instruments]
    if missing:
        received = f"no instrument that plays only {' nor '.join(missing)}"
        raise refusal("no_trio", "it is no trio", ", ".join(KIND_NAMES), received)
    return cast


def coverage_of(
    notes: GridNotes, instruments: list[int], num_bars: int, steps_per_bar: int, gap_bars: int
) -> dict[int, np.ndarray]:
    """Returns where each instrument plays, or at most `gap_bars` away from there, bool [bars]."""
    first, last = notes.starts // steps_per_bar, -(-notes.ends // steps_per_bar)
    coverage = {}
    for instrument in instruments:
        its = (notes.instruments == instrument) & (first < num_bars)
        begins = np.maximum(first[its] - gap_bars, 0)
        ends = np.minimum(np.minimum(last[its], num_bars) + gap_bars, num_bars)
        changes = np.bincount(begins, minlength=num_bars + 1)
        changes = changes - np.bincount(ends, minlength=num_bars + 1)
        coverage[instrument] = np.cumsum(changes[:-1]) > 0
    return coverage


def trios(
    cast: Cast, coverage: dict[int, np.ndarray], gap_bars: int, slice_bars: int
) -> Iterator[tuple[tuple[int, int, int], np.ndarray]]:
    """Yields each melody, bass and drums that play together, and the first bars of its examples.

    Within `gap_bars` of the ends it is enough that one of the three plays there. Instruments that
    `coverage` does not have are without notes.
    """
    for group in itertools.product(*cast):
        if not all(instrument in coverage for instrument in group):
            continue
        plays = np.stack([coverage[instrument] for instrument in group])  # [3, bars]
        together = np.all(plays, axis=0, keepdims=False)
        together[:gap_bars] = plays[:, :gap_bars].any()
        together[-gap_bars:] = plays[:, -gap_bars:].any()
        if len(together) < slice_bars:
            continue
        rests = np.append(0, np.cumsum(~together))
        firsts = np.flatnonzero(rests[slice_bars:] == rests[: len(rests) - slice_bars])
        if len(firsts):
            yield group, firsts
