"""Continuation: what is cut, what is heard, and that feeding itself is feeding its own frames."""

import numpy as np
import pytest
import tensorflow as tf

from lofi_tf.config import ContinuationConfig, TrainingConfig
from lofi_tf.errors import LofiError
from lofi_tf.models.common.optimizer import compile_model
from lofi_tf.models.continuation.model import Continuation
from lofi_tf.models.layers.frame_size import frame_size_of

LINEAR = {"kind": "linear_frames", "frame_size": 5, "embedding_size": 4}
CONV = {"kind": "conv_frames", "strides": [2, 5], "channels": [2, 4]}
SPECTRAL = {**LINEAR, "spectral": True}
SKIPPING = {**CONV, "companded": True}
B, N = 6, 120


def continuation(
    frames=LINEAR, head="gaussian", z_size=0, scrambled=True, **training
) -> Continuation:
    options = {"frame_size": frame_size_of(frames)} if head == "cosine_student" else {}
    settings = ContinuationConfig(
        encoder=frames,
        head={"kind": head, **options},
        max_seq_len=N,
        z_size=z_size,
        rnn_size=(6, 6),
    )
    model = Continuation(settings, TrainingConfig(**training))
    compile_model(model)
    for number, variable in enumerate(model.trainable_variables if scrambled else []):
        values = np.random.default_rng(number).normal(size=variable.shape)
        variable.assign(0.5 * values)
    return model


def clips() -> tf.Tensor:
    """Each sample tells its place: clip b, sample n is b + n / 1000."""
    return tf.constant(np.arange(B)[:, None, None] + np.arange(N)[None, :, None] / 1000, tf.float32)


def batch() -> dict[str, tf.Tensor]:
    samples = tf.sin(clips() * 300.0) * 0.5
    return {"inputs": samples, "targets": samples, "length": tf.fill([B], N)}


