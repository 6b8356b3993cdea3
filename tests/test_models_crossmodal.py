"""The cross-modal model: what its loss is made of, and that each of its settings does something."""

import math

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from lofi_tf.config import load_config
from lofi_tf.data.converters.paired import instrument_id
from lofi_tf.data.storage.examples import Examples
from lofi_tf.errors import LofiError
from lofi_tf.hparams import with_hparams
from lofi_tf.models.build import build_model
from lofi_tf.models.common.latent_model import Draws
from lofi_tf.training.options import TrainOptions
from lofi_tf.training.train import train

tfd = tfp.distributions
TINY = (
    "converter.bins_per_octave=12,converter.low_hz=100,converter.num_frames=2,batch_size=4,"
    "hidden_dims_1=[12],hidden_num_1=[1],hidden_dims_2=[8],hidden_num_2=[1],dims=[3],"
    "instruments=[piano,flute],adv_dim=6,adv_num=1"
)


def config_of(hparams=""):
    return with_hparams(load_config("crossmodal"), f"{TINY},{hparams}".strip(","))


def batch_of(model, size=6, seed=0):
    random = np.random.default_rng(seed)
    spectra = random.uniform(0, 1, [size, 1, model.signal.out.units])
    symbols = np.zeros([size, 1, model.layout.depth])
    for field in model.layout.fields:
        chosen = random.integers(0, field.size, size)
        symbols[np.arange(size), 0, field.begin + chosen] = 1
    arrays = {"inputs": spectra.astype("f"), "targets": symbols.astype("f")}
    return {name: tf.constant(a) for name, a in arrays.items()} | {"length": tf.ones(size, "int32")}


def scrambled(hparams="", seed=1):
    """A model whose posteriors are not all alike, as they are at first."""
    model = build_model(config_of(hparams))
    random = np.random.default_rng(seed)
    for variable in model.trainable_variables:
        variable.assign(variable + random.normal(0, 0.3, variable.shape))
    return model


@pytest.fixture(scope="module")
def model():
    return scrambled()


def parts_of(model, batch):
    noise = tf.random.stateless_normal([len(batch["length"]), model.noise_size], [1, 2])
    return {name: value.numpy() for name, value in model.losses_of(batch, noise).items()}


def test_symbols_cost_their_negative_log_probability(model):
    batch = batch_of(model)
    logits = tf.random.stateless_normal([6, model.layout.depth], [3, 4])
    symbols = batch["targets"][:, 0]
    probabilities = model.probabilities(logits).numpy()
    for field in model.layout.fields:
        part = probabilities[:, field.begin : field.begin + field.size]
        np.testing.assert_allclose(part.sum(axis=1), 1, rtol=1e-5)
    expected = -np.log(probabilities[symbols.numpy() > 0].reshape(6, -1)).sum(axis=1)
    np.testing.assert_allclose(model.symbol_nats(logits, symbols), expected, rtol=1e-5)


