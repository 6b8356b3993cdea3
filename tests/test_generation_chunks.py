import numpy as np
import pytest

from lofi_tf import generation
from lofi_tf.data.converters.progression import ProgressionConverter
from lofi_tf.errors import NotConvertible
from lofi_tf.generation import GenerationConfig, excerpts_of, passage_of, reconstruct
from lofi_tf.generation.layout import Layout
from lofi_tf.music.chord_qualities import chord_of_figure
from tests.mirrors import CLOSED, KICK, SNARE, drums, hits_of, line_of, melody, mirror

PLAIN = ("groovae_4bar", "converter.split_bars=2,max_seq_len=32")


def sixteen(*bars):
    return [16 * bar for bar in bars]


@pytest.mark.parametrize(
    ("bars", "size", "starts", "kept"),
    [
        (4, 2, (0, 2), [(0, 2), (0, 2)]),
        (5, 2, (0, 2, 3), [(0, 2), (0, 2), (1, 2)]),
        (1, 2, (0,), [(0, 1)]),
        (2, 2, (0,), [(0, 2)]),
        (9, 4, (0, 4, 5), [(0, 4), (0, 4), (3, 4)]),
    ],
)
def test_layout_covers_each_bar_once(bars, size, starts, kept):
    layout = Layout.of(bars, size)
    assert layout.starts == starts
    assert [layout.kept(window) for window in range(len(starts))] == kept


@pytest.mark.parametrize("bars", [1, 2, 3, 5])
def test_reconstructed_beat_is_as_long_as_the_input(bars):
    hits = [(16 * bar + step, KICK, 90 + bar) for bar in range(bars) for step in (0, 6)]
    beat = drums(*hits, qpm=87.0)
    (found,) = reconstruct(mirror(*PLAIN), beat, how=GenerationConfig(temperature=0.0))
    assert hits_of(found) == hits
    assert found.total_time == pytest.approx(bars * 4 * 60 / 87)


def test_notes_ahead_of_a_bar_line_stay_there():
    beat = drums((0, KICK), (32, SNARE, 70, -0.3), (47, CLOSED, 50, 0.4))
    (found,) = reconstruct(mirror(*PLAIN), beat)
    starts = sorted(note.start_time / 0.125 for note in found.notes)
    assert starts == pytest.approx([0, 31.7, 47.4], abs=1e-5)
    assert sorted(note.velocity for note in found.notes) == [50, 70, 100]


def test_tempo_and_metre_of_the_input_are_kept():
    beat = drums((0, KICK), (31, SNARE), qpm=93.0, metre=(2, 2))
    (found,) = reconstruct(mirror(*PLAIN), beat)
    assert [tempo.qpm for tempo in found.tempos] == [93.0]
    assert [(m.numerator, m.denominator) for m in found.time_signatures] == [(2, 2)]
    (faster,) = reconstruct(mirror(*PLAIN), beat, how=GenerationConfig(qpm=186.0))
    assert faster.tempos[0].qpm == 186.0
    assert max(n.start_time for n in faster.notes) == pytest.approx(31 * 15 / 186)


def test_samples_have_120_quarters_and_the_metre_of_the_models_bars():
    (piece,) = generation.sample(mirror(*PLAIN), 1)
    assert piece.tempos[0].qpm == 120
    assert (piece.time_signatures[0].numerator, piece.time_signatures[0].denominator) == (4, 4)


def test_window_without_notes_stays_silent():
    beat = drums((0, KICK), (64, SNARE))
    passage = passage_of(mirror(*PLAIN), beat)
    assert passage.rows == (0, 2)
    assert passage.left_out == ()
    assert hits_of(reconstruct(mirror(*PLAIN), beat)[0]) == [(0, KICK, 100), (64, SNARE, 100)]


def test_melodic_notes_beside_drums_are_no_drums_in_any_window():
    beat = drums((0, KICK))
    beat.notes.extend(melody((40, 4, 60)).notes)
    beat.notes.extend(drums((66, SNARE)).notes)
    assert hits_of(reconstruct(mirror(*PLAIN), beat)[0]) == [(0, KICK, 100), (66, SNARE, 100)]


def test_reconstructed_melody_is_the_melody():
    notes = [(0, 4, 60), (4, 4, 62), (8, 8, 64), (36, 2, 65), (38, 6, 60), (78, 2, 59)]
    tune = melody(*notes, qpm=100.0)
    (found,) = reconstruct(mirror("cat-mel_2bar_small"), tune)
    assert line_of(found) == notes
    assert found.total_time == pytest.approx(5 * 2.4)


def test_melody_model_takes_the_instrument_with_the_most_windows():
    tune = melody((0, 4, 60), instrument=3)
    other = melody((0, 4, 70), (40, 4, 71), instrument=5)
    tune.notes.extend(other.notes)
    tune.total_time = other.total_time
    (found,) = reconstruct(mirror("cat-mel_2bar_small"), tune)
    assert {note.pitch for note in found.notes} == {70, 71}


def test_melody_model_takes_other_programs_where_none_is_its_own():
    notes = [(0, 4, 60), (4, 28, 62)]
    tune = melody(*notes, program=53)
    tune.notes.extend(drums((0, KICK)).notes)
    backend = mirror("cat-mel_2bar_small")
    (found,) = reconstruct(backend, tune)
    assert line_of(found) == notes
    assert {note.program for note in found.notes} == {53}
    assert len(excerpts_of(backend, tune).inputs) == 1
    tune.notes.extend(melody((0, 16, 40), instrument=4, program=31).notes)
    (found,) = reconstruct(backend, tune)
    assert line_of(found) == [(0, 16, 40)]
    assert {note.program for note in found.notes} == {31}


