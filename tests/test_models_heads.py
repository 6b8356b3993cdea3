import itertools

import numpy as np
import pytest
import tensorflow as tf

from lofi_tf.models.sequence.bit_heads import BernoulliHead, NADEHead
from lofi_tf.models.sequence.heads import (
    CategoricalHead,
    GrooveHead,
    MultiCategoricalHead,
    filled,
)

HEAD = GrooveHead(27)


def parameters(hits: float, velocity: float, offset: float, rows: int = 1) -> tf.Tensor:
    row = [hits] * 9 + [velocity] * 9 + [offset] * 9
    return tf.constant([row] * rows, tf.float32)


def test_hits_are_drawn_by_their_logits_over_the_temperature():
    rows, temperature, logit = 4000, 0.5, 0.7
    noise = tf.random.stateless_uniform([rows, 9], [1, 2])
    drawn = HEAD.sample(parameters(logit, 0, 0, rows), tf.fill([rows], temperature), noise)
    expected = 1 / (1 + np.exp(-logit / temperature))
    error = np.sqrt(expected * (1 - expected) / (rows * 9))
    assert abs(np.mean(drawn[:, :9]) - expected) < 4 * error


def test_temperature_zero_takes_the_likelier():
    noise = tf.constant([[0.999] * 9, [0.0] * 9])
    logits = tf.concat([parameters(0.01, 0, 0), parameters(-0.01, 0, 0)], axis=0)
    drawn = HEAD.sample(logits, tf.zeros(2), noise)
    np.testing.assert_array_equal(drawn[:, :9], [[1.0] * 9, [0.0] * 9])


def test_velocities_and_offsets_are_squashed_not_drawn():
    drawn = HEAD.sample(parameters(0, 1.5, -0.5), tf.ones(1), tf.zeros([1, 9]))
    np.testing.assert_allclose(drawn[0, 9:18], 1 / (1 + np.exp(-1.5)), rtol=1e-6)
    np.testing.assert_allclose(drawn[0, 18:], np.tanh(-0.5), rtol=1e-6)


def test_losses_by_closed_form_count_valid_steps_only():
    targets = np.zeros([1, 3, 27], np.float32)
    targets[0, 0, 0] = 1.0  # a kick
    targets[0, 0, 9] = 0.8
    targets[0, 0, 18] = -0.25
    losses = HEAD.losses(tf.zeros([1, 3, 27]), tf.constant(targets), tf.constant([2]))
    np.testing.assert_allclose(losses["hits_loss"], [18 * np.log(2)], rtol=1e-5)
    np.testing.assert_allclose(losses["velocities_loss"], [17 * 0.25 + 0.3**2], rtol=1e-5)
    np.testing.assert_allclose(losses["offsets_loss"], [0.25**2], rtol=1e-5)


def test_expression_weighs_in_the_loss_and_not_in_what_is_logged():
    targets = np.random.default_rng(1).random([1, 3, 27], np.float32)
    given = tf.zeros([1, 3, 27]), tf.constant(targets), tf.constant([3])
    heavy = GrooveHead(27, expression_weight=5.0)
    plain, weighted = HEAD.losses(*given), heavy.losses(*given)
    for name, times in (("hits_loss", 1.0), ("velocities_loss", 5.0), ("offsets_loss", 5.0)):
        np.testing.assert_allclose(weighted[name], times * plain[name], rtol=1e-6)
    logged = [
        head.scalars({name: tf.reduce_sum(part) for name, part in (found | counts).items()})
        for head, found, counts in (
            (HEAD, plain, HEAD.counts(*given)),
            (heavy, weighted, heavy.counts(*given)),
        )
    ]
    np.testing.assert_allclose(*[[float(v) for v in one.values()] for one in logged], rtol=1e-6)


