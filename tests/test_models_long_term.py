"""Continuations that recall: copies where sound repeats, and a style that is bounded."""

import math

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from lofi_tf.config import ContinuationConfig, TrainingConfig
from lofi_tf.errors import LofiError
from lofi_tf.models.common.optimizer import compile_model
from lofi_tf.models.continuation.long_term import STYLE_DB, RecallingContinuation
from lofi_tf.models.continuation.long_term_head import RecallHead

B, S, N = 4, 40, 1600
F = N // S


def recalling(z_size=0, scrambled=True, head="recall", steps=N, **training):
    settings = ContinuationConfig(
        encoder={"kind": "lapped_frames", "frame_size": S, "num_bands": 3},
        head={"kind": head} | ({} if head == "gaussian" else {"frame_size": S}),
        max_seq_len=steps,
        z_size=z_size,
        rnn_size=(6,),
    )
    model = RecallingContinuation(settings, TrainingConfig(**training))
    compile_model(model)
    scrambling = [each for each in model.trainable_variables if "shares" not in each.path]
    for number, variable in enumerate(scrambling if scrambled else []):
        variable.assign(0.3 * np.random.default_rng(number).normal(size=variable.shape))
    return model


def saying(trust, change):
    """A model that says the same of every frame, whatever it is fed."""
    model = recalling(scrambled=False)
    bias = np.zeros(model.frames.out.bias.shape, np.float32)
    bias[:3], bias[3:] = trust, change
    model.frames.out.bias.assign(bias)
    return model


def loops(lag=268) -> tf.Tensor:
    """Clips [B, N, 1] that repeat after a lag, exactly."""
    periods = np.random.default_rng(5).normal(0, 0.1, [B, lag])
    return tf.constant(
        np.stack([np.resize(period, N) for period in periods])[..., None], tf.float32
    )


def batch(clips) -> dict[str, tf.Tensor]:
    return {"inputs": clips, "targets": clips, "length": tf.fill([B], N)}


def gone_on(model, clips, steps, z=None, temperature=0.0):
    frames = tf.reshape(clips, [len(clips), -1, S])
    lengths = tf.fill([len(clips)], frames.shape[1])
    states, _ = model.encode(frames, lengths)
    z = tf.zeros([steps, len(clips), model.settings.z_size]) if z is None else z
    noise = tf.random.stateless_uniform([steps, len(clips), S], [1, 2])
    first = model.last_frame(states, frames, lengths)
    return model.continue_(states, first, z, tf.fill([len(clips)], temperature), noise)[0].numpy()