def test_reconstructed_trio_keeps_its_three_parts_in_a_window_where_the_bass_rests():
    lead = [(16 * bar, 8, 60 + bar % 5) for bar in range(20)]
    bass = [(16 * bar, 16, 36) for bar in range(14)]
    piece = melody(*lead)
    piece.notes.extend(melody(*bass, instrument=1, program=33).notes)
    piece.notes.extend(drums(*((16 * bar, KICK) for bar in range(20))).notes)
    piece.total_time = 40.0
    passage = passage_of(mirror("flat-trio_16bar"), piece)
    assert passage.layout.starts == (0, 4)
    (found,) = reconstruct(mirror("flat-trio_16bar"), piece)
    counts = [sum(n.program == p and not n.is_drum for n in found.notes) for p in (0, 33)]
    assert counts == [20, 14]
    assert sum(note.is_drum for note in found.notes) == 20


def test_reconstructed_ensemble_is_one_window_a_bar():
    name = "hier-multiperf_vel_1bar_med"
    notes = [(16 * bar + 4 * beat, 4, 60 + bar) for bar in range(3) for beat in range(4)]
    piece = melody(*notes)
    piece.notes.extend(melody(*[(s, d, p - 24) for s, d, p in notes], instrument=1).notes)
    passage = passage_of(mirror(name), piece)
    assert passage.rows == (0, 1, 2)
    (found,) = reconstruct(mirror(name), piece)
    assert line_of(found) == sorted([*notes, *((s, d, p - 24) for s, d, p in notes)])


def test_refusal_names_rule_and_each_instrument():
    tune = melody((0, 4, 10), instrument=2)
    tune.notes.extend(drums((0, KICK)).notes)
    tune.filename = "song.mid"
    with pytest.raises(NotConvertible) as error:
        reconstruct(mirror("cat-mel_2bar_small"), tune)
    text = str(error.value)
    assert error.value.rule == "no_notes"
    assert text.startswith("song.mid does not fit cat-mel_2bar_small: instrument 2 (program 0): no")
    assert "instrument 9 (drums): no_notes" in text


@pytest.mark.parametrize(
    ("metre", "rule"), [((3, 4), "metre"), ((5, 8), "metre")]
)  # fmt: skip
def test_other_metres_are_refused_by_their_rule(metre, rule):
    with pytest.raises(NotConvertible) as error:
        reconstruct(mirror(*PLAIN), drums((0, KICK), metre=metre))
    assert error.value.rule == rule


def test_longer_outputs_begin_as_shorter_ones():
    short, long = (generation.window_seeds(7, 3, count) for count in (1, 4))
    assert short[0] == long[0] == generation.row_seeds(7, 4)[3]
    assert len(set(long.tolist())) == 4
    assert not set(generation.window_seeds(7, 3, 4, draw=1).tolist()) & set(long.tolist())


def test_hits_control_plays_all_windows_of_its_input_in_one_feel():
    log = []
    backend = mirror("groovae_2bar_hits_control_tfds", log=log)
    hits = drums(*((16 * bar, KICK) for bar in range(6)), qpm=70.0)
    pieces = generation.sample(backend, 2, hits=hits)
    given = [arrays for function, arrays in log if function == "decode"]
    assert [arrays["controls"].shape for arrays in given] == [(3, 32, 9)] * 2
    assert (given[0]["controls"][:, ::16, 0] == 1).all()
    assert given[0]["controls"].sum() == 6
    assert (given[0]["z"] == given[0]["z"][0]).all()
    assert not np.array_equal(given[0]["z"], given[1]["z"])
    assert [piece.tempos[0].qpm for piece in pieces] == [70.0, 70.0]
    assert pieces[0].total_time == pytest.approx(6 * 4 * 60 / 70)


# Chord progressions


@pytest.mark.parametrize("bars", [2, 4, 6])
@pytest.mark.parametrize("with_symbols", [True, False])
def test_reconstructed_progression_has_the_strikes_of_the_input(bars, with_symbols):
    converter = ProgressionConverter(slice_bars=bars)
    tokens = np.zeros(16 * bars, np.int64)
    for bar in range(bars):
        struck = 2 + chord_of_figure(["Dm9", "G7", "Cmaj7", "C6"][bar % 4])
        tokens[[16 * bar, 16 * bar + 6, 16 * bar + 12]] = struck, struck, 1
    piece = converter.from_outputs(np.eye(converter.depth)[tokens], qpm=75.0)
    if not with_symbols:
        del piece.text_annotations[:]
    (found,) = reconstruct(mirror("lofi_chords"), piece, how=GenerationConfig(temperature=0.0))
    (back,) = converter.to_examples(found)
    assert back["tokens"].tolist() == tokens.tolist()
    assert found.tempos[0].qpm == 75.0


def test_last_bars_of_a_window_may_be_silent():
    beat = drums((0, KICK), (32 + 16, SNARE))  # the second bar of each window of two has no notes
    passage = passage_of(mirror(*PLAIN), beat)
    assert passage.excerpt.inputs.shape == (2, 32, 27)
    beat = drums((0, KICK), (40, SNARE))
    (found,) = reconstruct(mirror(*PLAIN), beat)
    assert hits_of(found) == [(0, KICK, 100), (40, SNARE, 100)]
