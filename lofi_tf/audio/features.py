"""Spectra of clips: mel and constant-Q magnitudes in decibels, and the way back by Griffin-Lim.

0 dB is a sine of full scale at the centre of a band of a constant-Q spectrum, or of a bin before
the mel bands add bins up. Phases are not kept: what comes back sounds alike and has nearly the same
spectrum, but other samples (Griffin and Lim, "Signal estimation from modified short-time Fourier
transform", 1984; with Perraudin's momentum, as librosa does it). Both ways back go by a short-time
Fourier transform that has no negative magnitude and fits the bands: from constant-Q bands that is
ten times as fast as librosa's own Griffin-Lim over constant-Q transforms, and nearer.
"""

import dataclasses
import functools
import math
import warnings
from typing import Annotated

import numpy as np

from lofi_tf.audio.griffin_lim import ITERATIONS, bin_scale, fitted, griffin_lim
from lofi_tf.errors import LofiError
from lofi_tf.settings import Bounds, Fits, Size
from lofi_tf.settings import Settings as Checked

Floor = Annotated[float, Fits("below 0", lambda level_db: level_db < 0)]
_FILTER_SIZE = 1 << 16  # samples in which the constant-Q filters are looked at
_INVERSE_SECONDS = 0.128  # about the length of the windows that bring constant-Q bands back
_NYQUIST_SHARE = 0.9  # of half the rate, up to where constant-Q bands are centred


@dataclasses.dataclass(frozen=True)
class MelSettings(Checked):
    """A mel spectrum: magnitudes of a short-time Fourier transform, added up in mel bands.

    Hann windows, centred on their frame, zeros beyond the ends; bands are triangles of height 1 on
    Slaney's mel scale.

    Attributes:
        fft_size: samples of a window.
        hop_size: samples from a frame to the next.
        num_bins: mel bands F.
        low_hz, high_hz: the bands' range; None is half the sample rate.
        floor_db: smaller magnitudes count as this, below 0.
    """

    fft_size: Size = 1024
    hop_size: Size = 256
    num_bins: Size = 80
    low_hz: float = 0.0
    high_hz: float | None = None
    floor_db: Floor = -100.0

    def __post_init__(self):
        super().__post_init__()
        if not 0 <= self.low_hz < (math.inf if self.high_hz is None else self.high_hz):
            raise _wrong("low_hz", "from 0 to below high_hz", self.low_hz)
        if self.hop_size > self.fft_size:
            raise _wrong("hop_size", f"at most fft_size, {self.fft_size}", self.hop_size)

    def bins(self, sample_rate: int) -> int:
        """Returns the number of bands F at a sample rate in Hz."""
        top_hz = sample_rate / 2 if self.high_hz is None else self.high_hz
        if not self.low_hz < top_hz <= sample_rate / 2:
            raise _wrong("high_hz", f"above {self.low_hz:g} to {sample_rate / 2:g}", top_hz)
        return self.num_bins

    def magnitudes(self, samples: np.ndarray, sample_rate: int) -> np.ndarray:
        """Returns [F, frames] of samples [n]."""
        import librosa

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of sounds shorter than a window
            spectrum = librosa.stft(samples, n_fft=self.fft_size, hop_length=self.hop_size)
        return (_mel_bands(self, sample_rate) @ np.abs(spectrum)) * bin_scale(self.fft_size)

    def inverse(
        self, magnitudes: np.ndarray, sample_rate: int, num_samples: int, steps: int = ITERATIONS
    ) -> np.ndarray:
        """Returns samples [num_samples] of magnitudes [F, frames], by Griffin-Lim's steps."""
        bands = _mel_bands(self, sample_rate)
        spectrum = fitted(bands, magnitudes.astype(np.float32))
        return griffin_lim(spectrum, self.fft_size, self.hop_size, num_samples, steps)


@dataclasses.dataclass(frozen=True)
class CqtSettings(Checked):
    """A constant-Q spectrum: bands at equal steps of pitch, all of them alike in pitch.

    Attributes:
        hop_size: samples from a frame to the next.
        low_hz: centre of the lowest band; C1 by default.
        bins_per_octave: bands in an octave, 12 or more.
        num_bins: bands F; None is as many as fit below 0.9 of half the sample rate.
        floor_db: smaller magnitudes count as this, below 0.
    """

    hop_size: Size = 256
    low_hz: Annotated[float, Bounds(above=0)] = 440 * 2 ** (-45 / 12)
    bins_per_octave: Annotated[int, Bounds(12)] = 24
    num_bins: Size | None = None
    floor_db: Floor = -100.0

    def bins(self, sample_rate: int) -> int:
        """Returns the number of bands F at a sample rate in Hz."""
        top_hz = _NYQUIST_SHARE * sample_rate / 2
        octaves = math.log2(top_hz / self.low_hz) if top_hz > self.low_hz else -1
        most = math.floor(self.bins_per_octave * octaves) + 1
        if most < 1:
            raise _wrong("low_hz", f"below {top_hz:g} at {sample_rate} Hz", self.low_hz)
        if self.num_bins is not None and self.num_bins > most:
            raise _wrong("num_bins", f"at most {most} at {sample_rate} Hz", self.num_bins)
        return self.num_bins or most

    def magnitudes(self, samples: np.ndarray, sample_rate: int) -> np.ndarray:
        """Returns [F, frames] of samples [n]."""
        import librosa

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of clips that are shorter than the longest filter
            found = librosa.cqt(samples, sr=sample_rate, **self._options(sample_rate))
        return np.abs(found) * _cqt_scale(self, sample_rate)

    def inverse(
        self, magnitudes: np.ndarray, sample_rate: int, num_samples: int, steps: int = ITERATIONS
    ) -> np.ndarray:
        """Returns samples [num_samples] of magnitudes [F, frames], by Griffin-Lim's steps."""
        fft_size = 2 ** round(math.log2(_INVERSE_SECONDS * sample_rate))
        fft_size = max(fft_size, 2 ** math.ceil(math.log2(4 * self.hop_size)))
        powers = np.square(magnitudes, dtype=np.float32)
        powers = fitted(_cqt_bands(self, sample_rate, fft_size), powers)
        # A sine's power lies in the two bins beside its own too, by Hann's window.
        beside = np.pad(powers, [(1, 1), (0, 0)])
        spectrum = np.sqrt(powers + (beside[2:] + beside[:-2]) / 4)
        return griffin_lim(spectrum, fft_size, self.hop_size, num_samples, steps)

    def _options(self, sample_rate: int) -> dict:
        return {
            "hop_length": self.hop_size,
            "fmin": self.low_hz,
            "n_bins": self.bins(sample_rate),
            "bins_per_octave": self.bins_per_octave,
        }


