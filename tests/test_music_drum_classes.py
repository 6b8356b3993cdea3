import pytest

from lofi_tf.errors import LofiError
from lofi_tf.music.drum_classes import drums_named


@pytest.mark.parametrize(
    ("drums", "expected"),
    [
        ("snare", {1}),
        ("snare,toms", {1, 4, 5, 6}),
        ("Hi-Hats", {2, 3}),
        ("hihat, bass drum", {0, 2, 3}),
        ("closed_hihat", {2}),
        (["open hi-hat", "cymbals"], {3, 7, 8}),
    ],
)
def test_drums_have_names_as_people_write_them(drums, expected):
    assert drums_named(drums) == expected


def test_other_drums_are_refused_and_the_nearest_is_said():
    with pytest.raises(LofiError, match="Did you mean 'snare'.*toms.*Received: 'snair'"):
        drums_named("kick,snair")
