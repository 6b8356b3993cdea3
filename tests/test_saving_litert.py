"""The LiteRT form of models: the answers of TensorFlow, for each kind, head and hierarchy."""

import dataclasses
import json
import warnings
import zlib

import numpy as np
import pytest
import tensorflow as tf
import yaml
from ai_edge_litert.interpreter import Interpreter

from lofi_tf.cli import export as command
from lofi_tf.config import config_names, load_config
from lofi_tf.data.converters.build import build_converter
from lofi_tf.errors import LofiError, LofiWarning
from lofi_tf.hparams import with_hparams
from lofi_tf.models.build import build_model
from lofi_tf.models.kinds import interface_of
from lofi_tf.saving import litert
from lofi_tf.saving.checkpoints import stored_weights
from lofi_tf.saving.export import export, place
from lofi_tf.saving.litert_parts import constants_of, patches_of
from lofi_tf.saving.litert_weights import (
    FOLDER,
    GRAPH,
    PATCHES,
    Patch,
    litert_functions,
    whole_graph,
)
from lofi_tf.saving.model_card import Facts

QUICK = "groovae_2bar_tap_fixed_velocity"
RNN_ENCODERS = ("lstm", "bidirectional_lstm", "hierarchical_lstm")


class Functions:
    """The functions of a LiteRT file."""

    def __init__(self, whole):
        self.interpreter = Interpreter(model_content=whole, num_threads=1)
        signatures = self.interpreter.get_signature_list()
        self.names = {signature.rpartition("_")[0] for signature in signatures}

    def __call__(self, name, rows, given):
        return self.interpreter.get_signature_runner(f"{name}_{rows}")(**given)


def small(name, **decoder):
    """A model of a shipped config at a few units a layer, its weights such that outputs differ."""
    config = load_config(name)
    if config.model.kind == "vae":
        changes = ["z_size=16"] if config.model.z_size else []
        changes += ["enc_rnn_size=[8]"] if config.model.encoder["kind"] in RNN_ENCODERS else []
        config = with_hparams(config, ",".join([*changes, "dec_rnn_size=[8,8]"]))
        settings = {"decoder": config.model.decoder | decoder}
        config = dataclasses.replace(config, model=dataclasses.replace(config.model, **settings))
    model = build_model(config)
    # What feeds on its own sound drifts apart where weights are large; clips are sums of thousands.
    of_sound = getattr(config.model, "encoder", {"kind": ""})["kind"] not in RNN_ENCODERS
    scale = 0.01 if config.model.kind == "continuation" else 0.02 if of_sound else 0.2
    for number, variable in enumerate(model.trainable_variables):
        draws = np.random.default_rng(number)
        variable.assign(variable + draws.normal(scale=scale, size=variable.shape))
    return model, config


def asked(specs, config, rows):
    """Inputs of a function, drawn: whole numbers are lengths, `kept` and hits are 0 or 1."""
    draws, given = np.random.default_rng(rows), {}
    for name, spec in specs.items():
        shape = [rows, *spec.shape[1:]]
        if spec.dtype == tf.int64:
            given[name] = np.arange(rows, dtype=np.int64) + 5
        elif spec.dtype == tf.int32:
            given[name] = np.full(shape, _length(specs, shape), np.int32)
        elif name in ("kept", "given", "hits"):
            given[name] = draws.integers(0, 2, shape).astype(np.float32)
        else:
            given[name] = draws.normal(size=shape).astype(np.float32)
    if "temperature" in given:
        given["temperature"] = np.full([rows], 0.7, np.float32)
    return given


def _length(specs, shape):
    """A whole example; of a hierarchy, whose lengths are of each segment, a whole segment."""
    steps = next((s.shape[1] for n, s in specs.items() if n in ("inputs", "given")), 1)
    return steps // shape[1] if len(shape) > 1 else steps


def answers_alike(model, config, rows):
    """Compares LiteRT's answers with TensorFlow's; returns the names of functions compared."""
    interface = interface_of(model, config)
    with warnings.catch_warnings():
        warnings.simplefilter("error", LofiWarning)
        whole = litert.litert_bytes(interface, config, stored_weights(model), rows)
    functions = Functions(whole)
    for function in sorted(functions.names - {"view"}):
        for count in rows:
            given = asked(interface.inputs_of(function), config, count)
            if "length" in given:
                given["length"] = np.full([count], interface.steps, np.int32)
            theirs = interface.function(function)(**{k: tf.constant(v) for k, v in given.items()})
            if function in interface.draws:
                given["noise"] = interface.draws[function].drawn(given.pop("seed")).numpy()
            ours = functions(function, count, given)
            assert ours.keys() == theirs.keys()
            for key, value in theirs.items():
                message = f"{function} of {count} rows: {key}"
                near = 2e-4 * max(1.0, np.abs(value).max())
                np.testing.assert_allclose(ours[key], value, rtol=0, atol=near, err_msg=message)
    return functions.names - {"view"}


def test_litert_answers_as_tensorflow_does():
    assert {"encode", "decode", "fill"} <= answers_alike(*small(QUICK), (4,))


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in config_names() if name != QUICK])
def test_litert_answers_as_tensorflow_does_for_every_config(name):
    model, config = small(name)
    compared = answers_alike(model, config, (1, 4))
    assert compared == set(interface_of(model, config).names) & set(litert.FUNCTIONS)


