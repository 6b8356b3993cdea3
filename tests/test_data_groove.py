"""The Groove converter beside Magenta's answers, by closed form and by distribution.

`data/groove_options.npz` holds what Magenta 2.1.4's GrooveConverter makes of one made-up sequence
(times halfway between steps, equally loud notes in a cell, notes before zero) with options that no
shipped config uses.
"""

import dataclasses
import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

from lofi_tf.config import config_names
from lofi_tf.data.converters.build import build_converter
from lofi_tf.data.converters.groove import GrooveConverter
from lofi_tf.data.model_inputs.view import to_model
from lofi_tf.errors import LofiError, NotConvertible
from lofi_tf.music.drum_classes import FULL, REDUCED, ROLAND, class_table
from lofi_tf.music.sequence_proto import NoteSequence
from tests.converter_parity import check_converter, note_rows, sequence_of
from tests.pieces import batch_of
from tests.pieces import drum_piece as piece

DATA = Path(__file__).parent / "data"
GOLDEN = DATA / "golden"
GROOVE = GOLDEN / "inputs/groove/drummer1_eval_session_6_hiphop-groove6_87_beat_4-4.mid"
CONFIGS = [name for name in config_names() if name.startswith("groovae")]
STEP = 0.125  # seconds: a 16th note at 120 qpm
ANSWERS = np.load(DATA / "groove_options.npz")
OPTIONS = json.loads(ANSWERS["options"].item())


@pytest.fixture(scope="module")
def groove():
    return sequence_of(GROOVE)


# Parity with Magenta


@pytest.mark.parametrize("config", CONFIGS)
def test_golden_tensors_match_magenta_bit_for_bit(config):
    rows = {row.check: row for row in check_converter(config, GOLDEN)}
    assert not [row for row in rows.values() if not row.ok]
    expected = {"files", "refusals", "count", "outputs", "length", "notes", "notes, float32"}
    expected |= set() if "dropout" in config else {"inputs"}
    expected |= {"controls"} if "control" in config else set()
    assert set(rows) == expected
    assert rows["files"].compared == 22
    assert rows["outputs"].compared == (81 if config == "groovae_4bar" else 162)
    assert rows["outputs"].largest_difference == 0


@pytest.mark.parametrize("mode", ["eval", "infer"])
@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_other_options_match_magenta(name, mode):
    converter = GrooveConverter(**OPTIONS[name], unknown_pitch="error", mode=mode)
    sequence = NoteSequence.FromString(ANSWERS["sequence"].tobytes())
    if converter.is_categorical:
        on_time = [note for note in sequence.notes if note.start_time >= 0]
        del sequence.notes[:]
        sequence.notes.extend(on_time)
    count = ANSWERS[f"{name}|{mode}|count"]
    if not count:
        with pytest.raises(NotConvertible, match="negative_time"):
            list(converter.to_examples(sequence))
        return
    batch = batch_of(converter, sequence)
    views = to_model(converter, batch, training=False)
    views["outputs"] = views.pop("targets")
    assert len(batch["length"]) == count
    stored = [key for key in ANSWERS.files if key.startswith(f"{name}|{mode}|")]
    for key in stored:
        _, _, index, *part = key.split("|")
        if part and part[0] != "notes":
            np.testing.assert_array_equal(views[part[0]][int(index)], ANSWERS[key], key)
        elif part:
            ours = note_rows(converter.from_outputs(views["outputs"][int(index)]))
            # Magenta decodes a ninth of the steps where bins are not split by instrument.
            ours = ours[: len(ANSWERS[key])] if name == "bins" else ours
            np.testing.assert_array_equal(ours, ANSWERS[key], key)
    assert len(stored) > 4


def altered(folder, change):
    """Returns a copy of the golden folder with one config's answers changed."""
    shutil.copytree(GOLDEN / "inputs", folder / "inputs")
    (folder / "tensors").mkdir()
    answers = dict(np.load(GOLDEN / "tensors/groovae_4bar.npz"))
    np.savez(folder / "tensors/groovae_4bar.npz", **change(answers))
    return folder


