"""Training against a discriminator: who moves when and where to, and going on exactly."""

import numpy as np
import pytest
import tensorflow as tf

from lofi_tf.config import MODEL_CONFIGS, Config, DataConfig, TrainingConfig
from lofi_tf.errors import LofiError
from lofi_tf.models.build import build_model
from lofi_tf.models.common.latent_model import Draws
from lofi_tf.models.common.losses import ADVERSARIAL_LOSSES
from lofi_tf.models.continuation.gan import ContinuationGAN
from lofi_tf.models.sequence.vae import AdversarialVAE
from lofi_tf.models.sound.adversarial import VERDICTS, Adversarial, Pair
from lofi_tf.saving import checkpoints

N, B = 256, 4
BANDS = {"kind": "multiband", "num_bands": 4, "strides": [4], "channels": [6], "dilations": [1]}
RIVAL = {"kind": "multi_scale", "num_scales": 2, "channels": [4], "strides": [4], "width": 7}


def config(kind="vae", head=None, **training) -> Config:
    parts = {
        "vae": {
            "encoder": BANDS,
            "decoder": BANDS,
            "head": head or {"kind": "multi_scale_spectral", "sizes": [64]},
            "z_size": 32,
        },
        "continuation": {
            "encoder": {"kind": "linear_frames", "frame_size": 32, "embedding_size": 4},
            "head": head or {"kind": "gaussian"},
            "z_size": 2,
            "rnn_size": (6,),
        },
    }
    model = MODEL_CONFIGS[kind](max_seq_len=N, discriminator=RIVAL, **parts[kind])
    rates = {"learning_rate": 0.01, "discriminator_learning_rate": 0.01, "batch_size": B}
    converter = {"kind": "waveform", "sample_rates": [1000], "clip_seconds": 0.256}
    return Config("tiny", DataConfig(converter), model, TrainingConfig(**rates | training))


def batch() -> dict[str, tf.Tensor]:
    angles = tf.range(N, dtype=tf.float32)[None] * tf.constant([[0.1], [0.3], [0.6], [1.1]])
    clips = 0.5 * tf.sin(angles)[..., None]
    return {"inputs": clips, "targets": clips, "length": tf.fill([B], N)}


def weights(variables) -> list[np.ndarray]:
    return [variable.numpy() for variable in variables]


def moved(before, variables) -> list[bool]:
    pairs = zip(before, weights(variables), strict=True)
    return [bool(np.any(one != other)) for one, other in pairs]


@pytest.fixture(scope="module", params=["vae", "continuation"])
def trained(request, tmp_path_factory):
    """A model whose stage begins at step 2; its weights before each of 4 steps, and scalars.

    What it was after 3 of them lies in the folder.
    """
    folder = tmp_path_factory.mktemp(request.param)
    model = build_model(config(request.param, adversarial_from_step=2))
    seen, scalars = [], []
    for step in range(4):
        seen.append(weights(model.variables))
        if step == 3:
            checkpoints.checkpoint_of(model).save(str(folder / "model.ckpt"))
        scalars.append({name: float(value) for name, value in model.train_step(batch()).items()})
    return model, [*seen, weights(model.variables)], scalars, folder


def test_kinds_with_a_discriminator():
    assert isinstance(build_model(config("vae")), AdversarialVAE)
    assert isinstance(build_model(config("continuation")), ContinuationGAN)


def test_nothing_is_adversarial_before_its_step(trained):
    model, seen, scalars, _ = trained
    places = {id(variable): place for place, variable in enumerate(model.variables)}

    def changes(variables, step):
        at = [places[id(variable)] for variable in variables]
        return [bool(np.any(seen[step][n] != seen[step + 1][n])) for n in at]

    for step in range(4):
        late = step >= 2
        assert any(changes(model.discriminator.trainable_variables, step)) == late
        assert any(changes(model.decoder.trainable_variables, step))
        frozen = late and isinstance(model, AdversarialVAE)
        assert any(changes(model.encoder.trainable_variables, step)) != frozen
        assert (scalars[step]["adversarial/discriminator_loss"] > 0) == late
        assert (scalars[step]["adversarial/global_norm"] > 0) == late
    assert int(model.optimizer.iterations) == 4
    assert int(model.discriminator_optimizer.iterations) == 2


