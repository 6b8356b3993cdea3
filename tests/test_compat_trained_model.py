from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import yaml

from lofi_tf.backends import open
from lofi_tf.backends.base import Backend
from lofi_tf.compat.trained_model import (
    MultipleExtractedExamplesError,
    NoExtractedExamplesError,
    TrainedModel,
)
from lofi_tf.config import load_config
from lofi_tf.errors import LofiError
from tests.mirrors import KICK, SNARE, drums, hits_of, melody, mirror
from tests.model_parity import ANSWER, DECODED, SURE, shrunk_config

GOLDEN = Path(__file__).parent / "data" / "golden" / "models"
PLAIN = ("groovae_4bar", "converter.split_bars=2,max_seq_len=32")
BEAT = [(0, KICK, 100), (4, SNARE, 90), (16, KICK, 80)]


@pytest.fixture(
    scope="module", params=["groovae_2bar_hits_control_tfds", "cat-mel_2bar_med_chords"]
)
def golden(request):
    """A model of Magenta's weights, and Magenta's answers."""
    answers = dict(np.load(GOLDEN / f"{request.param}.npz"))
    config = shrunk_config(request.param, answers)
    return TrainedModel(config, 2, GOLDEN / f"{request.param}.ckpt"), answers


def test_encode_tensors_gives_magentas_posterior(golden):
    model, answers = golden
    given = [list(answers[key].astype(np.float32)) for key in ("inputs", "controls")]
    z, mu, sigma = model.encode_tensors(given[0], answers["lengths"], given[1])
    for found, name in ((mu, "mu"), (sigma, "sigma")):
        np.testing.assert_allclose(found, answers[name], atol=ANSWER * np.abs(answers[name]).max())
    assert z.shape == mu.shape
    assert np.abs((z - mu) / sigma).max() < 6


def test_decode_to_tensors_gives_magentas_outputs(golden):
    model, answers = golden
    controls = answers["controls"][0].astype(np.float32)
    steps = answers["decoded"].shape[1]
    ours = np.array(model.decode_to_tensors(answers["z"], steps, 0.0, controls))
    sure = np.cumsum(answers["decoded_gap"] < SURE, axis=1) == 0
    assert sure.mean() > 0.5
    np.testing.assert_allclose(ours[sure], answers["decoded"][sure], atol=DECODED)


def test_renamed_variables_are_found_under_the_checkpoints_names(tmp_path):
    name = "groovae_2bar_humanize"
    answers = dict(np.load(GOLDEN / f"{name}.npz"))
    config, reader = shrunk_config(name, answers), tf.train.load_checkpoint(GOLDEN / f"{name}.ckpt")
    names = sorted(reader.get_variable_to_shape_map())
    tensors = [reader.get_tensor(name) for name in names]
    old = [name.replace("encoder/mu", "old/middle") for name in names]
    path = str(tmp_path / "old.ckpt")
    tf.raw_ops.SaveV2(
        prefix=path, tensor_names=old, shape_and_slices=[""] * len(old), tensors=tensors
    )
    model = TrainedModel(config, 2, path, [("encoder/mu", "old/middle")])
    _, mu, _ = model.encode_tensors(list(answers["inputs"]), answers["lengths"])
    np.testing.assert_allclose(mu, answers["mu"], atol=ANSWER * np.abs(answers["mu"]).max())
    with pytest.raises(LofiError, match="lacks"):
        TrainedModel(config, 2, path)


def trained(*args, **kwargs) -> TrainedModel:
    return TrainedModel(None, 4, mirror(*args, **kwargs))


def test_encode_and_decode_are_inverse_for_a_model_that_is():
    model = trained(*PLAIN)
    z, mu, sigma = model.encode([drums(*BEAT), drums((31, SNARE, 50))])
    assert z.shape == mu.shape == sigma.shape == (2, 32 * 27)
    pieces = model.decode(mu, length=32, temperature=0.5)
    assert [hits_of(piece) for piece in pieces] == [BEAT, [(31, SNARE, 50)]]


def test_sample_gives_a_batch_or_as_many_as_asked_repeated_by_numpys_seed():
    model = trained(*PLAIN)
    assert len(model.sample(length=32)) == 4
    np.random.seed(1)
    one = model.sample(6)
    np.random.seed(1)
    assert [p.SerializeToString() for p in model.sample(6)] == [p.SerializeToString() for p in one]
    assert len(one) == 6
    same = model.sample(3, same_z=True)
    assert hits_of(same[0]) == hits_of(same[2]) != hits_of(one[0])


