"""Notes become sound: at their pitch, louder with velocity, alike each time."""

import numpy as np
import pytest

from lofi_tf.data.converters.note_events import NoteEvent
from lofi_tf.data.pairs.rendered_phrases import (
    NoteClip,
    chord_clips,
    note_clips,
    phrase_clips,
    sequence_of,
)
from lofi_tf.errors import LofiError
from lofi_tf.music.instruments import instrument
from lofi_tf.music.sequence_proto import NoteSequence
from lofi_tf.rendering.notes import render_notes
from lofi_tf.rendering.soundfont import default_soundfont

OCARINA = 79  # whose lowest partial is its loudest


def rendered(notes, program=73, rate=22050, **how):
    return render_notes(sequence_of([NoteClip(tuple(notes), "x")], program, 4.0), rate, **how)


def loudest_hz(samples, rate):
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return np.fft.rfftfreq(len(samples), 1 / rate)[spectrum.argmax()]


@pytest.mark.parametrize("rate", [22050, 48000])
def test_a_note_has_its_pitch(rate):
    audio = rendered([NoteEvent(81, 100, 0.0, 1.0)], program=OCARINA, rate=rate)
    assert audio.sample_rate == rate and audio.samples.shape[1] == 2
    assert len(audio.samples) >= rate
    assert abs(loudest_hz(audio.samples[: rate // 2].mean(axis=1), rate) - 880) < 10


def test_velocity_is_loudness_and_the_rest_is_silence():
    levels = []
    for velocity in (32, 64, 127):
        samples = rendered([NoteEvent(72, velocity, 0.5, 1.0)]).samples
        assert not samples[: 22050 // 2].any()
        levels.append(20 * np.log10(np.sqrt(np.mean(samples[11025:22050] ** 2))))
    # The default modulator of the SoundFont specification: 40 dB a decade of velocity.
    expected = [40 * np.log10(64 / 32), 40 * np.log10(127 / 64)]
    np.testing.assert_allclose(np.diff(levels), expected, atol=0.1)


def test_two_programs_sound_as_each_alone_together():
    flute, piano = (
        sequence_of([NoteClip((NoteEvent(72, 90, 0.1, seconds),), "x")], program, 4.0)
        for program, seconds in ((73, 0.5), (0, 1.0))
    )
    both = NoteSequence(notes=[*flute.notes, *piano.notes])
    sounds = [render_notes(sequence, 22050).samples for sequence in (both, flute, piano)]
    alone = np.zeros_like(sounds[0])
    for sound in sounds[1:]:
        alone[: len(sound)] += sound
    np.testing.assert_allclose(sounds[0], alone, atol=1e-6)
    assert len(sounds[0]) == max(map(len, sounds[1:]))


def test_the_same_notes_sound_the_same():
    notes = [NoteEvent(60, 80, 0.0, 0.5), NoteEvent(67, 80, 0.25, 0.75)]
    np.testing.assert_array_equal(rendered(notes).samples, rendered(notes).samples)


def test_what_cannot_be_rendered_is_one_line(tmp_path):
    assert default_soundfont().is_file()
    with pytest.raises(LofiError, match="cannot read the SoundFont"):
        rendered([], soundfont=tmp_path / "none.sf2")
    (tmp_path / "no.sf2").write_bytes(b"music")
    with pytest.raises(LofiError, match="a SoundFont is an .sf2 or .sf3 file"):
        rendered([], soundfont=tmp_path / "no.sf2")
    with pytest.raises(LofiError, match="the music has no notes"):
        render_notes(NoteSequence(), 22050)


def test_instruments_by_name_and_program():
    assert instrument("Alto Sax") == instrument("alto_sax") == instrument("65")
    assert instrument("piano").program == 0
    with pytest.raises(LofiError, match="Did you mean 'flute'"):
        instrument("fluet")
    with pytest.raises(LofiError, match="0 to 127"):
        instrument("128")


def test_clips_stay_in_their_range():
    sax = instrument("alto_sax")
    notes = note_clips(sax, [50, 100], 1.0)
    assert len(notes) == 2 * (sax.high - sax.low + 1)
    assert len({take.source for take in notes}) == len(notes) / 2  # velocities stay together
    assert [t.notes[0].pitch for t in note_clips(sax, [50], 1.0, range(50, 52))] == [50, 51]
    chords = chord_clips(sax, [50, 100], 1.0, 20, seed=1)
    assert chords == chord_clips(sax, [50, 100], 1.0, 20, seed=1)
    assert chords != chord_clips(sax, [50, 100], 1.0, 20, seed=2)
    phrases = phrase_clips(sax, [50, 100], 5, seed=1)
    for take in chords + phrases:
        assert take.notes
        assert all(sax.low <= note.pitch <= sax.high for note in take.notes)
        assert all(0 <= note.start < note.end <= 6 for note in take.notes)
    for take in phrases:  # one note at a time
        assert all(a.end <= b.start for a, b in zip(take.notes, take.notes[1:], strict=False))
