"""A few programs as a SoundFont of their own sound as in the one that they come from."""

import numpy as np
import pytest

from lofi_tf.rendering.sound_bank import bank_of
from lofi_tf.rendering.soundfont import SAMPLE, SoundFont, default_soundfont

PROGRAMS = [(0, True), (4, False), (73, False)]


@pytest.fixture(scope="module")
def font():
    return SoundFont(default_soundfont())


@pytest.fixture(scope="module")
def bank(font, tmp_path_factory):
    path = tmp_path_factory.mktemp("bank") / "some.sf2"
    path.write_bytes(bank_of(font, PROGRAMS))
    return SoundFont(path)


@pytest.mark.parametrize(("program", "is_drum"), PROGRAMS)
def test_its_zones_are_those_of_the_font(font, bank, program, is_drum):
    before, after = font.zones(program, is_drum), bank.zones(program, is_drum)
    assert len(before) == len(after) > 0
    for one, other in zip(before, after, strict=True):
        assert one[:2] == other[:2]
        own = np.delete(np.arange(len(one.values)), [SAMPLE, 41])  # numbers of samples, instruments
        np.testing.assert_array_equal(one.values[own], other.values[own])
        sound, copy = font.recording(one.values[SAMPLE]), bank.recording(other.values[SAMPLE])
        assert sound[1:] == copy[1:]
        np.testing.assert_allclose(sound.data, copy.data, atol=1 / 32768)


def test_it_holds_nothing_else(bank):
    for program, is_drum in ((0, False), (24, True)):
        assert bank.instead(program, is_drum)
    assert all(bank.instead(*one) is None for one in PROGRAMS)


def test_a_missing_program_is_the_one_that_is_played_instead(font):
    instead = font.zones(21, True)
    assert font.instead(21, True)
    assert len(bank_of(font, [(21, True)])) == len(bank_of(font, [(0, True)]))
    assert len(instead) == len(font.zones(0, True))
