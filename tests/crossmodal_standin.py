"""A cross-modal model that knows without learning: its z are symbols, its sounds are templates."""

import dataclasses
import functools

import numpy as np

from lofi_tf.crossmodal.posterior import Posterior, row_noise
from lofi_tf.data.converters.paired import PairedConverter
from lofi_tf.data.converters.symbols import Symbol, symbol_of

CONVERTER = PairedConverter(
    instruments=("piano", "flute"), sample_rate=8000, hop_size=256, low_hz=110.0,
    bins_per_octave=24, num_bins=96,
)  # fmt: skip
PITCHES = range(58, 72)
HARMONICS = {"piano": (1.0, 0.6, 0.4, 0.3), "flute": (1.0,)}
VELOCITY = 64


def tone(instrument, pitch, seconds=0.5, converter=CONVERTER):
    """Returns the samples of a note of an instrument."""
    times = np.arange(round(seconds * converter.sample_rate)) / converter.sample_rate
    hz = 440 * 2 ** ((pitch - 69) / 12)
    waves = [a * np.sin(2 * np.pi * hz * (n + 1) * times)
             for n, a in enumerate(HARMONICS[instrument])]  # fmt: skip
    return (0.25 * np.sum(waves, axis=0)).astype(np.float32)


class Standin:
    """Decodes symbols to the spectra of tones, and spectra to the symbols of the nearest tone."""

    def __init__(self, converter=CONVERTER):
        self.converter, self.layout = converter, converter.layout
        self.step, self.z_size = 7, self.layout.depth
        silent = [Symbol()] * len(converter.instruments)
        vectors = [self.layout.encode(silent)]
        spectra = [np.zeros(converter.num_bands, np.float32)]
        for number, name in enumerate(converter.instruments):
            for pitch in PITCHES:
                symbols = list(silent)
                symbols[number] = symbol_of(pitch, VELOCITY)
                vectors.append(self.layout.encode(symbols))
                view = converter.view_of(tone(name, pitch))
                spectra.append(view[len(view) // 2])
        self.vectors, self.spectra = np.array(vectors), np.array(spectra)

    def encode_sound(self, spectra):
        return self._posterior(self.vectors[_nearest(spectra, self.spectra)])

    def encode_notes(self, symbols):
        return self._posterior(np.asarray(symbols, np.float32))

    def sound_of(self, z):
        return self.spectra[_nearest(z, self.vectors)]

    def notes_of(self, z):
        return np.clip(z, 0.001, 0.999)

    def sample(self, count, seed):
        return row_noise(seed, count, self.z_size)

    def _posterior(self, z):
        return Posterior(z, np.full_like(z, 0.001))


class Mixing(Standin):
    """One that heard instruments alone, and mixes them: their amplitudes' sum, and some dB more."""

    def __init__(self, excess_db):
        super().__init__(dataclasses.replace(CONVERTER, random_mode="bernoulli"))
        self.excess_db = excess_db

    def sound_of(self, z):
        return np.array([self._mixed(self.layout.decode(row)) for row in z], np.float32)

    def _mixed(self, symbols):
        floor_db, total = self.converter.floor_db, 0
        playing = [n for n, symbol in enumerate(symbols) if symbol != Symbol()]
        for number in playing:
            alone = [symbol if n == number else Symbol() for n, symbol in enumerate(symbols)]
            spectrum = super().sound_of(self.layout.encode(alone)[None])[0]
            total = total + np.where(spectrum > 0, 10 ** ((1 - spectrum) * floor_db / 20), 0)
        if not playing:
            return self.spectra[0]
        spectrum = 1 - 20 * np.log10(np.maximum(total, 10 ** (floor_db / 20))) / floor_db
        return spectrum - (len(playing) > 1) * self.excess_db / floor_db


@functools.cache
def standin():
    """Returns the one that tests share."""
    return Standin()


def _nearest(rows, known):
    distances = ((np.asarray(rows)[:, None] - known[None]) ** 2).sum(axis=-1)
    return distances.argmin(axis=1)
