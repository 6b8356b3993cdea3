import itertools

import numpy as np
import pytest
import tensorflow as tf

from lofi_tf.errors import LofiError
from lofi_tf.models.sequence.groove_head import OFFSETS, VELOCITIES, GrooveMixtureHead


def head_of(num_drums: int) -> GrooveMixtureHead:
    """Returns a head whose cells matter to those after them."""
    head = GrooveMixtureHead(3 * num_drums, hidden_size=5, num_components=2)
    for number, variable in enumerate(head.trainable_variables):
        variable.assign(tf.random.stateless_normal(variable.shape, [number, 3]) * 0.8)
    return head


def parameters_of(head: GrooveMixtureHead, rows: int = 1) -> tf.Tensor:
    """Returns the same parameters for each row."""
    row = tf.random.stateless_normal([1, head.parameter_size], [4, 5]) * 0.7
    return tf.repeat(row, rows, axis=0)


def nats(head: GrooveMixtureHead, outputs: np.ndarray) -> dict[str, np.ndarray]:
    """Returns the losses of outputs [N, 3 D], each a sequence of one step."""
    count = len(outputs)
    losses = head.losses(
        parameters_of(head, count)[:, None],
        tf.constant(outputs)[:, None],
        tf.ones([count], tf.int32),
    )
    return {name: part.numpy() for name, part in losses.items()}


def all_outputs_of_one_drum() -> np.ndarray:
    velocities = np.linspace(VELOCITIES.low, VELOCITIES.high, VELOCITIES.count)
    offsets = np.linspace(OFFSETS.low, OFFSETS.high, OFFSETS.count)
    hit = np.array([(1, v, o) for v, o in itertools.product(velocities, offsets)])
    return np.concatenate([np.zeros([1, 3]), hit]).astype(np.float32)


def test_the_likelihood_of_all_that_one_drum_can_do_sums_to_one():
    found = nats(head_of(1), all_outputs_of_one_drum())
    np.testing.assert_allclose(np.exp(-sum(found.values())).sum(), 1.0, rtol=1e-3)


def test_the_likelihood_of_all_hits_sums_to_one():
    num_drums = 4
    hits = np.array(list(itertools.product([0, 1], repeat=num_drums)), np.float32)
    found = nats(head_of(num_drums), np.pad(hits, [(0, 0), (0, 2 * num_drums)]))
    np.testing.assert_allclose(np.exp(-found["hits_loss"]).sum(), 1.0, rtol=1e-5)


def test_where_nothing_is_hit_nothing_else_counts():
    head, silent, odd = head_of(2), np.zeros([1, 6], np.float32), np.zeros([1, 6], np.float32)
    odd[0, 2:] = 0.7, 0.3, -0.5, 0.9  # velocities and offsets of what is not hit
    found, other = nats(head, silent), nats(head, odd)
    assert found["velocities_loss"] == found["offsets_loss"] == 0.0
    assert {n: float(v[0]) for n, v in found.items()} == {n: float(v[0]) for n, v in other.items()}


def test_draws_have_the_frequencies_of_the_likelihood():
    head, count = head_of(2), 40_000
    noise = tf.random.stateless_uniform([count, 6], [1, 2])
    drawn = head.sample(parameters_of(head, count), tf.ones([count]), noise).numpy()
    for hits in itertools.product([0, 1], repeat=2):
        output = np.array([[*hits, 0, 0, 0, 0]], np.float32)
        expected = np.exp(-nats(head, output)["hits_loss"][0])
        share = np.mean(np.all(drawn[:, :2] == hits, axis=1))
        assert abs(share - expected) < 4.5 * np.sqrt(expected * (1 - expected) / count)


