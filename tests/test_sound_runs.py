"""Models of sound by command: from recordings to clips, training and WAV files."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import tensorflow as tf

from lofi_tf.cli import evaluate, export, generate, train
from lofi_tf.config import config_names, load_config
from lofi_tf.data.converters.build import build_converter
from lofi_tf.hparams import with_hparams
from lofi_tf.models.build import build_model
from lofi_tf.training.history import read_history
from pipelines import prepare_audio

RECORDINGS = Path(__file__).parent / "data" / "audio"
KINDS_OF_SOUND = ("lofai", "spectrum", "continuation", "multiband")
SOUND = [name for name in config_names() if name.startswith(KINDS_OF_SOUND)]
SHORT = "converter.clip_seconds=0.2,max_seq_len=600,latent_dim=4,batch_size=2"
NETS = {
    "lofai_dense": "num_layers=2,input_neurons=12,output_nerons=6",
    "lofai_conv": "num_conv_layers=2,num_dense_layers=1,initial_channels=2,factor=2,"
    "input_neurons=8,output_neurons=6",
    "lofai_lstm": "num_layers=1,output_neurons=6,middle_ground=8",
    "continuation_vae": "enc_rnn_size=[8],dec_rnn_size=[8]",
    "continuation_gan": "enc_rnn_size=[8],dec_rnn_size=[8],channels=[4],strides=[4],num_scales=1,"
    "adversarial_from_step=0,batch_size=1",
}
BANDS = (
    "converter.sample_rates=[3000],num_bands=4,strides=[8,10],channels=[4,6],dilations=[1],"
    "head.sizes=[64],num_scales=1,adversarial_from_step=0,batch_size=1"
)


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    flags = [f"--input_dir={RECORDINGS}", f"--output_dir={folder}", "--sample_rate=3000"]
    flags += ["--clip_seconds=0.2", "--validation_split=0.5"]
    assert prepare_audio.main(flags) == 0
    return folder


@pytest.mark.parametrize("name", SOUND)
def test_configs_fit_their_clips(name):
    config = load_config(name)
    spec = build_converter(config.data.converter).model_spec["inputs"]
    assert spec.shape[0] == config.model.max_seq_len


def quick(names, *chosen):
    """Of the names, the others wait for make test-all."""
    return [n if n in chosen else pytest.param(n, marks=pytest.mark.slow) for n in names]


@pytest.mark.parametrize("name", quick(NETS, "lofai_conv"))
def test_trains_by_the_hyperparameters_of_its_seed(clips, tmp_path, name, capsys):
    run = tmp_path / "run"
    flags = [f"--config={name}", f"--run_dir={run}", f"--examples_path={clips}"]
    flags += [f"--hparams={SHORT},{NETS[name]},num_epochs=1", "--log_steps=1"]
    assert train.main(flags) == 0, capsys.readouterr().err
    rows = read_history(run / "train" / "history.csv")
    assert rows
    assert all(np.isfinite(float(row["loss"])) for row in rows)
    evaluated = read_history(run / "eval" / "history.csv")[-1]
    assert 0 <= float(evaluated["metrics/active_units"]) <= 4
    assert float(evaluated["metrics/mse"]) > 0
    out = tmp_path / "out"
    how = []
    if name.startswith("continuation"):
        sound = tmp_path / "given.wav"
        soundfile.write(sound, np.sin(np.arange(300) / 5), 3000)
        how = ["--mode=continue", f"--input_audio={sound}", "--seconds=0.1", "--temperature=1"]
    flags = [f"--model={run}", f"--output_dir={out}", "--num_outputs=2", "--png", *how]
    assert generate.main(flags) == 0, capsys.readouterr().err
    assert sorted(path.suffix for path in out.iterdir()) == [".png", ".png", ".wav", ".wav"]
    sounds = [soundfile.read(path) for path in sorted(out.glob("*.wav"))]
    assert [(len(samples), rate) for samples, rate in sounds] == [(600, 3000)] * 2
    assert np.abs(sounds[0][0] - sounds[1][0]).max() > 0
    found = tmp_path / "found"
    assert (
        evaluate.main([f"--model={run}", f"--examples_path={clips}", f"--output_dir={found}"]) == 0
    )
    titles = [
        table["title"] for table in json.loads((found / "evaluation.json").read_text())["tables"]
    ]
    goes_on = name.startswith("continuation")
    assert titles == (["Going on alone"] if goes_on else ["Reconstruction", "Latent"])
    assert (found / "curves.png").is_file()


EXPORTED = {"lofai_lstm": NETS["lofai_lstm"], "multiband_vae": BANDS}


@pytest.mark.parametrize("name", quick(EXPORTED, "multiband_vae"))
def test_an_export_of_sound_answers(clips, tmp_path, name, capsys):
    run = tmp_path / "run"
    flags = [f"--config={name}", f"--run_dir={run}", f"--examples_path={clips}"]
    flags += [f"--hparams={SHORT},{EXPORTED[name]}", "--num_steps=1", "--validation_split=0"]
    assert train.main(flags) == 0
    assert (
        export.main([f"--run_dir={run}", f"--output_dir={tmp_path / 'saved'}", "--litert=no"]) == 0
    )
    found = []
    for number, model in enumerate((run, tmp_path / "saved" / name)):
        out = tmp_path / f"out{number}"
        flags = [f"--model={model}", f"--output_dir={out}", "--num_outputs=1", "--seed=3"]
        assert generate.main(flags) == 0
        found += [soundfile.read(path)[0] for path in out.glob("*.wav")]
    np.testing.assert_array_equal(*found)
    assert generate.main([*flags, "--qpm=90"]) == 2
    assert "model of sound" in capsys.readouterr().err


# The lists of LoFAI's README in its order, by its spelling, with the best settings of its search.
SEED_LISTS = {
    "lofai_dense": "num_layers=5,latent_dim=5,input_neurons=750,output_nerons=100,num_epochs=1",
    "lofai_conv": "num_conv_layers=3,num_dense_layers=1,latent_dim=10,input_neurons=500,"
    "output_nerons=100,initial_channels=2,factor=2,num_epochs=1",
    "lofai_lstm": "num_layers=2,latent_dim=5,output_nerons=100,middle_ground=100,num_epochs=1",
}


@pytest.mark.parametrize("name", quick(SEED_LISTS, "lofai_dense"))
def test_the_lists_of_the_seed_train_a_step(name):
    short = "converter.clip_seconds=0.1,max_seq_len=300"
    config = with_hparams(load_config(name), f"{SEED_LISTS[name]},{short}")
    for setting in SEED_LISTS[name].split(","):
        key, value = setting.replace("nerons", "neurons").split("=")
        places = {"latent_dim": [config.model.z_size], "num_epochs": [config.training.num_epochs]}
        stated = [c[key] for c in (config.model.encoder, config.model.decoder) if key in c]
        assert set(places.get(key, stated)) == {int(value)}
    model = build_model(config)
    clips = tf.random.stateless_uniform([3, 300, 1], [1, 2], -0.5, 0.5)
    batch = {"inputs": clips, "targets": clips, "length": tf.fill([3], 300)}
    assert np.isfinite(float(model.train_step(batch)["loss"]))
    assert int(model.optimizer.iterations) == 1


def test_epochs_end_training():
    config = with_hparams(load_config("lofai_dense"), "num_epochs=30,latent_dim=7")
    assert config.training.num_epochs == 30
    assert config.model.z_size == 7
    assert build_model(config).latent.z_size == 7
