"""What a model plays, over a stand-in that knows its tones."""

import dataclasses

import numpy as np
import pytest

from lofi_tf.audio.io import Audio
from lofi_tf.crossmodal import synthesis
from lofi_tf.crossmodal.navigation import Navigator, navigate
from lofi_tf.crossmodal.symbol_notes import instrument_notes, sequence_of
from lofi_tf.crossmodal.synthesis import SynthesisConfig
from lofi_tf.data.converters.note_events import NoteEvent
from lofi_tf.errors import LofiError
from tests.crossmodal_standin import CONVERTER, Mixing, standin, tone

HOW = SynthesisConfig(seed=1, iterations=8)
SCALE = [NoteEvent(60 + 3 * n, 64, 0.5 * n, 0.5 * n + 0.5) for n in range(3)]


@pytest.fixture(scope="module")
def model():
    return standin()


@pytest.fixture(scope="module")
def scale():
    return sequence_of([SCALE, []], CONVERTER.instruments)


def notes_of(piece, instrument=0):
    return instrument_notes(piece.sequence, CONVERTER.instruments)[instrument]


def same(found, expected, within=0.08):
    assert [note.pitch for note in found] == [note.pitch for note in expected]
    assert np.allclose([n.start for n in found], [n.start for n in expected], atol=within)


def test_notes_sound_at_their_times(model, scale):
    piece = synthesis.notes_to_sound(model, scale, HOW)
    assert len(piece.audio.samples) / 8000 == pytest.approx(1.75, abs=0.05)
    views = CONVERTER.view_of(piece.audio.samples[:, 0])
    for note in SCALE:
        frame = round((note.start + 0.25) / CONVERTER.frame_seconds)
        wanted = CONVERTER.view_of(tone("piano", note.pitch))[8]
        assert views[frame].argmax() == pytest.approx(wanted.argmax(), abs=1)


@pytest.mark.parametrize("way", [synthesis.notes_to_sound, synthesis.notes_and_back])
def test_instruments_together_are_no_louder_than_their_sum(way):
    unison = sequence_of([SCALE, SCALE[:2]], CONVERTER.instruments)
    models = [Mixing(excess_db) for excess_db in (0, 20)]
    for model in models:  # 12 dB quieter: all of it is far from full scale
        model.spectra = np.maximum(model.spectra + 12 / CONVERTER.floor_db, 0)
    true, loud = (way(model, unison, HOW).audio.samples for model in models)
    assert 0.1 < np.abs(true).max() < 0.5
    assert loud == pytest.approx(true, abs=1e-4)


def test_one_instrument_sounds_as_the_model_makes_it(model, scale):
    alone = [synthesis.notes_to_sound(found, scale, HOW) for found in (model, Mixing(20))]
    assert alone[0].audio.samples == pytest.approx(alone[1].audio.samples, abs=1e-4)  # -80 dB


def test_notes_through_sound_and_back(model, scale):
    how = dataclasses.replace(HOW, iterations=32)
    same(notes_of(synthesis.notes_and_back(model, scale, how)), SCALE)


def test_given_notes_are_moved(model, scale):
    piece = synthesis.notes_to_sound(
        model, scale, dataclasses.replace(HOW, transpose=2, dynamics=4)
    )
    assert [(n.pitch, n.velocity) for n in notes_of(piece)] == [(62, 115), (65, 115), (68, 115)]


@pytest.mark.parametrize("name", CONVERTER.instruments)
def test_sound_gives_its_notes_and_comes_back(model, name):
    samples = np.concatenate([tone(name, 62), tone(name, 70)])
    number = CONVERTER.instruments.index(name)
    audio = Audio(np.stack([samples, samples], axis=1), 8000)
    expected = [NoteEvent(62, 64, 0, 0.5), NoteEvent(70, 64, 0.5, 1)]
    piece = synthesis.sound_to_notes(model, audio, HOW)
    same(notes_of(piece, number), expected)
    same(notes_of(synthesis.sound_and_back(model, audio, HOW), number), expected)