@pytest.mark.slow
@pytest.mark.parametrize("reencode", [False, True])
def test_conductors_that_listen_answer_as_tensorflow_does(reencode):
    model, config = small("hier-mel_16bar", disable_autoregression=False, reencode=reencode)
    assert "decode" in answers_alike(model, config, (4,))


def test_sets_of_61_drums_are_seen_as_bits():
    converter = build_converter(load_config("nade-drums_2bar_full").data.converter)
    masks = np.random.default_rng(0).integers(0, 1 << 61, [1, 32])
    masks[0, :4] = 0, 1 << 31, 1 << 32, (1 << 61) - 1
    whole = litert._converted([{"view_1": litert._view(converter, 32)}], [])
    seen = Functions(whole)("view", 1, {"drums": masks, "length": np.array([32], np.int32)})
    bits = masks[..., None] >> np.arange(61) & 1
    np.testing.assert_array_equal(seen["targets"], bits)
    np.testing.assert_array_equal(seen["inputs"], np.append(bits, masks[..., None] == 0, axis=-1))


def test_the_weights_of_an_export_are_not_stored_twice(litert_export):
    assert {"encode", "decode", "fill", "play_hits", "view"} == {*litert_functions(litert_export)}
    for part in ("encode", "decode"):
        stored = bytearray(zlib.decompress((litert_export / FOLDER / (part + GRAPH)).read_bytes()))
        lines = json.loads((litert_export / FOLDER / (part + PATCHES)).read_text())
        assert lines and not any(Patch(*values).place(stored).any() for values in lines)
        assert Functions(whole_graph(litert_export, part)).names == {part}
    assert [*constants_of(whole_graph(litert_export, "decode"))]
    assert not [*constants_of(bytes(stored))]


def test_parts_of_variables_are_found_cut_joined_and_turned(tmp_path):
    kernel = np.random.default_rng(0).normal(size=[20, 32]).astype(np.float32)
    bias = np.random.default_rng(1).normal(size=[32]).astype(np.float32)
    module = tf.Module()
    module.kernel, module.bias = tf.Variable(kernel), tf.Variable(bias)

    def cut(x):
        return {"y": x @ module.kernel[:, 8:16] + module.bias[8:16]}

    spec = tf.TensorSpec([1, 20], tf.float32, "x")
    traced = tf.function(cut).get_concrete_function(x=spec)
    tf.saved_model.save(module, str(tmp_path), {"cut_1": traced})
    whole = litert._converted([{"cut_1": traced}], [module.kernel, module.bias])
    patches = patches_of(whole, tmp_path)
    assert [(p.rows, p.columns, p.turned) for p in patches] == [(20, 8, True)]
    variables = (tmp_path / "variables/variables.data-00000-of-00001").read_bytes()
    np.testing.assert_array_equal(patches[0].part(variables), kernel[:, 8:16])


@pytest.mark.slow
def test_a_file_for_litert_says_how_it_is_called(groove_export, tmp_path, capsys):
    flags = ["--format=litert", f"--model={groove_export}", f"--output_dir={tmp_path}"]
    assert command.main([*flags, "--name=beats", "--precision=float16"]) == 0
    about = yaml.safe_load((tmp_path / "beats.yaml").read_text())
    decode = about["signatures"]["decode_7"]
    size = about["config"]["model"]["z_size"]
    assert decode["inputs"]["z"] == f"float32 [7, {size}]"
    assert decode["inputs"]["noise"].startswith("float32 [7, 32, ")
    functions = Functions((tmp_path / "beats.tflite").read_bytes())
    assert functions.names == {name.rpartition("_")[0] for name in about["signatures"]}
    assert command.main([*flags, "--name=beats"]) == 2
    assert "is there already" in capsys.readouterr().err


@pytest.mark.slow
def test_what_litert_cannot_hold_is_left_out_and_told(monkeypatch):
    model, config = small("cat-mel_2bar_small")
    interface = interface_of(model, config)
    monkeypatch.setattr(
        interface, "_encode", lambda **given: {"mean": tf.linalg.svd(given["inputs"])[0]}
    )
    with pytest.warns(LofiWarning, match="LiteRT cannot hold encode of cat-mel_2bar_small"):
        whole = litert.litert_bytes(interface, config, stored_weights(model), (1,))
    assert Functions(whole).names == {"decode", "fill", "view"}


def test_an_export_that_litert_cannot_hold_is_refused(monkeypatch):
    model, config = small("cat-mel_2bar_small")
    monkeypatch.setattr(litert, "_file", lambda *given: None)
    monkeypatch.setattr(litert, "_converted", lambda *given: (_ for _ in ()).throw(LofiError("no")))
    with pytest.raises(LofiError, match="no function of cat-mel_2bar_small"):
        litert.litert_bytes(interface_of(model, config), config, stored_weights(model), (1,))


def test_the_form_of_a_halved_export_has_its_halved_weights(tmp_path, monkeypatch):
    found = []
    monkeypatch.setattr(litert, "write_beside", lambda folder, model, config: found.append(model))
    model, config = small("cat-mel_2bar_small")
    export(model, config, place(tmp_path, "m"), Facts(precision="float16"), litert=True)
    for weight, own in zip(stored_weights(found[0]), stored_weights(model), strict=True):
        halved = own.numpy().astype(np.float16)
        np.testing.assert_array_equal(weight.numpy(), halved.astype(own.dtype))
        assert np.any(weight.numpy() != own.numpy()) or not own.numpy().any()