@pytest.mark.parametrize("z_size", [0, 3])
def test_its_own_frames_taught_are_what_it_drew(z_size, monkeypatch):
    """What it would say of its own continuation as the truth is what it drew it from."""

    def free(power, *_):
        return tf.ones_like(power), tf.ones_like(power)

    monkeypatch.setattr(
        "lofi_tf.models.continuation.long_term.bounded_ratio", free
    )  # no level is held
    model, clips, steps = recalling(z_size), loops()[:, : N // 2], F // 2
    frames = tf.reshape(clips, [B, -1, S])
    states, _ = model.encode(frames)
    z = tf.random.stateless_normal([B, z_size], [1, 2])
    first = model.last_frame(states, frames, tf.fill([B], steps))
    drawn, _, _ = model.continue_(
        states, first, tf.repeat(z[None], steps, 0), tf.ones([B]), tf.fill([steps, B, S], 0.5)
    )
    assert np.abs(drawn).max() < 1  # nothing was cut off
    parameters, truth, lengths = model._judged(
        states, z, first, drawn, tf.fill([B], steps), None, None
    )
    np.testing.assert_allclose(parameters[..., 0], truth, atol=2e-4)
    np.testing.assert_array_equal(lengths, [steps - 1] * B)


def test_a_loop_that_is_trusted_goes_on_as_it_was():
    model = saying(20.0, -20.0)  # the smallest scale
    clips = loops()
    found = gone_on(model, clips[:, : N // 2], F // 2).reshape(B, -1)
    truth = clips[:, N // 2 :, 0].numpy()
    error = np.square(found - truth).mean() / np.square(truth).mean()
    assert error < 0.05  # scales are not quite 0


def levels_of_lags(found, clips, lag):
    """Returns dB over the last lag of the clips, [B, lags]."""
    heard = np.square(clips[:, -lag:, 0]).mean(1)[:, None]
    return 10 * np.log10(np.square(found.reshape(B, -1, lag)).mean(2) / heard)


@pytest.mark.parametrize("trust, change", [(0.0, -20.0), (0.0, 20.0)])
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_loop_keeps_its_level_though_the_model_says_another(temperature, trust, change):
    lag = 320
    clips = loops(lag)
    found = gone_on(saying(trust, change), clips, 8 * lag // S, temperature=temperature)
    levels = levels_of_lags(found, clips, lag)
    assert np.abs(levels).max() < 8.0  # until the running powers have come there
    assert np.abs(levels[:, 4:]).max() < 2.0


def test_a_tone_that_dies_away_may_die_away():
    lag, fall = 320, 0.5
    clips = loops(lag) * fall ** (tf.range(N, dtype=tf.float32) / lag)[None, :, None]
    found = gone_on(saying(-20.0, -20.0), clips, 8 * lag // S)
    assert levels_of_lags(found, clips, lag)[:, -1].max() < -6.0


def test_a_continuation_in_blocks_is_that_in_one():
    model, clips = recalling(), loops()[:, : N // 2]
    frames, lengths = tf.reshape(clips, [B, -1, S]), tf.fill([B], F // 2)
    states, _ = model.encode(frames, lengths)
    first = model.last_frame(states, frames, lengths)
    noise = tf.random.stateless_uniform([30, B, S], [1, 2])
    z, heat = tf.zeros([30, B, 0]), tf.ones([B])
    whole, _, _ = model.continue_(states, first, z, heat, noise)
    parts = []
    for part in (slice(0, 15), slice(15, 30)):
        sound, first, states = model.continue_(states, first, z[part], heat, noise[part])
        parts.append(sound)
    np.testing.assert_allclose(tf.concat(parts, 1), whole, atol=1e-5)


@pytest.mark.slow
def test_it_learns_that_loops_repeat():
    model = recalling(scrambled=False, learning_rate=0.03)
    step = tf.function(model.train_step)
    for _ in range(40):
        step(batch(loops()))
    parts = model.losses_of(batch(loops()), tf.zeros([B, 0]))
    ratio = tf.reduce_sum(parts["energy"]) / tf.reduce_sum(parts["error_energy"])
    assert float(ratio) > 4.0  # 6 dB


def test_a_style_is_bounded_and_does_not_add_up():
    model, clips = recalling(z_size=3), loops()[:, : N // 2]
    plain = gone_on(model, clips, 38)
    z = tf.fill([38, B, 3], 50.0)  # far outside of what is ever drawn
    styled = gone_on(model, clips, 38, z)
    most = STYLE_DB + 0.5

    def level(frames):
        return 10 * np.log10(np.square(frames).mean(axis=(1, 2)) + 1e-12)

    for part in (slice(1, 19), slice(19, 38)):
        assert np.abs(level(styled[:, part]) - level(plain[:, part])).max() < most


def test_a_change_of_z_changes_what_follows_it_alone():
    model, clips = recalling(z_size=3), loops()[:, : N // 2]
    z = tf.repeat(tf.random.stateless_normal([B, 3], [1, 2])[None], 10, axis=0)
    one, two = (
        gone_on(model, clips, 10, path, 1.0)
        for path in (z, tf.concat([z[:6], z[6:] + 2.0], axis=0))
    )
    np.testing.assert_array_equal(one[:, :6], two[:, :6])
    assert np.abs(one[:, 6:] - two[:, 6:]).max(axis=(1, 2)).min() > 1e-4


def test_what_is_heard_in_parts_is_what_lies_within_lengths():
    model = recalling(z_size=2)
    frames = tf.reshape(loops(), [B, F, S])
    states, _ = model.encode(frames[:, :20])
    longer, _ = model.encode(frames, tf.fill([B], 20))
    for one, other in zip(tf.nest.flatten(states), tf.nest.flatten(longer), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_shortest_sounds_are_gone_on_with(count):
    found = gone_on(recalling(), loops()[:, : count * S], 5)
    assert np.isfinite(found).all()
    assert found.shape == (B, 5, S)


def test_always_its_own_frames_is_not_the_truth_but_counts_the_same():
    model, noise = recalling(z_size=2, sampling_rate=1.0), tf.zeros([B, 2])
    clips = batch(loops())
    truth = model.losses_of(clips, noise)
    own = model.losses_of(clips, noise, sampling_probability=tf.constant(1.0))
    never = model.losses_of(clips, noise, sampling_probability=tf.constant(0.0))
    np.testing.assert_allclose(never["r_loss"], truth["r_loss"], rtol=1e-4)
    assert np.abs(own["r_loss"] - truth["r_loss"]).min() > 1e-3
    np.testing.assert_array_equal(truth["values"], [(F - F // 2 - 1) * S] * B)


def test_every_weight_has_a_gradient():
    model, clips = recalling(z_size=3, steps=10 * S), batch(loops()[:, : 10 * S])
    with tf.GradientTape() as tape:
        parts = model.losses_of(clips, tf.ones([B, 3]), tf.constant([1, 2]))
        loss = model.loss_of(parts, 0.5)
    for variable, gradient in zip(
        model.trainable_variables, tape.gradient(loss, model.trainable_variables), strict=True
    ):
        assert gradient is not None, variable.path
        assert np.abs(gradient).max() > 0, variable.path


def test_settings_that_cannot_be_are_refused():
    with pytest.raises(LofiError, match="need a head of kind recall"):
        recalling(head="gaussian")
    with pytest.raises(LofiError, match="clip of four frames or more. Received: RecallHead, 3"):
        recalling(steps=3 * S)


def test_the_loss_is_that_of_students_t():
    random = np.random.default_rng(1)
    means, targets = random.normal(0, 0.1, [2, 3, 4, S]).astype(np.float32)
    sigmas = random.uniform(-3, -1, [3, 4, S]).astype(np.float32)
    parameters = tf.stack([means, sigmas], -1)
    found = RecallHead(1, S).losses(parameters, tf.constant(targets), tf.constant([4, 2, 0]))
    nats = sigmas - scipy.stats.t.logpdf((targets - means) / np.exp(sigmas), 4)
    expected = [nats[0].sum(), nats[1, :2].sum(), 0]
    np.testing.assert_allclose(found["negative_log_likelihood"], expected, rtol=1e-4)


@pytest.mark.parametrize("temperature", [0.0, 0.5, 1.0])
def test_draws_go_from_the_copy_to_what_the_likelihood_says(temperature):
    head, count = RecallHead(1, S), 20000
    mean, sigma, copied = 0.2, 0.1, -0.3
    parameters = tf.tile(tf.constant([[[mean, math.log(sigma)]]]), [count, S, 1])
    noise = tf.random.stateless_uniform([count, S], [1, 2])
    heat = tf.fill([count, 1], temperature)
    drawn = head.sample(parameters, tf.fill([count, S], copied), heat, noise).numpy()
    kept = math.sqrt(1 - temperature**4)
    assert np.median(drawn) == pytest.approx(kept * copied + (1 - kept) * mean, abs=2e-3)
    span = 2 * scipy.stats.t.ppf(0.75, 4) * sigma * temperature**2
    assert np.subtract(*np.quantile(drawn, [0.75, 0.25])) == pytest.approx(span, abs=3e-3)
