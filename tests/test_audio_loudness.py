import math

import numpy as np
import pytest

from lofi_tf.audio.loudness import Meter, gain_for, k_weighting, parse_target, rms_db
from lofi_tf.errors import LofiError
from tests.recordings import blocks_of, tone


def level(*parts, rate=48000, channels=2):
    """Loudness of 1 kHz tones, (seconds, peak in dB) each."""
    meter = Meter(rate)
    for seconds, peak_db in parts:
        for block in blocks_of(tone(1000, seconds, rate, channels, 10 ** (peak_db / 20)), 50001):
            meter.add(block)
    return meter.level()


def test_k_weighting_is_that_of_the_standard():
    # ITU-R BS.1770-4, tables 1 and 2.
    shelf = [1.53512485958697, -2.69169618940638, 1.19839281085285, 1, -1.69065929318241,
             0.73248077421585]  # fmt: skip
    high_pass = [1, -2, 1, 1, -1.99004745483398, 0.99007225036621]
    np.testing.assert_allclose(k_weighting(48000), [shelf, high_pass], atol=1e-8)


def test_a_sine_of_full_scale_in_one_channel():
    meter = Meter(48000)
    meter.add(tone(997, 5, 48000, amplitude=1.0))
    assert meter.level() == pytest.approx(-3.01, abs=0.01)  # BS.1770-4, annex 1


# EBU Tech 3341, test signals 1 to 4.
@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([(20, -23)], -23),
        ([(20, -33)], -33),
        ([(10, -36), (60, -23), (10, -36)], -23),
        ([(10, -72), (10, -36), (60, -23), (10, -36), (10, -72)], -23),
    ],
)
def test_the_signals_of_ebu_tech_3341(parts, expected):
    assert level(*parts) == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("rate", [44100, 22050, 16000])
def test_loudness_hardly_depends_on_the_rate(rate):
    assert level((5, -23), rate=rate) == pytest.approx(-23, abs=0.1)


def test_less_than_a_block_counts_as_one():
    assert level((0.3, -23)) == pytest.approx(-23, abs=0.2)


def test_silence_has_no_loudness():
    assert level((1, -200)) == -math.inf
    assert Meter(48000).level() == -math.inf


def test_rms_db():
    assert rms_db(tone(100, 1)) == pytest.approx(20 * math.log10(0.5 / math.sqrt(2)), abs=1e-3)
    assert rms_db(np.zeros([9, 1])) == -math.inf


@pytest.mark.parametrize(
    ("target", "amplitude", "expected"),
    [
        ("-20dB", 0.5, 0.1 * math.sqrt(2) / 0.5),
        ("-23LUFS", 1.0, 10 ** ((-23 + 3.01) / 20)),
        ("-1dB", 0.001, 1000),  # as much as the peak allows
        ("-20dB", 0.0, 1),
    ],
)
def test_gain_for(target, amplitude, expected):
    blocks = blocks_of(tone(997, 5, 48000, amplitude=amplitude), 4567)
    assert gain_for(blocks, 48000, parse_target(target)) == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize("text", ["-23", "loud", "3LUFS", "-3 dBx", "", None])
def test_parse_target_refuses(text):
    with pytest.raises(LofiError, match="such as -23LUFS or -20dB"):
        parse_target(text)


def test_parse_target():
    assert str(parse_target(" -16.5 lufs")) == "-16.5LUFS"
    assert str(parse_target("-20db")) == "-20dB"
