"""Sounds that are gone on with: by the library, by command, by an export."""

import dataclasses

import numpy as np
import pytest
import soundfile
import tensorflow as tf

from lofi_tf.audio.io import Audio
from lofi_tf.backends import open
from lofi_tf.cli import generate
from lofi_tf.config import load_config
from lofi_tf.errors import LofiError
from lofi_tf.generation import GenerationConfig
from lofi_tf.generation.sound_continuation import continue_sound
from lofi_tf.hparams import with_hparams
from lofi_tf.models import kinds
from lofi_tf.models.build import build_model
from lofi_tf.saving import export
from tests.old_exports import old_export
from tests.serving_standin import Servable, Server

RATE, FRAME, CLIP = 3000, 20, 200
TINY = (
    f"converter.clip_seconds={CLIP / RATE:.6f},max_seq_len={CLIP},encoder.frame_size={FRAME},"
    f"head.frame_size={FRAME},enc_rnn_size=[5],dec_rnn_size=[5],encoder.num_bands=4"
)


RECTANGULAR = {
    "encoder": {"kind": "linear_frames", "frame_size": FRAME, "embedding_size": 4},
    "head": {"kind": "cosine_student", "frame_size": FRAME},
}


def made(name: str, hparams: str, other: dict | None = None):
    config = with_hparams(load_config(name), hparams)
    config = dataclasses.replace(config, model=dataclasses.replace(config.model, **other or {}))
    model = build_model(config)
    for number, variable in enumerate(model.trainable_variables):
        values = np.random.default_rng(number).normal(size=variable.shape)
        variable.assign(0.3 * values)
    return model, config


@pytest.fixture(scope="module")
def with_latent():
    return made("continuation_vae", f"{TINY},latent_dim=3")


@pytest.fixture(scope="module")
def backend(with_latent):
    return open.backend_of_model(*with_latent)


@pytest.fixture(scope="module")
def saved(with_latent, tmp_path_factory):
    """The folder of an export of the model."""
    model, config = with_latent
    folder = tmp_path_factory.mktemp("saved")
    where = export.place(folder, "tiny")
    return export.export(model, config, where)


@pytest.fixture(scope="module")
def sound():
    time = np.arange(900) / 6000
    left, right = np.sin(2 * np.pi * 300 * time), np.sin(2 * np.pi * 500 * time)
    return Audio(0.4 * np.stack([left, right], -1).astype(np.float32), 6000)


@pytest.fixture(scope="module")
def wav(sound, tmp_path_factory):
    path = tmp_path_factory.mktemp("wav") / "given.wav"
    soundfile.write(path, sound.samples, sound.sample_rate, subtype="FLOAT")
    return path


def run(model, out, *flags):
    assert generate.main([f"--model={model}", f"--output_dir={out}", *flags]) == 0
    return [soundfile.read(path, dtype="float32") for path in sorted(out.glob("*.wav"))]


def test_by_command_the_sound_begins_as_given_and_lasts_as_long_as_asked(saved, wav, tmp_path):
    flags = ["--mode=continue", f"--input_audio={wav}", "--seconds=0.25", "--num_outputs=2"]
    flags += ["--seed=7", "--temperature=1"]
    found = run(saved, tmp_path / "a", *flags)
    assert [(len(samples), rate) for samples, rate in found] == [(450 + 750, RATE)] * 2
    expected = 0.2 * (
        np.sin(2 * np.pi * 300 * np.arange(450) / RATE)
        + np.sin(2 * np.pi * 500 * np.arange(450) / RATE)
    )
    (one, _), (other, _) = found
    inner = slice(60, 390)  # the resampler's ends aside
    np.testing.assert_allclose(one[:450][inner], expected[inner], atol=2e-3)
    np.testing.assert_array_equal(one[:450] * 32768, np.rint(one[:450] * 32768))
    np.testing.assert_array_equal(one[:450], other[:450])
    assert np.abs(one[450:] - other[450:]).max() > 1e-3
    again = run(saved, tmp_path / "b", *flags)
    np.testing.assert_array_equal(found[0][0], again[0][0])
    np.testing.assert_array_equal(found[1][0], again[1][0])


