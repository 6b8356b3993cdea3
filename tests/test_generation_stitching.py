"""Variations, continuations, longer pieces and chords."""

import numpy as np
import pytest

from lofi_tf import generation
from lofi_tf.errors import LofiError
from lofi_tf.generation import GenerationConfig, continue_, latent_perturbation, vary
from lofi_tf.generation.layout import Layout
from lofi_tf.generation.paths import surface
from lofi_tf.generation.progressions import chord_controls
from lofi_tf.generation.stitching import Chain, chained, joint_errors
from lofi_tf.music.chords import triad_of
from lofi_tf.music.progressions import progression
from tests.mirrors import CLOSED, KICK, SNARE, drums, hits_of, line_of, melody, mirror

PLAIN = ("groovae_4bar", "converter.split_bars=2,max_seq_len=32")
BEAT = [(0, KICK, 100), (4, SNARE, 90), (16, KICK, 80)]


def test_neighbours_keep_the_variance():
    rng = np.random.default_rng(0)
    means, draws = rng.normal(size=(2, 4000, 8))
    for amount in (0.0, 0.25, 0.5, 1.0):
        assert latent_perturbation.neighbours(means, draws, amount).std() == pytest.approx(
            1, abs=0.02
        )
    np.testing.assert_allclose(latent_perturbation.neighbours(means, draws, 0.0), means, rtol=1e-6)
    np.testing.assert_allclose(latent_perturbation.neighbours(means, draws, 1.0), draws, atol=1e-6)
    half = latent_perturbation.neighbours(means, draws, 0.5)
    np.testing.assert_allclose(half, (means + draws) / np.sqrt(2), rtol=1e-5)


@pytest.mark.parametrize("amount", [-0.1, 1.1, float("nan")])
def test_amount_out_of_range_is_refused(amount):
    with pytest.raises(LofiError, match="amount"):
        vary(mirror(*PLAIN), drums(*BEAT), amount=amount)


def test_variation_by_nothing_is_the_piece_and_by_all_a_sample():
    backend, beat = mirror(*PLAIN), drums(*BEAT)
    assert hits_of(vary(backend, beat, amount=0.0)[0]) == BEAT
    log = []
    vary(mirror(*PLAIN, log=log), beat, 2, GenerationConfig(seed=3), amount=1.0)
    z = [given["z"][0] for function, given in log if function == "decode"]
    assert np.std(z) == pytest.approx(1, abs=0.05)
    assert abs(np.corrcoef(*z)[0, 1]) < 0.1


def test_all_windows_of_a_variation_move_the_same_way():
    log = []
    beat = drums(*BEAT, *((step + 32, pitch, loud) for step, pitch, loud in BEAT))
    vary(mirror(*PLAIN, log=log), beat, 1, amount=0.4)
    (z,) = [given["z"] for function, given in log if function == "decode"]
    assert z.shape[0] == 2
    np.testing.assert_array_equal(z[0], z[1])


def test_attributes_shift_the_latent_by_their_vectors():
    log = []
    backend = mirror(*PLAIN, log=log)
    vectors = {name: np.full(32 * 27, value) for name, value in (("one", 0.25), ("two", 1.0))}
    vary(backend, drums(*BEAT), attributes={"one": 2.0, "two": -0.25}, vectors=vectors)
    shifted = log[-1][1]["z"] - log[0][1]["inputs"].reshape(1, -1)
    np.testing.assert_allclose(shifted, 2 * 0.25 - 0.25, atol=1e-6)
    with pytest.raises(LofiError, match="no vector for the attribute three"):
        vary(backend, drums(*BEAT), attributes={"three": 1.0}, vectors=vectors)


