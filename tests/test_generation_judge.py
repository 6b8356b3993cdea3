"""What beats are chosen by."""

import shutil

import numpy as np
import pytest

from lofi_tf.backends.base import Backend
from lofi_tf.backends.open import open_backend
from lofi_tf.config import load_config
from lofi_tf.errors import LofiError
from lofi_tf.generation.judge import (
    FILE,
    OF_ANY_BEAT,
    Judge,
    features_of,
    judge_of,
    load_judge,
    save_judge,
)
from lofi_tf.music.beats import KICK, SNARE, Beats, beats_of, joined
from tests.grooves import groove_examples, small_config


def judge(*names, weights=((2.0,),), biases=(1.0,), temperatures=(1.0,)):
    """A judge of features as they are."""
    size = len(names)
    return Judge(
        names, np.zeros(size), np.ones(size), *map(np.array, (temperatures, weights, biases))
    )


def beat(*snares):
    """A beat of as many bars as given, with so many snares in each."""
    hits = np.zeros([1, len(snares), 16, 9], bool)
    for bar, count in enumerate(snares):
        hits[0, bar, :count, SNARE] = True
    return Beats(hits, 100.0 * hits, 0.0 * hits)


def test_log_odds_are_linear_in_features():
    found = judge("snare, a bar").log_ratios(beat(4, 4, 4, 4), 1.0)
    assert found.tolist() == [2 * 4**0.5 + 1]
    two = judge("snare, a bar", "all, volume", weights=[[2.0, 12.7]])
    assert two.log_ratios(beat(4), 1.0)[0] == pytest.approx(5.0 + 12.7 * 100 / 127)


def test_the_nearest_temperature_counts():
    known = judge(
        "snare, a bar", weights=[[1.0], [10.0]], biases=[0.0, 0.0], temperatures=[0.5, 1.0]
    )
    odds = [known.log_ratios(beat(1), t)[0] for t in (0.0, 0.7, 0.8, 2.0)]
    assert odds == [1.0, 1.0, 10.0, 10.0]


@pytest.mark.parametrize(
    ("bars", "expected"),
    [
        ([4] * 4 + [0] * 4, (5 + 1) / 2),
        ([4] * 4 + [0] * 2, (5 + 2 * 2**0.5 + 1) / 2),  # the last window reaches back
        ([4, 0], 2 * 2**0.5 + 1),
    ],
)
def test_long_beats_are_judged_window_by_window(bars, expected):
    assert judge("snare, a bar").log_ratios(beat(*bars), 1.0)[0] == pytest.approx(expected)


def test_a_judge_is_saved_and_known_again(tmp_path):
    save_judge(judge("kick, a bar", "all, late", weights=[[1.0, -1.0]]), tmp_path / FILE)
    again = load_judge(tmp_path / FILE)
    assert again.features == ("kick, a bar", "all, late")
    assert again.weights.tolist() == [[1.0, -1.0]] and again.biases.tolist() == [1.0]


def test_what_is_no_judge_is_one_line(tmp_path):
    (tmp_path / "a.npz").write_text("no")
    save_judge(judge("swagger"), tmp_path / "b.npz")
    np.savez(tmp_path / "c.npz", features=[])
    for name, message in (
        ("a.npz", "a.npz is no judge of beats"),
        ("b.npz", "judges by 'swagger', which is not known"),
        ("c.npz", "c.npz is no judge of beats"),
        ("d.npz", "d.npz is no judge of beats"),
    ):
        with pytest.raises(LofiError, match=message):
            load_judge(tmp_path / name)


def test_a_model_has_the_judge_that_lies_with_it(groove_export, tmp_path):
    folder = shutil.copytree(groove_export, tmp_path / "beats" / "1")
    shipped = load_judge(OF_ANY_BEAT)
    assert judge_of(open_backend(folder)).features == shipped.features
    save_judge(judge("kick, a bar"), folder / "assets.extra" / FILE)
    assert judge_of(open_backend(tmp_path / "beats")).features == ("kick, a bar",)
    served = Backend(load_config("groovae_4bar"), lambda function, arrays: {})
    assert judge_of(served).features == shipped.features


def test_a_run_has_the_judge_that_lies_with_it(groove_run, tmp_path):
    folder = shutil.copytree(groove_run, tmp_path / "run")
    save_judge(judge("kick, a bar"), folder / FILE)
    assert judge_of(open_backend(folder)).features == ("kick, a bar",)


def test_drummers_are_told_from_beats_whose_bars_are_not_of_one_piece():
    config = small_config("groovae_4bar")
    from lofi_tf.data.converters.build import build_converter
    from lofi_tf.data.storage.dataset import model_view

    converter, examples = build_converter(config.data.converter), groove_examples(config)
    targets = model_view(examples, converter, 64)["targets"]
    played = beats_of([converter.from_outputs(target) for target in targets], 4)
    random, shipped = np.random.default_rng(0), load_judge(OF_ANY_BEAT)
    mixed = [played.take(random.permutation(len(played))).bars([bar]) for bar in range(4)]
    parts = [np.concatenate([getattr(one, name) for one in mixed], 1) for name in vars(played)]
    real, patched = shipped.log_ratios(played, 1.0), shipped.log_ratios(Beats(*parts), 1.0)
    assert np.mean(real[:, None] > patched) > 0.6


def test_features_are_asked_for_by_name():
    beats = joined([beat(1), beat(4)])
    np.testing.assert_array_equal(features_of(beats, ("snare, a bar",)), [[1.0], [2.0]])
    assert features_of(beats).shape[0] == 2 and not beats.hits[..., KICK].any()