def test_a_change_of_style_changes_what_follows_it_alone(backend, sound):
    how = GenerationConfig(temperature=1.0, seed=3)
    plain = np.stack([one.samples for one in continue_sound(backend, sound, 3, how, 0.3)])
    moment = 450 + 320  # 0.105 s are 315 samples; the next frame begins at 320
    changed = {
        amount: np.stack([
            one.samples for one in continue_sound(backend, sound, 3, how, 0.3, 0.105, amount)
        ])
        for amount in (0, 0.5, 1)
    }  # fmt: skip
    np.testing.assert_array_equal(changed[0], plain)
    for amount in (0.5, 1):
        np.testing.assert_array_equal(changed[amount][:, :moment], plain[:, :moment])
        after = np.abs(changed[amount] - plain)[:, moment : moment + FRAME]
        assert after.max(axis=(1, 2)).min() > 1e-4
    assert np.abs(changed[0.5] - changed[1])[:, moment:].max() > 1e-4


def test_a_longer_continuation_begins_as_the_short_one(backend, sound):
    how = GenerationConfig(temperature=1.0, seed=3)
    (short,), (long,) = (continue_sound(backend, sound, 1, how, seconds) for seconds in (0.05, 0.4))
    assert len(long.samples) == 450 + 1200  # six blocks of the model's length
    np.testing.assert_array_equal(long.samples[: len(short.samples)], short.samples)
    assert np.ptp(long.samples[-CLIP:]) > 0


def test_outputs_do_not_depend_on_how_many_there_are(backend, sound):
    how = GenerationConfig(temperature=1.0, seed=3, max_batch_size=2)
    some = continue_sound(backend, sound, 3, how, 0.1)
    many = continue_sound(backend, sound, 19, GenerationConfig(1.0, 3, max_batch_size=19), 0.1)
    for one, other in zip(some, many, strict=False):
        np.testing.assert_array_equal(one.samples, other.samples)


@pytest.mark.parametrize("name", ["continuation_vae", "continuation_lstm"])
def test_hearing_in_blocks_of_the_clip_ends_with_the_last_whole_frame(name, with_latent):
    model, config = with_latent if name == "continuation_vae" else made(name, TINY, RECTANGULAR)
    encode = kinds.interface_of(model, config).function("encode")
    random = np.random.default_rng(1)
    sound = random.normal(size=95).astype(np.float32)  # 4 frames of 20, and 15 samples before
    inputs = np.zeros([2, CLIP, 1], np.float32)
    inputs[0, :95, 0] = sound
    inputs[1] = 1.0
    found = encode(inputs=tf.constant(inputs), lengths=tf.constant([95, CLIP]))
    inputs[0, :80, 0], inputs[0, 80:] = sound[15:], 7.0
    again = encode(inputs=tf.constant(inputs[:1]), lengths=tf.constant([80]))
    np.testing.assert_array_equal(found["states"][:1], again["states"])
    np.testing.assert_array_equal(found["frame"][:1], again["frame"])
    frames = tf.reshape(sound[15:], [1, 4, FRAME])
    states, _ = model.encode(frames)
    np.testing.assert_allclose(again["states"][0, 5:10], states[0][0][0], atol=1e-5)
    last = model.last_frame(states, frames, tf.constant([4]))
    np.testing.assert_allclose(again["frame"], last, atol=1e-5)
    if name == "continuation_lstm":
        np.testing.assert_array_equal(found["frame"][0], sound[75:])


