"""What a model sees of a groove: its tensors, taps and dropped notes, by distribution."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from lofi_tf.config import config_names, load_config
from lofi_tf.data.converters.build import build_converter
from lofi_tf.data.converters.groove import GrooveConverter
from lofi_tf.data.model_inputs.groove import Cells, drop_drums, drop_notes, tap
from lofi_tf.data.model_inputs.view import to_model
from lofi_tf.errors import LofiError
from lofi_tf.music.sequence_proto import NoteSequence
from tests.converter_parity import difference, sequence_of
from tests.mirrors import drums
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


# Conditions

STYLES = ("funk", "jazz")


def told(**options) -> GrooveConverter:
    return GrooveConverter(
        split_bars=2, hop_size=8, place_controls=True, tempo_controls=True, density_controls=True,
        styles=STYLES, **options,
    )  # fmt: skip


def a_jazz_beat(qpm: float) -> NoteSequence:
    beat = drums((0, 36), (4, 38), (20, 36), (31, 38), qpm=qpm)
    beat.sequence_metadata.genre.extend(["unheard of", "jazz"])
    return beat


def test_conditions_are_place_tempo_style_and_density():
    converter, qpm = told(control_dropout=0.0), 60.0
    examples = list(converter.to_examples(a_jazz_beat(qpm)))
    view = to_model(converter, examples[0], True, tf.constant([1, 2]))
    place, rest = np.split(view["controls"], [16], axis=1)
    np.testing.assert_array_equal(place, np.tile(np.eye(16), (2, 1)))
    # An octave below 120, not funk but jazz, a density that is known: 2 hits a bar for 16.
    np.testing.assert_allclose(rest, np.tile([-1, 0, 1, 1, -3], (32, 1)), atol=1e-6)


def test_conditions_of_a_window_begin_where_it_lies_in_its_bar():
    beat = drums((0, 36), (40, 36), qpm=120.0)
    later = list(told().to_examples(beat))[1]
    controls = to_model(told(), later, False)["controls"]
    assert controls[0, :16].numpy().argmax() == 8


def test_style_and_density_are_left_out_by_chance_in_training_and_always_outside_of_it():
    converter = told(control_dropout=0.3)
    (example, *_) = converter.to_examples(a_jazz_beat(120.0))
    count = 2000
    batch = {name: np.repeat(array[None], count, axis=0) for name, array in example.items()}
    known = to_model(converter, batch, True, tf.constant([7, 8]))["controls"].numpy()[:, 0, 17:]
    for column in (1, 2):  # jazz; a density
        assert abs(known[:, column].mean() - 0.7) < 4 * np.sqrt(0.3 * 0.7 / count)
    both = np.mean(known[:, 1] * known[:, 2])
    assert abs(both - 0.49) < 4 * np.sqrt(0.49 * 0.51 / count)  # by chances of their own
    assert not to_model(converter, example, False)["controls"][:, 17:].numpy().any()


def test_controls_of_new_music_are_those_of_training():
    converter, qpm = told(control_dropout=0.0), 97.0
    (example, *_) = converter.to_examples(a_jazz_beat(qpm))
    view = to_model(converter, example, True, tf.constant([1, 2]))
    own = converter.own_controls(32, qpm)
    both = converter.conditioned(own, style="jazz", density=2.0)
    np.testing.assert_allclose(both, view["controls"], atol=1e-6)
    unknown = to_model(converter, example, False)["controls"]
    np.testing.assert_allclose(own, unknown, atol=1e-6)


@pytest.mark.parametrize(
    ("converter", "given", "message"),
    [
        (told(), {"style": "jaz"}, "Did you mean 'jazz'"),
        (GrooveConverter(split_bars=2), {"style": "jazz"}, "knows no styles. Received: jazz"),
        (GrooveConverter(tempo_controls=True), {"density": 3}, "knows no densities. Received: 3"),
    ],
)
def test_conditions_that_a_model_does_not_know_are_refused(converter, given, message):
    with pytest.raises(LofiError, match=message):
        converter.conditioned(np.zeros([4, 37]), given.get("style"), given.get("density"))


def test_drums_with_a_row_each_are_told_the_place_of_their_step():
    converter = GrooveConverter(split_bars=1, split_instruments=True, place_controls=True)
    (example,) = converter.to_examples(drums((0, 36), (5, 38)))
    controls = to_model(converter, example)["controls"].numpy()
    assert controls.shape == (16 * 9, 9 + 16)
    np.testing.assert_array_equal(controls[:, :9].argmax(1), np.tile(np.arange(9), 16))
    np.testing.assert_array_equal(controls[:, 9:].argmax(1), np.repeat(np.arange(16), 9))


def test_the_bar_of_the_phrase_is_told_where_it_is_known():
    options = {"split_bars": 2, "hop_size": 16, "phrase_bars": 4, "control_dropout": 0.0}
    converter = GrooveConverter(**options)
    examples = list(converter.to_examples(drums((0, 36), (100, 36))))  # seven bars
    rows = [to_model(converter, one, True, tf.constant([1, 2]))["controls"] for one in examples]
    bars = [row.numpy().argmax(1)[::16].tolist() for row in rows]
    assert bars == [[0, 1], [1, 2], [2, 3], [3, 0], [0, 1], [1, 2]]
    np.testing.assert_array_equal(converter.own_controls(32, 120.0, first_bar=7), rows[3])
    assert not to_model(converter, examples[0], False)["controls"].numpy().any()
    assert not converter.own_controls(32, 120.0).any()


# Taps as controls

TAPS = {"split_bars": 1, "tapify": True, "taps_as_controls": True}


def test_taps_are_told_by_when_and_how_early_they_are():
    beat = drums((0, 36), (0, 42), (5, 38), qpm=120.0)
    beat.notes[2].start_time -= 0.25 * 0.125  # a quarter of a step early: half of the most
    (example,) = GrooveConverter(**TAPS).to_examples(beat)
    controls = to_model(GrooveConverter(**TAPS), example)["controls"].numpy()
    expected = np.zeros([16, 2])
    expected[0, 0] = 1.0
    expected[5] = 1.0, 0.5
    np.testing.assert_allclose(controls, expected, atol=1e-6)


def test_drums_that_are_left_out_leave_no_taps():
    converter = GrooveConverter(max_drum_dropout_probability=1.0, **TAPS)
    (example,) = converter.to_examples(drums((0, 36), (0, 42), (5, 38), (9, 42), (13, 36)))
    count = 4000
    batch = {name: np.repeat(array[None], count, axis=0) for name, array in example.items()}
    taps = to_model(converter, batch, True, tf.constant([3, 4]))["controls"].numpy()[..., 0]
    assert (taps.sum(0)[[1, 2, 3, 4, 6, 7]] == 0).all()
    # A drum stays with 1 - p, p uniform; of two with the chance that not both are gone, 2 / 3.
    for step, chance in ((5, 1 / 2), (9, 1 / 2), (13, 1 / 2), (0, 2 / 3)):
        assert abs(taps[:, step].mean() - chance) < 4 * np.sqrt(chance * (1 - chance) / count)
    together = np.mean(taps[:, 13] * taps[:, 9])  # p is one for all: 1 / 3, not 1 / 4
    assert abs(together - 1 / 3) < 4 * np.sqrt(1 / 3 * 2 / 3 / count)


def test_dropped_drums_are_silent_in_all_of_an_example():
    hits = np.ones((500, 4, 9))
    kept = drop_drums(cells(hits, hits, hits), 1.0, tf.constant([5, 6])).hits.numpy()
    assert (kept == kept[:, :1]).all()
    assert 0.4 < kept.mean() < 0.6


@pytest.mark.parametrize("options", [{"tapify": False}, {"hits_as_controls": True}])
def test_taps_as_controls_need_taps_and_no_hits(options):
    with pytest.raises(LofiError, match="taps_as_controls needs tapify, and no hits_as_controls"):
        GrooveConverter(**(TAPS | options))
