"""Sounds through a model of clips: as long as they were, windows without seams, ends that meet."""

import numpy as np
import pytest
import tensorflow as tf

from lofi_tf.audio.io import Audio, write_wav
from lofi_tf.backends.base import Backend
from lofi_tf.backends.open import backend_of_model
from lofi_tf.cli import generate
from lofi_tf.config import load_config
from lofi_tf.errors import LofiError, LofiWarning
from lofi_tf.generation import sounds
from lofi_tf.generation.decoding import GenerationConfig
from lofi_tf.hparams import with_hparams
from lofi_tf.models.build import build_model
from lofi_tf.music.midi import write_midi
from tests.mirrors import KICK, drums
from tests.recordings import noise, tone

CLIP = 60  # samples, of 0.02 s
HPARAMS = {
    "lofai_dense": "converter.clip_seconds=0.02,max_seq_len=60,num_layers=1,output_neurons=4,"
    "z_size=3",
    "spectrum_mel": "converter.clip_seconds=0.1,converter.num_bins=8,max_seq_len=9,z_size=3,"
    "encoder.channels=[2],decoder.channels=[2],output_neurons=4",
}


def config_of(name: str, hparams: str = ""):
    return with_hparams(load_config(name), HPARAMS[name] + hparams)


@pytest.fixture(scope="module", params=HPARAMS)
def model(request):
    config = config_of(request.param)
    tf.keras.utils.set_random_seed(0)
    return backend_of_model(build_model(config), config)


def identity(config) -> Backend:
    """A model whose latent is the clip itself."""

    def call(name, given):
        if name == "encode":
            flat = given["inputs"].reshape(len(given["inputs"]), -1)
            return {"mean": flat, "stddev": np.zeros_like(flat)}
        return {"outputs": given["z"].reshape(len(given["z"]), config.model.max_seq_len, -1)}

    return Backend(config, call)


FLAT = config_of("lofai_dense", ",z_size=60")


@pytest.mark.parametrize("share", [0.001, 0.5, 1, 1.01, 1.5, 2, 3.3])
def test_a_reconstruction_is_as_long_as_its_sound(model, share):
    rate = model.config.data.converter["sample_rates"][0]
    size = round(share * rate * model.config.data.converter["clip_seconds"])
    found = sounds.reconstruct(model, Audio(noise(max(1, size) / rate, rate), rate))
    assert found.samples.shape == (max(1, size), 1)
    assert found.sample_rate == rate


@pytest.mark.parametrize("size", [1, CLIP - 1, CLIP, CLIP + 1, 2 * CLIP, 500])
def test_an_identity_gives_the_sound_back(size):
    samples = noise(size / 3000, 3000)
    found = sounds.reconstruct(identity(FLAT), Audio(samples, 3000))
    np.testing.assert_allclose(found.samples, samples, atol=1e-6)


def test_an_identity_of_spectra_keeps_the_spectra():
    backend = identity(config_of("spectrum_mel", ",z_size=72"))
    inputs = sounds.clip_inputs(backend, Audio(noise(0.37, 22050), 22050))
    assert len(inputs.windows) > 2
    joined = sounds.cross_faded(inputs.windows, inputs.begins, inputs.num_steps)
    whole = sounds._clips_of(backend).steps_of(noise(0.37, 22050))
    np.testing.assert_allclose(joined, whole, atol=1e-5)


def test_any_rate_and_stereo_come_in():
    backend = identity(FLAT)
    left_only = tone(200, 0.5, 44100) @ np.float32([[1.0, 0.0]])
    found = sounds.reconstruct(backend, Audio(left_only, 44100))
    middle = slice(300, 1200)  # the ends of a resampled sound ring
    np.testing.assert_allclose(
        found.samples[middle], tone(200, 0.5, 3000, amplitude=0.25)[middle], atol=2e-3
    )


def test_the_level_that_a_model_knows_is_taken_back():
    backend = identity(config_of("lofai_dense", ",z_size=60,converter.normalize_loudness=-30dB"))
    samples = tone(200, 0.1, 3000, amplitude=0.25)
    inputs = sounds.clip_inputs(backend, Audio(samples, 3000))
    level_db = 10 * np.log10(np.mean(np.square(inputs.windows)))
    assert level_db == pytest.approx(-30, abs=0.1)
    found = sounds.reconstruct(backend, Audio(samples, 3000))
    np.testing.assert_allclose(found.samples, samples, atol=1e-5)


def test_a_morph_goes_from_one_reconstruction_to_the_other(model):
    converter = model.config.data.converter
    rate, seconds = converter["sample_rates"][0], converter["clip_seconds"]
    ends = [Audio(noise(seconds, rate, seed), rate) for seed in (1, 2)]
    way = sounds.morph(model, *ends, 4)
    assert len({sound.samples.tobytes() for sound in way}) == 4
    for sound, end in zip((way[0], way[-1]), ends, strict=True):
        alone = sounds.reconstruct(model, end).samples
        np.testing.assert_allclose(sound.samples, alone, atol=1e-4)