def test_cross_entropy_of_draws_is_the_entropy_of_the_distribution():
    head, count = head_of(1), 20_000
    everything = sum(nats(head, all_outputs_of_one_drum()).values())
    entropy = np.sum(np.exp(-everything) * everything)
    spread = np.sqrt(np.sum(np.exp(-everything) * (everything - entropy) ** 2))
    noise = tf.random.stateless_uniform([count, 3], [6, 7])
    drawn = head.sample(parameters_of(head, count), tf.ones([count]), noise).numpy()
    error = 4.5 * spread / np.sqrt(count)
    assert abs(sum(nats(head, drawn).values()).mean() - entropy) < error + 0.01


def test_at_temperature_zero_the_likelier_hit_and_the_medians():
    head = head_of(1)
    everything = all_outputs_of_one_drum()
    chances = np.exp(-sum(nats(head, everything).values()))
    found = head.sample(parameters_of(head), tf.zeros([1]), tf.constant([[0.99, 0.2, 0.7]]))[0]
    assert (found[0] > 0) == (chances[0] < 0.5)
    hit = tf.constant([[1.0, 0.0, 0.0]])
    played = head.fill(parameters_of(head), tf.zeros([1]), tf.zeros([1]), hit, hit, hit)[0].numpy()
    by_velocity = chances[1:].reshape(VELOCITIES.count, OFFSETS.count).sum(1)
    below, place = np.append(0.0, by_velocity.cumsum()), round(float(played[1]) * 127)
    assert below[place] <= below[-1] / 2 * (1 + 1e-3)
    assert below[place + 1] >= below[-1] / 2 * (1 - 1e-3)


def test_given_cells_are_kept_and_the_rest_is_given_them():
    head, count = head_of(3), 4000
    given = np.zeros([count, 9], np.float32)
    given[:, [0, 3, 7]] = 1.0, 0.5, -0.25  # the first drum's hit and velocity; the second's offset
    kept = np.zeros([count, 9], np.float32)
    kept[:, [0, 2, 3, 7]] = 1.0  # and that the third is silent
    noise = tf.random.stateless_uniform([count, 9], [8, 9])
    warm = tf.ones([count])
    drawn = head.fill(
        parameters_of(head, count), warm, warm, noise, tf.constant(given), tf.constant(kept)
    ).numpy()
    assert np.all(drawn[:, 0] == 1.0) and np.all(drawn[:, 3] == 0.5)
    assert not drawn[:, [2, 5, 8]].any()
    assert np.all(drawn[:, 7] == -0.25 * drawn[:, 1])
    hits = np.array([[1, *rest] + [0] * 6 for rest in itertools.product([0, 1], repeat=2)])
    chances = np.exp(-nats(head, hits.astype(np.float32))["hits_loss"])
    expected = chances[hits[:, 1] == 1].sum() / chances.sum()  # of the second, given the first
    error = 4.5 * np.sqrt(expected * (1 - expected) / count)
    assert abs(drawn[:, 1].mean() - expected) < error


def test_all_weights_learn():
    head = head_of(2)
    targets = tf.constant([[[1, 0, 0.8, 0, -0.2, 0], [1, 1, 0.4, 0.9, 0.1, 0.0]]], tf.float32)
    parameters = tf.Variable(tf.random.stateless_normal([1, 2, head.parameter_size], [1, 1]))
    with tf.GradientTape() as tape:
        loss = tf.add_n(list(head.losses(parameters, targets, tf.constant([2])).values()))
    for gradient in tape.gradient(loss, [*head.trainable_variables, parameters]):
        assert np.isfinite(gradient).all() and np.abs(gradient).max() > 0


def test_steps_beyond_the_length_do_not_count():
    head = head_of(2)
    targets = tf.constant([[[1, 0, 0.8, 0, -0.2, 0]] * 3], tf.float32)
    parameters = tf.repeat(parameters_of(head)[None], 3, axis=1)
    one, three = (head.losses(parameters, targets, tf.constant([n])) for n in (1, 3))
    for name in one:
        np.testing.assert_allclose(3 * one[name], three[name], rtol=1e-5)


def test_a_depth_that_is_no_multiple_of_three_is_refused():
    with pytest.raises(LofiError, match="three numbers a drum"):
        GrooveMixtureHead(10)