@pytest.mark.parametrize("kind", ["vae", "continuation"])
def test_without_a_contest_the_discriminator_is_not_asked(kind, monkeypatch):
    model = build_model(config(kind, adversarial_weight=0.0))
    before = weights(model.discriminator.trainable_variables)
    monkeypatch.setattr(model, "judge", lambda pair: pytest.fail("the discriminator was asked"))
    scalars = model.train_step(batch())
    sums = model.evaluate_batch(batch())
    scalars |= model.scalars(sums, tf.constant(B))
    assert "losses/r_loss" in scalars
    assert not [name for name in scalars if "adversarial" in name or name in VERDICTS]
    assert not any(moved(before, model.discriminator.trainable_variables))
    assert model.stage_of(5) == 0


@pytest.mark.parametrize("loss", ADVERSARIAL_LOSSES)
def test_discriminator_learns_to_tell_fixed_sounds_apart(loss):
    model = build_model(config(adversarial_loss=loss))
    pair = Pair(batch()["inputs"][..., 0], tf.random.stateless_normal([B, N], [1, 2]))
    others, found = model.discriminator.trainable_variables, []

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            verdicts = model.judge(pair)
            discriminator = tf.reduce_mean(verdicts["discriminator_loss"])
        model.apply_gradients(tape, discriminator, others, model.discriminator_optimizer)
        return {name: tf.reduce_mean(verdict) for name, verdict in verdicts.items()}

    for _ in range(40):
        found.append(step())
    first, last = found[0], found[-1]
    assert float(last["discriminator_loss"]) < 0.8 * float(first["discriminator_loss"])
    assert float(last["real_score"]) > float(last["fake_score"])
    assert float(last["real_known"]) > 0.7
    assert float(last["fake_known"]) > 0.7


@pytest.mark.parametrize("kind", ["vae", "continuation"])
def test_generator_learns_to_be_taken_for_real(kind):
    settings = config(kind, adversarial_weight=1e3, discriminator_learning_rate=0.0)
    model = build_model(settings)
    before = weights(model.discriminator.trainable_variables)
    noise = tf.zeros([B, model.settings.z_size])

    def score():
        return float(tf.reduce_mean(model.evaluated(batch(), Draws(noise))["fake_score"]))

    first = score()
    for _ in range(2):
        model.train_step(batch())
    assert score() > first
    assert not any(moved(before, model.discriminator.trainable_variables))


def test_feature_matching_brings_features_together():
    settings = config(
        adversarial_weight=0.0, feature_matching_weight=1e3, discriminator_learning_rate=0.0
    )
    model = build_model(settings)
    found = [float(model.train_step(batch())["adversarial/feature_distance"]) for _ in range(4)]
    assert found[-1] < found[0]


def test_a_run_goes_on_exactly(trained):
    whole, seen, _, folder = trained
    again = build_model(config(whole.settings.kind, adversarial_from_step=2))
    assert checkpoints.restore_latest(again, folder) == 3
    again.train_step(batch())
    for one, other in zip(seen[-1], weights(again.variables), strict=True):
        np.testing.assert_array_equal(one, other)
    optimizers = (whole.discriminator_optimizer, again.discriminator_optimizer)
    for one, other in zip(*(optimizer.variables for optimizer in optimizers), strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_was_heard_is_the_same_on_both_sides():
    model = build_model(config("continuation"))
    for seed in range(3):
        pair = model.generate_pairs(batch(), Draws(tf.zeros([B, 2]), tf.constant([seed, 1])))[1]
        first, end = (np.array(place) for place in pair.span)
        for row in range(B):
            real, fake = pair.real[row].numpy(), pair.fake[row].numpy()
            np.testing.assert_array_equal(real[: first[row]], fake[: first[row]])
            assert np.any(real[first[row] : end[row]] != fake[first[row] : end[row]])
            assert not np.any(real[end[row] :])
            assert not np.any(fake[end[row] :])


def test_only_what_follows_is_scored():
    model: Adversarial = build_model(config("continuation"))
    pair = model.generate_pairs(batch(), Draws(tf.zeros([B, 2])))[1]
    louder = pair._replace(real=tf.concat([9.0 * pair.real[:, :64], pair.real[:, 64:]], axis=1))
    one, two = model.judge(pair), model.judge(louder)
    np.testing.assert_array_equal(pair.span[0], [128] * B)
    np.testing.assert_array_equal(one["real_score"], two["real_score"])


def test_classes_cannot_be_judged():
    with pytest.raises(LofiError, match="no classes"):
        build_model(config("continuation", head={"kind": "mu_law"}))
