"""The front door: names, handles of models, and what each can do."""

import numpy as np
import pytest

import lofi_tf
from lofi_tf import generation
from lofi_tf.backends.open import open_backend
from lofi_tf.errors import LofiError
from lofi_tf.generation import GenerationConfig
from tests.mirrors import KICK, SNARE, drums

BEAT = [(0, KICK, 100), (4, SNARE, 90), (8, KICK, 70), (12, SNARE, 90)]


@pytest.fixture(scope="module")
def grooves():
    return lofi_tf.load_model("groovae_4bar")


def notes_of(music):
    return [(n.pitch, n.velocity, n.start_time, n.end_time) for n in music.notes]


def test_every_name_of_the_package_is_there_and_told():
    for name in lofi_tf.__all__:
        value = getattr(lofi_tf, name)
        assert value.__doc__, name
        assert name in dir(lofi_tf)


def test_an_unknown_name_is_refused_as_of_any_module():
    with pytest.raises(AttributeError, match="module 'lofi_tf' has no attribute 'no_such'"):
        _ = lofi_tf.no_such


def test_a_handle_samples_what_the_backend_does(grooves):
    ours = grooves.sample(2, temperature=0.8, seed=3, qpm=90.0)
    theirs = generation.sample(open_backend("groovae_4bar"), 2, GenerationConfig(0.8, 3, 90.0))
    assert [notes_of(one) for one in ours] == [notes_of(one) for one in theirs]


def test_samples_without_a_seed_differ(grooves):
    first, second = (grooves.sample(1, temperature=1.0)[0] for _ in range(2))
    assert notes_of(first) != notes_of(second)


def test_a_handle_knows_its_config_converter_and_length(grooves):
    assert (grooves.name, grooves.num_steps) == ("groovae_4bar", 64)
    assert grooves.converter.split_bars == 4
    assert grooves.config.model.z_size == 256


def test_latents_go_round(grooves):
    beat = drums(*BEAT, (63, 42, 100))
    mean, stddev = grooves.encode(beat)
    assert mean.shape == stddev.shape == (1, 256)
    (decoded,) = grooves.decode(mean, temperature=0.0)
    again = grooves.reconstruct(beat, temperature=0.0, qpm=120.0)
    assert notes_of(decoded) == notes_of(again)


def test_interpolation_ends_are_the_ends_reconstructions(grooves):
    ends = [grooves.sample(1, seed=seed)[0] for seed in (1, 2)]
    way = grooves.interpolate(*ends, 3, temperature=0.0)
    for end, found in zip(ends, (way[0], way[2]), strict=True):
        assert notes_of(found) == notes_of(grooves.reconstruct(end, temperature=0.0))


@pytest.mark.parametrize(
    ("name", "can", "cannot", "words"),
    [
        ("groovae_4bar", "continue_", "humanize", "groove_humanize"),
        ("groove_humanize", "humanize", "tap2drum", "groove_tap2drum"),
        ("groove_tap2drum", "tap2drum", "groove_transfer", "groove_transfer"),
        ("groovae_2bar_add_closed_hh", "add_hihats", "humanize", "groove_humanize"),
        ("cat-mel_2bar_small", "interpolate", "add_hihats", "groovae_2bar_add_closed_hh"),
        ("continuation_lstm", "continue_", "sample", "groovae_4bar and lofai_conv"),
    ],
)
def test_what_a_model_cannot_do_is_not_there_and_says_what_can(name, can, cannot, words):
    model = lofi_tf.load_model(name)
    assert callable(getattr(model, can)) and not hasattr(model, cannot)
    with pytest.raises(AttributeError, match=f"^{name} .* has no {cannot}: .* such as {words}$"):
        getattr(model, cannot)


def test_a_name_that_no_model_has_is_an_ordinary_attribute_error(grooves):
    with pytest.raises(AttributeError, match="'SequenceModel' object has no attribute 'fly'"):
        _ = grooves.fly


def test_humanize_keeps_the_hits():
    model = lofi_tf.load_model("groove_humanize")
    played = model.humanize(drums(*BEAT), seed=1)
    assert [note.pitch for note in played.notes] == [pitch for _, pitch, _ in BEAT]
    assert len({note.velocity for note in played.notes}) > 1


def test_a_sound_goes_on_at_the_models_rate():
    model = lofi_tf.load_model("continuation_lstm")
    sound = lofi_tf.Sound(np.zeros([8000, 1], np.float32), 8000)
    longer = model.continue_(sound, seconds=0.5, seed=1)
    assert longer.sample_rate == model.converter.sample_rate
    assert longer.seconds == pytest.approx(1.5, abs=0.01)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"num_outputs": 0}, "num_outputs must be 1 or more. Received: 0"),
        ({"num_outputs": -1, "best_of": 2}, "num_outputs must be 1 or more. Received: -1"),
        ({"qpm": 1e9}, "qpm must be at least 4 and at most 1000"),
    ],
)
def test_what_cannot_be_sampled_is_told(grooves, asked, message):
    with pytest.raises(LofiError, match=message):
        grooves.sample(**asked)


@pytest.mark.parametrize("name", ["groovae_5bar", "no/such/model.tar"])
def test_a_model_that_is_not_there_is_told(name):
    with pytest.raises(LofiError, match=name):
        lofi_tf.load_model(name)


def test_models_are_listed_with_what_they_make():
    models = lofi_tf.list_models()
    assert {"groovae_4bar", "continuation_lstm"} <= set(models)
    assert "drum" in models["groovae_4bar"]
