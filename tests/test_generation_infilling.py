"""Bars and drums drawn anew: what stays, what the model is shown, and which draw is taken."""

import numpy as np
import pytest

from lofi_tf.backends.open import backend_of_model
from lofi_tf.config import config_names, load_config
from lofi_tf.errors import LofiError, NoSuchFunction
from lofi_tf.generation import GenerationConfig, infill
from lofi_tf.generation.infilling import CANDIDATES, _choice, _Given, _latents, can_infill
from lofi_tf.hparams import with_hparams
from tests.grooves import scrambled_model
from tests.mirrors import CLOSED, KICK, SNARE, drums, melody, mirror

CLAP, COWBELL = 39, 56
# With a flam, a roll in thirty-seconds, a clap on a snare, a triplet, and a melody beside it.
FULL = drums(
    *((16 * bar + step, CLOSED, 60 + step, 0.02 * step) for bar in range(6) for step in (0, 4, 8)),
    *((16 * bar + step, SNARE, 90) for bar in range(6) for step in (4, 12)),
    *((16 * bar + step, CLAP, 70) for bar in range(6) for step in (4, 12)),
    *((16 * bar + 12, SNARE, 30, -0.2) for bar in range(6)),
    *((16 * bar + 14, SNARE, 50, half) for bar in range(6) for half in (0.0, 0.5)),
    *((16 * bar + 8, COWBELL, 50, third) for bar in range(6) for third in (1 / 3, 2 / 3)),
    *((16 * bar, KICK, 110) for bar in range(6)),
    qpm=93.0,
)
FULL.notes.extend(melody((0, 90, 50), qpm=93.0).notes)


@pytest.fixture(scope="module")
def grooves():
    return backend_of_model(*scrambled_model("groove_4bar"))


def rows(notes) -> list[bytes]:
    return sorted(note.SerializeToString() for note in notes)


def step_of(note, qpm=93.0) -> int:
    return int(note.start_time * qpm / 15 + 0.5)


