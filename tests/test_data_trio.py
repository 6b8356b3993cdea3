"""What a trio is."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from lofi_tf.config import load_config
from lofi_tf.data.converters.build import build_converter
from lofi_tf.data.converters.trio import TrioConverter
from lofi_tf.errors import LofiError, NotConvertible
from tests.converter_parity import note_rows, sequence_of
from tests.pieces import BASS, DRUMS, MELODY, SIXTEENTH, beat, tokens_of, views
from tests.pieces import trio_piece as piece

GOLDEN = Path(__file__).parent / "data" / "golden"
BAND = GOLDEN / "inputs" / "band4.mid"
MAGENTAS_WAY = {"unknown_chord": "error", "coincident_chords": "error"}
SHORT = TrioConverter(slice_bars=2)


def test_depths_are_magentas():
    converter = build_converter(load_config("hierdec-trio_16bar").data.converter)
    assert converter.track_depths == (90, 90, 512)
    assert converter.model_spec["inputs"].shape == (256, 692)
    both = dataclasses.replace(converter, chord_encoding="triad", condition_on_key=True)
    assert both.model_spec["controls"].shape == (256, 61)


# What a trio is


def test_a_step_is_melody_bass_and_drums():
    sequence = piece(
        *((MELODY, 60, 0, 4), (MELODY, 62, 8, 32)),
        *((BASS, 36, 0, 16), (BASS, 38, 16, 30)),
        *((DRUMS, 36, 0, 1), (DRUMS, 42, 0, 1), (DRUMS, 38, 17, 18)),
    )
    melody, bass, drums = tokens_of(SHORT, sequence)[0]
    note_on = {0: 60 - 19, 8: 62 - 19}
    assert melody == [note_on.get(step, 1 if step == 4 else 0) for step in range(32)]
    assert bass == [{0: 17, 16: 19, 30: 1}.get(step, 0) for step in range(32)]
    assert drums == [{0: 0b101, 17: 0b10}.get(step, 0) for step in range(32)]


def test_every_melody_is_taken_with_every_bass_and_kit():
    second = {MELODY: (2, 31, False), BASS: (3, 39, False), DRUMS: (10, 0, True)}
    notes = beat(2, MELODY, BASS, DRUMS)
    (one,) = tokens_of(SHORT, piece(*notes))
    for part in second.values():
        assert tokens_of(SHORT, piece(*notes, *beat(2, part))) == [one] * 2
    assert tokens_of(SHORT, piece(*notes, *beat(2, *second.values()))) == [one] * 8


def test_rests_of_gap_bars_count_as_playing():
    strict, lenient = (TrioConverter(slice_bars=8, gap_bars=gap) for gap in (1, 2))
    rest = [*beat(8, MELODY, DRUMS), *beat(2, BASS), *beat(2, BASS, first_bar=6)]
    assert len(tokens_of(lenient, piece(*rest))) == 1
    with pytest.raises(NotConvertible, match="no_overlap"):
        tokens_of(strict, piece(*rest))


def test_at_the_ends_one_part_is_enough():
    converter = TrioConverter(slice_bars=8, gap_bars=2)
    late = [*beat(8, DRUMS), *beat(3, MELODY, BASS, first_bar=4)]
    assert len(tokens_of(converter, piece(*late))) == 1
    with pytest.raises(NotConvertible, match="no_overlap"):
        tokens_of(converter, piece(*beat(8, DRUMS), *beat(2, MELODY, BASS, first_bar=5)))


@pytest.mark.parametrize(
    ("rule", "sequence", "received"),
    [
        ("no_notes", piece(), "none"),
        ("no_trio", piece(*beat(2, MELODY, BASS)), "only drums"),
        ("no_trio", piece(*beat(2, MELODY, (1, 40, False), DRUMS)), "only bass"),
        ("no_trio", piece(*beat(2, BASS, DRUMS), (BASS, 36, 0, 1), (DRUMS, 36, 0, 4)), "melody"),
        ("no_trio", piece(*beat(2, MELODY, BASS, DRUMS), ((0, 5, True), 36, 0, 4)), "melody"),
        ("too_short", piece(*beat(1, MELODY, BASS, DRUMS)), "1 bars"),
        ("no_overlap", piece(*beat(2, MELODY, BASS), (DRUMS, 100, 0, 4)), "none"),
        ("metre", piece(*beat(2, MELODY, BASS, DRUMS), metres=[(3, 4, 0)]), "3/4"),
        ("tempo", piece(*beat(2, MELODY, BASS, DRUMS), tempos=[(0, 0)]), "0 qpm"),
        ("too_long", piece(*beat(2, MELODY, BASS, DRUMS), (BASS, 36, 0, 1e9)), " s"),
    ],
)
def test_refusal_says_rule_and_what_came(rule, sequence, received):
    with pytest.raises(NotConvertible) as refused:
        list(SHORT.to_examples(sequence))
    assert refused.value.rule == rule
    assert rule in str(refused.value) and "Allowed: " in str(refused.value)
    assert received in str(refused.value).partition("Received: ")[2]


def test_a_piece_is_split_where_the_metre_changes():
    notes = beat(6, MELODY, BASS, DRUMS)
    metres = [(4, 4, 0), (3, 4, 32 * SIXTEENTH), (4, 4, 80 * SIXTEENTH)]
    with pytest.raises(NotConvertible, match="too_short|metre"):
        tokens_of(TrioConverter(slice_bars=3), piece(*notes, metres=metres))
    assert len(tokens_of(SHORT, piece(*notes, metres=metres[:2]))) == 1
    assert len(tokens_of(SHORT, piece(*notes))) == 5


def test_cap_draws_in_training_and_takes_the_first_otherwise():
    band = sequence_of(BAND)
    every = tokens_of(TrioConverter(), band)
    capped = TrioConverter(max_tensors_per_notesequence=3)
    assert tokens_of(capped.with_mode("eval"), band) == every[:3]
    drawn = [tokens_of(dataclasses.replace(capped, seed=seed), band) for seed in range(4)]
    assert all(len(windows) == 3 for windows in drawn) and any(d != every[:3] for d in drawn)


# Notes and options


def test_decoded_parts_have_their_instruments():
    view = next(views(SHORT, piece(*beat(2, MELODY, BASS, DRUMS))))
    sequence = SHORT.from_outputs(view["targets"], qpm=60)
    rows = note_rows(sequence)
    assert {tuple(row) for row in rows[:, 4:].tolist()} == {(0, 0, 0), (1, 33, 0), (9, 0, 1)}
    assert set(rows[:, 1]) == {80} and sequence.tempos[0].qpm == 60
    melody = rows[rows[:, 4] == 0]
    np.testing.assert_allclose(melody[:, 2:4], [[0, 1], [2, 3], [4, 5], [6, 7]])
    with pytest.raises(LofiError, match=r"Allowed: \[T, 692\]"):
        SHORT.from_outputs(view["targets"][:, 1:])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"slice_bars": 0}, "slice_bars"),
        ({"slice_bars": None}, "slice_bars"),
        ({"gap_bars": -1}, "gap_bars"),
        ({"max_bars": 0}, "max_bars"),
        ({"condition_on_key": 1}, "condition_on_key"),
        ({"chord_encoding": "pitch"}, "chord_encoding"),
        ({"unknown_chord": "keep"}, "unknown_chord"),
        ({"coincident_chords": "first"}, "coincident_chords"),
        ({"transpose_range": 3}, "transpose_range"),
        ({"stretch_range": [2, 1]}, "stretch_range"),
        ({"mode": "test"}, "mode"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(LofiError, match=message):
        TrioConverter(**options)
