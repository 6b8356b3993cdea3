"""Instruments of composed tracks: each as loud as its part in the default SoundFont."""

import numpy as np
import pytest

from lofi_tf.audio.loudness import Meter
from lofi_tf.composing.planning import instruments
from lofi_tf.music.sequence_proto import NoteSequence
from lofi_tf.rendering.mixing import Mixer
from lofi_tf.rendering.settings import RenderSettings
from lofi_tf.rendering.soundfont import SoundFont, default_soundfont
from lofi_tf.rendering.track_events import track_events

RATE, BEAT = 44100, 0.75
FIGURES = {  # (pitch, beat, beats)
    "drums": [(36, 0, 0.2), (42, 0.5, 0.2), (38, 1, 0.2), (36, 2.5, 0.2), (38, 3, 0.2)],
    "bass": [(33, 0, 1.5), (40, 1.5, 0.5), (36, 2, 1.8)],
    "chords": [(pitch, at, 1.8) for pitch in (55, 59, 62, 64) for at in (0, 2)],
    "melody": [(72, 0, 0.9), (76, 1, 0.5), (74, 1.5, 0.5), (71, 2.5, 1.4)],
}


@pytest.fixture(scope="module")
def font():
    return SoundFont(default_soundfont())


def loudness(font, part, program, gain_db):
    """Returns the LUFS of two bars of a part."""
    piece = NoteSequence()
    for bar in range(2):
        for pitch, at, length in FIGURES[part]:
            start = (4 * bar + at) * BEAT
            piece.notes.add(
                pitch=pitch, velocity=75, start_time=start, end_time=start + length * BEAT,
                program=program, is_drum=part == "drums",
            )  # fmt: skip
    mixer = Mixer(track_events(piece, RATE), RenderSettings(gain_db={"all": gain_db}), font, None)
    meter = Meter(RATE)
    for (block,) in mixer.blocks(32768):
        meter.add(block.T)
    return meter.level()


@pytest.mark.parametrize("part", FIGURES)
def test_instruments_of_a_part_are_about_as_loud(font, part):
    levels = instruments()[part]
    found = {program: loudness(font, part, program, gain) for program, gain in levels.items()}
    plain = [loudness(font, part, program, 0.0) for program in levels]
    assert np.ptp(list(found.values())) < 4.0, found
    assert np.std(list(found.values())) < 0.6 * np.std(plain)