def test_an_export_answers_alike_whatever_the_batch(with_latent, saved):
    model, config = with_latent
    interface, loaded = kinds.interface_of(model, config), tf.saved_model.load(str(saved))
    assert {*loaded.signatures} == {"encode", "continue", "describe", "serving_default"}
    for name in ("encode", "continue"):
        random, given = np.random.default_rng(3), {}
        for key, spec in interface.inputs_of(name).items():
            shape = [21, *spec.shape[1:]]
            values = random.normal(size=shape)
            if key == "seed":
                values = random.integers(0, 2**40, shape)
            if key == "lengths":
                values = random.integers(1, CLIP + 1, shape)
            given[key] = values.astype(spec.dtype.as_numpy_dtype)
        ours = interface.function(name)(**{key: tf.constant(v) for key, v in given.items()})
        part = {key: tf.constant(value[[20, 3]]) for key, value in given.items()}
        theirs = loaded.signatures[name](**part)
        for key, value in theirs.items():
            assert np.ptp(value) > 0
            np.testing.assert_array_equal(value, ours[key].numpy()[[20, 3]], err_msg=key)
    card = (saved / "README.md").read_text(encoding="utf-8")
    assert "--mode=continue" in card
    assert "`encode`" in card


@pytest.mark.parametrize("scheme", ["http", "grpc"])
def test_a_batching_server_goes_on_as_here(backend, saved, sound, scheme, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    arguments = (sound, 2, GenerationConfig(temperature=1.0, seed=3), 0.1, 0.02)
    with Server(Servable(saved, merge=1), "tiny") as server:
        remote = continue_sound(open.open_backend(server.address(scheme)), *arguments)
    for one, other in zip(remote, continue_sound(backend, *arguments), strict=True):
        np.testing.assert_array_equal(one.samples, other.samples)


def test_an_export_with_the_names_of_before_goes_on_as_the_model(
    with_latent, backend, sound, tmp_path, monkeypatch
):
    saved = old_export(monkeypatch, tmp_path, *with_latent, {"encode": "hear"})
    names = {*tf.saved_model.load(str(saved)).signatures}
    assert names == {"hear", "continue", "describe", "serving_default"}
    arguments = (sound, 2, GenerationConfig(temperature=1.0, seed=3), 0.1, 0.02)
    before = continue_sound(open.open_backend(saved), *arguments)
    for one, other in zip(before, continue_sound(backend, *arguments), strict=True):
        np.testing.assert_array_equal(one.samples, other.samples)


def test_a_model_without_a_latent_goes_on_and_refuses_a_change(sound):
    backend = open.backend_of_model(*made("continuation_lstm", TINY))
    one, two = continue_sound(backend, sound, 2, GenerationConfig(temperature=0.0), 0.05)
    np.testing.assert_array_equal(one.samples, two.samples)  # nothing is drawn
    assert len(one.samples) == 450 + 150
    with pytest.raises(LofiError, match="no latent"):
        continue_sound(backend, sound, 2, GenerationConfig(), 0.05, change_at_seconds=0.01)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ((), "of a model of sound --input_audio_1"),
        (("--input_audio=SHORT",), "shorter than a frame of continuation_vae, 0.00667 s"),
        (("--input_audio=WAV", "--length_bars=2"), "It is for models of notes"),
        (("--input_audio=WAV", "--attribute=density=1"), "It is for models of notes"),
        (("--input_audio=WAV", "--change_amount=0.5"), "needs --change_at_seconds"),
        (("--input_audio=WAV", "--change_at_seconds=4"), "below the 4 s of new sound"),
        (
            ("--input_audio=WAV", "--change_at_seconds=1", "--change_amount=1.5"),
            "--change_amount must be 0 to 1",
        ),
        (("--mode=sample",), "is a continuation"),
    ],
)
def test_refusals_are_one_line(saved, wav, tmp_path, capsys, flags, said):
    soundfile.write(tmp_path / "short.wav", np.zeros(10), RATE)
    names = {"SHORT": tmp_path / "short.wav", "WAV": wav}
    for name, path in names.items():
        flags = [flag.replace(name, str(path)) for flag in flags]
    flags = [f"--model={saved}", f"--output_dir={tmp_path}", "--mode=continue", *flags]
    assert generate.main(flags) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