def test_shorter_lengths_cut_the_steps():
    model = trained(*PLAIN)
    z = model.encode([drums(*BEAT)])[1]
    assert [a.shape for a in model.decode_to_tensors(z, length=16)] == [(16, 27)]
    assert hits_of(model.decode(z, length=16)[0]) == BEAT[:2]
    with pytest.raises(ValueError, match="at most 32"):
        model.decode(z, length=33)


@pytest.mark.parametrize("shape", [(2, 9), (864,), (1, 2, 864)])
def test_latents_of_another_shape_are_one_line(shape):
    with pytest.raises(ValueError, match=rf"z must be \[N, 864\]. Received: \[{shape[0]}"):
        trained(*PLAIN).decode(np.zeros(shape), length=32)


def test_model_of_another_config_is_refused():
    with pytest.raises(LofiError, match="trained with the config groovae_4bar"):
        TrainedModel("cat-mel_2bar_small", 4, mirror(*PLAIN))
    assert TrainedModel("groovae_4bar", 4, mirror(*PLAIN))._config.hparams.max_seq_len == 32
    with pytest.raises(LofiError, match="lofai_dense is a model of sound"):
        TrainedModel(None, 4, Backend(load_config("lofai_dense"), lambda name, given: {}))


def test_folder_of_another_config_is_refused(tmp_path, monkeypatch):
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(load_config("groovae_4bar").to_dict()))
    (tmp_path / "run.yaml").write_text("seed: 0")
    (tmp_path / "train").mkdir()
    with pytest.raises(LofiError, match="trained with the config groovae_4bar"):
        TrainedModel("cat-mel_2bar_small", 4, tmp_path)
    (tmp_path / "saved_model.pb").touch()  # an export's
    monkeypatch.setattr(open, "open_export", lambda folder: mirror(*PLAIN))
    with pytest.raises(LofiError, match="trained with the config groovae_4bar"):
        TrainedModel("cat-mel_2bar_small", 4, tmp_path)


def test_interpolation_has_both_ends():
    ends = [drums(*BEAT), drums((19, SNARE, 100))]
    pieces = trained(*PLAIN).interpolate(*ends, num_steps=3)
    assert [hits_of(pieces[n]) for n in (0, -1)] == [BEAT, [(19, SNARE, 100)]]
    same = trained(*PLAIN).interpolate(ends[0], ends[0], num_steps=3)
    assert [hits_of(piece) for piece in same] == [BEAT] * 3


def test_none_and_several_examples_have_errors_of_their_own():
    model = trained(*PLAIN)
    with pytest.raises(NoExtractedExamplesError, match="too_short"):
        model.encode([drums((0, KICK))])
    with pytest.raises(MultipleExtractedExamplesError, match="2 examples"):
        model.encode([drums((0, KICK), (63, KICK))])


def test_controls_are_asked_for_and_refused():
    with pytest.raises(ValueError, match="wants c_input"):
        trained("groovae_2bar_hits_control_tfds").sample(1)
    with pytest.raises(ValueError, match="takes no c_input"):
        trained(*PLAIN).sample(1, c_input=np.zeros([32, 9]))
    with pytest.raises(ValueError, match="return_full_results"):
        trained(*PLAIN).decode_to_tensors(np.zeros([1, 864]), return_full_results=True)


def test_converter_has_what_scripts_touch():
    model = trained(*PLAIN)
    converter = model._config.data_converter
    assert (converter._split_bars, converter._max_tensors_per_input) == (2, None)
    beat = drums((0, KICK), (63, KICK))
    assert len(converter.to_tensors(beat).inputs) == 2
    converter._max_tensors_per_input = 1
    assert len(converter.to_tensors(beat).inputs) == 1
    converter._split_bars = 4
    (whole,) = converter.to_tensors(beat).outputs
    assert whole.shape == (32, 27)  # the model's length
    assert hits_of(converter.from_tensors([whole])[0]) == [(0, KICK, 100)]
    assert (converter.input_depth, converter.output_depth, converter.control_depth) == (27, 27, 0)
    assert converter.end_token is None
    assert model._config.hparams.z_size == 864
    tokens = trained("cat-mel_2bar_small")._config.data_converter.to_tensors(melody((0, 32, 60)))
    assert [len(column[0]) for column in tokens[:3]] == [32, 32, 32]
