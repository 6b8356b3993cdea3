"""Baselines without training: the nearest frames, and recorded notes put together."""

import numpy as np

from lofi_tf.crossmodal.mixing import spectra_of
from lofi_tf.data.converters.symbols import Symbol, pitch_of, velocity_of
from lofi_tf.evaluation.crossmodal.mixtures import SILENT, Frames, Recordings

NEIGHBOURS = 5
SMOOTHING = 0.5  # of a neighbour, shared by all classes


def nearest_probabilities(bank: Frames, spectra: np.ndarray) -> np.ndarray:
    """Returns the probabilities [N, S] of symbols by the five frames of a bank nearest to each."""
    square = np.square(bank.spectra).sum(axis=1)
    distances = square - 2 * spectra @ bank.spectra.T
    count = min(NEIGHBOURS, len(bank.spectra))
    nearest = np.argpartition(distances, count - 1, axis=1)[:, :count]
    votes = bank.symbols[nearest].sum(axis=1)
    return (votes + SMOOTHING / bank.symbols.shape[1]) / (count + SMOOTHING)


class NearestNoteSampler:
    """Every single note of the training recordings, by which symbols are played.

    The nearest recorded note of an instrument is taken, in pitch and then in dynamics, and moved
    along the constant-Q bands to its pitch; magnitudes of instruments are added.
    """

    def __init__(self, recordings: Recordings):
        self.recordings = recordings
        rolls = recordings.rolls[:-1].max(axis=1)  # [M, 128]
        self.pitches = np.where(rolls.any(axis=1), 127 - rolls[:, ::-1].argmax(axis=1), -1)
        self.velocities = rolls.max(axis=1).astype(int)

    def sound_of(self, symbols: np.ndarray) -> np.ndarray:
        """Returns spectra [N, F] of symbols [N, S] that label octaves and pitch classes."""
        converter = self.recordings.converter
        amplitudes = np.zeros([len(symbols), converter.num_bands])
        for row, vector in enumerate(symbols):
            for number, symbol in enumerate(converter.layout.decode(vector)):
                amplitudes[row] += self._played(number, symbol)
        return spectra_of(amplitudes, converter.floor_db)

    def _played(self, number: int, symbol: Symbol) -> np.ndarray | float:
        """Returns the magnitudes [F] of one instrument's symbol."""
        pitch, own = pitch_of(symbol), self.recordings.members[number]
        chosen = SILENT if pitch is None or not len(own) else self._nearest(own, pitch, symbol)
        if chosen == SILENT:
            return 0.0
        converter = self.recordings.converter
        spectrum = self.recordings.spectra[chosen].astype(np.float32).mean(axis=0)
        steps = pitch - self.pitches[chosen]
        bands = np.arange(len(spectrum)) - round(steps * converter.bins_per_octave / 12)
        inside = (bands >= 0) & (bands < len(spectrum))
        moved = np.where(inside, spectrum[bands.clip(0, len(spectrum) - 1)], converter.floor_db)
        return np.where(moved > converter.floor_db, 10 ** (moved / 20), 0.0)

    def _nearest(self, own: np.ndarray, pitch: int, symbol: Symbol) -> int:
        distance = 1000.0 * np.abs(self.pitches[own] - pitch)
        if symbol.dynamics is not None:
            velocity = velocity_of(symbol.dynamics, self.recordings.converter.num_dynamics)
            distance = distance + np.abs(self.velocities[own] - velocity)
        return int(own[distance.argmin()])
