"""What a model sees of a groove: its tensors, taps and dropped notes, by distribution."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from lofi_tf.config import config_names, load_config
from lofi_tf.data.converters.build import build_converter
from lofi_tf.data.converters.groove import GrooveConverter
from lofi_tf.data.model_inputs.groove import Cells, drop_notes, tap
from lofi_tf.data.model_inputs.view import to_model
from tests.converter_parity import difference, sequence_of
from tests.pieces import batch_of

DATA = Path(__file__).parent / "data"
GOLDEN = DATA / "golden"
GROOVE = GOLDEN / "inputs/groove/drummer1_eval_session_6_hiphop-groove6_87_beat_4-4.mid"
CONFIGS = [name for name in config_names() if name.startswith("groovae")]


@pytest.fixture(scope="module")
def groove():
    return sequence_of(GROOVE)


@pytest.mark.parametrize("config", CONFIGS)
def test_dataset_graph_equals_magenta(config, groove):
    converter = build_converter(load_config(config).data.converter).with_mode("eval")
    batch = batch_of(converter, groove)
    dataset = tf.data.Dataset.from_tensor_slices(batch)
    views = list(dataset.map(lambda example: to_model(converter, example, False)))
    golden = np.load(GOLDEN / "tensors" / f"{config}.npz")
    for index, view in enumerate(views):
        head = f"eval|{GROOVE.name}|{index}|"
        np.testing.assert_array_equal(view["targets"], golden[head + "outputs"])
        if "dropout" not in config:
            np.testing.assert_array_equal(view["inputs"], golden[head + "inputs"])
        for name, spec in converter.model_spec.items():
            assert tf.TensorSpec(spec.shape, spec.dtype).is_compatible_with(view[name])
    assert len(views) == golden[f"eval|{GROOVE.name}|count"]


# Random transformations


def cells(hits, velocities, offsets):
    return Cells(
        tf.constant(hits, tf.int32),
        tf.constant(velocities, tf.int32),
        tf.constant(offsets, tf.float32),
    )


def test_tap_chooses_by_dropped_velocities_and_takes_undropped_values():
    hits = np.ones((3, 9))
    hits[2, 0] = 0
    velocities = np.tile(np.arange(10, 100, 10), (3, 1)) * hits
    offsets = np.tile(np.arange(9) / 10, (3, 1)) * hits
    kept = np.ones((3, 9))
    kept[0, 8] = 0  # the loudest is dropped: the next one taps
    kept[1:] = 0  # all dropped: the kick taps, where there was one
    source = cells(hits * kept, velocities * kept, offsets * kept)
    tapped = tap(source, cells(hits, velocities, offsets))
    assert tapped.hits[:, 3].numpy().tolist() == [1, 1, 0]
    assert tapped.velocities[:, 3].numpy().tolist() == [80, 10, 0]
    np.testing.assert_array_equal(tapped.offsets[:, 3], np.float32([0.7, 0, 0]))
    others = np.delete(np.array(tapped.velocities), 3, axis=1)
    assert not others.any()


def test_tap_of_equally_loud_drums_takes_the_first():
    velocities = np.zeros((1, 9))
    velocities[0, [2, 5]] = 64
    offsets = np.arange(9)[None] / 10
    both = cells(velocities > 0, velocities, offsets)
    np.testing.assert_array_equal(tap(both, both).offsets[0, 3], np.float32(0.2))


@pytest.mark.parametrize(("velocity", "weight"), [(1, 126 / 127), (64, 63 / 127), (127, 0.2)])
def test_notes_drop_at_the_expected_rate(velocity, weight):
    shape, most = (8000, 32, 9), 0.8
    full = cells(np.ones(shape), np.full(shape, velocity), np.ones(shape))
    kept = drop_notes(full, most, tf.constant([3, velocity]))
    rates = 1 - tf.cast(kept.hits, tf.float32).numpy().mean((1, 2))
    # p is uniform from 0 to `most`, one draw an example: mean most/2, variance most**2/12.
    deviation = most / 12**0.5 * weight
    assert abs(rates.mean() - most / 2 * weight) < 4 * deviation / 8000**0.5
    noise = weight * most / 2 / (32 * 9)
    assert abs(rates.var() - deviation**2) < 0.1 * deviation**2 + noise
    np.testing.assert_array_equal(kept.hits * velocity, kept.velocities)
    np.testing.assert_array_equal(tf.cast(kept.hits, tf.float32), kept.offsets)


def test_dropout_follows_the_seed_and_spares_targets_and_evaluation(groove):
    converter = GrooveConverter(split_bars=2, max_note_dropout_probability=1.0)
    batch = batch_of(converter, groove)
    plain = to_model(converter, batch, training=False)
    drawn = [to_model(converter, batch, True, tf.constant([0, seed])) for seed in (1, 2, 1)]
    np.testing.assert_array_equal(plain["inputs"], plain["targets"])
    np.testing.assert_array_equal(drawn[0]["inputs"], drawn[2]["inputs"])
    assert difference(drawn[0]["inputs"].numpy(), drawn[1]["inputs"].numpy()) > 0
    for view in drawn:
        np.testing.assert_array_equal(view["targets"], plain["targets"])
        kept = view["inputs"].numpy() != 0
        np.testing.assert_array_equal(view["inputs"], np.where(kept, plain["inputs"], 0))


def test_dropout_draws_each_example_of_a_dataset_anew(groove):
    converter = GrooveConverter(split_bars=2, max_note_dropout_probability=0.8)
    example = next(converter.to_examples(groove))
    seeds = tf.data.Dataset.range(8, output_type=tf.int32)
    views = seeds.map(lambda seed: to_model(converter, example, True, tf.stack([seed, 7])))
    assert len({view["inputs"].numpy().tobytes() for view in views}) == 8