def test_f1_of_known_counts():
    targets, guesses = np.zeros([1, 2, 27], np.float32), np.full([1, 2, 27], -1.0, np.float32)
    targets[0, 0, :2] = 1.0
    guesses[0, 0, 1:4] = 1.0
    counts = HEAD.counts(tf.constant(guesses), tf.constant(targets), tf.constant([2]))
    assert {name: float(value[0]) for name, value in counts.items()} == {
        "hits": 1.0, "predicted_hits": 3.0, "true_hits": 2.0, "steps": 2.0,
    }  # fmt: skip
    means = counts | dict.fromkeys(("hits_loss", "velocities_loss", "offsets_loss"), 0.0)
    assert abs(float(HEAD.scalars(means)["hits_f1"][0]) - 2 / 5) < 1e-6


BITS = [np.array(bits, np.float32) for bits in itertools.product([0, 1], repeat=3)]
CLASSES = list(np.eye(3, dtype=np.float32))
SETS = [np.concatenate([a, b]) for a in CLASSES for b in np.eye(2, dtype=np.float32)]


@pytest.mark.parametrize(
    ("kind", "sizes", "outputs"),  # built in the test: weights would start TensorFlow too early
    [
        (CategoricalHead, (3,), CLASSES),
        (MultiCategoricalHead, (5, [3, 2]), SETS),
        (BernoulliHead, (3,), BITS),
        (NADEHead, (3, 4), BITS),
    ],
)
def test_cells_sum_to_the_loss_and_all_outputs_to_one(kind, sizes, outputs):
    head = kind(*sizes)
    row = tf.random.stateless_normal([1, 1, head.parameter_size], [1, 2])
    parameters = tf.repeat(row, len(outputs), axis=0)
    targets = tf.constant(np.array(outputs))[:, None]
    nats = head.cell_nats(parameters, targets)
    assert nats.shape == targets.shape
    (loss,) = (sum(head.losses(parameters, targets, tf.ones(len(outputs), tf.int32)).values()),)
    np.testing.assert_allclose(tf.reduce_sum(nats, [1, 2]), loss, rtol=1e-4)
    np.testing.assert_allclose(np.exp(-loss).sum(), 1.0, rtol=1e-4)


def test_bits_of_a_nade_are_drawn_given_those_that_are_kept():
    head, rows = NADEHead(2, hidden_size=4), 4000
    for number, variable in enumerate(head.trainable_variables):
        variable.assign(tf.random.stateless_normal(variable.shape, [number, 3]) * 2.0)
    row = tf.random.stateless_normal([1, head.parameter_size], [1, 2])
    parameters, warm = tf.repeat(row, rows, axis=0), tf.ones([rows])
    noise = tf.random.stateless_uniform([rows, 2], [8, 9])
    for first in (0.0, 1.0):
        given, kept = tf.fill([rows, 2], first), tf.constant([[1.0, 0.0]] * rows)
        drawn = filled(head, parameters, warm, warm, noise, given, kept).numpy()
        assert (drawn[:, 0] == first).all()
        likely = head.cell_nats(row[:, None], tf.constant([[[first, 1.0]]]))[0, 0, 1]
        expected = np.exp(-likely)
        error = 4.5 * np.sqrt(expected * (1 - expected) / rows)
        assert abs(drawn[:, 1].mean() - expected) < error


def test_a_groove_with_hits_given_plays_them():
    noise, warm = tf.fill([1, 9], 0.5), tf.ones(1)
    given, kept = np.zeros([1, 27], np.float32), np.zeros([1, 27], np.float32)
    given[0, [1, 2, 11]], kept[0, [0, 1, 2, 11]] = 1.0, 1.0  # of the third the velocity too
    given[0, 11] = 0.25
    cells = tf.constant(given), tf.constant(kept)
    found = filled(HEAD, parameters(-1.0, 0.4, 0.2), warm, warm, noise, *cells)[0].numpy()
    played = HEAD.play(parameters(-1.0, 0.4, 0.2), tf.constant(given[:, :9]))[0].numpy()
    assert found[:9].tolist() == given[0, :9].tolist()
    assert found[11] == 0.25
    np.testing.assert_array_equal(np.delete(found, 11), np.delete(played, 11))
