"""Checkpoints for Magenta hold what Magenta's own do; whether it loads them, `make parity` asks."""

import tarfile
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from lofi_tf.cli.export import main
from lofi_tf.config import config_names, load_config
from lofi_tf.errors import LofiError
from lofi_tf.hparams import with_hparams
from lofi_tf.interop import magenta_export
from lofi_tf.interop.magenta_checkpoint import magenta_weights
from lofi_tf.interop.magenta_export import export_for_magenta, how_to_load
from lofi_tf.interop.magenta_like import MAGENTA_CONFIGS, magenta_like
from lofi_tf.saving.hub import about, export_in, find_model
from lofi_tf.saving.loading import load_model, weights_path
from tests.grooves import scrambled_model, small_config
from tests.model_parity import build, shrunk_config

GOLDEN = Path(__file__).parent / "data" / "golden" / "models"
CONFIGS = sorted(path.stem for path in GOLDEN.glob("*.npz"))
HUMANIZE = "groovae_2bar_humanize"
BASS = "bass_2bar_chords"  # no config of Magenta's, but one with another converter
ROUNDING = 2e-7  # of a forget bias around 1, to which 1 is added and taken away again


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A small model's export: its folder, and what of Magenta's takes it."""
    model, config = scrambled_model(HUMANIZE)
    folder = tmp_path_factory.mktemp("magenta")
    return folder, export_for_magenta(model, config, folder, "beat", step=7)


@pytest.mark.parametrize("name", CONFIGS)
def test_export_holds_what_magentas_own_checkpoint_does(name, tmp_path):
    answers = dict(np.load(GOLDEN / f"{name}.npz"))
    config = shrunk_config(name, answers)
    model = build(config, answers, GOLDEN / f"{name}.ckpt")
    like = export_for_magenta(model, config, tmp_path, name)
    assert like.name == name
    theirs = tf.train.load_checkpoint(str(GOLDEN / f"{name}.ckpt"))
    ours = tf.train.load_checkpoint(str(tmp_path / f"{name}.ckpt"))
    assert ours.get_variable_to_shape_map() == theirs.get_variable_to_shape_map()
    assert ours.get_variable_to_dtype_map() == theirs.get_variable_to_dtype_map()
    for variable in theirs.get_variable_to_shape_map():
        found, expected = ours.get_tensor(variable), theirs.get_tensor(variable)
        exact = not variable.endswith("lstm_cell/bias")
        np.testing.assert_allclose(found, expected, 0, 0 if exact else ROUNDING, err_msg=variable)


def test_it_holds_the_step_and_no_state_of_an_optimiser(small):
    reader = tf.train.load_checkpoint(str(small[0] / "beat.ckpt"))
    assert reader.get_tensor("global_step") == 7
    assert not [v for v in reader.get_variable_to_shape_map() if "Adam" in v or "beta" in v]


def test_the_tar_holds_the_same_files_and_nobodys_name(small):
    folder, _ = small
    with tarfile.open(folder / "beat.tar") as tar:
        found = {member.name: tar.extractfile(member).read() for member in tar}
        assert {member.uname for member in tar} == {""}
    assert found == {path.name: path.read_bytes() for path in folder.glob("beat.ckpt.*")}
    assert len(found) == 2
    assert len(list(folder.iterdir())) == 3


def test_every_config_of_magentas_is_its_own_like():
    for name in MAGENTA_CONFIGS:
        like = magenta_like(load_config(name))
        assert (like.name, like.hparams, like.converter) == (name, {}, None)
    assert set(MAGENTA_CONFIGS) >= {*CONFIGS}
    assert len(MAGENTA_CONFIGS) == 23


@pytest.mark.parametrize("name", sorted({*config_names()} - {*MAGENTA_CONFIGS, BASS}))
def test_what_magenta_has_no_like_of_is_refused(name):
    with pytest.raises(LofiError, match=f"^Magenta has no config like {name}: .*Received: .*$"):
        magenta_like(load_config(name))


@pytest.mark.parametrize(
    ("name", "hparams", "said"),
    [
        ("groovae_4bar", "decoder.embedding_size=8", "groovae_4bar, has the decoder"),
        ("groovae_4bar", "residual_encoder=true", "setting residual_encoder False"),
        ("hier-mel_16bar", "decoder.level_lengths=[8, 32]", "hier-mel_16bar, has the decoder"),
        ("groovae_4bar", "z_size=0", "groovae_4bar, has the z_size above 0. Received: 0"),
        ("groovae_2bar_hits_control_tfds", "preprocess_controls=true", "preprocess_controls False"),
    ],
)
def test_what_magentas_graph_cannot_be_is_refused(name, hparams, said):
    with pytest.raises(LofiError) as refused:
        magenta_like(with_hparams(load_config(name), hparams))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_other_sizes_are_hparams_of_magentas():
    assert magenta_like(small_config()).hparams_text == (
        "z_size=4,enc_rnn_size=[8],dec_rnn_size=[8,8]"
    )
    nade = with_hparams(load_config("nade-drums_2bar_full"), "head.hidden_size=9,free_bits=3")
    assert magenta_like(nade).hparams_text == "nade_num_hidden=9"


def test_a_config_of_another_name_is_what_it_differs_least_from():
    config = with_hparams(load_config("groovae_2bar_add_closed_hh"), "z_size=8")
    renamed = type(config)("mine", config.data, config.model, config.training)
    assert magenta_like(renamed).name == "groovae_2bar_add_closed_hh"
    assert magenta_like(load_config(BASS)).name == "cat-mel_2bar_med_chords"


def test_what_acts_in_training_alone_makes_no_difference():
    changes = "converter.hop_size=16,head.given_hits=true,head.expression_weight=3,free_bits=9"
    like = magenta_like(with_hparams(load_config("groovae_4bar"), changes))
    assert (like.name, like.hparams, like.converter) == ("groovae_4bar", {}, None)


@pytest.mark.parametrize(
    ("name", "hparams", "like", "hparams_text", "converter"),
    [
        (
            "groovae_4bar", "converter.split_bars=8,max_seq_len=128",
            "groovae_4bar", "max_seq_len=128", "data.GrooveConverter(split_bars=8)",
        ),
        (
            "nade-drums_2bar_reduced", "converter.pitch_classes=roland,converter.max_bars=9",
            "nade-drums_2bar_reduced", "",
            "data.DrumsConverter(max_bars=9, slice_bars=2, steps_per_quarter=4, roll_input=True, "
            "roll_output=True, pitch_classes=data.ROLAND_DRUM_PITCH_CLASSES)",
        ),
        (
            "cat-mel_2bar_med_chords", "converter.min_pitch=24,converter.unknown_chord=error",
            "cat-mel_2bar_med_chords", "",
            "data.OneHotMelodyConverter(max_bars=100, slice_bars=2, steps_per_quarter=4, "
            "chord_encoding=note_seq.TriadChordOneHotEncoding(), min_pitch=24)",
        ),
    ],
)  # fmt: skip
def test_another_converter_is_given_to_magenta(name, hparams, like, hparams_text, converter):
    found = magenta_like(with_hparams(load_config(name), hparams))
    assert (found.name, found.hparams_text, found.converter) == (like, hparams_text, converter)
    code = " ".join(how_to_load(found, "out", "beat"))
    assert f"configs.CONFIG_MAP['{like}']._replace(data_converter={converter})" in code


def test_it_says_how_magenta_takes_it(small):
    own = how_to_load(magenta_like(load_config("groovae_4bar")), "out", "beat")
    assert own[-1] == "  music_vae_generate --config=groovae_4bar --checkpoint_file=out/beat.tar"
    assert len(own) == 2
    changed = how_to_load(small[1], "out", "beat")
    assert ".parse('z_size=4,enc_rnn_size=[8],dec_rnn_size=[8,8]'); music_vae" in changed[-1]
    chords = how_to_load(magenta_like(load_config("cat-mel_2bar_med_chords")), "out", "beat")
    assert chords[-1] == "  model.sample(4, 32, c_input=controls)  # [32, 49]"


@pytest.mark.parametrize("name", ["../x", "a/b", "..", ""])
def test_names_lead_nowhere_else(name, tmp_path):
    with pytest.raises(LofiError, match="name of a file"):
        magenta_export.check_free(tmp_path, name)


def test_what_is_there_is_not_overwritten(small):
    model, config = scrambled_model(HUMANIZE)
    before = (small[0] / "beat.tar").read_bytes()
    with pytest.raises(LofiError, match="beat.ckpt.* is there already: give another --name"):
        export_for_magenta(model, config, small[0], "beat")
    assert (small[0] / "beat.tar").read_bytes() == before


def test_an_export_that_fails_leaves_nothing(tmp_path, monkeypatch):
    model, config = scrambled_model(HUMANIZE)
    monkeypatch.setattr(magenta_export, "_pack", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        export_for_magenta(model, config, tmp_path, "beat")
    assert list(tmp_path.iterdir()) == []


def test_the_command_takes_a_shipped_model_by_its_name(tmp_path, capsys):
    folder = tmp_path / "out"
    given = ["--format=magenta", "--model=groovae_4bar", "--name=beat", f"--output_dir={folder}"]
    assert main(given) == 0
    said = capsys.readouterr().err.splitlines()
    assert said[0] == f"Wrote {folder}/beat.tar and .ckpt.*"
    assert said[2].endswith(f" --config=groovae_4bar --checkpoint_file={folder}/beat.tar")
    assert said[2].startswith("  music_vae_generate ")
    reader = tf.train.load_checkpoint(str(folder / "beat.ckpt"))
    assert reader.get_tensor("global_step") == about(export_in(find_model("groovae_4bar"))).step > 0
    model, _ = load_model(weights_path("groovae_4bar"))
    kernel = "decoder/output_projection/kernel"
    np.testing.assert_array_equal(reader.get_tensor(kernel), magenta_weights(model)[kernel])


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--model=groovae_4bar"], "needs --output_dir"),
        (
            ["--model=groovae_4bar", "--output_dir={out}", "--precision=float16"],
            "--precision is for",
        ),
        (["--checkpoint_file={out}/x", "--config=lofi_chords"], "no such checkpoint"),
    ],
)
def test_the_command_says_what_is_wrong_in_one_line(flags, said, tmp_path, capsys):
    flags = [flag.format(out=tmp_path / "out") for flag in flags]
    assert main(["--format=magenta", *flags]) == 2
    errors = capsys.readouterr().err
    assert said in errors
    assert errors.count("\n") == 1
    assert not (tmp_path / "out").exists()
