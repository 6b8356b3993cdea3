"""Pieces chosen among several draws, the same whatever their number."""

import numpy as np
import pytest

from lofi_tf.backends.open import backend_of_model, open_backend
from lofi_tf.cli.generate import main
from lofi_tf.errors import LofiError
from lofi_tf.generation import GenerationConfig, rerank, sample, sample_best
from lofi_tf.generation.rerank import chords_of_piece
from lofi_tf.generation.scoring import key_share, line_score
from lofi_tf.music.beats import KICK
from lofi_tf.music.midi import read_midi
from lofi_tf.music.sequence_proto import NoteSequence
from lofi_tf.music.splits import CHORD_SYMBOL
from tests.grooves import scrambled_model
from tests.mirrors import mirror


@pytest.fixture(scope="module")
def beats():
    return open_backend("groovae_4bar")


def test_each_piece_is_one_of_its_draws_whatever_their_number(beats):
    how = GenerationConfig(seed=5)
    plain = sample(beats, 4, how)
    assert sample_best(beats, 4, 1, how) == plain
    few, more = (sample_best(beats, 4, count, how) for count in (3, 12))
    assert sum(one != two for one, two in zip(plain, more, strict=True)) > 1
    assert sample_best(beats, 2, 3, how) == few[:2]


class KicksWanted:
    """A judge by whom drummers play beats with a kick on the first step so often."""

    def __init__(self, times):
        self.times = times

    def log_ratios(self, beats, temperature):
        return np.where(beats.hits[:, 0, 0, KICK], np.log(self.times), 0.0)


def only_the_first_kick(outputs, given):
    return outputs * (np.arange(outputs[0].size).reshape(outputs[0].shape) == KICK)


@pytest.mark.parametrize("times", [1.0, 3.0, 1e30])
def test_beats_are_drawn_in_proportion_to_how_often_drummers_play_them(monkeypatch, times):
    monkeypatch.setattr(rerank, "judge_of", lambda backend: KicksWanted(times))
    backend = mirror("groovae_2bar_humanize", change=only_the_first_kick)
    found = sample_best(backend, 600, 2, GenerationConfig(seed=1))
    share = np.mean([bool(piece.notes) for piece in found])
    hit = 0.3085  # the chance of a normal number above 0.5
    # Of two draws with a kick either is taken, of one with and one without the first by its weight.
    expected = hit**2 + 2 * hit * (1 - hit) * times / (1 + times)
    assert share == pytest.approx(expected, abs=0.06)


def test_progress_is_shown_where_it_is_asked_for(beats, capsys):
    sample_best(beats, 2, 2)
    assert capsys.readouterr().err == ""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lofi_tf.progress.LINE_SECONDS", 0.0)
        sample_best(beats, 2, 2, show_progress=True)
    assert capsys.readouterr().err.startswith("drawing: 100% 4/4 [")


def test_longer_beats_are_judged_too(beats):
    how = GenerationConfig(seed=2)
    (found,) = sample_best(beats, 1, 3, how, length_bars=6)
    assert 4 * 2 < found.total_time <= 6 * 2
    assert sample_best(beats, 1, 1, how, length_bars=6) == sample(beats, 1, how, length_bars=6)


def test_lines_leap_less():
    melodies = open_backend("cat-mel_2bar_small")
    how = GenerationConfig(seed=3)

    def leaps(pieces):
        return np.mean([abs(a.pitch - b.pitch) > 9 for piece in pieces
                        for a, b in zip(piece.notes, piece.notes[1:], strict=False)])  # fmt: skip

    assert leaps(sample_best(melodies, 8, 12, how)) < leaps(sample(melodies, 8, how))


@pytest.mark.parametrize("length_bars", [None, 4])
def test_lines_over_chords_sit_on_them(length_bars):
    lines = open_backend("cat-mel_2bar_med_chords")
    how, given = GenerationConfig(seed=2, qpm=90), {"chords": "C G"}
    if length_bars:
        given["length_bars"] = length_bars
    best = sample_best(lines, 4, 8, how, **given)
    half = (length_bars or 2) / 2 * 4 * 60 / 90

    def share(pieces):
        strong = [
            note.pitch % 12 in ((0, 4, 7) if note.start_time < half - 0.01 else (7, 11, 2))
            for piece in pieces for note in piece.notes
            if round(note.start_time * 90 / 15) % 8 == 0
        ]  # fmt: skip
        return np.mean(strong)

    assert share(best) > 3 / 7  # by chance, of the notes of a scale those of a triad
    assert [text.text for text in best[0].text_annotations] == ["C", "G"]


def test_chords_are_judged_by_what_is_written():
    def piece(*figures):
        found = NoteSequence()
        found.tempos.add(qpm=60)
        for bar, figure in enumerate(figures):
            found.text_annotations.add(text=figure, time=4.0 * bar, annotation_type=CHORD_SYMBOL)
        return found

    home, away, still = piece("C", "Am", "F", "G"), piece("F#", "Bb", "D", "C"), piece("C")
    assert chords_of_piece(home, 4) > max(chords_of_piece(away, 4), chords_of_piece(still, 4))
    twice = piece(*["C", "Am", "F", "G"] * 2)
    assert chords_of_piece(twice, 8) == pytest.approx(chords_of_piece(home, 4))


def test_scales_and_steps_make_a_line():
    scale, far = np.array([60, 62, 64, 65, 67]), np.array([60, 72, 61, 73, 60])
    at = np.array([0, 4, 8, 12, 16])
    assert line_score(at, at + 3, scale, 32) > line_score(at, at + 3, far, 32)
    assert key_share(scale, np.ones(5)) == 1.0
    assert key_share(np.array([60, 61, 62, 63]), np.array([1, 1, 1, 5])) == 0.875


@pytest.mark.parametrize(
    ("model", "best_of", "message"),
    [
        (None, 4, "a model of other music, hierdec-trio_16bar"),
        ("groovae_4bar", 0, "best_of must be 1 or more. Received: 0"),
    ],
)
def test_what_cannot_be_chosen_is_one_line(model, best_of, message):
    if model is None:
        backend = backend_of_model(*scrambled_model("hierdec-trio_16bar"))
    else:
        backend = open_backend(model)
    with pytest.raises(LofiError, match=message):
        sample_best(backend, 2, best_of)


def test_the_command_chooses_chords_that_come_home(tmp_path):
    folder = str(tmp_path / "out")
    flags = ["--model=lofi_chords", "--num_outputs=3", "--best_of=16", "--seed=4"]
    assert main([*flags, f"--output_dir={folder}"]) == 0
    for path in (tmp_path / "out").iterdir():
        notes = read_midi(path.read_bytes()).notes
        first = min(note.start_time for note in notes)
        bass = min((n for n in notes if n.start_time == first), key=lambda note: note.pitch)
        assert first == 0 and bass.pitch % 12 in (0, 9)  # C major or A minor, from the tonic


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--input_midi=a.mid"], "leave out --input_midi"),
        (["--mode=vary", "--input_midi=a.mid"], "--best_of is not for --mode=vary"),
        (["--map=map.html"], "--best_of"),
    ],
)
def test_the_flag_is_of_new_pieces_alone(tmp_path, monkeypatch, capsys, flags, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.mid").touch()
    assert main(["--best_of=4", "--model=groovae_4bar", *flags]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