def test_parity_fails_where_nothing_can_be_compared(tmp_path):
    assert not check_converter("groovae_5bar", GOLDEN)[0].ok
    assert not check_converter("groovae_4bar", tmp_path)[0].ok
    rows = check_converter("groovae_4bar", altered(tmp_path / "empty", lambda answers: {}))
    assert rows and not any(row.ok for row in rows)


def test_parity_fails_where_an_answer_or_a_file_is_missing(tmp_path):
    folder = altered(
        tmp_path, lambda a: {k: v for k, v in a.items() if f"{GROOVE.name}|1|" not in k}
    )
    (folder / "inputs/band0.mid").unlink()
    rows = {row.check: row for row in check_converter("groovae_4bar", folder)}
    assert not rows["files"].ok and not rows["count"].ok


@pytest.mark.parametrize("part", ["inputs", "outputs", "length", "notes"])
def test_parity_fails_on_the_last_bit(tmp_path, part):
    key = f"eval|{GROOVE.name}|0|{part}"

    def nudge(answers):
        changed = np.array(answers[key])
        at = np.flatnonzero(changed)[-1] if changed.ndim else ()
        value = changed.flat[at] if changed.ndim else changed
        if changed.ndim:
            changed.flat[at] = np.nextafter(value, changed.dtype.type(9))
        else:
            changed = changed + 1
        return answers | {key: changed}

    folder = altered(tmp_path, nudge)
    rows = {row.check: row for row in check_converter("groovae_4bar", folder)}
    assert not rows[part].ok
    assert rows["count"].ok


# Pitches


def test_every_class_list_has_each_pitch_once():
    for classes, size in ((ROLAND, 9), (REDUCED, 9), (FULL, 61)):
        pitches = [pitch for group in classes for pitch in group]
        assert len(classes) == size and len(set(pitches)) == len(pitches)


@pytest.mark.parametrize(
    ("pitch", "drum"),
    [(39, 1), (54, 2), (70, 2), (82, 2), (64, 4), (61, 4), (60, 5), (35, 0), (52, 7), (127, 8)],
)
def test_nearest_takes_the_drum_that_a_drummer_would(pitch, drum):
    assert class_table(ROLAND, nearest=True)[pitch] == drum


def test_nearest_leaves_known_pitches_alone():
    for classes in (ROLAND, REDUCED, FULL):
        exact, filled = class_table(classes), class_table(classes, nearest=True)
        np.testing.assert_array_equal(filled[exact >= 0], exact[exact >= 0])
        assert (filled >= 0).all()


def test_unknown_pitch_nearest_drop_error():
    clap = piece((36, 90, 0.0), (39, 100, STEP), (38, 80, 3.9))
    hits = next(GrooveConverter(split_bars=2).to_examples(clap))["hits"]
    assert hits[1].tolist() == [0, 1, 0, 0, 0, 0, 0, 0, 0]
    dropped = GrooveConverter(split_bars=2, unknown_pitch="drop")
    assert not next(dropped.to_examples(clap))["hits"][1].any()
    strict = GrooveConverter(split_bars=2, unknown_pitch="error")
    with pytest.raises(NotConvertible, match=r"unknown_pitch: 1 of 3 notes .*pitch 39 at 0.12"):
        next(strict.to_examples(clap))


def test_melodic_notes_beside_drums_are_no_drums():
    band = piece((36, 90, 0.0), (38, 90, 3.9))
    band.notes.add(pitch=42, velocity=99, start_time=STEP, end_time=1)
    converter = GrooveConverter(split_bars=2)
    assert next(converter.to_examples(band))["hits"].sum() == 2
    strict = dataclasses.replace(converter, unknown_pitch="error")
    assert next(strict.to_examples(band))["hits"].sum() == 3
    unmarked = piece((36, 90, 0.0), (38, 90, 3.9), is_drum=False)
    assert next(converter.to_examples(unmarked))["hits"].sum() == 2


# Refusals


LONG = [(36, 90, 0.0), (36, 90, 3.9)]


