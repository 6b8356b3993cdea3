"""True peaks as BS.1770 has them, and a limiter that keeps them."""

import numpy as np
import pytest
from scipy.signal import butter, resample, sosfilt

from lofi_tf.rendering.effects import run
from lofi_tf.rendering.limiter import LOOKAHEAD_SECONDS, RELEASE_DB_PER_SECOND, Limiter, TruePeaks

RATE = 44100


def true_peak_db(sound, times=16):
    """Returns the true peak by another way: zeros in the spectrum."""
    padded = np.pad(sound, ((0, 0), (2048, 2048)))
    return 20 * np.log10(np.abs(resample(padded, times * padded.shape[1], axis=1)).max())


def limited(sound, ceiling_db=-1.0):
    return np.concatenate(list(run([Limiter(ceiling_db, RATE)], [sound])), axis=1)


def measured_db(sound):
    meter = TruePeaks()
    return 20 * np.log10(meter.process(np.pad(sound, ((0, 0), (0, 64)))).max())


@pytest.mark.parametrize(("hz", "phase"), [(RATE / 4, np.pi / 4), (997, 0.3), (9000, 1.0)])
def test_a_sine_has_its_amplitude_between_samples(hz, phase):
    # At a quarter of the rate with this phase all samples lie 3 dB below the peak.
    wave = np.sin(2 * np.pi * hz * np.arange(RATE // 4) / RATE + phase) * np.hanning(RATE // 4)
    assert measured_db(np.stack([wave, 0 * wave])) == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize("gain_db", [3, 12])
@pytest.mark.parametrize("kind", ["noise", "clicks", "sine"])
def test_nothing_exceeds_the_ceiling(kind, gain_db):
    random = np.random.default_rng(1)
    count = RATE
    sound = {
        "noise": random.standard_normal([2, count]) / 3,
        "clicks": np.where(random.random([2, count]) < 1e-3, 1.0, 0)
        * random.choice([-1, 1], count),
        "sine": np.stack([np.sin(2 * np.pi * RATE / 4 * np.arange(count) / RATE + np.pi / 4)] * 2),
    }[kind]
    # Nearer to half the rate four times oversampling misses more, as the standard says.
    sound = sosfilt(butter(12, 16000, fs=RATE, output="sos"), sound, axis=1)
    out = limited(10 ** (gain_db / 20) * sound)
    assert measured_db(out) <= -1.0
    assert -2.5 < true_peak_db(out) <= -1.0


def test_soft_sound_passes_unchanged():
    sound = 0.3 * np.sin(np.arange(2 * 9000).reshape(2, -1) / 7)
    np.testing.assert_array_equal(limited(sound), sound)


def test_gain_is_down_before_a_peak_and_comes_back_at_its_pace():
    tone = np.full([2, RATE], 0.2)
    tone[:, 20000] = 1.0
    gain = limited(tone, -12.0)[0] / tone[0]
    level = 20 * np.log10(gain)
    ahead = round(LOOKAHEAD_SECONDS * RATE)
    assert not level[: 20000 - 2 * ahead].any()
    np.testing.assert_allclose(gain[19999:20001], gain[20000], rtol=2e-3)
    assert level[20000] == pytest.approx(-12.2, abs=0.2)
    assert level[25000] - level[21000] == pytest.approx(
        RELEASE_DB_PER_SECOND * 4000 / RATE, rel=1e-3
    )
    assert not level[-1]
