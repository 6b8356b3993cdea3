import pytest

from lofi_tf.music.chord_qualities import chord_figure, chord_of_figure
from lofi_tf.music.keys import MAJOR, MINOR, key_of, sharps_of, spelled
from tests.mirrors import drums, melody

CHROMATIC = {  # how harmony books spell the twelve roots in a key
    ("C", 0, MAJOR): "C Db D Eb E F F# G Ab A Bb B",
    ("Db", 1, MAJOR): "C Db D Eb E F Gb G Ab A Bb B",
    ("D", 2, MAJOR): "C C# D Eb E F F# G G# A Bb B",
    ("E", 4, MAJOR): "C C# D D# E F F# G G# A A# B",
    ("Am", 9, MINOR): "C C# D Eb E F F# G G# A Bb B",
    ("Bbm", 10, MINOR): "C Db D Eb E F Gb G Ab A Bb B",
}


@pytest.mark.parametrize(("key", "roots"), CHROMATIC.items(), ids=[k[0] for k in CHROMATIC])
def test_roots_are_spelled_in_the_key(key, roots):
    _, tonic, mode = key
    assert [spelled(p, sharps_of(tonic, mode), mode) for p in range(12)] == roots.split()


def test_scales_have_each_letter_once():
    for tonic in range(12):
        for mode, steps in ((MAJOR, (0, 2, 4, 5, 7, 9, 11)), (MINOR, (0, 2, 3, 5, 7, 8, 10))):
            names = [spelled((tonic + s) % 12, sharps_of(tonic, mode), mode) for s in steps]
            assert {name[0] for name in names} == set("ABCDEFG")


def test_a_chord_is_spelled_in_its_key_and_read_as_the_same():
    chord = chord_of_figure("Dbmaj7")
    assert chord_figure(chord, (1, MAJOR)) == "Dbmaj7"
    assert chord_figure(chord, (11, MINOR)) == "C#maj7"
    assert chord_of_figure("C#maj7") == chord_of_figure("Dbmaj7")


def test_the_key_of_a_tune():
    scale = [(2 * i, 2, 62 + s) for i, s in enumerate((0, 2, 4, 5, 7, 9, 11, 12, 7, 4, 0))]
    assert key_of(melody(*scale)) == (2, MAJOR)
    minor = [(2 * i, 2, 57 + s) for i, s in enumerate((0, 2, 3, 5, 7, 8, 11, 12, 7, 3, 0))]
    assert key_of(melody(*minor)) == (9, MINOR)
    assert key_of(drums((0, 36), (4, 38))) is None