@pytest.mark.parametrize(
    ("rule", "sequence", "received"),
    [
        ("tempo_change", piece(*LONG, tempos=[(100, 0), (90, 2)]), "90.00 qpm at 2.00 s"),
        ("tempo_change", piece(*LONG, tempos=[(100, 1)]), "100.00 qpm at 1.00 s"),
        ("tempo", piece(*LONG, tempos=[(0, 0)]), "0 qpm"),
        ("metre_change", piece(*LONG, metres=[(4, 4, 0), (3, 4, 2)]), "3/4 at 2.00 s"),
        ("metre_change", piece(*LONG, metres=[(3, 4, 1)]), "3/4 at 1.00 s"),
        ("metre", piece(*LONG, metres=[(3, 4, 0)]), "3/4"),
        ("metre", piece(*LONG, metres=[(4, 3, 0)]), "4/3"),
        ("metre", piece(*LONG, metres=[(0, 4, 0)]), "0/4"),
        ("negative_time", piece((36, 90, -1.0)), "-1.000 s"),
        ("too_long", piece((36, 90, 1e7)), "10000000 s"),
        ("too_long", piece((36, 90, 1e15)), " s"),
        ("no_notes", piece(), "0 notes"),
        ("too_short", piece((36, 90, 0.0)), "1 bars"),
    ],
)
def test_refusal_says_rule_and_what_came(rule, sequence, received):
    with pytest.raises(NotConvertible) as refused:
        list(GrooveConverter(split_bars=2).to_examples(sequence))
    assert refused.value.rule == rule
    assert rule in str(refused.value) and "Allowed: " in str(refused.value)
    assert received in str(refused.value).partition("Received: ")[2]


def test_a_note_at_no_time_is_refused():
    for time in (float("nan"), float("inf"), -float("inf")):
        with pytest.raises(NotConvertible):
            list(GrooveConverter().to_examples(piece((36, 90, time))))


@pytest.mark.parametrize("metre", [(4, 4), (2, 2), (8, 8)])
def test_bars_of_four_quarters_are_taken_however_written(metre):
    converter, sequence = GrooveConverter(split_bars=2), piece(*LONG, metres=[(*metre, 0)])
    (example,), (plain,) = (list(converter.to_examples(one)) for one in (sequence, piece(*LONG)))
    for name, array in plain.items():
        np.testing.assert_array_equal(example[name], array)


# The grid


def test_loudest_note_of_a_cell_wins_and_of_equals_the_first():
    sequence = piece((38, 50, 0.01), (40, 90, 0.02), (37, 90, 0.0), (38, 20, 0.03), (36, 1, 3.9))
    example = next(GrooveConverter(split_bars=2).to_examples(sequence))
    assert example["velocities"][0, 1] == 90
    np.testing.assert_allclose(example["offsets"][0, 1], -2 * 0.02 / STEP, rtol=1e-6)


def test_positive_offset_is_early():
    example = next(GrooveConverter(split_bars=2).to_examples(piece((36, 90, 3.9))))
    np.testing.assert_allclose(example["offsets"][31, 0], 2 * (31 * STEP - 3.9) / STEP, rtol=1e-6)


def test_round_trip_keeps_times_pitches_and_velocities():
    rng = np.random.default_rng(3)
    steps = rng.permutation(64)[:40]
    step = 60 / 97 / 4
    times = np.maximum((steps + rng.uniform(-0.49, 0.49, 40)) * step, 0)
    leads = rng.choice([pitches[0] for pitches in ROLAND], 40)
    velocities = rng.integers(1, 128, 40)
    notes = sorted(zip(leads.tolist(), velocities.tolist(), times, strict=True), key=lambda n: n[2])
    converter = GrooveConverter()
    sequence = piece(*notes, tempos=[(97, 0)])
    view = to_model(converter, next(converter.to_examples(sequence)), training=False)
    back = note_rows(converter.from_outputs(view["targets"], qpm=97))
    back = back[np.argsort(back[:, 2])]
    assert back[:, :2].tolist() == [[pitch, velocity] for pitch, velocity, _ in notes]
    assert np.abs(back[:, 2] - [time for _, _, time in notes]).max() < 2.0**-25 * step


