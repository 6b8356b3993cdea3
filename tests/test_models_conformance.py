"""Every component and every config: it builds, learns, is saved and loaded, refuses bad options."""

import dataclasses
import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

from lofi_tf.config import (
    ContinuationConfig,
    CrossModalConfig,
    TrainingConfig,
    VAEConfig,
    config_names,
    load_config,
)
from lofi_tf.data.converters.build import build_converter
from lofi_tf.data.converters.symbols import SymbolLayout
from lofi_tf.errors import LofiError
from lofi_tf.models.build import build_model
from lofi_tf.models.classes import CLASSES, MusicVAE
from lofi_tf.models.common.optimizer import compile_model
from lofi_tf.models.continuation.frames import FRAMES
from lofi_tf.models.continuation.gan import ContinuationGAN
from lofi_tf.models.continuation.long_term import RecallingContinuation
from lofi_tf.models.continuation.model import HEADS as SOUND_HEADS
from lofi_tf.models.continuation.model import Continuation
from lofi_tf.models.crossmodal.model import AdversarialCrossModal, CrossModal
from lofi_tf.models.sequence.components import CLIP_ENCODERS, DECODERS, ENCODERS, HEADS
from lofi_tf.models.sequence.vae import AdversarialVAE
from lofi_tf.models.sound.discriminators import DISCRIMINATORS

B, D, TRAINING = 2, 6, TrainingConfig(batch_size=2)
LAYOUT = SymbolLayout(1, ("octave",))
TABLES = {
    "encoder": ENCODERS | CLIP_ENCODERS | FRAMES,
    "decoder": DECODERS,
    "head": HEADS | SOUND_HEADS,
    "discriminator": DISCRIMINATORS,
}
OPTIONS = {  # that a component has to be given here
    ("encoder", "hierarchical_lstm"): {"level_lengths": [2, 4]},
    ("decoder", "hierarchical_lstm"): {"level_lengths": [4, 2]},
    ("head", "multi_categorical"): {"sizes": [2, 4]},
    ("head", "nade"): {"hidden_size": 3},
    ("head", "multi_scale_spectral"): {"sizes": [16]},
    ("head", "cosine_student"): {"frame_size": 8},
    ("head", "recall"): {"frame_size": 8},
    ("encoder", "linear_frames"): {"frame_size": 8},
    ("encoder", "lapped_frames"): {"frame_size": 8, "num_bands": 2},
    ("encoder", "conv_frames"): {"strides": [2, 4], "channels": [2, 3]},
    ("discriminator", "multi_scale"): {
        "num_scales": 1, "channels": [2], "strides": [2], "width": 3,
    },
    ("discriminator", "perceptron"): {"adv_dim": 3, "adv_num": 1},
}  # fmt: skip
BANDS = {"num_bands": 4, "strides": [2], "channels": [3], "dilations": [1]}
CLIP_OPTIONS = {
    "dense": {"num_layers": 1, "output_neurons": 3},
    "conv": {"num_conv_layers": 1, "initial_channels": 2, "output_neurons": 3},
    "frame_lstm": {"num_layers": 1, "output_neurons": 3, "frame_size": 8},
    "conv2d": {"channels": [2], "output_neurons": 3},
    "multiband": BANDS,
}
CASES = [(part, kind) for part, table in TABLES.items() for kind in table]


def component(part: str, kind: str) -> dict:
    return {"kind": kind, **OPTIONS.get((part, kind), CLIP_OPTIONS.get(kind, {}))}


def a_vae(part: str, given: dict) -> MusicVAE:
    """A model of which one component is as given, the others what fits it."""
    clip = given["kind"] if given["kind"] in CLIP_ENCODERS else None
    clip = "multiband" if part == "discriminator" else clip
    clip = "dense" if part == "head" and given["kind"] == "multi_scale_spectral" else clip
    parts = {"encoder": {"kind": "lstm"}, "decoder": {"kind": "lstm"}, "head": {"kind": "groove"}}
    if clip:
        parts = {name: component(name, clip) for name in ("encoder", "decoder")}
        parts["head"] = {"kind": "gaussian"}
    one = bool(clip) or given["kind"] in SOUND_HEADS
    settings = VAEConfig(
        **{**parts, part: given}, max_seq_len=32 if clip else 8, z_size=4, enc_rnn_size=(4,),
        dec_rnn_size=(4,),
    )  # fmt: skip
    cls = AdversarialVAE if settings.discriminator else MusicVAE
    return cls(settings, TRAINING, *(1, 1) if one else (D, D))


def a_continuation(part: str, given: dict) -> Continuation:
    lapped = {given["kind"]} & {"lapped_frames", "recall"}
    parts = {
        "encoder": component("encoder", "lapped_frames" if lapped else "linear_frames"),
        "head": component("head", "recall" if lapped else "gaussian"),
    }
    settings = ContinuationConfig(**{**parts, part: given}, rnn_size=(4,), max_seq_len=64, z_size=2)
    cls = RecallingContinuation if lapped else Continuation
    return (ContinuationGAN if settings.discriminator else cls)(settings, TRAINING)


def a_cross_modal(part: str = "", given: dict | None = None) -> CrossModal:
    settings = CrossModalConfig((3,), (4,), (1,), (4,), (1,), **({part: given} if part else {}))
    cls = AdversarialCrossModal if part else CrossModal
    return cls(settings, TRAINING, 5, LAYOUT, "categorical")