def test_continuation_follows_the_input_which_stays_as_it_is():
    beat = drums(*BEAT, (40, SNARE, 70, 0.2), qpm=80.0)  # three bars
    first, second = continue_(mirror(*PLAIN), beat, 2, GenerationConfig(seed=1), length_bars=5)
    bar = 4 * 60 / 80
    for piece in (first, second):
        assert [n.SerializeToString() for n in piece.notes[:4]] == [
            n.SerializeToString() for n in beat.notes
        ]
        new = [note.start_time for note in piece.notes[4:]]
        assert min(new) >= 3 * bar - 0.1
        assert 7 * bar < max(new) < 8 * bar
        assert piece.total_time == pytest.approx(8 * bar)
        assert [tempo.qpm for tempo in piece.tempos] == [80.0]
    assert first != second


def test_continuation_near_its_theme_repeats_it():
    (found,) = continue_(mirror(*PLAIN), drums(*BEAT), length_bars=4, amount=0.0)
    repeated = [(step + 32 * k, pitch, loud) for k in range(3) for step, pitch, loud in BEAT]
    assert hits_of(found) == repeated


def test_melody_goes_on_by_its_own_instrument_at_another_tempo():
    tune = melody((0, 8, 60), (16, 16, 64), instrument=4, program=24, qpm=60.0)
    (found,) = continue_(
        mirror("cat-mel_2bar_small"), tune, how=GenerationConfig(qpm=120.0), amount=0.0
    )
    assert {(note.instrument, note.program) for note in found.notes} == {(4, 24)}
    assert line_of(found) == [(0, 8, 60), (16, 16, 64), (32, 8, 60), (48, 16, 64)]


def test_longer_sample_begins_as_the_short_one_and_has_its_length():
    backend, how = mirror(*PLAIN), GenerationConfig(seed=5)
    short = generation.sample(backend, 2, how)
    long = generation.sample(backend, 2, how, length_bars=5)
    for one, other in zip(short, long, strict=True):
        begun = [n for n in hits_of(other) if n[0] < 31]
        assert begun == [n for n in hits_of(one) if n[0] < 31] != []
        assert other.total_time == pytest.approx(10.0)
        assert max(step for step, _, _ in hits_of(other)) in range(64, 81)
    assert hits_of(long[0])[: len(hits_of(short[0]))] != hits_of(long[1])[: len(hits_of(short[1]))]


def test_window_is_chosen_by_its_joint():
    # A model that cannot give back snares finds joints with them worse, not busier windows.
    def deaf(outputs, given):
        outputs = outputs.copy()
        outputs[:, :, 1::9] = 0
        return outputs

    backend = mirror(*PLAIN, change=deaf)

    converter = backend.converter
    how = GenerationConfig(qpm=120.0, metre=(4, 4))
    busy = drums(*((step, CLOSED) for step in range(32)))
    at_joint, after_it = drums((4, SNARE)), drums((20, SNARE))
    pairs = [(drums(*BEAT), following) for following in (busy, at_joint, after_it)]
    errors = joint_errors(backend, pairs, how, converter)
    assert errors[0] == pytest.approx(0, abs=1e-12)
    assert errors[1] > errors[0]
    assert errors[2] < errors[0]  # the window itself is hard, its joint is not


def test_chain_is_drawn_by_its_seed():
    backend = mirror(*PLAIN)
    theme = generation.prior(generation.row_seeds(1, 1), 32 * 27)[0]
    layout, how = Layout.onwards(6, 2), GenerationConfig(qpm=120.0, metre=(4, 4))
    chains = [Chain(theme, 0, output) for output in (0, 0, 1)]
    one, same, other = chained(backend, chains, layout, how)
    assert one == same == chained(backend, chains[:1], layout, how)[0]
    assert one != other


def test_surface_has_its_corners_and_great_circles_at_its_edges():
    corners = 2.0 * np.eye(4)
    found = surface(corners, 3)
    for row, column, corner in ((0, 0, 0), (0, 2, 1), (2, 0, 2), (2, 2, 3)):
        np.testing.assert_allclose(found[row, column], corners[corner], atol=1e-9)
    np.testing.assert_allclose(found[0, 1], np.sqrt(2) * np.array([1, 1, 0, 0]), atol=1e-9)
    np.testing.assert_allclose(found[1, 1], np.ones(4), atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(found, axis=-1), 2.0, atol=1e-9)


