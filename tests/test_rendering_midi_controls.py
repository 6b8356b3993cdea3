"""What control changes ask of a player: bends that reach, notes that end."""

import numpy as np
import pytest

from lofi_tf.music.midi import read_midi
from lofi_tf.rendering.players import Player
from lofi_tf.rendering.soundfont import SoundFont
from lofi_tf.rendering.track_events import track_events
from tests.midi_builder import bend, control, midi, off, on, track
from tests.soundfonts import sine, soundfont, zone

RATE, SECOND = 44100, 960  # ticks at 120 a minute


@pytest.fixture(scope="module")
def font(tmp_path_factory):
    """A sine that holds as long as its note, and rings on for half a second."""
    path = tmp_path_factory.mktemp("font") / "sine.sf2"
    release = round(1200 * np.log2(0.5 * 100 / 90))  # timecents for 100 dB
    path.write_bytes(soundfont([sine()], [zone(0, mode=1, release=release, sustain=0)]))
    return SoundFont(path)


def played(font, *events):
    """Returns the sound of the left channel of a track of MIDI events."""
    (part,) = track_events(read_midi(midi(track(*events))), RATE)
    player, blocks = Player(part, font, RATE), []
    while not player.done:
        blocks.append(player.play(RATE))
    return np.concatenate(blocks, axis=1)[0]


def hz_of(sound, first, last):
    """Returns the frequency between two seconds, by the crossings of zero."""
    piece = sound[int(first * RATE) : int(last * RATE)]
    places = np.flatnonzero((piece[:-1] < 0) & (piece[1:] >= 0))
    places = places - piece[places] / (piece[places + 1] - piece[places])
    return (len(places) - 1) / (places[-1] - places[0]) * RATE


def chosen(coarse, fine=0, kind=(101, 100)):
    return [(0, control(kind[0], coarse)), (0, control(kind[1], fine))]


def data(value, fine=0):
    return [(0, control(6, value)), (0, control(38, fine))]


FULL = 8191 / 8192
REACHES = [
    ([], 2 * FULL),
    ([*chosen(0), *data(12)], 12 * FULL),
    ([*chosen(0), *data(24, 50)], 24.5 * FULL),
    ([*chosen(0), *data(12), *chosen(127, 127), *data(7)], 12 * FULL),  # none is chosen
    ([*chosen(0), *data(12), *chosen(0, 0, (99, 98)), *data(7)], 12 * FULL),  # an NRPN
    ([*chosen(0, 5), *data(12)], 2 * FULL),  # the depth of the wheel
    ([*chosen(0, 2), *data(64 + 3)], 2 * FULL + 3),  # coarse tuning
    ([*chosen(0, 1), *data(96)], 2 * FULL + 0.5),  # fine tuning
]


@pytest.mark.parametrize(("before", "semitones"), REACHES)
def test_bends_reach_as_far_as_the_file_says(font, before, semitones):
    sound = played(font, *before, (0, bend(8191)), (0, on(57)), (SECOND, off(57)))
    assert 12 * np.log2(hz_of(sound, 0.1, 0.9) / 220) == pytest.approx(semitones, abs=0.002)


def test_a_reset_lets_go_of_the_bend_and_the_pedal_and_keeps_the_volume(font):
    held = [(0, control(7, 64)), (0, control(64, 127)), (0, bend(8191)), (0, on(57))]
    then = [(SECOND // 2, off(57)), (SECOND // 2, control(121, 0)), (0, on(69)), (SECOND, off(69))]
    sound = played(font, *held, *then)
    assert hz_of(sound, 0.1, 0.9) == pytest.approx(220 * 2 ** (2 * FULL / 12), rel=1e-4)
    assert hz_of(sound, 1.6, 1.9) == pytest.approx(440, rel=1e-4)
    # General MIDI's volume: 40 dB a decade.
    assert np.abs(sound[int(1.6 * RATE) :]).max() == pytest.approx(
        np.abs(played(font, (0, on(69)), (SECOND, off(69)))[int(0.6 * RATE) : RATE]).max()
        * (64 / 100) ** 2,
        rel=1e-3,
    )


@pytest.mark.parametrize("number", [123, 124, 125, 126, 127])
def test_all_notes_off_lets_notes_go(font, number):
    ended = played(font, (0, on(69)), (SECOND // 2, control(number, 0)), (3 * SECOND, off(69)))
    np.testing.assert_array_equal(ended, played(font, (0, on(69)), (SECOND // 2, off(69))))


def test_a_note_that_nothing_but_a_control_ends_is_read(font):
    events = (0, on(69)), (SECOND // 2, control(123, 0)), (SECOND, on(81)), (SECOND, off(81))
    sequence = read_midi(midi(track(*events)))
    found = sorted((note.pitch, note.start_time, note.end_time) for note in sequence.notes)
    assert found == [(69, 0, 0.5), (81, 1.5, 2.5)]


def test_a_pedal_that_is_down_holds_what_all_notes_off_lets_go(font):
    down = (0, control(64, 127))
    last = (SECOND, control(64, 0))
    events = [down, (0, on(69)), (SECOND // 2, control(123, 0)), last, (SECOND, off(69))]
    expected = played(font, down, (0, on(69)), (SECOND // 2, off(69)), last)
    np.testing.assert_array_equal(played(font, *events), expected)


def test_all_sound_off_ends_what_rings_too(font):
    events = [(0, on(69)), (SECOND // 2, off(69)), (SECOND // 8, control(120, 0))]
    rest = [(4 * SECOND, on(81)), (SECOND, off(81))]
    sound = played(font, (0, control(64, 127)), *events, *rest)
    assert np.abs(sound[int(0.6 * RATE) : int(0.62 * RATE)]).max() > 0.1
    assert not sound[int(0.69 * RATE) : int(4.6 * RATE)].any()
    assert np.abs(sound[int(5 * RATE) :]).max() > 0.1


def test_a_pedal_that_is_never_let_go_ends_with_the_music(font):
    events = [(0, control(64, 127)), (0, on(69)), (SECOND, off(69)), (0, on(57)), (SECOND, off(57))]
    sound = played(font, *events)
    assert 2 <= len(sound) / RATE <= 3 and np.abs(sound[int(1.8 * RATE) : 2 * RATE]).max() > 0.1


def test_a_volume_of_zero_is_silent_until_it_rises(font):
    events = [(0, control(7, 0)), (0, on(69)), (SECOND // 2, control(7, 100)), (SECOND, off(69))]
    sound = played(font, *events)
    assert not sound[: int(0.499 * RATE)].any() and np.abs(sound[int(0.51 * RATE) :]).max() > 0.1


def test_the_modulation_wheel_is_vibrato(font):
    still, moved = (
        played(font, (0, control(1, value)), (0, on(69)), (SECOND, off(69))) for value in (0, 127)
    )
    steps = np.arange(0.1, 0.9, 0.02)
    assert np.ptp([hz_of(still, t, t + 0.02) for t in steps]) < 0.1
    cents = 1200 * np.log2([hz_of(moved, t, t + 0.02) / 440 for t in steps])
    assert 35 < max(cents) < 51 and -51 < min(cents) < -35  # means of 20 ms of 50 cents
