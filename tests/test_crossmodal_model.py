"""A cross-modal model is the same as a run, an export and behind a server; others get a line."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
import yaml

from lofi_tf.backends import open
from lofi_tf.config import load_config
from lofi_tf.crossmodal import model as opening
from lofi_tf.crossmodal.model import open_cross
from lofi_tf.errors import LofiError
from lofi_tf.models import kinds
from lofi_tf.models.build import build_model
from lofi_tf.saving import export
from lofi_tf.saving.checkpoints import checkpoint_of
from tests.old_exports import old_export
from tests.serving_standin import Servable, Server

SIZES = {"dims": [3, 2], "hidden_dims_1": [8, 8], "hidden_num_1": [1, 1],
         "hidden_dims_2": [8, 8], "hidden_num_2": [1, 1]}  # fmt: skip
CONVERTER = {"num_bins": 24, "bins_per_octave": 12, "sample_rate": 8000, "hop_size": 256}


def write_run(folder, config):
    folder.mkdir(exist_ok=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(config.to_dict()))
    (folder / "run.yaml").write_text("seed: 0\n")
    return folder


@pytest.fixture(autouse=True)
def few_rows(monkeypatch):
    monkeypatch.setattr(opening, "ROWS", 32)


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """Returns a model with two layers of latents, and the same as it opens from its run."""
    config = load_config("crossmodal")
    data = dataclasses.replace(config.data, converter=config.data.converter | CONVERTER)
    config = dataclasses.replace(
        config, data=data, model=dataclasses.replace(config.model, **SIZES)
    )
    model = build_model(config, seed=1)
    for number, variable in enumerate(model.variables):  # as training leaves them
        if "moving" in variable.path:
            variable.assign(variable + 0.1 + 0.01 * number)
        elif variable.dtype == "float32":
            noise = np.random.default_rng(number).normal(size=variable.shape)
            variable.assign(variable + 0.3 * noise)
    run = write_run(tmp_path_factory.mktemp("run"), config)
    checkpoint_of(model).save(str(run / "train" / "model.ckpt"))
    return model, open_cross(run)


@pytest.fixture(scope="module")
def saved(opened, tmp_path_factory):
    """Returns the folder of the model's export."""
    model, cross = opened
    place = export.place(tmp_path_factory.mktemp("saved_models"), "pair")
    return export.export(model, cross.config, place)


def test_both_sides_encode_and_decode_as_the_model_does(opened):
    model, cross = opened
    random = np.random.default_rng(0)
    for part, encode, size in (
        (model.signal, cross.encode_sound, 24),
        (model.symbol, cross.encode_notes, cross.layout.depth),
    ):
        rows = random.random([35, size], np.float32)
        posterior = part.encode(rows).posteriors[0]
        assert np.allclose(encode(rows).mean, posterior.mean(), atol=1e-5)
        assert np.allclose(encode(rows).stddev, posterior.stddev(), atol=1e-5)
    z = random.normal(size=[5, 3]).astype(np.float32)
    assert np.allclose(cross.sound_of(z), model.signal.decode(z), atol=1e-5)
    octaves = cross.notes_of(z)[:, :10]
    assert np.allclose(octaves.sum(axis=1), 1, atol=1e-5)


def test_a_row_is_the_same_wherever_it_stands(opened):
    _, cross = opened
    z = cross.sample(34, seed=4)
    assert z.shape == (34, 3)
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


def test_the_prior_is_drawn_through_its_layers(opened):
    model, cross = opened
    z, noise = cross.sample(4000, seed=1), np.random.default_rng(1).normal(size=[4000, 5])
    expected = model.signal.lowest(noise.astype(np.float32)).numpy()
    assert np.allclose(z.mean(axis=0), expected.mean(axis=0), atol=4 * z.std() / 4000**0.5)
    assert np.allclose(z.std(axis=0), expected.std(axis=0), rtol=0.08)


def test_an_export_answers_as_the_model_with_tensorflow_alone(opened, saved):
    model, cross = opened
    interface, loaded = (
        kinds.interface_of(model, cross.config),
        tf.saved_model.load(str(saved)),
    )
    names = {"transcribe", "synthesize", "decode", "sample"}
    assert {*loaded.signatures} == {*names, "describe", "serving_default"}
    for name in names:
        ((key, spec),) = interface.inputs_of(name).items()
        values = np.random.default_rng(3).random([21, *spec.shape[1:]])
        if name == "sample":
            values *= 2**40
        given = tf.constant(values.astype(spec.dtype.as_numpy_dtype))
        ours = interface.function(name)(**{key: given})
        theirs = loaded.signatures[name](**{key: tf.gather(given, [20, 3])})
        assert {*ours} == {*theirs}
        for what, value in theirs.items():
            assert np.ptp(value) > 0
            np.testing.assert_array_equal(value, ours[what].numpy()[[20, 3]], err_msg=what)
    card = (saved / "README.md").read_text(encoding="utf-8")
    assert "lofi_transcribe" in card and "dims [3, 2]" in card


def assert_alike(one, other):
    """Checks that two models answer alike, bit for bit."""
    random = np.random.default_rng(5)
    spectra, z = random.random([40, 24], np.float32), one.sample(40, seed=6)
    symbols = random.random([40, one.layout.depth], np.float32)
    np.testing.assert_array_equal(other.sample(40, seed=6), z)
    for name, rows in (("sound_of", z), ("notes_of", z)):
        np.testing.assert_array_equal(getattr(one, name)(rows), getattr(other, name)(rows))
    for name, rows in (("encode_sound", spectra), ("encode_notes", symbols)):
        pairs = zip(getattr(one, name)(rows), getattr(other, name)(rows), strict=True)
        for ours, theirs in pairs:
            np.testing.assert_array_equal(ours, theirs)


def test_an_export_opens_as_the_run_does(opened, saved):
    _, cross = opened
    found = open_cross(saved.parent)
    assert (found.config, found.step, cross.step) == (cross.config, None, 0)
    assert_alike(cross, found)


@pytest.mark.parametrize("scheme", [None, "http", "grpc"])
def test_an_export_with_the_names_of_before_opens_as_the_run_does(
    opened, scheme, tmp_path, monkeypatch
):
    model, cross = opened
    names = {"transcribe": "hear", "synthesize": "play"}
    saved = old_export(monkeypatch, tmp_path, model, cross.config, names)
    assert {"hear", "play"} < {*tf.saved_model.load(str(saved)).signatures}
    if scheme is None:
        assert_alike(cross, open_cross(saved))
        return
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Server(Servable(saved), "pair") as server:
        assert_alike(cross, open_cross(server.address(scheme)))


def test_a_served_model_opens_as_the_run_does(opened, saved, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Server(Servable(saved), "pair") as server:
        assert_alike(opened[1], open_cross(server.address("http")))


def test_music_is_not_asked_of_it(opened, saved):
    backend = open.open_backend(saved)
    with pytest.raises(LofiError, match="sound and notes at once: use lofi_play"):
        backend.decode(np.zeros([1, 3]), np.ones(1), np.zeros(1))


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
