"""Music and sound in and out."""

import numpy as np
import pytest

import lofi_tf
from lofi_tf.errors import LofiError
from lofi_tf.rendering.render import render
from tests.mirrors import KICK, SNARE, drums, hits_of

BEAT = drums((0, KICK), (4, SNARE), (8, KICK, 100, -0.25), (12, SNARE))


def test_midi_goes_round(tmp_path):
    lofi_tf.write_midi(BEAT, tmp_path / "beat.mid")
    assert hits_of(lofi_tf.read_midi(tmp_path / "beat.mid")) == hits_of(BEAT)


def test_notes_ahead_of_the_first_beat_begin_with_it_and_the_music_stays(tmp_path):
    early = drums((0, KICK, 100, -0.5), (4, SNARE))
    lofi_tf.write_midi(early, tmp_path / "early.mid")
    assert lofi_tf.read_midi(tmp_path / "early.mid").notes[0].start_time == 0.0
    assert early.notes[0].start_time < 0


@pytest.mark.parametrize(
    ("name", "message"),
    [("beat.xml", "read_music reads others"), ("none.mid", "none.mid: No such file")],
)
def test_what_is_no_midi_file_is_told(name, message):
    with pytest.raises(LofiError, match=message):
        lofi_tf.read_midi(name)


def test_a_render_is_the_commands(tmp_path):
    sound = lofi_tf.render(BEAT, preset="vinyl", seed=5)
    render(BEAT, tmp_path / "beat.wav", "vinyl", 5)
    theirs = lofi_tf.read_audio(tmp_path / "beat.wav")
    assert sound.samples.dtype == np.float32 and sound.samples.shape[1] == 2
    np.testing.assert_array_equal(sound.samples, theirs.samples)


@pytest.mark.parametrize("ending", [".wav", ".flac"])
def test_a_sound_is_written_in_24_bits(ending, tmp_path):
    samples = np.linspace(-1, 0.5, 300, dtype=np.float32).reshape(-1, 2)
    lofi_tf.Sound(samples, 8000).write(tmp_path / f"a{ending}")
    again = lofi_tf.read_audio(tmp_path / f"a{ending}")
    assert again.sample_rate == 8000
    np.testing.assert_allclose(again.samples, samples, atol=2**-23)


def test_a_sound_of_another_ending_is_refused(tmp_path):
    sound = lofi_tf.Sound(np.zeros([10, 1], np.float32), 8000)
    with pytest.raises(LofiError, match="must end in .wav, .flac, .ogg"):
        sound.write(tmp_path / "a.mp3")
