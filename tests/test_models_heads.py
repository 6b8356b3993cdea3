import numpy as np
import tensorflow as tf

from lofi_tf.models.sequence.heads import GrooveHead

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