def test_early_note_of_the_first_step_starts_before_zero():
    outputs = np.zeros((16, 27), np.float32)
    outputs[0, [0, 9, 18]] = 1, 1, 0.9
    note = GrooveConverter().from_outputs(outputs).notes[0]
    np.testing.assert_allclose(note.start_time, -0.45 * STEP, rtol=1e-6)


@pytest.mark.parametrize("shape", [(32, 26), (27,), (1, 32, 27)])
def test_outputs_of_another_shape_are_refused(shape):
    with pytest.raises(LofiError, match=r"Allowed: \[T, 27\]"):
        GrooveConverter().from_outputs(np.zeros(shape))


def test_cap_draws_in_training_and_takes_the_first_otherwise(groove):
    every = batch_of(GrooveConverter(split_bars=2), groove)["velocities"]
    capped = GrooveConverter(split_bars=2, max_tensors_per_notesequence=3)
    first = batch_of(capped.with_mode("eval"), groove)["velocities"]
    np.testing.assert_array_equal(first, every[:3])
    drawn = [
        batch_of(dataclasses.replace(capped, seed=seed), groove)["velocities"] for seed in range(5)
    ]
    again = batch_of(dataclasses.replace(capped, seed=1), groove)["velocities"]
    np.testing.assert_array_equal(drawn[1], again)
    assert all(len(windows) == 3 for windows in drawn)
    assert len({windows.tobytes() for windows in drawn}) > 1


@pytest.mark.parametrize("options", [{}, {"num_velocity_bins": 8, "num_offset_bins": 8}])
def test_examples_match_their_spec_and_are_compact(options, groove):
    converter = pickle.loads(pickle.dumps(GrooveConverter(split_bars=4, **options)))
    for example in converter.to_examples(groove):
        assert set(example) == set(converter.example_spec)
        for name, spec in converter.example_spec.items():
            assert example[name].shape == spec.shape and example[name].dtype == spec.dtype
        assert sum(array.nbytes for array in example.values()) <= 64 * 9 * 6 + 4


# Options


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"split_bars": "2"}, "split_bars"),
        ({"split_bars": True}, "split_bars"),
        ({"hop_size": 16}, "hop_size needs split_bars"),
        ({"num_velocity_bins": 8}, "both or none"),
        ({"num_velocity_bins": 1, "num_offset_bins": 8}, "num_velocity_bins"),
        ({"humanize": 1}, "humanize"),
        ({"add_instruments": [9]}, "at most 8"),
        ({"add_instruments": 2}, "add_instruments"),
        ({"max_note_dropout_probability": 1.5}, "at most 1"),
        ({"unknown_pitch": "guess"}, "drop, error, nearest"),
        ({"mode": "test"}, "eval, infer, train"),
        ({"pitch_classes": "rolland"}, "Did you mean 'roland'"),
        ({"pitch_classes": [[36], [36]]}, "none twice"),
        ({"pitch_classes": [[36], []]}, "pitch_classes.1. must have at least one item"),
        ({"pitch_classes": [[36], [200]]}, "0 to 127"),
        ({"pitch_classes": 36}, "text or a list of lists of whole numbers or null"),
        ({"inference_pitch_classes": "full"}, "Allowed: 9"),
        ({"tapify": True, "pitch_classes": [[36], [38]]}, "tapify needs 4"),
        ({"max_tensors_per_notesequence": 0}, "max_tensors_per_notesequence"),
        ({"split_bar": 2}, "Did you mean 'split_bars'"),
    ],
)
def test_bad_option_says_what_is_allowed(options, message):
    with pytest.raises(LofiError, match=message) as error:
        build_converter({"kind": "groove", **options})
    assert "Received: " in str(error.value)


def test_classes_may_be_lists_and_inference_follows():
    converter = GrooveConverter(pitch_classes=[[36, 35], [38]])
    assert converter.inference_pitch_classes == ((36, 35), (38,))
    assert converter.model_spec["inputs"].shape == (None, 6)
    assert GrooveConverter(pitch_classes="roland").inference_pitch_classes == REDUCED
    assert hash(converter) == hash(converter.with_mode("train"))