def test_drawn_latents_go_by_the_seed(model, scale):
    drawing = dataclasses.replace(HOW, sampling=True)
    z = [synthesis.point_of_notes(model, "piano:C4", how) for how in (HOW, drawing, drawing)]
    assert (z[1] == z[2]).all()
    assert 0 < np.abs(z[0] - z[1]).max() < 0.01


def test_morph_goes_from_its_first_to_its_last(model):
    points = [
        synthesis.point_of_notes(model, spec, HOW) for spec in ("piano:C4:v64", "piano:E4:v64")
    ]
    piece = synthesis.morphing(model, np.array(points), 0, 40, HOW)
    assert [note.pitch for note in notes_of(piece)] == [60, 64]
    assert notes_of(piece)[1].start == pytest.approx(20 * CONVERTER.frame_seconds, abs=0.04)


def test_point_of_a_sound_is_that_of_its_note(model):
    samples = np.pad(tone("flute", 65, seconds=2.0), (8000, 8000))
    z = synthesis.point_of_sound(model, Audio(samples[:, None], 8000), HOW)
    assert np.abs(z - synthesis.point_of_notes(model, "flute:F4:v64", HOW)).max() < 0.2  # its edges


def test_points_that_lack_are_drawn_between(model):
    ends = [np.zeros(model.z_size), np.ones(model.z_size)]
    points = synthesis.with_drawn(model, ends, 4, HOW)
    assert (points[[0, -1]] == ends).all()
    assert (points[1:3] == model.sample(2, 1)).all()
    with pytest.raises(LofiError, match="2 or more"):
        synthesis.with_drawn(model, ends, 1, HOW)


def test_trajectories_differ_by_number(model):
    pieces = [synthesis.trajectory(model, "helix", 20, number, HOW) for number in (0, 1, 0)]
    sounds = [piece.audio.samples for piece in pieces]
    assert (sounds[0] == sounds[2]).all() and (sounds[0] != sounds[1]).any()


@pytest.mark.parametrize(
    "bad", [{"dynamics": 5}, {"iterations": 0}, {"instruments": ("tuba",)}, {"dynamics": -1}]
)
def test_how_is_held_against_the_model(model, bad):
    with pytest.raises(LofiError, match="Received"):
        SynthesisConfig(**bad).check(model)


def walk(model, *lines):
    said, written = [], []
    start = synthesis.point_of_notes(model, "piano:C4:v64", HOW)
    navigator = Navigator(model, start, HOW)
    navigate(navigator, lines, said.append, written.append)
    return navigator, said, written


def test_navigation_says_where_it_is(model):
    field = CONVERTER.layout.fields[1]
    up, down = f"up {field.begin + 4} 0.9", f"down {field.begin} 0.5"
    navigator, said, _ = walk(model, "notes", down, up, "zero", "random", "quit", "up 0")
    assert said[1].startswith("piano C4 v64")
    assert said[2].startswith("piano C4 v64")
    assert said[3].startswith("piano E4 v64")
    assert said[-1] == navigator.words()
    assert (navigator.z == model.sample(1, HOW.seed)[0]).all()
    assert len(navigator.visited) == 5
    assert navigator.visited[1][field.begin] == 0.5


def test_navigation_writes_sounds(model):
    _, _, (held, route) = walk(model, "wav 0.5", "set 3 1", "set 3 2", "route")
    assert held.audio.samples.shape[0] / 8000 == pytest.approx(0.5, abs=0.05)
    assert route.audio.samples.shape[0] / 8000 == pytest.approx(2, abs=0.1)
    assert [note.pitch for note in notes_of(held)] == [60]


@pytest.mark.parametrize("line", ["fly", "up", "up 999", "up x", "set 0 y", "wav z", "up 0 nan"])
def test_words_that_are_not_known_are_said_in_a_line(model, line):
    navigator, said, written = walk(model, line)
    assert said[1].startswith("error: ") and "\n" not in said[1]
    assert len(navigator.visited) == 1 and not written
