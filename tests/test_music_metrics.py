import math

import pytest

from lofi_tf.music import metrics
from tests.mirrors import CLOSED, KICK, SNARE, drums, melody

# Onsets of a bar, and its syncopation by hand: for each onset the strongest rest that follows it
# less its own weight, where that is above 0.
RHYTHMS = [
    ((0, 4, 8, 12), 0 + 1 * 0),  # quarters: every rest after them is weaker
    ((0, 3, 6, 10, 12), 2 + 2 + 0 + 0),  # son clave: 3 before 4 (-2+4), 6 before 8 (-1+3)
    ((4, 12), 1 + 2),  # back beat: 4 before 8 (-1+2), 12 before the next bar (0+2)
    ((14,), 3),  # the last eighth, before the next bar (0+3)
    ((2, 6, 10, 14), 1 + 2 + 1 + 3),  # off-beat eighths before 4, 8, 12 and 16
    ((15,), 4),
    (tuple(range(16)), 0),
]


@pytest.mark.parametrize(("steps", "expected"), RHYTHMS)
def test_syncopation_of_known_rhythms(steps, expected):
    assert metrics.syncopation(drums(*((step, KICK) for step in steps))) == expected


def test_syncopation_is_a_bars_and_each_drum_is_a_line():
    bar = [(14, KICK)]
    assert metrics.syncopation(drums(*bar, (30, KICK))) == 3.0  # two equal bars
    with_hats = [*bar, *((step, CLOSED) for step in range(16))]
    assert metrics.syncopation(drums(*with_hats)) == 3.0
    assert metrics.syncopation(melody((14, 1, 60), (15, 1, 62))) == 4.0  # one line: 15 alone


def test_density_is_notes_by_steps():
    assert metrics.density(drums((0, KICK), (0, CLOSED), (8, SNARE), (12, KICK))) == 4 / 16
    piece = drums((0, KICK), (16, KICK))
    assert metrics.density(piece) == 2 / 32
    piece.total_time = 8.0  # four bars at 120
    assert metrics.density(piece) == 2 / 64


def test_velocity_is_the_mean():
    assert metrics.velocity(drums((0, KICK, 100), (4, SNARE, 50))) == 75
    assert math.isnan(metrics.velocity(drums()))


@pytest.mark.parametrize("qpm", [75.0, 120.0])
def test_swing_is_the_delay_of_the_off_beats(qpm):
    straight = drums(*((step, CLOSED) for step in range(0, 16, 2)), qpm=qpm)
    assert metrics.swing(straight) == pytest.approx(0)
    late = [(s, CLOSED, 80, 0.25 if s % 4 else 0.0) for s in range(0, 16, 2)]
    assert metrics.swing(drums(*late, qpm=qpm)) == pytest.approx(0.25)
    drags = [(s, CLOSED, 80, 0.3) for s in range(0, 16, 2)]
    assert metrics.swing(drums(*drags, qpm=qpm)) == pytest.approx(0)
    triplets = [(s, CLOSED, 80, 2 / 3 if s % 4 else 0.0) for s in range(0, 16, 2)]
    assert metrics.swing(drums(*triplets, qpm=qpm)) == pytest.approx(2 / 3)
    sixteenths = [(s, CLOSED, 80, 0.2 * (s % 2)) for s in range(16)]
    assert metrics.swing(drums(*sixteenths, qpm=qpm)) == pytest.approx(0.2 * 8 / 12)
    assert math.isnan(metrics.swing(drums((0, KICK), (4, SNARE))))