def test_binary_symbols_are_independent_coins():
    model = build_model(config_of("label_type=binary"))
    logits = tf.constant([[0.0, 2.0] * (model.layout.depth // 2)])
    symbols = tf.constant([[1.0, 0.0] * (model.layout.depth // 2)])
    one = -math.log(0.5) - math.log(1 - 1 / (1 + math.exp(-2)))
    expected = one * (model.layout.depth // 2)
    np.testing.assert_allclose(model.symbol_nats(logits, symbols)[0], expected, rtol=1e-5)


def test_sound_costs_its_negative_log_density(model):
    random = np.random.default_rng(0)
    means, spectra = random.normal(size=[2, 6, model.signal.out.units]).astype("f")
    sigma = np.exp(model.log_sigma.numpy())
    expected = -tfd.MultivariateNormalDiag(means, sigma).log_prob(spectra)
    np.testing.assert_allclose(model.signal_nats(means, spectra), expected, rtol=1e-4)


@pytest.mark.parametrize(
    ("hparams", "expected"),
    [
        ("cross_1=2,cross_2=0", lambda p, q: 2 * p.kl_divergence(q)),
        ("cross_1=0,cross_2=3", lambda p, q: 3 * q.kl_divergence(p)),
        (
            "cross_1=2,cross_2=1,regularization_type=l2",
            lambda p, q: 3 * tf.reduce_sum(tf.square(p.mean() - q.mean()), -1),
        ),
        ("cross_1=0,cross_2=0", lambda p, q: tf.zeros(6)),
    ],
)
def test_ties_are_what_their_type_says(hparams, expected):
    model = scrambled(hparams)
    batch = batch_of(model)
    noise = tf.zeros([6, model.noise_size])
    heard = model.signal.encode(batch["inputs"][:, 0], noise[:, :3]).posteriors[0]
    read = model.symbol.encode(batch["targets"][:, 0], noise[:, 3:]).posteriors[0]
    found = model.losses_of(batch, noise)["tie"]
    np.testing.assert_allclose(found, expected(heard, read), rtol=1e-4)
    if "_1=2" in hparams:
        assert np.ptp(found) > 0


def test_the_loss_is_its_weighed_parts():
    model = scrambled("beta_1=0.5,beta_2=2,cross_1=1,transfer_1=3,transfer_2=0.1,free_bits=0")
    parts = parts_of(model, batch_of(model))
    r_loss = parts["signal_nats"] + parts["symbol_nats"] + parts["tie"]
    r_loss += 3 * parts["transfer_1_nats"] + 0.1 * parts["transfer_2_nats"]
    np.testing.assert_allclose(parts["r_loss"], r_loss, rtol=1e-5)
    kl = 0.5 * parts["signal_kl_nats"] + 2 * parts["symbol_kl_nats"]
    np.testing.assert_allclose(parts["kl_cost"], kl, rtol=1e-5)


def test_stacked_latents_are_a_hierarchy():
    hparams = "dims=[3,2],hidden_dims_1=[12,5],hidden_num_1=[1,1],hidden_dims_2=[8,4],"
    model = scrambled(hparams + "hidden_num_2=[1,1]")
    assert model.noise_size == 10
    spectra, noise = batch_of(model)["inputs"][:, 0], tf.random.stateless_normal([6, 5], [5, 6])
    found = model.signal.encode(spectra, noise)
    assert [tuple(draw.shape) for draw in found.draws] == [(6, 3), (6, 2)]
    top = tfd.MultivariateNormalDiag(tf.zeros(2), tf.ones(2))
    vae = model.signal
    prior = vae.priors[0](vae.decoders[1](found.draws[1]))
    expected = found.posteriors[0].kl_divergence(prior) + found.posteriors[1].kl_divergence(top)
    np.testing.assert_allclose(vae.kl_nats(found), expected, rtol=1e-5)
    np.testing.assert_allclose(
        vae.lowest(noise), prior_draw(vae, noise), rtol=1e-5
    )  # z_1 of the prior, then z_0 given it
    with pytest.raises(LofiError, match="a number for each latent layer"):
        build_model(config_of("dims=[3,2]"))


def prior_draw(vae, noise):
    prior = vae.priors[0](vae.decoders[1](noise[:, 3:]))
    return prior.mean() + prior.stddev() * noise[:, :3]


def test_every_weight_learns():
    model = scrambled("transfer_1=1,transfer_2=1")
    batch, noise = batch_of(model), tf.random.stateless_normal([6, 6], [1, 2])
    with tf.GradientTape() as tape:
        loss = model.loss_of(model.losses_of(batch, noise, tf.constant([1, 2])), tf.constant(1.0))
    gradients = tape.gradient(loss, model.generator_variables)
    for variable, gradient in zip(model.generator_variables, gradients, strict=True):
        assert gradient is not None, variable.path
    learnt = [bool(tf.reduce_any(gradient != 0)) for gradient in gradients]
    assert sum(learnt) > 0.8 * len(learnt)  # not biases that batch normalisation takes away


def test_the_contest_pulls_sound_from_symbols_towards_real_sound():
    model = scrambled("adversarial=1.0,transfer_2=0,learning_rate=0.001")
    batch = batch_of(model, 32)
    noise = tf.random.stateless_normal([32, model.noise_size], [1, 2])

    def scores():
        _, pair = model.generate_pairs(batch, Draws(noise))
        return {k: float(tf.reduce_mean(v)) for k, v in model.judge(pair).items()}

    with tf.GradientTape() as tape:
        _, pair = model.generate_pairs(batch, Draws(noise))
        loss = tf.reduce_mean(model.judge(pair)["generator_loss"])
    before = scores()
    variables = model.generator_variables
    gradients = tape.gradient(loss, variables)
    for variable, gradient in zip(variables, gradients, strict=True):
        if gradient is not None:
            variable.assign_sub(0.05 * gradient)
    after = scores()
    assert after["fake_score"] > before["fake_score"]
    assert abs(after["real_score"] - before["real_score"]) < 1e-6


def test_it_trains_by_epochs_and_goes_on_from_another(tmp_path):
    config = config_of("epochs=2,save_epochs=1")
    bands = build_model(config).signal.out.units
    random, names = np.random.default_rng(0), ["piano", "flute"] * 6
    roll = np.zeros([12, 2, 128], np.uint8)
    roll[np.arange(12), :, random.integers(40, 80, 12)] = 90
    examples = Examples(
        {
            "spectrum": random.uniform(-90, -10, [12, 2, bands]).astype(np.float16),
            "roll": roll,
            "instrument": np.array([instrument_id(name) for name in names]),
        },
        np.array([str(n) for n in range(12)]),
    )
    options = TrainOptions(save_seconds=1e9, show_progress=False)
    model = train(config, examples, tmp_path / "run", options)
    assert int(model.optimizer.iterations) == 6  # two epochs of three batches of four
    steps = sorted(path.name for path in (tmp_path / "run" / "train").glob("*.index"))
    assert steps == ["model.ckpt-3.index", "model.ckpt-6.index"]
    further = with_hparams(config, f"load={tmp_path / 'run'},epochs=3")
    assert int(train(further, examples, tmp_path / "on", options).optimizer.iterations) == 9


def test_a_split_without_an_instrument_is_named_and_leaves_no_run(tmp_path):
    config = config_of()
    bands = build_model(config).signal.out.units

    def examples(names):
        arrays = {
            "spectrum": np.zeros([len(names), 2, bands], np.float16),
            "roll": np.zeros([len(names), 2, 128], np.uint8),
            "instrument": np.array([instrument_id(name) for name in names]),
        }
        return Examples(arrays, np.array(names))

    given = examples(["piano", "flute"] * 4), tmp_path / "run", TrainOptions(show_progress=False)
    with pytest.raises(LofiError, match="split validation: none of the 3 examples is of flute,"):
        train(config, *given, validation=examples(["piano"] * 3))
    assert not (tmp_path / "run").exists()
