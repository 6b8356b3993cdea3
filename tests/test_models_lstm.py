import keras
import numpy as np
import pytest
import tensorflow as tf

from lofi_tf.models.layers.lstm import LSTM, LSTMStack, dropout

T, B, D, U = 5, 3, 4, 6


def keras_twin(layer: LSTM, reverse: bool = False) -> keras.layers.LSTM:
    """Keras' own LSTM with the same weights."""
    twin = keras.layers.LSTM(U, return_sequences=True, return_state=True, go_backwards=reverse)
    twin.build((None, T, D))
    twin.set_weights([layer.kernel, layer.recurrent_kernel, layer.bias])
    return twin


@pytest.fixture
def layer():
    keras.utils.set_random_seed(1)
    layer = LSTM(D, U)
    layer.bias.assign(tf.random.normal(layer.bias.shape))
    return layer


@pytest.fixture
def inputs():
    return tf.constant(np.random.default_rng(0).normal(size=[T, B, D]), tf.float32)


def assert_near(left, right, atol=1e-5):
    np.testing.assert_allclose(np.asarray(left), np.asarray(right), atol=atol)


@pytest.mark.parametrize("reverse", [False, True])
def test_outputs_and_states_equal_keras(layer, inputs, reverse):
    outputs, (h, c) = layer(inputs, reverse=reverse)
    theirs, their_h, their_c = keras_twin(layer, reverse)(tf.transpose(inputs, [1, 0, 2]))
    outputs = tf.transpose(outputs, [1, 0, 2])
    assert_near(outputs[:, ::-1] if reverse else outputs, theirs)
    assert_near(h, their_h)
    assert_near(c, their_c)


@pytest.mark.parametrize("reverse", [False, True])
def test_gradients_equal_keras(layer, inputs, reverse):
    weights = tf.constant(np.random.default_rng(1).normal(size=[B, T, U]), tf.float32)
    twin = keras_twin(layer, reverse)
    batch_major = tf.transpose(inputs, [1, 0, 2])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([inputs, batch_major])
        outputs, (_, c) = layer(inputs, reverse=reverse)
        outputs = tf.transpose(outputs, [1, 0, 2])
        outputs = outputs[:, ::-1] if reverse else outputs
        ours = tf.reduce_sum(outputs * weights) + tf.reduce_sum(c**2)
        theirs_outputs, _, their_c = twin(batch_major)
        theirs = tf.reduce_sum(theirs_outputs * weights) + tf.reduce_sum(their_c**2)
    left = tape.gradient(ours, [*layer.trainable_variables, inputs])
    right = tape.gradient(theirs, [*twin.trainable_variables, batch_major])
    for one, other in zip(left[:3], right[:3], strict=True):
        assert_near(one, other, atol=1e-4)
    assert_near(tf.transpose(left[3], [1, 0, 2]), right[3], atol=1e-4)


@pytest.mark.parametrize("reverse", [False, True])
def test_lengths_end_each_row_as_if_it_stood_alone(layer, inputs, reverse):
    lengths = tf.constant([2, 5, 1])
    with tf.GradientTape(persistent=True) as tape:
        _, (h, c) = layer(inputs, lengths=lengths, reverse=reverse)
        together = tf.reduce_sum(h * c)
        alone = [
            layer(inputs[:length, row : row + 1], reverse=reverse)[1]
            for row, length in enumerate([2, 5, 1])
        ]
        apart = tf.add_n([tf.reduce_sum(one_h * one_c) for one_h, one_c in alone])
    assert_near(h, tf.concat([one_h for one_h, _ in alone], 0))
    assert_near(c, tf.concat([one_c for _, one_c in alone], 0))
    for one, other in zip(
        tape.gradient(together, layer.trainable_variables),
        tape.gradient(apart, layer.trainable_variables),
        strict=True,
    ):
        assert_near(one, other)


def test_initial_state_gets_its_gradient(layer, inputs):
    state = tf.constant(np.random.default_rng(2).normal(size=[2, B, U]), tf.float32)

    def loss_of(state):
        outputs, _ = layer(inputs, initial_state=(state[0], state[1]))
        return tf.reduce_sum(outputs**2)

    theory, numeric = tf.test.compute_gradient(loss_of, [state])
    assert_near(theory[0], numeric[0], atol=2e-2)


def test_step_by_step_equals_the_whole(layer, inputs):
    outputs, _ = layer(inputs)
    state, step = layer.zero_state(B), layer.stepper()
    for time in range(T):
        output, state = step(inputs[time], state)
        assert_near(output, outputs[time])


@pytest.mark.parametrize("start", [0, 1, D - 2])
def test_fixed_inputs_of_a_stepper_count_as_if_given_at_each_step(layer, inputs, start):
    fixed, others = (
        inputs[0, :, :2],
        tf.concat([inputs[1, :, :start], inputs[1, :, start + 2 :]], 1),
    )
    whole = tf.concat([others[:, :start], fixed, others[:, start:]], axis=1)
    expected = layer.stepper()(whole, layer.zero_state(B))
    found = layer.stepper(fixed, start)(others, layer.zero_state(B))
    tf.nest.map_structure(assert_near, found, expected)


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("dropped", [False, True])
def test_stack_steps_as_it_runs_with_fixed_inputs(inputs, residual, dropped):
    stack = LSTMStack(D, [U, U], keep_prob=0.5, residual=residual)
    fixed = inputs[0, :, 1:3]
    repeated = tf.repeat(fixed[None], T, axis=0)
    whole = tf.concat([inputs[..., :1], repeated, inputs[..., 3:]], axis=-1)
    outputs, finals = stack(whole)
    states, step = stack.zero_states(B), stack.stepper(fixed, 1, dropped)
    for time in range(T):
        others = tf.concat([inputs[time, :, :1], inputs[time, :, 3:]], axis=-1)
        output, states = step(others, states)
        assert_near(output, outputs[time])
    tf.nest.map_structure(assert_near, states, finals)


def test_graph_equals_eager(layer, inputs):
    eager, _ = layer(inputs)
    graph, _ = tf.function(layer)(inputs)
    assert_near(eager, graph, atol=1e-6)


def test_dropout_keeps_its_share_and_the_mean():
    ones = tf.ones([200, 200])
    dropped = dropout(ones, 0.3, tf.constant([1, 2])).numpy()
    kept = np.mean(dropped > 0)
    assert abs(kept - 0.3) < 4 * np.sqrt(0.3 * 0.7 / dropped.size)
    np.testing.assert_allclose(dropped[dropped > 0], 1 / 0.3, rtol=1e-6)
    assert dropout(ones, 0.3, None) is ones
