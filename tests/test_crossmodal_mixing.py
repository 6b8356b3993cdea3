"""Mixtures that are no louder than the sum of their instruments."""

import copy
import dataclasses

import numpy as np
import pytest

from lofi_tf.crossmodal.mixing import amplitudes_of, at_most_the_sum, spectra_of
from lofi_tf.crossmodal.symbol_notes import vector_of
from tests.crossmodal_standin import CONVERTER, standin

FLOOR_DB = CONVERTER.floor_db
PIANO, FLUTE = ((60, 64),), ((67, 64),)
TOO_LOUD = 0.9


def rows_of(*chords):
    return np.array([vector_of(pair, CONVERTER) for pair in chords])


SOLOS = rows_of((PIANO, ()), ((), FLUTE))
BOTH = rows_of((PIANO, FLUTE))


@pytest.fixture(scope="module")
def model():
    found = copy.copy(standin())
    found.converter = dataclasses.replace(CONVERTER, random_mode="bernoulli")
    return found


def test_amplitudes_are_those_of_db():
    spectra = np.array([1.0, 1 + 20 / FLOOR_DB, 0.0, -0.5])
    assert amplitudes_of(spectra, FLOOR_DB) == pytest.approx([1, 0.1, 0, 0])
    assert spectra_of(np.array([1, 0.1, 0, 0]), FLOOR_DB) == pytest.approx([*spectra[:2], 0, 0])


def test_what_is_too_loud_comes_out_at_the_sum(model):
    loud = np.full([1, CONVERTER.num_bands], TOO_LOUD, np.float32)
    heard = model.sound_of(model.encode_notes(SOLOS).mean)
    total = np.where(heard > 0, 10 ** ((1 - heard) * FLOOR_DB / 20), 0).sum(axis=0)
    found = at_most_the_sum(model, BOTH, loud)
    amplitudes = 10 ** ((1 - found[0]) * FLOOR_DB / 20)
    assert amplitudes == pytest.approx(np.maximum(total, 10 ** (FLOOR_DB / 20)), rel=1e-4)


def test_what_is_quiet_enough_stays(model):
    quiet = model.sound_of(model.encode_notes(SOLOS[:1]).mean)
    assert at_most_the_sum(model, BOTH, quiet) == pytest.approx(quiet, abs=1e-6)


def test_frames_of_one_instrument_stay_as_they_are(model):
    symbols = np.concatenate([SOLOS, BOTH, SOLOS, rows_of(((), ()))])
    loud = np.full([len(symbols), CONVERTER.num_bands], TOO_LOUD, np.float32)
    changed = (at_most_the_sum(model, symbols, loud) != loud).any(axis=1)
    assert changed.tolist() == [False, False, True, False, False, False]


def test_a_model_that_heard_nobody_alone_is_left_as_it_is():
    loud = np.full([1, CONVERTER.num_bands], TOO_LOUD, np.float32)
    assert at_most_the_sum(standin(), BOTH, loud) is loud