def test_a_morph_takes_the_first_clip_and_says_so():
    backend = identity(FLAT)
    long, short = Audio(noise(0.05, 3000), 3000), Audio(noise(0.01, 3000, 1), 3000)
    with pytest.warns(LofiWarning, match="input 1 is longer than a clip of 0.02 s"):
        way = sounds.morph(backend, long, short, 3)
    assert [len(sound.samples) for sound in way] == [CLIP] * 3
    np.testing.assert_allclose(way[0].samples, long.samples[:CLIP], atol=1e-6)


def test_a_variation_of_no_amount_is_the_reconstruction(model):
    rate = model.config.data.converter["sample_rates"][0]
    sound = Audio(noise(0.15, rate), rate)
    (still,) = sounds.vary(model, sound, 1, amount=0.0)
    np.testing.assert_array_equal(still.samples, sounds.reconstruct(model, sound).samples)
    one, other = sounds.vary(model, sound, 2, GenerationConfig(seed=3), amount=0.5)
    assert np.abs(one.samples - other.samples).max() > 0
    with pytest.raises(LofiError, match="amount must be 0 to 1"):
        sounds.vary(model, sound, 1, amount=2.0)


def test_what_cannot_be_is_refused():
    backend = identity(load_config("groovae_4bar"))
    with pytest.raises(LofiError, match="groovae_4bar is no autoencoder of clips of sound"):
        sounds.reconstruct(backend, Audio(noise(0.1), 16000))
    with pytest.raises(LofiError, match="a sound must be samples"):
        sounds.reconstruct(identity(FLAT), Audio(np.zeros([0, 1]), 3000))


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--mode=reconstruct"], "of a model of sound --input_audio_1. Received: none"),
        (["--mode=interpolate", "--input_audio={wav}"], "--input_audio_1 and --input_audio_2"),
        (["--mode=reconstruct", "--input_audio={wav}", "--num_outputs=2"], "gives one file"),
        (["--mode=reconstruct", "--input_audio={wav}", "--amount=0.2"], "Allowed: vary"),
        (["--mode=vary", "--input_audio={text}"], "no audio"),
        (["--mode=humanize", "--input_midi={mid}"], "sound: --mode is one of sample, reconstruct,"),
        (["--mode=vary", "--input_midi={mid}"], "Received: --input_midi (or --input_midi_1)"),
    ],
)
def test_the_command_refuses_in_one_line(run, tmp_path, capsys, flags, message):
    wav, text, mid = (tmp_path / f"a.{ending}" for ending in ("wav", "txt", "mid"))
    write_wav(wav, noise(0.1, 3000), 3000)
    text.write_text("no sound")
    write_midi(drums((0, KICK, 90)), mid)
    given = [flag.format(wav=wav, text=text, mid=mid) for flag in flags]
    assert generate.main([f"--model={run}", f"--output_dir={tmp_path}", *given]) == 2
    said = capsys.readouterr().err.strip()
    assert message in said
    assert "\n" not in said


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    from lofi_tf.data.storage.examples import Examples
    from lofi_tf.training.options import TrainOptions
    from lofi_tf.training.train import train

    folder, config = tmp_path_factory.mktemp("run"), config_of("lofai_dense", ",batch_size=1")
    arrays = {"waveform_3000": np.zeros([1, CLIP, 1], np.int16), "length_3000": np.int32([CLIP])}
    options = TrainOptions(num_steps=1, show_progress=False)
    train(config, Examples(arrays, np.array(["a"], object)), folder, options)
    return folder


def test_the_command_writes_sounds_and_pictures(run, tmp_path):
    for number, seconds in enumerate((0.05, 0.02)):
        write_wav(tmp_path / f"{number}.wav", noise(seconds, 16000, number), 16000)
    out, one, other = tmp_path / "out", tmp_path / "0.wav", tmp_path / "1.wav"
    flags = [f"--model={run}", f"--output_dir={out}", "--log=ERROR"]
    assert generate.main([*flags, "--mode=reconstruct", f"--input_audio={one}", "--png"]) == 0
    assert sorted(path.suffix for path in out.iterdir()) == [".png", ".wav"]
    both = [f"--input_audio_1={one}", f"--input_audio_2={other}"]
    assert generate.main([*flags, "--mode=interpolate", *both, "--num_outputs=3"]) == 0
    assert generate.main([*flags, "--mode=vary", f"--input_audio={one}", "--num_outputs=2"]) == 0
    assert len(list(out.glob("*.wav"))) == 1 + 3 + 2
