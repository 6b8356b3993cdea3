import pytest

from lofi_tf.errors import LofiError
from lofi_tf.music.feel import traits_named, traits_of
from tests.mirrors import CLOSED, drums

STRAIGHT = [(step, CLOSED, 90) for step in range(16)]


@pytest.mark.parametrize(
    ("hits", "expected"),
    [
        ([], set()),
        (STRAIGHT, set()),
        ([(step, CLOSED, 90, 0.2 * (step % 2)) for step in range(16)], {"swing"}),
        ([(step, CLOSED, 90, 0.2) for step in range(16)], set()),  # late as a whole
        ([(step, CLOSED, 90, -0.1 * (step % 2)) for step in range(16)], set()),  # early
        ([(step, CLOSED, 100 - 40 * (step % 2)) for step in range(16)], {"accents"}),
        ([(step, CLOSED, 90 + step % 2) for step in range(16)], set()),
    ],
)
def test_swing_is_late_off_beats_and_accents_are_velocities_that_vary(hits, expected):
    assert traits_of(drums(*hits)) == expected


def test_traits_have_names():
    assert traits_named("accents, swing") == {"accents", "swing"}
    assert traits_named(["swing"]) == {"swing"}
    assert traits_named("none") == frozenset()
    for keep in ("", "sweng", "none,swing"):
        with pytest.raises(LofiError, match="swing, accents, or none"):
            traits_named(keep)
