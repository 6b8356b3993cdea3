"""Accuracies, KL divergence and active units, held against computations of other makes."""

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow_probability as tfp
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

from lofi_tf.config import config_names, load_config
from lofi_tf.data.converters.build import build_converter
from lofi_tf.data.converters.output_tracks import OutputTrack
from lofi_tf.evaluation.reconstruction import (
    Accuracies,
    active_units,
    commonest_symbols,
    counts,
    kl_nats,
    scalars,
)

RANDOM = np.random.default_rng(0)
NOTES = [
    name
    for name in config_names()
    if load_config(name).data.converter["kind"] not in ("waveform", "spectrum", "paired")
]


def one_hot(classes, size):
    return np.eye(size, dtype=np.float32)[classes]


def test_kl_is_tensorflow_probabilitys():
    mean, stddev = RANDOM.normal(size=(5, 7)), RANDOM.uniform(0.1, 2, (5, 7))
    own = tfp.distributions.MultivariateNormalDiag(mean, stddev)
    prior = tfp.distributions.MultivariateNormalDiag(np.zeros(7), np.ones(7))
    np.testing.assert_allclose(kl_nats(mean, stddev), own.kl_divergence(prior), rtol=1e-9)


def test_units_that_vary_are_active():
    means = np.stack([np.zeros(100), RANDOM.normal(0, 0.05, 100), RANDOM.normal(0, 1, 100)], 1)
    assert active_units(means) == 1


def test_drum_scores_are_scikit_learns():
    track = OutputTrack("drums", 0, 9, "bits", 9)
    truth, made = (RANDOM.random((4, 16, 9)) < share for share in (0.3, 0.4))
    valid = np.arange(16) < np.array([16, 10, 3, 16])[:, None]
    found = scalars(counts(track, truth, made, valid))
    flat = [part[valid].ravel() for part in (truth, made)]
    scores = precision_recall_fscore_support(*flat, average="binary")[:3]
    assert [found[name] for name in ("precision", "recall", "f1")] == pytest.approx(list(scores))
    assert found["cells"] == pytest.approx(accuracy_score(*flat))
    # Subset accuracy: a step is right where all drums are.
    assert found["accuracy"] == pytest.approx(accuracy_score(truth[valid], made[valid]))


def test_classes_of_drums_have_the_hits_of_their_bits():
    track = OutputTrack("drums", 0, 513, "class", 9)
    symbols = track.symbols(one_hot(np.array([[0b101, 0, 512]]), 513))
    expected = np.zeros([1, 3, 9], bool)
    expected[0, 0, [0, 2]] = True
    np.testing.assert_array_equal(track.hits(symbols), expected)  # the end token hits nothing


def test_onsets_are_steps_that_begin_a_note():
    track = OutputTrack("melody", 0, 6, "class", pitches=(2, 5))
    truth = track.symbols(one_hot(np.array([[0, 1, 2, 4, 5]]), 6))
    made = track.symbols(one_hot(np.array([[0, 0, 2, 3, 5]]), 6))
    found = scalars(counts(track, truth, made, np.ones([1, 5], bool)))
    assert (found["onsets"], found["accuracy"]) == (0.5, 0.6)


@pytest.mark.parametrize("name", NOTES)
def test_tracks_share_out_the_numbers_of_a_step(name):
    component = load_config(name).data.converter
    converter = build_converter(component)
    tracks = converter.tracks
    ends = [track.first + track.size for track in tracks]
    assert [track.first for track in tracks] == [0, *ends[:-1]]
    depth = converter.model_spec["targets"].shape[-1]
    assert ends[-1] == (depth // 3 if component["kind"] == "groove" else depth)


def test_padding_does_not_count_and_the_commonest_step_is_of_the_training_data():
    track = OutputTrack("melody", 0, 4, "class", pitches=(2, 4))
    targets = one_hot(np.array([[2, 2, 3, 0], [3, 0, 0, 0]]), 4)
    view = {"targets": targets, "length": np.array([3, 1])}
    commonest = commonest_symbols([track], [view])
    accuracies = Accuracies([track], commonest)
    free = one_hot(np.array([[2, 3, 3, 1], [3, 1, 1, 1]]), 4)
    accuracies.add(SimpleNamespace(view=view, free=free, taught=None))
    rows = accuracies.table().as_dict()["rows"]
    found = {row["track"]: (row["accuracy"], row["steps"]) for row in rows}
    assert found == {"melody, free-running": (0.75, 4), "melody, commonest step": (0.5, 4)}
