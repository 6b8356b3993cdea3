"""Amplitudes of spectra, which add, and mixtures that are no louder than their sum."""

import numpy as np

from lofi_tf.crossmodal.inference import Model
from lofi_tf.data.converters.paired import PairedConverter
from lofi_tf.data.converters.symbols import Symbol


def amplitudes_of(spectra: np.ndarray, floor_db: float) -> np.ndarray:
    """Returns the amplitudes of spectra as models see them; 0 for the floor and what is below."""
    levels_db = (1 - np.asarray(spectra, np.float64)) * floor_db
    return np.where(levels_db > floor_db, 10 ** (levels_db / 20), 0.0)


def spectra_of(amplitudes: np.ndarray, floor_db: float) -> np.ndarray:
    """Returns the spectra of amplitudes as models see them, 0 for `floor_db` and 1 for 0 dB."""
    return 1 - 20 * np.log10(np.maximum(amplitudes, 10 ** (floor_db / 20))) / floor_db


def at_most_the_sum(model: Model, symbols: np.ndarray, spectra: np.ndarray) -> np.ndarray:
    """Returns a model's sound [T, F] of symbols [T, S], no band above the sum of the instruments'.

    A model may add in dB where instruments share partials, which is far too loud. Frames of one
    instrument, or of none, stay as they are; so does all of a model that never heard an instrument
    alone (`random_mode` `constant`).
    """
    converter = model.converter
    if converter.random_mode == "constant":
        return spectra
    rows, places = np.unique(symbols, axis=0, return_inverse=True)
    alone, together = _alone(rows, converter)
    if not together.any():
        return spectra
    solos, own = np.unique(alone[together], axis=0, return_inverse=True)
    heard = model.sound_of(model.encode_notes(solos).mean)
    amplitudes = np.zeros([*together.shape, converter.num_bands])
    amplitudes[together] = amplitudes_of(heard, converter.floor_db)[own]
    most = spectra_of(amplitudes.sum(axis=1), converter.floor_db)
    most[~together.any(axis=1)] = np.inf
    return np.minimum(spectra, most[places]).astype(np.float32)


def _alone(rows: np.ndarray, converter: PairedConverter) -> tuple[np.ndarray, np.ndarray]:
    """Returns each instrument of symbols [N, S] alone, [N, I, S], and where it has company [N, I].

    An instrument that is silent has none.
    """
    layout, count = converter.layout, len(converter.instruments)
    nobody = layout.encode([Symbol()] * count)
    owners = np.repeat([f.instrument for f in layout.fields], [f.size for f in layout.fields])
    alone = np.where(owners == np.arange(count)[:, None], rows[:, None], nobody)
    plays = (alone != nobody).any(axis=2)
    return alone, plays & (plays.sum(axis=1, keepdims=True) > 1)