def model_with(part: str, given: dict):
    keras.utils.set_random_seed(1)
    if given["kind"] in FRAMES or given["kind"] in set(SOUND_HEADS) - {"gaussian", "mu_law"}:
        return a_continuation(part, given)
    return a_cross_modal(part, given) if given["kind"] == "perceptron" else a_vae(part, given)


def batch_of(model) -> dict[str, tf.Tensor]:
    if isinstance(model, CrossModal):
        shape = [B, 1, model.signal.out.units]
    else:
        shape = [B, model.settings.max_seq_len, getattr(model, "input_size", 1)]
    return {"inputs": tf.random.stateless_uniform(shape, [1, 2], -0.5, 0.5)}


@pytest.fixture(autouse=True)
def without_graphs():
    """These models are small: tracing them takes longer than running them."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def assert_alike(one, other):
    pairs = zip(tf.nest.flatten(one), tf.nest.flatten(other), strict=True)
    for left, right in pairs:
        np.testing.assert_array_equal(left, right)


def assert_comes_back(model, path):
    compile_model(model)
    for number, weight in enumerate(model.weights):
        if weight.dtype == "float32":
            values = np.random.default_rng(number).uniform(0.1, 0.5, weight.shape)
            weight.assign(values)
    model.optimizer.iterations.assign(7)
    model.save(path)
    loaded = keras.models.load_model(path)
    assert type(loaded) is type(model)
    assert loaded.get_config() == model.get_config()
    assert loaded.settings == model.settings
    assert loaded.steps_trained == 7
    batch = batch_of(model)
    outputs = model(batch)
    assert all(np.isfinite(output).all() for output in tf.nest.flatten(outputs))
    assert_alike(outputs, loaded(batch))
    assert_alike(outputs, model(batch["inputs"]))


@pytest.mark.parametrize(("part", "kind"), CASES)
def test_a_model_with_it_is_saved_and_loaded_as_it_is(part, kind, tmp_path):
    assert_comes_back(model_with(part, component(part, kind)), tmp_path / "model.keras")


def test_models_of_each_class_are_saved_and_loaded(tmp_path):
    discriminator = component("discriminator", "multi_scale")
    made = [a_cross_modal(), a_continuation("discriminator", discriminator)]
    for number, model in enumerate(made):
        assert_comes_back(model, tmp_path / f"{number}.keras")
    cases = [("encoder", "lstm"), ("encoder", "linear_frames"), ("encoder", "lapped_frames")]
    cases += [("discriminator", kind) for kind in DISCRIMINATORS]
    others = {type(model_with(part, component(part, kind))) for part, kind in cases}
    assert others | {type(model) for model in made} == set(CLASSES)


def test_predict_reconstructs():
    tf.config.run_functions_eagerly(False)
    model = a_vae("head", component("head", "groove"))
    compile_model(model)
    batch = batch_of(model)
    assert_alike(model.predict(batch, verbose=0), model(batch))


@pytest.mark.parametrize(("part", "kind"), CASES)
def test_a_bad_option_is_refused_in_one_line(part, kind):
    good, cls = component(part, kind), TABLES[part][kind]
    with pytest.raises(LofiError, match=f"(?s){part}.*nonsense") as error:
        model_with(part, {**good, "nonsense": 1})
    assert "\n" not in str(error.value)
    arguments = inspect.signature(cls).parameters
    options = {"by_frame", "num_bands", "sizes", "strides", *good} & set(arguments)
    for name in options:
        with pytest.raises(LofiError, match=f"the {part}'s {name}.* must be ") as error:
            model_with(part, {**good, name: [0.5]})
        assert "\n" not in str(error.value)


QUICK = ("groovae_2bar_humanize", "crossmodal")
SIZES = ("enc_rnn_size", "dec_rnn_size", "rnn_size", "control_preprocessing_rnn_size")


def shrunk(name: str):
    """Returns a shipped config with LSTMs of few units, which takes steps of any size."""
    config = load_config(name)
    names = {field.name for field in dataclasses.fields(config.model)} & set(SIZES)
    sizes = {each: tuple(8 for _ in getattr(config.model, each)) for each in names}
    training = dataclasses.replace(config.training, grad_norm_clip_to_zero=1e12)
    model = dataclasses.replace(config.model, **sizes)
    return dataclasses.replace(config, model=model, training=training)


@pytest.mark.parametrize(
    "name",
    [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in config_names()],
)
def test_a_config_learns_by_a_step_and_answers(name):
    config = shrunk(name)
    model = build_model(config, seed=1)
    before = [variable.numpy() for variable in model.generator_variables]
    batch = {}
    for key, spec in build_converter(config.data.converter).model_spec.items():
        shape = [B, *(config.model.max_seq_len if size is None else size for size in spec.shape)]
        batch[key] = tf.random.stateless_uniform(shape, [1, 2])
        if key == "length":
            steps = config.model.max_seq_len // (spec.shape or (1,))[0]
            batch[key] = tf.fill(shape, steps)
    scalars = model.train_step(batch)
    assert np.isfinite(float(scalars["loss"]))
    pairs = zip(model.generator_variables, before, strict=True)
    assert any(np.any(variable != old) for variable, old in pairs)
    outputs = tf.nest.flatten(model({key: batch[key] for key in batch if key != "targets"}))
    assert all(len(output) == B and np.isfinite(output).all() for output in outputs)
