"""Pieces of drums as beats."""

import numpy as np

from lofi_tf.music.beats import CLOSED, KICK, SNARE, beats_of, joined
from lofi_tf.music.sequence_proto import NoteSequence


def piece(*notes):
    """A piece at a quarter a second, of notes (pitch, second, velocity)."""
    found = NoteSequence()
    found.tempos.add(qpm=60)
    for pitch, time, velocity in notes:
        found.notes.add(
            pitch=pitch, start_time=time, end_time=time + 0.1, velocity=velocity, is_drum=True
        )
    return found


def test_drums_are_heard_on_their_nearest_step():
    notes = [(36, 0.02, 90), (35, 2.24, 80), (40, 0.98, 70), (44, 4.5, 60), (42, 99.0, 50)]
    found = beats_of([piece(*notes)], 2)
    assert np.argwhere(found.hits[0]).tolist() == [
        [0, 0, KICK], [0, 4, SNARE], [0, 9, KICK], [1, 2, CLOSED]
    ]  # fmt: skip
    np.testing.assert_allclose(found.late[found.hits], [0.08, -0.08, -0.04, 0.0], atol=1e-6)
    assert found.velocities[found.hits].tolist() == [90, 70, 80, 60]


def test_of_two_notes_of_a_drum_the_louder_counts():
    for notes in ([(38, 0.0, 30), (40, 0.05, 99)], [(38, 0.05, 99), (40, 0.0, 30)]):
        found = beats_of([piece(*notes)], 1)
        assert found.velocities[0, 0, 0, SNARE] == 99
        assert found.late[0, 0, 0, SNARE] == np.float32(0.2)


def test_beats_are_joined_and_taken_apart():
    beats = beats_of([piece((36, 0.0, 90)), piece((38, 4.0, 50))], 2)
    both = joined([beats.take([1]), beats.take([0])])
    assert np.argwhere(both.hits).tolist() == [[0, 1, 0, SNARE], [1, 0, 0, KICK]]
    assert np.argwhere(both.bars([1, 1]).hits).tolist() == [[0, 0, 0, SNARE], [0, 1, 0, SNARE]]
