import dataclasses
from pathlib import Path

import pytest
import yaml

from lofi_tf.config import config_from_dict, config_names, load_config
from lofi_tf.errors import LofiError
from lofi_tf.hparams import ignored_hparams, with_hparams

GROOVE = [name for name in config_names() if name.startswith("groovae")]


@pytest.mark.parametrize("name", config_names())
def test_shipped_config_round_trips_through_yaml(name):
    config = load_config(name)
    again = config_from_dict(yaml.safe_load(yaml.safe_dump(config.to_dict())))
    assert again == config
    assert config.name == name


def test_groove_configs_have_magentas_settings():
    config = load_config("groovae_4bar")
    assert (config.model.max_seq_len, config.model.z_size) == (64, 256)
    assert (config.model.enc_rnn_size, config.model.dec_rnn_size) == ((512,), (256, 256))
    assert config.model.dropout_keep_prob == 0.3
    assert dataclasses.astuple(config.training)[:8] == (
        512, 48.0, 0.2, 0.0, 0.001, 0.9999, 0.00001, "global_norm"
    )  # fmt: skip
    assert {load_config(name).model.max_seq_len for name in GROOVE} == {32, 64}


def test_readme_name_of_hits_control_is_an_alias():
    assert load_config("groovae_2bar_hits_control").name == "groovae_2bar_hits_control_tfds"


def test_hparams_override_by_name_list_and_index():
    config = with_hparams(
        load_config("groovae_4bar"),
        "batch_size=64, learning_rate=1,enc_rnn_size=[12,13],dec_rnn_size[1]=7",
    )
    assert config.training.batch_size == 64
    assert config.training.learning_rate == 1.0
    assert isinstance(config.training.learning_rate, float)
    assert config.model.enc_rnn_size == (12, 13)
    assert config.model.dec_rnn_size == (256, 7)


def test_hparams_reach_into_components():
    config = with_hparams(load_config("groovae_4bar"), "converter.unknown_pitch=drop")
    assert config.data.converter["unknown_pitch"] == "drop"
    assert load_config("groovae_4bar").data.converter.get("unknown_pitch") is None


@pytest.mark.parametrize(
    ("hparams", "message"),
    [
        ("batchsize=3", "batch_size"),
        ("batch_size=3.5", "whole number"),
        ("batch_size=[3]", "not a list"),
        ("enc_rnn_size=3", "must be a list"),
        ("dec_rnn_size[2]=3", "0 to 1"),
        ("batch_size", "a=1,b"),
        ("encodr.kind=x", "encoder"),
        ("batch_size=0", "at least 1"),
        ("dropout_keep_prob=0", "above 0"),
        ("enc_rnn_size=[]", "at least one"),
        ("clip_mode=norm", "global_norm"),
        ("sampling_schedule=linear", "inverse_sigmoid"),
        ("converter.foo={", "YAML value"),
        ("converter.foo=2020-99-99", "YAML value"),
        ("converter.kind=3", "converter must be a component"),
    ],
)
def test_bad_hparams_say_what_is_allowed(hparams, message):
    with pytest.raises(LofiError, match=message):
        with_hparams(load_config("groovae_4bar"), hparams)


def test_hparams_without_effect_are_named():
    assert list(ignored_hparams("use_cudnn=true,batch_size=3")) == ["use_cudnn"]
    config = load_config("groovae_4bar")
    assert with_hparams(config, "use_cudnn=true") == config


def test_unknown_config_names_the_nearest():
    with pytest.raises(LofiError, match="Did you mean 'groovae_4bar'"):
        load_config("grooveae_4bar")


def test_unknown_setting_names_the_nearest(tmp_path):
    values = load_config("groovae_4bar").to_dict()
    values["training"]["batchsize"] = 3
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(values))
    with pytest.raises(LofiError, match="batch_size"):
        load_config(tmp_path)


def test_config_from_the_future_is_refused():
    with pytest.raises(LofiError, match="schema_version 99"):
        config_from_dict(load_config("groovae_4bar").to_dict() | {"schema_version": 99})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ([1], r"must be a mapping. Allowed: data, model, training, name. Received: \[1\]"),
        ({"model": [1]}, r"model must be a mapping. Allowed: encoder, .* Received: \[1\]"),
        ({"data": {"converter": "groove"}}, "converter must be a component.* Received: 'groove'"),
        ({"data": {"converter": {"kind": [1]}}}, "converter must be a component"),
        (
            {"data": {"converter": {"kind": "groove"}, "tfds_name": 3}},
            "tfds_name must be text",
        ),
        ({"training": {"batch_size": None}}, "batch_size must be a whole number. Received: None"),
        ({"training": {"learning_rate": "fast"}}, "learning_rate must be a number"),
        ({"training": {"clip_mode": ["value"]}}, "clip_mode must be text"),
        ({"training": {1: 2}}, "unknown setting .*Received: '1'"),
        ({"name": ["a"]}, "name must be text"),
        ({3: 4}, "unknown section .*Received: '3'"),
        ("a: 2020-99-99", "not valid YAML"),
        ("a: [", "not valid YAML"),
    ],
)
def test_config_of_the_wrong_shape_is_one_line(change, message, tmp_path):
    values = load_config("groovae_4bar").to_dict() | change if isinstance(change, dict) else change
    text = values if isinstance(values, str) else yaml.safe_dump(values)
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(LofiError, match=message) as error:
        load_config(tmp_path / "mine.yaml")
    assert len(str(error.value).splitlines()) == 1


def test_only_models_with_a_discriminator_state_what_it_needs():
    config = load_config("groovae_4bar")
    values = config.to_dict()
    assert "discriminator" not in values["model"]
    assert not [name for name in values["training"] if "adversarial" in name]
    with pytest.raises(LofiError, match="models with a discriminator; groovae_4bar has none"):
        with_hparams(config, "adversarial_from_step=3")
    rivals = with_hparams(load_config("multiband_vae"), "adversarial_from_step=3,num_scales=2")
    assert rivals.to_dict()["training"]["adversarial_from_step"] == 3
    assert rivals.model.discriminator["num_scales"] == 2
    with pytest.raises(LofiError, match="least_squares"):
        with_hparams(load_config("multiband_vae"), "adversarial_loss=least")


def test_a_name_is_the_shipped_config_whatever_folder_is_called_so(tmp_path, monkeypatch):
    run = tmp_path / "groovae_4bar"
    run.mkdir()
    other = with_hparams(load_config("groovae_4bar"), "z_size=7")
    (run / "config.yaml").write_text(yaml.safe_dump(other.to_dict()))
    monkeypatch.chdir(tmp_path)
    assert load_config("groovae_4bar").model.z_size == 256
    assert load_config("./groovae_4bar").model.z_size == 7
    assert load_config(Path("groovae_4bar")).model.z_size == 7