@pytest.mark.parametrize("bars", ["2", "1,3-4", [6]])
def test_bars_that_are_not_asked_for_stay_note_for_note(grooves, bars):
    pieces = infill(grooves, FULL, 2, GenerationConfig(1.0, 1), bars=bars)
    asked = {"2": {1}, "1,3-4": {0, 2, 3}}.get(bars if isinstance(bars, str) else "", {5})
    kept = [note for note in FULL.notes if not note.is_drum or step_of(note) // 16 not in asked]
    known = set(rows(FULL.notes))
    for piece in pieces:
        found = [note for note in piece.notes if note.SerializeToString() in known]
        drawn = [note for note in piece.notes if note.SerializeToString() not in known]
        assert rows(found) == rows(kept)
        assert drawn and {step_of(note) // 16 for note in drawn} <= asked
    assert rows(pieces[0].notes) != rows(pieces[1].notes)
    again = infill(grooves, FULL, 1, GenerationConfig(1.0, 1), bars=bars)
    assert rows(again[0].notes) == rows(pieces[0].notes)


def test_drums_that_are_not_asked_for_stay_note_for_note(grooves):
    (piece,) = infill(grooves, FULL, 1, GenerationConfig(1.0, 1), bars="2-3", drums="snare")
    inside = [note for note in FULL.notes if 16 <= step_of(note) < 48]
    snares = rows(n for n in inside if n.is_drum and n.pitch in (SNARE, CLAP, COWBELL))
    assert set(rows(FULL.notes)) - set(rows(piece.notes)) == set(snares)
    drawn = [n for n in piece.notes if n.SerializeToString() not in set(rows(FULL.notes))]
    assert {note.pitch for note in drawn} == {SNARE}  # by the pitch that the piece has most often
    assert {step_of(note) // 16 for note in drawn} <= {1, 2}


@pytest.mark.parametrize("late", [1.0, -1.0])
def test_drawn_hits_stay_in_their_steps_however_late_they_are(late):
    def everything(outputs, given):
        found = np.ones_like(outputs)
        found[:, :, 18:] = -late
        return found

    beat = drums((0, KICK), (16, KICK), (32, KICK))
    backend = mirror("groovae_4bar", change=everything)
    (piece,) = infill(backend, beat, 1, bars=[2], drums="ride")
    assert sorted(step_of(n, 120) for n in piece.notes if n.pitch == 51) == list(range(16, 32))


def test_the_encoder_is_not_shown_what_is_drawn_anew_and_the_decoder_not_given_it():
    log = []
    beat = drums((0, KICK), (4, SNARE), (20, SNARE), (24, CLOSED), (36, SNARE), (50, KICK))
    infill(mirror("groovae_4bar", log=log), beat, 2, bars=[2], drums="snare")
    (_, encoded), (name, asked) = log
    assert name == "fill" and asked["given"].shape == (2 * CANDIDATES, 64, 27)
    shown = [[0, 0], [4, 1], [24, 2], [36, 1], [50, 0]]
    for row in range(2):
        assert np.argwhere(encoded["inputs"][row][:, :9]).tolist() == shown
    assert np.argwhere(asked["given"][0][:, :9]).tolist() == shown
    drawn = np.argwhere(asked["kept"][0] == 0)
    assert {(step, number) for step, number in drawn.tolist()} == {
        (step, number) for step in range(16, 32) for number in (1, 10, 19)
    }
    means = encoded["inputs"].reshape(2, 1, -1)
    z = asked["z"].reshape(2, CANDIDATES, -1)
    near = np.abs(z - means).std(axis=2) < 0.2  # the mirror's stddev is 0.1, the prior's 1
    assert near.tolist() == [[True, False] * (CANDIDATES // 2)] * 2


def test_the_draw_that_leaves_what_stays_likeliest_is_taken_at_temperature_zero():
    backend = mirror("groovae_4bar")
    answer = backend.call

    def call(function, given):
        found = answer(function, given)
        if function == "fill":
            number = np.arange(len(found["outputs"])) % CANDIDATES
            found["outputs"][:, :, 7] = (np.arange(64) == number[:, None]).astype(np.float32)
            found["nats"] = np.where(number == 5, 0.0, 1e9)
        return found

    backend.call = call
    (piece,) = infill(backend, drums((40, KICK)), 1, GenerationConfig(0.0, 3), bars="1")
    assert [step_of(note, 120) for note in piece.notes if note.pitch == 49] == [5]


def test_latents_are_drawn_from_what_is_likely_given_what_stays():
    """Of x = 1, normal around z, the posterior of z is normal; its mean and variance are 1/2."""
    count, how = 4000, GenerationConfig(1.0)
    backend = mirror("groovae_4bar")
    backend.config = with_hparams(load_config("groovae_4bar"), "z_size=1")
    backend.call = lambda function, given: {
        "mean": np.full([len(given["inputs"]), 1], -0.5),  # an encoder that errs
        "stddev": np.full([len(given["inputs"]), 1], 0.7),
    }
    blank = np.zeros([count, 1, 1], np.float32)
    given = _Given(np.ones(count, bool), blank, np.ones(count, np.int32), blank, None)
    seeds = [np.arange(CANDIDATES) + CANDIDATES * row for row in range(count)]
    z, weights = _latents(backend, given, seeds)
    z = z.reshape(count, CANDIDATES)
    best = _choice(weights - (1.0 - z) ** 2 / 2, how, seeds)
    taken = z[np.arange(count), best]
    assert abs(taken.mean() - 0.5) < 0.06
    assert abs(taken.var() - 0.5) < 0.06


def test_a_line_keeps_its_other_bars_and_the_note_that_goes_on_into_these():
    backend = backend_of_model(*scrambled_model("cat-mel_2bar_small"))
    tune = melody((0, 4, 60), (12, 8, 64), (20, 4, 65), (30, 2, 67), (33, 6, 69), (60, 4, 72))
    other = melody((16, 8, 40), instrument=1, program=33)
    tune.notes.extend(other.notes)
    (piece,) = infill(backend, tune, 1, GenerationConfig(1.0, 1), bars="2")
    kept = [n for n in tune.notes if n.instrument == 1 or not 16 <= n.start_time * 8 < 32]
    assert set(rows(kept)) <= set(rows(piece.notes))
    drawn = [n for n in piece.notes if n.SerializeToString() not in set(rows(kept))]
    assert drawn and len(drawn) + len(kept) == len(piece.notes)
    for note in drawn:
        assert note.start_time * 8 >= 20 - 1e-6  # after the note that goes on, which ends there
        assert note.end_time * 8 <= 32 + 1e-6
        assert (note.instrument, note.program, note.velocity) == (0, 0, 80)


def test_a_bar_of_a_progression_is_drawn_with_its_symbols():
    backend = backend_of_model(*scrambled_model("lofi_chords"))
    song = melody(*((16 * bar, 16, pitch) for bar in range(4) for pitch in (48, 60, 64, 67)))
    for bar, text in ((0, "C"), (2, "F")):
        song.text_annotations.add(text=text, time=2.0 * bar, annotation_type=1)
    song.notes.extend(drums((0, KICK), (36, KICK)).notes)
    (piece,) = infill(backend, song, 1, GenerationConfig(1.0, 1), bars="3")
    kept = [n for n in song.notes if n.is_drum or not 32 <= n.start_time * 8 < 48]
    assert set(rows(kept)) <= set(rows(piece.notes))
    symbols = [(a.time, a.text) for a in piece.text_annotations]
    assert symbols[0] == (0.0, "C") and (6.0, "F") in symbols  # which was in force in the last bar
    assert {int(time // 2) for time, _ in symbols} <= {0, 2, 3}


@pytest.mark.parametrize(
    ("config", "asked", "message"),
    [
        ("groovae_4bar", {}, "needs bars, such as 3-4, or drums"),
        ("groovae_4bar", {"bars": "7"}, "1 to 1. Received: 7"),
        ("groovae_4bar", {"drums": "snair"}, "Did you mean 'snare'"),
        ("cat-drums_2bar_small", {"drums": "snare"}, "draws whole steps: give bars"),
        ("hierdec-mel_16bar", {"bars": "1"}, "cannot be given .* groove_4bar"),
        ("groovae_2bar_humanize", {"bars": "1"}, "cannot be given .* groove_4bar"),
        ("groovae_2bar_hits_control_tfds", {"bars": "1"}, "cannot be given .* groove_4bar"),
    ],
)
def test_what_cannot_be_drawn_is_told(config, asked, message):
    with pytest.raises(LofiError, match=message):
        infill(mirror(config), drums((0, KICK)), 1, **asked)


def test_an_export_from_before_is_told_to_be_exported_again():
    backend = mirror("groovae_4bar")
    answer = backend.call
    backend.call = lambda *asked: {k: v for k, v in answer(*asked).items() if k != "nats"}
    with pytest.raises(NoSuchFunction, match="export the model again"):
        infill(backend, drums((0, KICK)), 1, bars="1")


def test_models_that_decode_by_segments_or_are_given_hits_are_not_among_those_that_can():
    able = {name for name in config_names() if can_infill(load_config(name))}
    assert {"groove_4bar", "groovae_4bar", "cat-mel_2bar_big", "nade-drums_2bar_full"} <= able
    assert {"lofi_chords", "bass_2bar_chords", "flat-mel_16bar"} <= able
    assert not any("hier" in name or "humanize" in name or "control" in name for name in able)
