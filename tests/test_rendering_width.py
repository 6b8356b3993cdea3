"""Width: wide to two ears, whole to one; the same in whatever stretches it is asked."""

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from lofi_tf.rendering.width import LOW_HZ, MonoBelow, Width

RATE = 44100


def noise(seconds=2.0, seed=0):
    """The same noise left and right, float64 [2, n]."""
    return np.repeat(np.random.default_rng(seed).normal(size=(1, int(seconds * RATE))), 2, axis=0)


def tone(hz, seconds=1.0):
    wave = np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE)) / RATE)
    return np.stack([wave, wave])


@pytest.mark.parametrize("amount", [0.2, 0.5, 0.8])
def test_left_and_right_correlate_as_said(amount):
    music_like = sosfilt(butter(4, [300, 5000], "bandpass", fs=RATE, output="sos"), noise(10.0))
    left, right = Width(amount, RATE).process(music_like)
    said = (1 - amount**2) / (1 + amount**2)
    assert np.corrcoef(left, right)[0, 1] == pytest.approx(said, abs=0.03)


def test_mono_loses_nothing():
    sound = noise() + 0.1 * np.random.default_rng(1).normal(size=(2, 1))
    np.testing.assert_allclose(Width(0.7, RATE).process(sound).sum(0), sound.sum(0), atol=1e-12)


@pytest.mark.parametrize("effect", [lambda: Width(0.5, RATE), lambda: MonoBelow(120, RATE)])
def test_stretches_do_not_matter(effect):
    sound = noise(0.5)
    sound[1] *= 0.3
    whole, parts, one = effect().process(sound), [], effect()
    for begin, end in ((0, 1), (1, 5), (5, 9000), (9000, sound.shape[1])):
        parts.append(one.process(sound[:, begin:end]))
    np.testing.assert_allclose(np.concatenate(parts, axis=1), whole, atol=1e-12)


def test_what_is_low_stays_in_the_middle():
    low, high = (Width(0.8, RATE).process(tone(hz))[:, RATE // 2 :] for hz in (40, 2000))
    assert np.abs(low[0] - low[1]).max() < 2 * 0.8 * (40 / LOW_HZ) ** 2 * 1.5
    assert np.abs(high[0] - high[1]).max() > 0.1


def test_below_the_corner_both_sides_are_alike():
    for hz, least, most in ((40, 0.0, 0.15), (120, 0.65, 0.75), (2000, 0.99, 1.01)):
        wave = tone(hz)
        wave[1] *= -1
        out = MonoBelow(120, RATE).process(wave)[:, RATE // 2 :]
        assert least <= np.abs(out[0]).max() <= most
        np.testing.assert_allclose(out[0], -out[1])


def test_a_loop_sways_a_whole_number_of_times():
    period = 3 * RATE
    effect, sound = Width(0.5, RATE, period), np.tile(noise(3.0), 3)
    out = effect.process(sound)
    np.testing.assert_allclose(out[:, period : 2 * period], out[:, 2 * period :], atol=1e-9)
