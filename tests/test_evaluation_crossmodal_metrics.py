"""Measures of spectra and symbols, on numbers whose answers are known."""

import math

import numpy as np
import pytest

from lofi_tf.data.converters.symbols import LABELS, Symbol, SymbolLayout, symbol_of
from lofi_tf.evaluation.crossmodal import metrics
from lofi_tf.evaluation.crossmodal.baselines import sigma_of
from lofi_tf.evaluation.crossmodal.score_rows import with_best

LAYOUT = SymbolLayout(2)


def encoded(*rows):
    return np.stack([LAYOUT.encode(list(row)) for row in rows])


def notes(*rows):
    return metrics.notes_of(encoded(*rows), LAYOUT)


def test_itakura_saito_is_0_for_equal_and_known_for_a_ratio():
    power = np.array([[1e-9, 1.0, 50.0]])
    assert metrics.itakura_saito(power, power)[0] == 0
    assert metrics.itakura_saito(2 * power, power)[0] == pytest.approx(2 - math.log(2) - 1)
    assert metrics.itakura_saito(power, 2 * power)[0] == pytest.approx(0.5 + math.log(2) - 1)


def test_powers_of_views():
    powers = metrics.powers(np.array([0.0, -0.5, 0.5, 1.0]), -100.0)
    np.testing.assert_allclose(powers, [1e-10, 1e-10, 1e-5, 1.0])


def test_gaussian_log_likelihood_of_a_standard_normal():
    found = metrics.gaussian_log_likelihood(np.ones([1, 3]), np.zeros([1, 3]), np.ones(3))
    assert found[0] == pytest.approx(-1.5 - 1.5 * math.log(2 * math.pi))


def test_symbol_log_likelihood_counts_only_the_labels_asked_for():
    symbols = encoded([symbol_of(60, 64), Symbol()])
    even = np.concatenate([np.full(f.size, 1 / f.size) for f in LAYOUT.fields])[None]
    given = (even, symbols, LAYOUT)
    whole = metrics.symbol_log_likelihood(*given, LABELS, False)
    assert whole[0] == pytest.approx(-2 * math.log(10 * 13 * 6))
    octave = metrics.symbol_log_likelihood(*given, ("octave",), False)
    assert octave[0] == pytest.approx(-2 * math.log(10))
    coins = metrics.symbol_log_likelihood(np.full_like(even, 0.5), *given[1:], ("octave",), True)
    assert coins[0] == pytest.approx(-20 * math.log(2))


def test_accuracies_count_what_sounds():
    truth = notes([symbol_of(60, 64), symbol_of(72, 10)], [symbol_of(61, 64), Symbol()])
    guess = notes([symbol_of(60, 64), symbol_of(60, 10)], [symbol_of(61, 120), Symbol()])
    found = metrics.accuracies(truth, guess, [0, 1, 2])
    np.testing.assert_allclose(found.labels, [2 / 3, 1, 2 / 3])
    assert found.together == pytest.approx(1 / 3)
    assert found.presence == 1
    without_dynamics = metrics.accuracies(truth, guess, [0, 1])
    assert without_dynamics.together == pytest.approx(2 / 3)


def test_permuted_score_forgives_the_instrument_and_nothing_else():
    first, second = symbol_of(60, 64), symbol_of(67, 20)
    truth, swapped = notes([first, second]), notes([second, first])
    found = metrics.accuracies(truth, swapped, [0, 1, 2])
    assert (found.together, found.permuted) == (0, 1)
    twice = metrics.accuracies(truth, notes([first, first]), [0, 1, 2])
    assert (twice.together, twice.permuted) == (0.5, 0.5)  # one guess explains one note


def test_chances_are_of_the_training_labels():
    training = notes(*[[symbol_of(60, 64), Symbol()]] * 3, [symbol_of(49, 64), Symbol()])
    truth = notes([symbol_of(60, 64), Symbol()], [symbol_of(49, 10), Symbol()])
    single, joint = metrics.majority(training, 2, [0, 1])
    np.testing.assert_allclose(metrics.accuracies(truth, single, [0]).labels, [0.5, 0.5, 0.5])
    found = metrics.accuracies(truth, joint, [0, 1])
    assert (found.together, found.presence) == (0.5, 1)
    labels, together = metrics.uniform(LAYOUT, [0, 1], False)
    np.testing.assert_allclose(labels, [1 / 9, 1 / 12, 1 / 5])
    assert together == pytest.approx(1 / 108)


def test_binary_symbols_are_sets():
    chord = encoded([symbol_of(60, 64), Symbol()])
    chord[0, LAYOUT.fields[1].begin + 4] = 1
    first = metrics.notes_of(chord, LAYOUT, binary=True)
    assert first.classes[0, 0].tolist() == [2**4, 2**0 + 2**4, 2**2]
    assert first.sounds.tolist() == [[True, False]]


def test_confusion_counts_true_classes_down():
    found = metrics.confusion(np.array([0, 0, 2]), np.array([0, 1, 2]), 3)
    assert found.tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 1]]


def test_retrieval_takes_equal_symbols_as_right():
    true = np.eye(4)
    symbols = np.array([[0], [0], [1], [2]])
    made = true[[1, 0, 2, 2]]
    found = metrics.retrieval(made, true, symbols)
    assert found.accuracy == 0.75
    assert found.chance == pytest.approx((0.5 + 0.5 + 0.25 + 0.25) / 4)


def test_best_is_said_of_every_winner():
    rows = [{"a": 1.0, "b": 2.0}, {"a": 1.0, "b": 1.0}, {"a": 0.0, "b": float("nan")}]
    found = [row["best"] for row in with_best(rows, {"a": True, "b": False})]
    assert found == ["a", "a b", ""]


def test_sigma_is_the_root_of_the_mean_square():
    found = sigma_of(np.array([[3.0, 0.0], [-1.0, 0.0]]), np.zeros([2, 2]))
    np.testing.assert_allclose(found, [math.sqrt(5), math.exp(-5)])
