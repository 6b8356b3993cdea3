"""What the control changes and pitch bends of one instrument ask of a player.

Registered parameters (RPN) 0 to 2 are the reach of bends and the tuning; controls 120 and 123 to
127 end notes, 121 resets (MIDI 1.0; RP-015 says what it leaves: volume and pan).
"""

import dataclasses
from collections.abc import Iterable
from typing import Any

import numpy as np

WHEEL, DATA, VOLUME, PAN, EXPRESSION, DATA_FINE, PEDAL = 1, 6, 7, 10, 11, 38, 64
NRPN_FINE, NRPN, RPN_FINE, RPN = 98, 99, 100, 101
SOUND_OFF, RESET = 120, 121
NOTES_OFF = (123, 124, 125, 126, 127)
BEND_REACH, FINE_TUNING, COARSE_TUNING = 0, 1, 2  # registered parameters
FIRST_REACH = (2, 0)  # semitones and cents of a full bend, General MIDI's
FIRST = {WHEEL: 0, VOLUME: 100, PAN: 64, EXPRESSION: 127}  # values before the first change
_RESET = (WHEEL, EXPRESSION)


@dataclasses.dataclass(frozen=True)
class Curve:
    """A control that has a value from each time on, samples of the track; `first` before."""

    times: np.ndarray
    values: np.ndarray
    first: float

    def at(self, times: np.ndarray) -> np.ndarray:
        """Returns the values at some samples of the track."""
        known = np.concatenate([[self.first], self.values])
        return known[np.searchsorted(self.times, times, side="right")]


@dataclasses.dataclass(frozen=True)
class Controls:
    """How an instrument's controls move, and when its notes end.

    Attributes:
        bend: cents; None where nothing is bent or tuned.
        levels: by MIDI control number, of `FIRST`.
        notes_off: seconds at which held notes are let go, ascending; a pedal that is down holds
            them.
        sound_off: seconds at which all sound ends, ascending.
        pedals: seconds and value of each movement of the pedal, in order.
    """

    bend: Curve | None
    levels: dict[int, Curve]
    notes_off: np.ndarray
    sound_off: np.ndarray
    pedals: list[tuple[float, int]]


def controls_of(changes: Iterable[Any], bends: Iterable[Any], sample_rate: int) -> Controls:
    """Returns what one instrument's control changes and pitch bends, of a NoteSequence, ask."""
    events = [(c.time, 0, c.control_number, c.control_value) for c in changes]
    events += [(b.time, 1, b.bend, 0) for b in bends]
    tuning, pedals, resets = _Tuning(), [], set()
    moves: dict[int, list[tuple[float, float]]] = {number: [] for number in FIRST}
    cents: list[tuple[float, float]] = []
    for time, is_bend, number, value in sorted(events, key=lambda event: event[:2]):
        if is_bend:
            tuning.bend = number / 8192
        elif number in moves:
            moves[number].append((time, value))
        elif number == PEDAL:
            pedals.append((time, value))
        elif number == RESET:
            tuning.reset()
            resets.add(len(pedals))
            pedals.append((time, 0))
            for one in _RESET:
                moves[one].append((time, FIRST[one]))
        else:
            tuning.control(number, value)
        if tuning.cents != (cents[-1][1] if cents else 0):
            cents.append((time, tuning.cents))
    return Controls(
        _curve(cents, 0, sample_rate) if cents else None,
        {number: _curve(found, FIRST[number], sample_rate) for number, found in moves.items()},
        np.array(sorted(e[0] for e in events if not e[1] and e[2] in NOTES_OFF)),
        np.array(sorted(e[0] for e in events if not e[1] and e[2] == SOUND_OFF)),
        [
            move
            for index, move in enumerate(pedals)  # a pedal that is put down at a reset stays down
            if index not in resets or move[0] not in (after[0] for after in pedals[index + 1 :])
        ],
    )


class _Tuning:
    """The registered parameters of an instrument, and how far it is bent, -1 to 1."""

    def __init__(self):
        self.bend = 0.0
        self._chosen: tuple[int | None, int | None] = (None, None)  # a parameter's two bytes
        self._values = {BEND_REACH: FIRST_REACH, FINE_TUNING: (64, 0), COARSE_TUNING: (64, 0)}

    @property
    def cents(self) -> float:
        """By how much the instrument sounds higher than written."""
        (semitones, cents), (fine, finer) = self._values[BEND_REACH], self._values[FINE_TUNING]
        tuned = (128 * fine + finer - 8192) / 8192 * 100
        tuned += 100 * (self._values[COARSE_TUNING][0] - 64)
        return self.bend * (100 * semitones + cents) + tuned

    def reset(self) -> None:
        """Lets go of the bend; no parameter is chosen any more."""
        self.bend, self._chosen = 0.0, (None, None)

    def control(self, number: int, value: int) -> None:
        """Takes a control change: the choice of a parameter, or its value."""
        if number in (NRPN, NRPN_FINE):
            self._chosen = (None, None)  # what follows is of a parameter of the maker's own
        elif number == RPN:
            self._chosen = (value, self._chosen[1])
        elif number == RPN_FINE:
            self._chosen = (self._chosen[0], value)
        elif self._chosen[0] == 0 and self._chosen[1] in self._values:
            parameter = self._chosen[1]
            if number == DATA:
                fine = 0 if parameter == BEND_REACH else self._values[parameter][1]
                self._values[parameter] = (value, fine)
            elif number == DATA_FINE:
                self._values[parameter] = (self._values[parameter][0], value)


def _curve(events: list[tuple[float, float]], first: float, sample_rate: int) -> Curve:
    times = np.array([time for time, _ in events], np.float64) * sample_rate
    return Curve(times, np.array([value for _, value in events], np.float64), first)
