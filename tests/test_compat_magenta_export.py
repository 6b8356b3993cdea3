"""Checkpoints for Magenta hold what Magenta's own do; whether it loads them, `make parity` asks."""

import tarfile
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from lofi_tf.compat import magenta_export
from lofi_tf.compat.magenta_export import export_for_magenta, how_to_load
from lofi_tf.compat.magenta_like import MAGENTA_CONFIGS, magenta_like
from lofi_tf.config import config_names, load_config
from lofi_tf.errors import LofiError
from lofi_tf.hparams import with_hparams
from tests.grooves import scrambled_model, small_config
from tests.model_parity import build, shrunk_config

GOLDEN = Path(__file__).parent / "data" / "golden" / "models"
CONFIGS = sorted(path.stem for path in GOLDEN.glob("*.npz"))
HUMANIZE = "groovae_2bar_humanize"
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
        assert (like.name, like.hparams, like.options) == (name, {}, {})
    assert set(MAGENTA_CONFIGS) >= {*CONFIGS}
    assert len(MAGENTA_CONFIGS) == 23


@pytest.mark.parametrize("name", sorted({*config_names()} - {*MAGENTA_CONFIGS}))
def test_what_magenta_has_no_like_of_is_refused(name):
    with pytest.raises(LofiError, match=f"^Magenta has no config like {name}: .*Received: .*$"):
        magenta_like(load_config(name))


@pytest.mark.parametrize(
    ("name", "hparams", "said"),
    [
        ("groovae_4bar", "decoder.embedding_size=8", "groovae_4bar, has the decoder"),
        ("groovae_4bar", "residual_encoder=true", "setting residual_encoder False"),
        ("hier-mel_16bar", "decoder.level_lengths=[8, 32]", "hier-mel_16bar, has the decoder"),
        ("cat-mel_2bar_small", "converter.max_pitch=100", "depth of inputs 90. Received: 82"),
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


def test_other_options_of_the_converter_are_said():
    longer = with_hparams(load_config("groovae_4bar"), "converter.split_bars=8,max_seq_len=128")
    like = magenta_like(longer)
    assert (like.hparams_text, like.options) == ("max_seq_len=128", {"split_bars": (4, 8)})
    assert "split_bars=4, this model with split_bars=8" in how_to_load(like, "out", "beat")[-1]


def test_it_says_how_magenta_takes_it(small):
    own = how_to_load(magenta_like(load_config("groovae_4bar")), "out", "beat")
    assert own[-1] == "  music_vae_generate --config=groovae_4bar --checkpoint_file=out/beat.tar"
    assert len(own) == 2
    changed = how_to_load(small[1], "out", "beat")
    assert ".parse('z_size=4,enc_rnn_size=[8],dec_rnn_size=[8,8]'); g.cons" in changed[-1]
    chords = how_to_load(magenta_like(load_config("cat-mel_2bar_med_chords")), "out", "beat")
    assert chords[-1] == "  model.sample(4, 32, c_input=controls)"


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
