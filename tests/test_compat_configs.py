"""Scripts for Magenta's MusicVAE run with their import lines changed."""

import subprocess
import sys

import numpy as np
import pytest

from lofi_tf.compat import TrainedModel, configs
from lofi_tf.config import load_config
from lofi_tf.errors import LofiError
from lofi_tf.hparams import with_hparams
from tests.mirrors import KICK, SNARE, drums, line_of, melody

# Magenta 2.1.4's `configs.CONFIG_MAP`.
NAMES = """cat-mel_2bar_small cat-mel_2bar_big cat-mel_2bar_med_chords cat-drums_2bar_small
cat-drums_2bar_big nade-drums_2bar_reduced nade-drums_2bar_full flat-trio_16bar hierdec-trio_16bar
hier-trio_16bar flat-mel_16bar hierdec-mel_16bar hier-mel_16bar hier-multiperf_vel_1bar_med
hier-multiperf_vel_1bar_big hier-multiperf_vel_1bar_med_chords hier-multiperf_vel_1bar_big_chords
groovae_4bar groovae_2bar_humanize groovae_2bar_tap_fixed_velocity
groovae_2bar_tap_fixed_velocity_note_dropout groovae_2bar_add_closed_hh
groovae_2bar_hits_control_tfds""".split()
# The names of its `get_default_hparams`, of MusicVAE and of its LSTM models, and those of NADE's.
HPARAMS = """max_seq_len z_size free_bits max_beta beta_rate batch_size grad_clip clip_mode
grad_norm_clip_to_zero learning_rate decay_rate min_learning_rate conditional dec_rnn_size
enc_rnn_size dropout_keep_prob sampling_schedule sampling_rate use_cudnn residual_encoder
residual_decoder control_preprocessing_rnn_size""".split()
# Lines of Magenta's public Colabs, their imports and paths changed.
COLAB = """
import numpy as np
from lofi_tf.compat import configs, TrainedModel

config = configs.CONFIG_MAP['cat-drums_2bar_small']
model = TrainedModel(config, batch_size=4, checkpoint_dir_or_path='cat-drums_2bar_small')
samples = model.sample(n=4, length=32, temperature=0.5)
extracted = []
for ns in samples:
    extracted.extend(config.data_converter.from_tensors(config.data_converter.to_tensors(ns)[1]))
z, mu, sigma = model.encode(extracted[:1])
decoded = model.decode(mu, length=32, temperature=0.1)
note_sequences = model.interpolate(extracted[0], extracted[0], num_steps=3, length=32)
tensors = model.decode_to_tensors(mu, length=32)
print(len(samples), mu.shape, len(decoded), len(note_sequences), tensors[0].shape)
"""


def test_every_name_of_magentas_is_there():
    assert set(NAMES) <= set(configs.CONFIG_MAP)
    assert "groovae_2bar_hits_control" in configs.CONFIG_MAP
    assert "lofai_conv" not in configs.CONFIG_MAP and len(configs.CONFIG_MAP) > len(NAMES)
    with pytest.raises(KeyError, match="no_such"):
        configs.CONFIG_MAP["no_such"]


@pytest.mark.parametrize("name", ["groovae_4bar", "hier-trio_16bar", "nade-drums_2bar_full"])
def test_hparams_have_magentas_names(name):
    hparams = vars(configs.CONFIG_MAP[name].hparams)
    assert set(HPARAMS) <= set(hparams)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("cat-mel_2bar_small", {"max_beta": 0.2, "beta_rate": 0.99999, "dec_rnn_size": [256, 256]}),
        ("hierdec-trio_16bar", {"batch_size": 256, "max_seq_len": 256, "z_size": 512}),
        ("nade-drums_2bar_full", {"nade_num_hidden": 128, "free_bits": 48, "conditional": True}),
        ("groovae_4bar", {"dropout_keep_prob": 0.3, "sampling_schedule": "constant"}),
    ],
)
def test_hparams_are_magentas(name, values):
    hparams = vars(configs.CONFIG_MAP[name].hparams)
    assert {key: hparams[key] for key in values} == values


def test_augmenters_are_magentas():
    moved = {name: configs.CONFIG_MAP[name].note_sequence_augmenter for name in NAMES}
    assert moved["cat-mel_2bar_small"].transpose_range == (-5, 5)
    assert moved["hier-multiperf_vel_1bar_med"].transpose_range == (-3, 3)
    assert moved["groovae_4bar"] is moved["cat-drums_2bar_small"] is None
    assert configs.CONFIG_MAP["groovae_4bar"].tfds_name == "groove/4bar-midionly"


@pytest.mark.parametrize(
    ("name", "depths"),
    [
        ("cat-mel_2bar_med_chords", (90, 90, 49)),
        ("cat-drums_2bar_small", (10, 512, 0)),
        ("nade-drums_2bar_full", (62, 61, 0)),
        ("flat-trio_16bar", (692, 692, 0)),
        ("hier-multiperf_vel_1bar_med_chords", (490, 490, 49)),
        ("groovae_2bar_hits_control", (27, 27, 9)),
    ],
)
def test_converters_have_magentas_depths(name, depths):
    converter = configs.CONFIG_MAP[name].data_converter
    assert (converter.input_depth, converter.output_depth, converter.control_depth) == depths


def test_a_configs_converter_gives_a_melody_back():
    line = [(step, 2, 60 + step) for step in range(0, 32, 2)]
    converter = configs.CONFIG_MAP["cat-mel_2bar_small"].data_converter
    (again,) = converter.from_tensors(converter.to_tensors(melody(*line)).outputs)
    assert line_of(again) == line


def test_a_colabs_lines_run_quietly(tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "default", "-c", COLAB], capture_output=True, text=True
    )
    assert done.stderr == ""
    assert done.stdout == "4 (1, 256) 1 3 (32, 512)\n"


def test_a_models_converter_is_its_own():
    config = configs.CONFIG_MAP["groovae_4bar"]
    config.data_converter.max_tensors_per_notesequence = 3
    model = TrainedModel(config, 1, "groovae_4bar")
    assert model._config.data_converter.max_tensors_per_notesequence == 3
    model._config.data_converter.max_tensors_per_notesequence = 7
    assert config.data_converter.max_tensors_per_notesequence == 3
    beat = drums(*((step, pitch) for step in range(0, 64, 8) for pitch in (KICK, SNARE)))
    np.testing.assert_array_equal(model.encode([beat])[1].shape, [1, 256])


def test_a_config_of_another_kind_is_refused():
    with pytest.raises(LofiError, match="one of CONFIG_MAP, or its name. Received: 5"):
        TrainedModel(5, 1, "groovae_4bar")


@pytest.mark.parametrize("name", HPARAMS)
def test_every_hparam_of_magentas_is_known(name):
    config = load_config("groovae_4bar")
    value = vars(configs.CONFIG_MAP["groovae_4bar"].hparams)[name]
    text = str(value).replace(" ", "") if isinstance(value, list) else str(value).lower()
    assert with_hparams(config, f"{name}={text}") == config


def test_nades_hidden_units_are_the_heads():
    config = with_hparams(load_config("nade-drums_2bar_reduced"), "nade_num_hidden=64")
    assert config.model.head == {"kind": "nade", "hidden_size": 64}


def test_a_value_of_conditional_that_is_not_built_is_refused():
    config = load_config("groovae_4bar")
    with pytest.raises(LofiError, match="conditional must be true where z_size is 256"):
        with_hparams(config, "conditional=false")
    assert with_hparams(config, "conditional=false,z_size=0").model.z_size == 0