def test_grid_of_equal_corners_is_that_piece():
    rows = generation.grid(mirror(*PLAIN), (drums(*BEAT, qpm=70.0),) * 4, 2)
    assert [[hits_of(piece) for piece in row] for row in rows] == [[BEAT] * 2] * 2
    assert rows[0][0].tempos[0].qpm == 70.0
    with pytest.raises(LofiError, match="four corners"):
        generation.grid(mirror(*PLAIN), (drums(*BEAT),) * 3, 2)


@pytest.mark.parametrize(
    ("text", "bars", "expected"),
    [
        ("C Am F G", 8, [(0, "C"), (2, "Am"), (4, "F"), (6, "G")]),
        ("C Am F G", 2, [(0, "C"), (0.5, "Am"), (1, "F"), (1.5, "G")]),
        ("Cmaj7, Dm7 | G7", 3, [(0, "Cmaj7"), (1, "Dm7"), (2, "G7")]),
        ("C:2 Am:1 G/B", 4, [(0, "C"), (2, "Am"), (3, "G/B")]),
        ("C:1 F:0.5", 4, [(0, "C"), (1, "F"), (1.5, "C"), (2.5, "F"), (3, "C")]),
        ("N.C.", 4, [(0, "N.C.")]),
    ],
)
def test_progressions(text, bars, expected):
    assert [(float(bar), figure) for bar, figure in progression(text, bars)] == expected


@pytest.mark.parametrize("text", ["", "H", "C Asus4", "C:0", "C:x", "C:-1"])
def test_bad_chords_are_refused(text):
    with pytest.raises(LofiError, match="chord"):
        progression(text, 4)


def test_melody_is_made_over_its_chords_which_are_written_down():
    log = []
    backend = mirror("cat-mel_2bar_med_chords", log=log)
    (piece,) = generation.sample(backend, 1, chords="Cmaj7 Am7", length_bars=4)
    first = next(given for function, given in log if function == "decode")
    assert first["controls"].shape[1:] == (32, 49)
    assert set(first["controls"][0].argmax(-1)) == {triad_of("C")}
    last = [given for function, given in log if function == "decode"][-1]
    assert (last["controls"][:, :, triad_of("Am")]).any()
    written = [(a.time, a.text) for a in piece.text_annotations]
    assert written == [(0.0, "Cmaj7"), (4.0, "Am7")]


def test_chords_within_a_window_change_on_their_step():
    backend = mirror("cat-mel_2bar_med_chords")
    controls = chord_controls(backend, progression("C F G", 2), Layout.onwards(2, 2))[0]
    triads = controls.argmax(-1).tolist()  # thirds of 32 steps begin at 0, 10.7 and 21.3
    assert triads == [triad_of("C")] * 11 + [triad_of("F")] * 11 + [triad_of("G")] * 10


def test_ensembles_have_a_chord_a_bar_and_none_at_programs():
    backend = mirror("hier-multiperf_vel_1bar_med_chords")
    layout = Layout.onwards(2, 1)
    controls = chord_controls(backend, progression("C Am", 2), layout).reshape(2, 8, 64, 49)
    triads = controls.argmax(-1)
    assert not triads[:, :, 0].any()
    assert set(triads[0, :, 1:].flat) == {triad_of("C")}
    assert set(triads[1, :, 1:].flat) == {triad_of("Am")}


def test_chords_for_a_model_without_are_refused_and_asked_for_where_it_has():
    with pytest.raises(LofiError, match="takes no chords"):
        generation.sample(mirror("cat-mel_2bar_small"), 1, chords="C")
    with pytest.raises(LofiError, match="--chords"):
        generation.sample(mirror("cat-mel_2bar_med_chords"), 1)