def test_frames_after_follow_those_before():
    model = continuation()
    seen = set()
    for seed in range(40):
        before, after, lengths = model.cut(clips(), tf.constant([seed, 0]))
        for row in range(B):
            first, second = int(lengths["before"][row]), int(lengths["after"][row])
            assert first >= 1
            assert second >= 1
            both = np.concatenate([before[row, :first], after[row, :second]]).ravel() - row
            places = np.round(both * 1000).astype(int)
            np.testing.assert_array_equal(np.diff(places), 1)
            assert places[0] % 5 == 0
            seen.add((places[0] // 5, first, second))
    assert {second for _, _, second in seen} >= {1, 12}
    assert {first for _, first, _ in seen} >= {1, 12}
    assert len(seen) > 100  # starts and lengths are drawn, not fixed


def test_evaluation_cuts_in_the_middle():
    before, after, lengths = continuation().cut(clips(), None)
    np.testing.assert_array_equal(lengths["before"], [12] * B)
    np.testing.assert_array_equal(lengths["after"], [12] * B)
    np.testing.assert_allclose(before[0, 11, 4], 0.059)
    np.testing.assert_allclose(after[0, 0, 0], 0.060)


@pytest.mark.parametrize(
    ("frames", "head", "z_size"),
    [
        (LINEAR, "gaussian", 0),
        (LINEAR, "mu_law", 3),
        (CONV, "gaussian", 3),
        (CONV, "mu_law", 0),
        (SPECTRAL, "cosine_student", 3),
        (SKIPPING, "cosine_student", 0),
    ],
)
def test_its_own_frames_taught_are_what_it_drew(frames, head, z_size):
    model = continuation(frames, head, z_size)
    width = model.frames.frame_size
    before = tf.reshape(batch()["inputs"], [B, -1, width])
    states, _ = model.encode(before)
    z = tf.random.stateless_normal([B, z_size], [1, 2])
    steps = 7
    drawn, _, _ = model.continue_(
        states, before[:, -1], tf.repeat(z[None], steps, 0), tf.zeros([B]),
        tf.zeros([steps, B, width]),
    )  # fmt: skip
    shifted = tf.concat([before[:, -1:], drawn[:, :-1]], axis=1)
    parameters = model._taught(states, z, shifted, None, None)
    flat = tf.reshape(parameters, [-1, model.frames.values])
    again = model.decoder.head.sample(flat, tf.zeros(len(flat)), tf.zeros([len(flat), 1]))
    np.testing.assert_allclose(tf.reshape(again, drawn.shape), drawn, atol=1e-5)


def test_what_was_heard_decides():
    model = continuation()
    frames = tf.reshape(batch()["inputs"], [B, -1, 5])
    changed = tf.concat([frames[:, :-4] + 1.0, frames[:, -4:]], axis=1)
    answers = []
    for heard in (frames, changed):
        states, _ = model.encode(heard)
        arguments = (tf.zeros([4, B, 0]), tf.zeros([B]), tf.zeros([4, B, 5]))
        answers.append(model.continue_(states, frames[:, -1], *arguments)[0].numpy())
    assert np.abs(answers[0] - answers[1]).max() > 1e-4


def test_a_change_of_z_changes_what_follows_it_alone():
    model = continuation(z_size=3)
    frames = tf.reshape(batch()["inputs"], [B, -1, 5])
    states, _ = model.encode(frames)
    z = tf.repeat(tf.random.stateless_normal([B, 3], [1, 2])[None], 10, axis=0)
    other = tf.concat([z[:6], z[6:] + 2.0], axis=0)
    one, two = (
        model.continue_(states, frames[:, -1], path, tf.zeros([B]), tf.zeros([10, B, 5]))[0].numpy()
        for path in (z, other)
    )
    np.testing.assert_array_equal(one[:, :6], two[:, :6])
    assert np.abs(one[:, 6:] - two[:, 6:]).max(axis=(1, 2)).min() > 1e-3


def test_always_its_own_frames_is_not_the_truth_but_counts_the_same():
    model = continuation(sampling_rate=1.0)
    noise = tf.zeros([B, 0])
    truth = model.losses_of(batch(), noise)
    own = model.losses_of(batch(), noise, sampling_probability=tf.constant(1.0))
    never = model.losses_of(batch(), noise, sampling_probability=tf.constant(0.0))
    np.testing.assert_allclose(never["r_loss"], truth["r_loss"], rtol=1e-5)
    assert np.abs(own["r_loss"] - truth["r_loss"]).min() > 1e-3
    np.testing.assert_array_equal(own["values"], truth["values"])
    np.testing.assert_array_equal(truth["values"], [60.0] * B)


@pytest.mark.parametrize(
    ("frames", "head", "z_size"),
    [(CONV, "gaussian", 0), (SKIPPING, "gaussian", 3), (SPECTRAL, "cosine_student", 3)],
)
def test_every_weight_has_a_gradient(frames, head, z_size):
    model = continuation(frames, head, z_size)
    with tf.GradientTape() as tape:
        parts = model.losses_of(batch(), tf.ones([B, z_size]), tf.constant([1, 2]))
        loss = model.loss_of(parts, 0.5)
    for variable, gradient in zip(
        model.trainable_variables, tape.gradient(loss, model.trainable_variables), strict=True
    ):
        assert gradient is not None, variable.path
        assert np.abs(gradient).max() > 0, variable.path


def test_it_learns_a_sine():
    model = continuation(scrambled=False, learning_rate=0.01)
    step = tf.function(model.train_step)
    for _ in range(150):
        scalars = step(batch())
    assert float(scalars["metrics/snr_db"]) > 6.0


def test_settings_that_cannot_be_are_refused():
    with pytest.raises(LofiError, match="two frames"):
        continuation({"kind": "linear_frames", "frame_size": 100})
    with pytest.raises(LofiError, match="same frame_size. Received: 5 and 60"):
        settings = ContinuationConfig(
            encoder=LINEAR,
            head={"kind": "cosine_student"}, max_seq_len=N, rnn_size=(6,),
        )  # fmt: skip
        Continuation(settings, TrainingConfig())
    with pytest.raises(LofiError, match="as many"):
        continuation({"kind": "conv_frames", "strides": [2], "channels": [2, 4]})
