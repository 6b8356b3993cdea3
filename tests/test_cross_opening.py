"""A run of a cross-modal model opens as numpy functions; other folders are refused in a line."""

import dataclasses

import numpy as np
import pytest
import yaml

from lofi_tf.checkpoints import checkpoint_of
from lofi_tf.config import load_config
from lofi_tf.cross.opening import ROWS, open_cross
from lofi_tf.errors import LofiError
from lofi_tf.models.build import build_model

SIZES = {"dims": [3, 2], "hidden_dims_1": [8, 8], "hidden_num_1": [1, 1],
         "hidden_dims_2": [8, 8], "hidden_num_2": [1, 1]}  # fmt: skip
CONVERTER = {"num_bins": 24, "bins_per_octave": 12, "sample_rate": 8000, "hop_size": 256}


def write_run(folder, config):
    folder.mkdir(exist_ok=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(config.to_dict()))
    (folder / "run.yaml").write_text("seed: 0\n")
    return folder


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """Returns a model with two layers of latents, and the same as it opens from its run."""
    config = load_config("crossmodal")
    data = dataclasses.replace(config.data, converter=config.data.converter | CONVERTER)
    encoder = config.model.encoder | SIZES
    config = dataclasses.replace(
        config, data=data, model=dataclasses.replace(config.model, encoder=encoder)
    )
    model = build_model(config, seed=1)
    for number, variable in enumerate(model.variables):
        if "moving" in variable.path:  # as training leaves them
            variable.assign(variable + 0.1 + 0.01 * number)
    run = write_run(tmp_path_factory.mktemp("run"), config)
    checkpoint_of(model).save(str(run / "train" / "model.ckpt"))
    return model, open_cross(run)


def test_both_sides_encode_and_decode_as_the_model_does(opened):
    model, cross = opened
    random = np.random.default_rng(0)
    for part, encode, size in (
        (model.signal, cross.encode_sound, 24),
        (model.symbol, cross.encode_notes, cross.layout.depth),
    ):
        rows = random.random([ROWS + 3, size], np.float32)
        posterior = part.encode(rows).posteriors[0]
        assert np.allclose(encode(rows).mean, posterior.mean(), atol=1e-5)
        assert np.allclose(encode(rows).stddev, posterior.stddev(), atol=1e-5)
    z = random.normal(size=[5, 3]).astype(np.float32)
    assert np.allclose(cross.sound_of(z), model.signal.decode(z), atol=1e-5)
    octaves = cross.notes_of(z)[:, :10]
    assert np.allclose(octaves.sum(axis=1), 1, atol=1e-5)


def test_a_row_is_the_same_wherever_it_stands(opened):
    _, cross = opened
    z = cross.sample(ROWS + 2, seed=4)
    assert z.shape == (ROWS + 2, 3)
    assert (cross.sample(3, seed=4) == z[:3]).all()
    assert (cross.sound_of(z)[-1] == cross.sound_of(z[-1:])[0]).all()
    assert cross.sound_of(z[:0]).shape == (0, 24)


def test_draws_have_the_posterior_s_moments(opened):
    _, cross = opened
    posterior = cross.encode_sound(np.zeros([4000, 24], np.float32))
    z = posterior.draw(seed=2)
    assert np.allclose(z.mean(axis=0), posterior.mean[0], atol=0.06)
    assert np.allclose(z.std(axis=0), posterior.stddev[0], rtol=0.06)
    assert (posterior.draw(seed=2) == z).all()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (None, "no such folder"),
        ("", "does not say its config|no checkpoint"),
        ("cat-mel_2bar_small", "holds cat-mel_2bar_small, of kind vae"),
        ("crossmodal", "no checkpoint"),
    ],
)
def test_what_is_no_run_is_one_line(config, message, tmp_path):
    folder = tmp_path / "run"
    if config:
        write_run(folder, load_config(config))
    elif config == "":
        folder.mkdir()
    with pytest.raises(LofiError, match=message) as error:
        open_cross(folder)
    assert "\n" not in str(error.value)
