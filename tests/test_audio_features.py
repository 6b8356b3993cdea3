import numpy as np
import pytest

from lofi_tf.audio.channels import with_channels
from lofi_tf.audio.clips import resampled
from lofi_tf.audio.features import CqtSettings, MelSettings, num_frames, samples_of_db, spectrum_db
from lofi_tf.audio.io import read_audio
from lofi_tf.errors import LofiError
from tests.recordings import REAL, noise, tone


def real(name, rate):
    audio = read_audio(REAL / name)
    return resampled(with_channels(audio.samples, 1), audio.sample_rate, rate)[:, 0]


def snr_db(known, found):
    return 20 * np.log10(np.linalg.norm(known) / np.linalg.norm(known - found))


@pytest.mark.parametrize("rate", [16000, 8000, 3000])
def test_cqt_of_a_sine_at_a_band_is_its_level(rate):
    settings = CqtSettings()
    band = 4 * 24 + 2
    sine = tone(settings.low_hz * 2 ** (band / 24), 1, rate, amplitude=0.1)[:, 0]
    middle = spectrum_db(sine, rate, settings)[rate // 512]
    assert middle.argmax() == band
    assert middle[band] == pytest.approx(-20, abs=0.1)


@pytest.mark.parametrize("rate", [16000, 8000])
def test_mel_of_a_sine_is_its_level_in_its_band(rate):
    # Slaney's scale is linear up to 1 kHz, 200 / 3 Hz a mel: bands of 2 mel are 400 / 3 Hz wide
    # at each side, so that a sine in a band's centre counts whole, and its two lesser bins, half
    # its height each, nearly so.
    top_mel = 15 + 27 * np.log(rate / 2 / 1000) / np.log(6.4)
    settings = MelSettings(num_bins=round(top_mel / 2) - 1, high_hz=None)
    step_hz = top_mel / (settings.num_bins + 1) * 200 / 3
    sine = tone(3 * step_hz, 1, rate, amplitude=0.1)[:, 0]
    middle = spectrum_db(sine, rate, settings)[rate // 512]
    assert middle.argmax() == 2
    spread = 1 + (1 - rate / 1024 / step_hz)
    assert middle[2] == pytest.approx(-20 + 20 * np.log10(spread), abs=1)


@pytest.mark.parametrize("settings", [MelSettings(), CqtSettings(), MelSettings(hop_size=100)])
@pytest.mark.parametrize("size", [4000, 4096, 4097])
def test_frames_and_samples_are_counted(settings, size):
    spectrum = spectrum_db(noise(1)[:size, 0], 16000, settings)
    assert spectrum.dtype == np.float32
    assert spectrum.shape == (num_frames(size, settings), settings.bins(16000))
    assert spectrum.shape[0] == 1 + size // settings.hop_size


def test_silence_is_the_floor():
    for settings in (MelSettings(floor_db=-70.0), CqtSettings(floor_db=-70.0)):
        spectrum = spectrum_db(np.zeros(8000), 16000, settings)
        assert (spectrum == -70).all()
        assert not samples_of_db(spectrum, 16000, settings, 8000).any()


# Measured: 22.8, 20.9; 6.3, 6.1 dB. Silence, or a spectrum twice as loud, would give 0 dB.
@pytest.mark.parametrize(("settings", "least_db"), [(MelSettings(), 15), (CqtSettings(), 4)])
@pytest.mark.parametrize("name", ["bass_hit_c.flac", "drum_bass_soft.flac"])
def test_inverse_has_the_spectrum_of_real_clips(name, settings, least_db):
    samples = real(name, 16000)
    spectrum = spectrum_db(samples, 16000, settings)
    found = samples_of_db(spectrum, 16000, settings, len(samples))
    assert found.shape == samples.shape
    again = spectrum_db(found, 16000, settings)
    assert snr_db(10 ** (spectrum / 20), 10 ** (again / 20)) > least_db


def test_inverse_is_the_same_each_time():
    spectrum = spectrum_db(noise(0.3)[:, 0], 16000, MelSettings())
    one, other = (samples_of_db(spectrum, 16000, MelSettings(), 4801) for _ in range(2))
    assert len(one) == 4801
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MelSettings(fft_size=0), "fft_size must be at least 1"),
        (lambda: MelSettings(hop_size=2048), "at most fft_size, 1024. Received: 2048"),
        (lambda: MelSettings(high_hz=9000.0).bins(16000), "above 0 to 8000. Received: 9000.0"),
        (lambda: MelSettings(floor_db=0.0), "below 0. Received: 0.0"),
        (lambda: CqtSettings(bins_per_octave=6), "must be at least 12. Received: 6"),
        (lambda: CqtSettings(num_bins=200).bins(16000), "at most 187 at 16000 Hz. Received: 200"),
        (lambda: CqtSettings(low_hz=2000.0).bins(3000), "below 1350 at 3000 Hz"),
    ],
)
def test_settings_out_of_range_are_refused(make, message):
    with pytest.raises(LofiError, match=message):
        make()
