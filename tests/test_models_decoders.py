"""Decoders in every mode: who depends on whom, and what is drawn, by distribution."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from lofi_tf.config import TrainingConfig, VAEConfig
from lofi_tf.errors import LofiError
from lofi_tf.models.common.noise import row_uniform
from lofi_tf.models.common.optimizer import compile_model
from lofi_tf.models.sequence.bit_heads import BernoulliHead, NADEHead
from lofi_tf.models.sequence.components import build_decoder
from lofi_tf.models.sequence.cores import LSTMCore
from lofi_tf.models.sequence.decoders import (
    GivenCells,
    _drawn,
    run_free,
    shifted,
    teacher_forced,
)
from lofi_tf.models.sequence.heads import (
    CategoricalHead,
    GrooveHead,
    MultiCategoricalHead,
)
from lofi_tf.models.sequence.lookback import LookbackCore
from lofi_tf.models.sequence.vae import MusicVAE

B, T, D, Z = 3, 12, 5, 4
FLAT = VAEConfig(
    encoder={"kind": "bidirectional_lstm"},
    decoder={"kind": "lstm"},
    head={"kind": "categorical"},
    max_seq_len=T,
    z_size=Z,
    enc_rnn_size=(6,),
    dec_rnn_size=(6, 7),
)
LEVELS = {"kind": "hierarchical_lstm", "level_lengths": [2, 2, 3]}
MODES = {
    "flat": FLAT,
    "residual": dataclasses.replace(FLAT, residual_decoder=True, residual_encoder=True),
    "deaf": dataclasses.replace(FLAT, decoder={**LEVELS, "disable_autoregression": True}),
    "hearing": dataclasses.replace(FLAT, decoder=LEVELS),
    "half deaf": dataclasses.replace(FLAT, decoder={**LEVELS, "disable_autoregression": [0]}),
    "encoding again": dataclasses.replace(
        FLAT,
        encoder={"kind": "hierarchical_lstm", "level_lengths": [3, 2, 2]},
        decoder={**LEVELS, "reencode": True},
    ),
    "split": dataclasses.replace(
        FLAT,
        decoder={"kind": "lstm", "split": True},
        head={"kind": "multi_categorical", "sizes": [3, 2]},
    ),  # fmt: skip
    "controls": dataclasses.replace(
        FLAT, preprocess_controls=True, control_preprocessing_rnn_size=(3,)
    ),
    "one way": dataclasses.replace(FLAT, encoder={"kind": "lstm"}),
    "without z": dataclasses.replace(FLAT, z_size=0),
    "unfed": dataclasses.replace(FLAT, decoder={"kind": "lstm", "previous_inputs": False}),
    "looking back": dataclasses.replace(FLAT, decoder={"kind": "lstm", "lookback": [1, 3, 8]}),
}


def model_of(mode: str, **training) -> MusicVAE:
    keras.utils.set_random_seed(3)
    controls = 2 if mode == "controls" else 0
    model = MusicVAE(MODES[mode], TrainingConfig(batch_size=B, **training), D, D, controls)
    for variable in model.trainable_variables:  # large enough that everything matters
        variable.assign(tf.random.stateless_normal(variable.shape, [len(variable.path), 7]) * 0.7)
    compile_model(model)
    return model


def batch_of(mode: str) -> dict[str, tf.Tensor]:
    rng = np.random.default_rng(0)
    one_hot = np.eye(D, dtype=np.float32)[rng.integers(0, D, (B, T))]
    if mode == "split":
        parts = [np.eye(n, dtype=np.float32)[rng.integers(0, n, (B, T))] for n in (3, 2)]
        one_hot = np.concatenate(parts, axis=-1)
    batch = {"inputs": one_hot, "targets": one_hot, "length": np.full(B, T, np.int32)}
    if mode == "controls":
        batch["controls"] = rng.normal(size=(B, T, 2)).astype(np.float32)
    return {name: tf.constant(value) for name, value in batch.items()}


SLOW = pytest.param("encoding again", marks=pytest.mark.slow)


@pytest.mark.parametrize("mode", [*(mode for mode in MODES if mode != "encoding again"), SLOW])
def test_trains_in_a_graph_and_every_weight_gets_a_gradient(mode):
    model, batch = model_of(mode), batch_of(mode)
    noise = tf.ones([B, MODES[mode].z_size])

    def loss_and_gradients():
        with tf.GradientTape() as tape:
            loss = model.loss_of(model.losses_of(batch, noise), 0.5)
        return loss, tape.gradient(loss, model.trainable_variables)

    # The graph of the half deaf is made of those of the deaf and the hearing, and takes longest.
    compiled = loss_and_gradients if mode == "half deaf" else tf.function(loss_and_gradients)
    loss, gradients = compiled()
    assert np.isfinite(float(loss))
    fed_zeros = fed_zeros_only(model)
    for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
        assert gradient is not None, variable.path
        assert (np.abs(gradient).max() > 0) != (variable.path in fed_zeros), variable.path


def fed_zeros_only(model) -> set[str]:
    """The input kernels of conductors that hear nothing: they have no gradient."""
    levels = getattr(model.decoder, "deaf", ())
    return {model.decoder.conductors[level].cells[0].kernel.path for level in levels}


@pytest.mark.parametrize("mode", MODES)
def test_likeliest_decoding_is_what_teacher_forcing_on_it_would_choose(mode):
    """Generation and training run the same model: fed its own outputs, it says them again."""
    model, batch = model_of(mode), batch_of(mode)
    z = tf.random.stateless_normal([B, MODES[mode].z_size], [1, 2])
    controls = batch.get("controls")
    outputs = model.decode(z, tf.zeros(B), length=T, controls=controls)
    prepared = model._prepared(controls, batch["length"])
    parameters = model.decoder(z, outputs, batch["length"], controls=prepared)
    sizes = getattr(model.decoder.head, "sizes", (D,))
    for said, logits in zip(
        tf.split(outputs, sizes, -1), tf.split(parameters, sizes, -1), strict=True
    ):
        np.testing.assert_array_equal(tf.argmax(said, -1), tf.argmax(logits, -1))


def test_deaf_segments_as_one_batch_equal_segments_in_turn():
    model, batch = model_of("deaf"), batch_of("deaf")
    z = tf.random.stateless_normal([B, Z], [1, 2])
    decoder = model.decoder
    together = decoder(z, batch["targets"], batch["length"])
    in_turn = decoder._teach_in_turn(z, batch["targets"], batch["length"], None, None, None)
    np.testing.assert_allclose(together, in_turn, atol=1e-5)


@pytest.mark.parametrize("mode", ["deaf", "hearing", "encoding again"])
def test_segments_hear_those_before_them_only_where_they_should(mode):
    model, batch = model_of(mode), batch_of(mode)
    z = tf.random.stateless_normal([B, Z], [1, 2])
    targets = batch["targets"].numpy()
    changed = targets.copy()
    changed[:, 0] = np.roll(changed[:, 0], 1, axis=-1)  # in the first of four segments
    one, other = (model.decoder(z, tf.constant(t), batch["length"]) for t in (targets, changed))
    differs = np.abs(one - other).max(axis=(0, 2)) > 1e-6
    assert differs[1:3].any()
    assert differs[3:].any() == (mode != "deaf")


def test_looking_back_is_being_told_outputs_of_so_many_steps_before():
    core = LookbackCore(LSTMCore(2, 4, [3], 0, control_size=3), [2])
    fed = []
    core.core.call = lambda z, previous, controls, lengths, seed: fed.append(controls)
    outputs = tf.constant([[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]])
    core(tf.zeros([1, 0]), shifted(outputs))
    np.testing.assert_array_equal(fed[0][0], [[0, 0, 0], [0, 0, 0], [1, 2, 1], [3, 4, 1]])


def test_a_core_without_previous_inputs_depends_on_z_alone():
    model, batch = model_of("unfed"), batch_of("unfed")
    z = tf.random.stateless_normal([B, Z], [1, 2])
    targets = (batch["targets"], tf.zeros_like(batch["targets"]))
    one, other = (model.decoder(z, target, batch["length"]) for target in targets)
    np.testing.assert_array_equal(one, other)
    assert np.ptp(one, axis=1).min() > 0  # and yet steps differ


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_scheduled_sampling_at_its_ends_is_the_truth_or_the_own_samples(probability):
    model, batch = model_of("flat"), batch_of("flat")
    core, head = model.decoder.core, model.decoder.head
    z = tf.random.stateless_normal([B, Z], [1, 2])
    previous = shifted(batch["targets"])
    _, _, fed = teacher_forced(
        core, head, z, previous, sampling_probability=tf.constant(probability)
    )
    np.testing.assert_allclose(fed[:, 0], previous[:, 0])
    equal = np.all(fed.numpy() == previous.numpy(), axis=-1)
    assert equal.all() == (probability == 0.0)


def test_given_hits_are_fed_back_with_the_models_own_velocities_and_offsets():
    settings = dataclasses.replace(FLAT, head={"kind": "groove", "given_hits": True})
    decoder = MusicVAE(settings, TrainingConfig(), 6, 6).decoder
    assert isinstance(decoder.head, GrooveHead)
    hits = np.random.default_rng(1).integers(0, 2, [B, T, 2]).astype(np.float32)
    truth = np.concatenate([hits, hits * 0.7, hits * 0.3], axis=-1)
    z = tf.random.stateless_normal([B, Z], [1, 2])
    one = tf.constant(1.0)
    _, _, fed = teacher_forced(
        decoder.core, decoder.head, z, shifted(tf.constant(truth)), sampling_probability=one
    )
    played = decoder.play(z, tf.constant(hits))  # what it makes of given hits when it generates
    np.testing.assert_allclose(fed[:, 1:], played[:, :-1], atol=1e-6)
    assert np.abs(fed[:, 1:] - truth[:, :-1]).max() > 0.1


def test_given_cells_are_fed_and_the_rest_is_drawn():
    settings = dataclasses.replace(
        FLAT, head={"kind": "groove_mixture"}, decoder={"kind": "lstm", "lookback": [2]}
    )
    decoder = MusicVAE(settings, TrainingConfig(), 6, 6).decoder
    z = tf.random.stateless_normal([B, Z], [1, 2])
    seeds, warm = tf.stack([tf.range(B), tf.range(B)], axis=-1), tf.ones([B])
    noise = row_uniform(seeds, T, 6)
    nothing = GivenCells(tf.zeros([B, T, 6]), tf.zeros([B, T, 6]), warm)
    free = decoder.generate(z, T, warm, noise)
    np.testing.assert_array_equal(decoder.generate(z, T, warm, noise, cells=nothing), free)
    given, kept = np.zeros([2, B, T, 6], np.float32)
    kept[:, 4:8] = 1.0  # some steps in the middle, and the first drum's hits all along
    kept[:, :, 0] = given[:, :, 0] = 1.0
    given[:, 5] = [1.0, 1.0, 0.5, 0.25, -0.5, 0.75]
    cells = GivenCells(tf.constant(given), tf.constant(kept), warm)
    found = decoder.generate(z, T, warm, noise, cells=cells)
    np.testing.assert_array_equal(found.numpy()[kept == 1], given[kept == 1])
    everything = GivenCells(found, tf.ones([B, T, 6]), warm)
    np.testing.assert_array_equal(decoder.generate(z, T, warm, noise, cells=everything), found)
    # What comes after the given steps is drawn as the model says after these.
    parameters = decoder(z, found, tf.fill([B], T))[:, 8]
    now = given[:, 8], kept[:, 8]
    after = decoder.head.fill(parameters, warm, warm, noise[:, 8], *now)
    np.testing.assert_allclose(found[:, 8], after, atol=1e-2)


def test_scheduled_sampling_draws_a_coin_for_each_example_and_step():
    model = model_of("flat")
    core, head = model.decoder.core, model.decoder.head
    rows, steps, probability = 300, 40, 0.3
    marked = tf.fill([rows, steps, D], 9.0)  # no sample looks like this
    z = tf.zeros([rows, Z])
    given = tf.constant(probability)
    _, _, fed = teacher_forced(
        core, head, z, marked, seed=tf.constant([1, 2]), sampling_probability=given
    )
    own = np.any(fed.numpy()[:, 1:] != 9.0, axis=-1)  # [rows, steps - 1]
    error = np.sqrt(probability * (1 - probability) / own.size)
    assert abs(own.mean() - probability) < 4 * error
    assert own.std(axis=0).min() > 0.3  # not one coin for the whole batch
    assert own.std(axis=1).min() > 0.2  # nor one for a whole example


@pytest.mark.parametrize(
    "dropped",
    [{"dropout_keep_prob": 0.5}, {"decoder": {**FLAT.decoder, "output_keep_prob": 0.5}}],
)
def test_dropout_is_drawn_by_the_seed(dropped):
    settings = dataclasses.replace(FLAT, **dropped)
    model = MusicVAE(settings, TrainingConfig(), D, D)
    batch = batch_of("flat")
    seeds = [tf.constant([n, 1]) for n in range(3)]
    losses = [float(model.losses_of(batch, tf.zeros([B, Z]), s)["r_loss"][0]) for s in seeds]
    assert len(set(losses)) == 3
    again = float(model.losses_of(batch, tf.zeros([B, Z]), seeds[0])["r_loss"][0])
    assert again == losses[0]


def draws(head, parameters, temperature, count=20000):
    noise = tf.random.stateless_uniform([count, head.noise_size], [5, 6])
    rows = tf.repeat(tf.constant([parameters], tf.float32), count, axis=0)
    return head.sample(rows, tf.fill([count], temperature), noise).numpy()


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_categorical_draws_by_the_softmax_over_the_temperature(temperature):
    logits = np.array([0.3, -1.0, 2.0, 0.5, -0.5])
    head = MultiCategoricalHead(5, [3, 2])
    found = draws(head, logits, temperature).mean(axis=0)
    for part in (slice(0, 3), slice(3, 5)):
        expected = np.exp(logits[part] / temperature)
        expected /= expected.sum()
        np.testing.assert_allclose(found[part], expected, atol=4 * 0.5 / np.sqrt(20000))


def test_temperature_zero_takes_the_likeliest_class():
    head = MultiCategoricalHead(5, [3, 2])
    found = draws(head, [0.3, -1.0, 2.0, 0.5, -0.5], 0.0, count=50)
    np.testing.assert_array_equal(found, np.tile([0, 0, 1, 1, 0], (50, 1)))


def test_bernoulli_draws_by_the_sigmoid():
    found = draws(BernoulliHead(2), [0.8, -1.5], 1.0).mean(axis=0)
    np.testing.assert_allclose(found, 1 / (1 + np.exp([-0.8, 1.5])), atol=4 * 0.5 / np.sqrt(20000))


def nade_head() -> NADEHead:
    head = NADEHead(3, 4)
    rng = np.random.default_rng(1)
    head.nade.w_enc.assign(rng.normal(size=(3, 4)) * 2)
    head.nade.w_dec.assign(rng.normal(size=(3, 4)) * 2)
    return head


def test_nade_probabilities_of_all_patterns_sum_to_one_and_its_draws_follow_them():
    head, parameters = nade_head(), np.array([0.5, -0.3, 0.1, 0.7, 0.2, -0.4, 0.6])
    patterns = np.array([[(n >> k) & 1 for k in range(3)] for n in range(8)], np.float32)
    rows = tf.repeat(tf.constant(parameters[None, None], tf.float32), 8, axis=0)
    losses = head.losses(rows, tf.constant(patterns[:, None]), tf.ones(8, tf.int32))
    probabilities = np.exp(-losses["negative_log_likelihood"].numpy())
    assert probabilities.sum() == pytest.approx(1.0, abs=1e-4)
    found = draws(head, parameters, 1.0) @ np.array([1, 2, 4])
    counts = np.bincount(found.astype(int), minlength=8) / len(found)
    np.testing.assert_allclose(counts, probabilities, atol=4 * 0.5 / np.sqrt(20000))


@pytest.mark.parametrize("head", ["groove", "groove_mixture", "categorical", "nade"])
def test_four_rows_round_as_sixteen(head):
    kind = {"kind": head, "hidden_size": 5} if head == "nade" else {"kind": head}
    settings = dataclasses.replace(FLAT, head=kind, dec_rnn_size=(8, 8))
    model = MusicVAE(settings, TrainingConfig(batch_size=B), 9, 9, 0)
    random = np.random.default_rng(0)
    for variable in model.trainable_variables:
        variable.assign(random.normal(size=variable.shape))
    z = tf.constant(random.normal(size=[16, Z]), tf.float32)
    seeds = tf.stack([tf.range(16), tf.range(16)], axis=-1)
    noise = row_uniform(seeds, T, model.decoder.head.noise_size)
    rows = tf.function(lambda z, noise: model.decode(z, tf.ones(tf.shape(z)[:1]), noise, T))
    assert model.decoder.row_counts[-1] == 4
    np.testing.assert_array_equal(rows(z[4:8], noise[4:8]), rows(z, noise)[4:8])


def test_end_token_silences_the_rest():
    model = model_of("flat")
    decoder = build_decoder(MODES["flat"], D, 0, 2, None)
    decoder.core = model.decoder.core
    seeds = tf.stack([tf.range(20), tf.range(20)], axis=-1)
    z = tf.random.stateless_normal([20, Z], [1, 2])
    noise = row_uniform(seeds, T, decoder.head.noise_size)
    outputs = decoder.generate(z, T, tf.ones(20), noise).numpy()
    ended = [np.flatnonzero(row[:, 2] > 0) for row in outputs]
    assert any(len(places) for places in ended)
    for row, places in zip(outputs, ended, strict=True):
        end = places[0] if len(places) else T - 1
        assert row[: end + 1].sum() == end + 1
        assert row[end + 1 :].sum() == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"decoder": {"kind": "hierarchical_lstm", "level_lengths": [5, 2]}}, "max_seq_len, 12"),
        ({"decoder": {"kind": "gru"}}, "Allowed: .*hierarchical_lstm, lstm"),
        (
            {"decoder": {"kind": "lstm", "split": True}, "head": {"kind": "bernoulli"}},
            "multi_categorical",
        ),
        ({"decoder": {**LEVELS, "reencode": True}}, "encoder of kind hierarchical_lstm"),
        ({"decoder": {**LEVELS, "disable_autoregression": [7]}}, "from 0 to 1"),
        ({"head": {"kind": "multi_categorical", "sizes": [3, 3]}}, "must sum to 5"),
        ({"head": {"kind": "nade"}}, "hidden_size"),
        ({"encoder": {"kind": "hierarchical_lstm"}}, "level_lengths"),
        ({"decoder": {**LEVELS, "level_lengths": 12}}, "list of whole numbers. Received: 12"),
        ({"decoder": {**LEVELS, "conductor_units": [-1]}}, "must be at least 1. Received: -1"),
        ({"decoder": {"kind": "lstm", "z_inputs": "no"}}, "z_inputs must be true or false"),
        ({"encoder": {"kind": "lstm", "embedding_size": []}}, "argument 'embedding_size'"),
        ({"head": {"kind": "nade", "hidden_size": 1.5}}, "must be a whole number. Received: 1.5"),
        ({"head": {"kind": "groove_mixture"}}, "three numbers a drum"),
        (
            {"head": {"kind": "groove_mixture", "num_components": 0}},
            "must be at least 1. Received: 0",
        ),
        ({"decoder": {"kind": "lstm", "lookback": 8}}, "a list of whole numbers or null"),
        ({"decoder": {**LEVELS, "lookback": [8]}}, "unexpected keyword argument 'lookback'"),
    ],
)
def test_components_that_do_not_fit_say_why(change, message):
    with pytest.raises(LofiError, match=message):
        MusicVAE(dataclasses.replace(FLAT, **change), TrainingConfig(), D, D)


@pytest.mark.parametrize("mode", ["flat", "split", "residual", "looking back"])
def test_gradients_with_own_samples_are_those_of_running_step_by_step(mode):
    """What was drawn is fed again as if it were the truth, all steps at once."""
    model, batch = model_of(mode), batch_of(mode)
    z, core = tf.random.stateless_normal([B, Z], [1, 2]), model.decoder.core
    given = core, model.decoder.head, z, shifted(batch["targets"]), None
    drawing = tf.constant([3, 4]), tf.constant(0.5), 1.0
    with tf.GradientTape(persistent=True) as tape:
        at_once, _, fed = teacher_forced(*given, None, *drawing)
        in_turn, _, fed_in_turn = _drawn(*given, *drawing)
        losses = [tf.reduce_sum(parameters**2) for parameters in (at_once, in_turn)]
    assert np.any(fed != given[3])
    np.testing.assert_array_equal(fed, fed_in_turn)
    np.testing.assert_allclose(at_once, in_turn, atol=1e-5)
    for one, other in zip(
        *(tape.gradient(loss, core.trainable_variables) for loss in losses), strict=True
    ):
        np.testing.assert_allclose(one, other, atol=1e-4 * np.abs(other).max())


@pytest.mark.parametrize("mode", ["flat", "split", "controls", "unfed", "looking back"])
def test_given_steps_are_kept_and_the_others_are_drawn_after_them(mode):
    """What a model draws of itself, given in part, is drawn again with the same seed."""
    model, batch = model_of(mode), batch_of(mode)
    z = tf.random.stateless_normal([B, MODES[mode].z_size], [1, 2])
    warm, seeds, controls = tf.ones(B), tf.constant([[1, n] for n in range(B)]), None
    if mode == "controls":
        controls = batch["controls"]
    noise = row_uniform(seeds, T, model.decoder.head.noise_size)
    own = model.decode(z, warm, noise, T, controls).numpy()
    kept = np.zeros([B, T, D], np.float32)
    kept[:, [1, 2, 7]] = 1.0
    cells = GivenCells(tf.constant(own), tf.constant(kept), warm)
    again = model.decode(z, warm, noise, T, controls, cells=cells).numpy()
    np.testing.assert_array_equal(again, own)
    given = batch["targets"].numpy()
    cells = GivenCells(tf.constant(given), tf.constant(kept), warm)
    found = model.decode(z, tf.zeros(B), noise, T, controls, cells=cells).numpy()
    np.testing.assert_array_equal(found[:, [1, 2, 7]], given[:, [1, 2, 7]])
    fed = model.teacher_forced(z, tf.constant(found), batch["length"], controls).numpy()
    sizes = getattr(model.decoder.head, "sizes", (D,))
    free, cuts = kept[0, :, 0] == 0, np.cumsum(sizes)[:-1]
    for said, logits in zip(np.split(found, cuts, -1), np.split(fed, cuts, -1), strict=True):
        np.testing.assert_array_equal(said[:, free].argmax(-1), logits[:, free].argmax(-1))


def test_what_is_given_is_kept_after_an_end_too():
    core = LSTMCore(2, 2, [3], 0)
    head = CategoricalHead(2)
    for variable in core.trainable_variables:
        variable.assign(tf.zeros(variable.shape))
    noise = tf.fill([4, 1, 1], 0.99)  # the last class, which ends
    given = tf.constant([[[0, 0], [0, 0], [1, 0], [0, 0]]], tf.float32)
    kept = tf.constant([[[0, 0], [0, 0], [1, 1], [0, 0]]], tf.float32)
    cells = GivenCells(given, kept, tf.ones(1))
    arguments = tf.zeros([1, 0]), tf.zeros([1, 2]), 4, tf.ones(1), noise
    found, *_ = run_free(core, head, *arguments, end_token=1, cells=cells)
    assert found[0].numpy().tolist() == [[0, 1], [0, 0], [1, 0], [0, 0]]