FEATURES = {"mel": MelSettings, "cqt": CqtSettings}
Settings = MelSettings | CqtSettings


def num_frames(num_samples: int, settings: Settings) -> int:
    """Returns how many frames the spectrum of so many samples has."""
    return 1 + num_samples // settings.hop_size


def spectrum_db(samples: np.ndarray, sample_rate: int, settings: Settings) -> np.ndarray:
    """Returns magnitudes [..., frames, F] in dB, from `floor_db` on, of samples [..., n]."""
    samples = np.ascontiguousarray(samples, np.float32)
    least = 10 ** (settings.floor_db / 20)
    magnitudes = settings.magnitudes(samples, sample_rate)
    return np.swapaxes(20 * np.log10(np.maximum(magnitudes, least)), -1, -2).astype(np.float32)


def samples_of_db(
    spectrum: np.ndarray,
    sample_rate: int,
    settings: Settings,
    num_samples: int,
    iterations: int = ITERATIONS,
) -> np.ndarray:
    """Returns samples, float32 [num_samples], of nearly the given magnitudes, the same each time.

    The spectrum, [frames, F], is in dB; `floor_db` and less is silence. Iterations, from 1 on, are
    those of Griffin-Lim.
    """
    spectrum = np.asarray(spectrum, np.float32).T
    magnitudes = np.where(spectrum > settings.floor_db, 10 ** (spectrum / 20), 0)
    return settings.inverse(magnitudes, sample_rate, num_samples, iterations).astype(np.float32)


@functools.lru_cache(maxsize=8)
def _mel_bands(settings: MelSettings, sample_rate: int) -> np.ndarray:
    """Returns the bands [F, 1 + fft_size / 2]."""
    import librosa

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of bands narrower than a bin, which stay empty
        return librosa.filters.mel(
            sr=sample_rate,
            n_fft=settings.fft_size,
            n_mels=settings.bins(sample_rate),
            fmin=settings.low_hz,
            fmax=settings.high_hz,
            norm=None,
        )


@functools.lru_cache(maxsize=8)
def _cqt_scale(settings: CqtSettings, sample_rate: int) -> np.ndarray:
    """Returns what brings librosa's bands to amplitudes, [F, 1]: it scales by roots of lengths."""
    import librosa

    lengths, _ = librosa.filters.wavelet_lengths(**_wavelets(settings, sample_rate))
    return (2 / np.sqrt(lengths))[:, None].astype(np.float32)


@functools.lru_cache(maxsize=4)
def _cqt_bands(settings: CqtSettings, sample_rate: int, fft_size: int) -> np.ndarray:
    """Returns the power of each band for power in each bin, [F, 1 + fft_size / 2]."""
    import librosa

    filters, _ = librosa.filters.wavelet(**_wavelets(settings, sample_rate), norm=1, pad_fft=False)
    places = np.arange(_FILTER_SIZE // 2 + 1) * (fft_size / _FILTER_SIZE)
    bins, share = np.floor(places).astype(int), places % 1
    num_bins, bands = fft_size // 2 + 2, []
    for wavelet in filters:
        power = np.abs(np.fft.fft(wavelet, _FILTER_SIZE)[: len(places)]) ** 2
        power *= fft_size / _FILTER_SIZE
        band = np.bincount(bins, power * (1 - share), num_bins)
        bands.append(band + np.bincount(bins + 1, power * share, num_bins))
    return np.array(bands, np.float32)[:, :-1]


def _wavelets(settings: CqtSettings, sample_rate: int) -> dict:
    """Returns librosa's description of the filters."""
    import librosa

    centres_hz = librosa.cqt_frequencies(
        settings.bins(sample_rate),
        fmin=settings.low_hz,
        bins_per_octave=settings.bins_per_octave,
    )
    # Of a band and its neighbours, as librosa takes it where all steps are equal.
    ratio = 2 ** (2 / settings.bins_per_octave)
    alpha = np.full(len(centres_hz), (ratio - 1) / (ratio + 1))
    return {"freqs": centres_hz, "sr": sample_rate, "alpha": alpha}


def _wrong(name: str, allowed: str, value) -> LofiError:
    return LofiError(f"{name} does not fit. Allowed: {allowed}. Received: {value!r}")
