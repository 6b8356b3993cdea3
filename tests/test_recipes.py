"""How the corpora of the shipped models are assembled."""

import dataclasses
import shutil

import numpy as np
import pytest
import yaml

from lofi_tf.backends.open import open_export
from lofi_tf.config import config_names
from lofi_tf.data.converters.progression import ProgressionConverter
from lofi_tf.data.storage.note_sequences import read_note_sequences, write_note_sequences
from lofi_tf.errors import LofiError
from lofi_tf.evaluation.tables import Table, to_json
from lofi_tf.generation.judge import load_judge
from lofi_tf.music.beats import CRASH, Beats
from lofi_tf.music.midi import write_midi
from lofi_tf.music.sequence_proto import NoteSequence
from lofi_tf.music.splits import CHORD_SYMBOL
from lofi_tf.saving.export import export, place
from lofi_tf.saving.model_card import Facts
from saved_models.recipes import genres, judge, one_key, pop909, reexport, release, split
from tests.grooves import groove_examples, scrambled_model, small_config, write_groove_records
from tests.mirrors import drums


@pytest.fixture
def song(tmp_path):
    """A song of 5 bars of 4 beats, one of 3 and 4 of 4; 0.6 s a beat.

    Its beats waver by a hundredth of a second; a melody note stands on the second beat of each bar,
    with piano notes a quarter of a beat later.
    """
    sizes = [4, 4, 4, 4, 4, 3, 4, 4, 4, 4, 1]
    downs = np.concatenate([[1] + [0] * (size - 1) for size in sizes])
    seconds = 0.3 + 0.6 * np.arange(len(downs)) + 0.01 * np.sin(np.arange(len(downs)))
    rows = np.stack([seconds, downs, downs], axis=1)
    np.savetxt(tmp_path / "001.beat_midi.txt", rows)
    piece = NoteSequence()
    for instrument, name in enumerate(("MELODY", "BRIDGE", "PIANO")):
        piece.instrument_infos.add(instrument=instrument, name=name)
    for number, beat in enumerate(np.flatnonzero(downs)[:-1] + 1):
        piece.notes.add(pitch=70 + number, velocity=90, start_time=seconds[beat],
                        end_time=seconds[beat] + 0.5, instrument=0)  # fmt: skip
        for pitch in (40 + number, 50, 72):
            late = seconds[beat] + 0.15
            piece.notes.add(pitch=pitch, velocity=80, start_time=late, end_time=late + 3,
                            instrument=2)  # fmt: skip
    write_midi(piece, tmp_path / "001.mid")
    (tmp_path / "001.chord_midi.txt").write_text(
        f"0.0\t{seconds[4]}\tN\n{seconds[4]}\t{seconds[8]}\tB:min7/b3\n{seconds[8]}\t99\tG:sus4(b7)\n"
    )
    return tmp_path / "001.mid"


def test_pieces_of_are_the_stretches_of_bars_in_four(song):
    pieces = list(pop909.pieces_of(song))
    assert [piece.id for piece in pieces] == ["POP909/001/0", "POP909/001/1"]
    assert {piece.filename for piece in pieces} == {"POP909/001"}
    assert [round(piece.total_time / 0.6) for piece in pieces] == [20, 16]


def test_pieces_of_put_notes_on_the_even_grid(song):
    piece = next(pop909.pieces_of(song))
    assert piece.tempos[0].qpm == pytest.approx(100, rel=0.02)
    beats = [(n.pitch, n.start_time * piece.tempos[0].qpm / 60, n.program) for n in piece.notes]
    melody = [(pitch, beat) for pitch, beat, program in beats if program == 0]
    bass = [(pitch, beat) for pitch, beat, program in beats if program == pop909.BASS_PROGRAM]
    np.testing.assert_allclose(melody, [(70 + n, 1 + 4 * n) for n in range(5)], atol=0.02)
    np.testing.assert_allclose(bass, [(40 + n, 1.25 + 4 * n) for n in range(5)], atol=1e-3)


def test_pieces_of_name_chords_where_they_begin(song):
    piece = next(pop909.pieces_of(song))
    seconds = 60 / piece.tempos[0].qpm
    found = [(a.text, round(a.time / seconds, 3)) for a in piece.text_annotations]
    assert found == [("N.C.", 0), ("Bm7", 4), ("G7sus", 8)]


def test_bass_notes_end_where_the_next_begins(song):
    piece = next(pop909.pieces_of(song))
    bass = [note for note in piece.notes if note.instrument == pop909.BASS]
    assert all(a.end_time <= b.start_time + 1e-9 for a, b in zip(bass, bass[1:], strict=False))


def progression(*figures):
    """A bar a chord, struck on its first sixteenth, as a lead sheet writes it."""
    piece = NoteSequence(id="song", filename="song.mid")
    for bar, figure in enumerate(figures):
        symbol = piece.text_annotations.add(text=figure, time=2.0 * bar)
        symbol.annotation_type = CHORD_SYMBOL
    piece.total_time = 2.0 * len(figures)
    return piece


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        (("Am7", "D7", "Gmaj7", "Em"), ("Dm7", "G7", "Cmaj7", "Am")),  # ii V I vi of G
        (("F#m", "D", "A", "E"), ("Am", "F", "C", "G")),  # vi IV I V of A
        (("Bbm", "Ebm", "F7", "Bbm"), ("Am", "Dm", "E7", "Am")),  # minor, with its dominant
    ],
)
def test_progressions_are_moved_to_c_major_or_a_minor(figures, expected):
    (found,) = one_key.in_one_key(progression(*figures), ProgressionConverter())
    assert tuple(symbol.text for symbol in found.text_annotations) == expected
    assert (found.filename, found.id) == ("song.mid", "song/0")


def test_music_without_a_progression_gives_none_in_one_key():
    assert not list(one_key.in_one_key(NoteSequence(), ProgressionConverter()))


def test_records_get_the_genres_of_a_split_file(tmp_path):
    beat = drums((0, 36))
    beat.filename = "a.mid"
    write_note_sequences([beat], tmp_path / "in.tfrecord")
    (tmp_path / "info.csv").write_text("path,style\na.mid,hiphop/groove6\n")
    flags = [f"--{name}={tmp_path / file}" for name, file in
             (("examples_path", "in.tfrecord"), ("split_file", "info.csv"),
              ("output_file", "out.tfrecord"))]  # fmt: skip
    assert genres.main(flags) == 0
    (found,) = read_note_sequences(tmp_path / "out.tfrecord")
    assert list(found.sequence_metadata.genre) == ["hiphop"]
    with pytest.raises(LofiError, match="names no style of a source. Received: b.mid"):
        genres.genre_of("b.mid", {})


def test_split_of_gives_an_eighth_each_to_validation_and_test():
    sides = [split.split_of(f"song{number}") for number in range(4000)]
    shares = [sides.count(side) / 4000 for side in ("train", "validation", "test")]
    np.testing.assert_allclose(shares, [0.75, 0.125, 0.125], atol=0.02)


def test_a_card_gets_its_training_its_tables_and_its_pictures(tmp_path):
    folder, measured = tmp_path / "beats" / "1", tmp_path / "measured"
    folder.mkdir(parents=True)
    measured.mkdir()
    (folder / "README.md").write_text("# beats\n\nDrums.\n")
    (measured / "samples.png").write_bytes(b"a picture")
    (measured / "evaluation.csv").write_text("table,row,measure,value\n")
    table = Table.of_rows("Groove", [{"system": "model", "timing_ms": 18.75}], ["Over all hits."])
    about = {"examples": 7, "split": "test"}
    (measured / "evaluation.json").write_text(to_json([table], about))
    recipe = {
        "records": "r.tfrecord is a folder.",
        "train": [["--config=groovae_4bar", "--num_steps=2"], ["--num_steps=3"]],
        "judge": ["--examples_path=r.tfrecord"],
        "evaluate": ["--examples_path=r.tfrecord"],
        "remarks": "Few examples.",
    }
    release.finish(folder, recipe, measured)
    card = (folder / "README.md").read_text()
    assert card.startswith("# beats\n\nDrums.\n\n## How it was trained")
    assert "lofi_train --config=groovae_4bar --num_steps=2\nlofi_train --num_steps=3\n" in card
    judged = "python -m saved_models.recipes.judge --model=beats --examples_path=r.tfrecord\n```"
    assert judged in card
    assert "7 examples of the split `test`" in card
    assert "| system | timing_ms |\n| --- | --- |\n| model | 18.75 |\n\nOver all hits." in card
    assert "Few examples." in card
    assert card.rstrip().endswith("(pictures/samples.png)")
    assert (folder / "pictures" / "samples.png").read_bytes() == b"a picture"
    assert (folder / "evaluation.csv").read_text() == "table,row,measure,value\n"


def test_commands_are_broken_between_flags():
    flags = [f"--flag_{number}={'x' * 20}" for number in range(8)]
    text = release.command("lofi_train", flags)
    assert max(map(len, text.splitlines())) <= 100
    assert text.replace(" \\\n  ", " ").split() == ["lofi_train", *flags]


def test_every_recipe_is_one_of_a_config_and_says_what_a_card_needs():
    recipes = yaml.safe_load(release.RECIPES.read_text())
    assert set(recipes) <= set(config_names())
    for recipe in recipes.values():
        needed = {"summary", "data", "licence", "records", "train", "evaluate", "remarks"}
        assert needed <= set(recipe)


def test_a_model_is_written_anew_with_all_that_is_known_of_it(tmp_path):
    model, config = scrambled_model("groovae_2bar_humanize")
    facts = Facts(
        0, 7, "ab12", 3, {"loss": 12.5, "metrics/hits_f1": 0.75}, "grooves", "MIT", "Feel."
    )
    facts = dataclasses.replace(facts, precision="float16")
    old = export(model, config, place(tmp_path / "old", "beats", 3), facts)
    more = (
        "\n## How it was trained\n\nOnce.\n\n## Evaluation\n\n![Samples.](pictures/samples.png)\n"
    )
    card = (old / "README.md").read_text()
    (old / "README.md").write_text(card.replace("`play_hits`", "`played`") + more)
    (old / "pictures").mkdir()
    (old / "pictures" / "samples.png").write_bytes(b"a picture")
    (old / "assets.extra" / "attributes.npz").write_bytes(b"vectors")
    new = reexport.reexport(old, tmp_path / "new")
    assert new == tmp_path / "new" / "beats" / "3"
    assert (new / "README.md").read_text() == card + more
    for name in ("about.yaml", "config.yaml", "attributes.npz"):
        path = f"assets.extra/{name}"
        assert (new / path).read_bytes() == (old / path).read_bytes()
    assert (new / "pictures" / "samples.png").read_bytes() == b"a picture"
    (shard,) = (old / "variables").glob("variables.data*")
    assert (new / "variables" / shard.name).stat().st_size == shard.stat().st_size
    one, other = (open_export(folder) for folder in (old, new))
    z = np.random.default_rng(1).normal(size=[3, config.model.z_size]).astype(np.float32)
    given = z, np.ones(3, np.float32), np.arange(3)
    np.testing.assert_array_equal(one.decode(*given), other.decode(*given))


def crashing(share, count=3000, seed=0):
    """Beats of random hi-hats, so large a share of which begins with a crash."""
    random = np.random.default_rng(seed)
    hits = np.zeros([count, 1, 16, 9], bool)
    hits[..., 2] = random.random([count, 1, 16]) < 0.5
    hits[:, 0, 0, CRASH] = random.random(count) < share
    return Beats(hits, 90.0 * hits, 0.0 * hits)


def test_a_judge_learns_how_much_more_often_drummers_play_something():
    found = judge.learned(crashing(0.5), crashing(0.5, seed=1), {1.0: crashing(0.2, seed=2)}, True)
    with_crash, without = (found.log_ratios(crashing(s), 1.0).mean() for s in (1.0, 0.0))
    assert with_crash == pytest.approx(np.log(0.5 / 0.2), abs=0.2)
    assert without == pytest.approx(np.log(0.5 / 0.8), abs=0.2)


def test_beats_are_patched_together_of_several():
    beats = crashing(0.5, 400)
    found = judge.patched(beats, np.random.default_rng(0))
    changed = (found.hits != beats.hits).any((1, 2, 3))
    assert 0.4 < changed.mean() < 1  # a third may have the drums of another alike
    assert found.hits[..., CRASH].mean() == pytest.approx(beats.hits[..., CRASH].mean(), abs=0.01)
    assert abs(found.hits.mean() / beats.hits.mean() - 1) < 0.02


def test_a_judge_is_made_beside_a_model_by_one_command(groove_export, tmp_path, capsys):
    folder = shutil.copytree(groove_export, tmp_path / "beats" / "1")
    records = write_groove_records(tmp_path / "x.tfrecord")
    names = sorted(set(groove_examples(small_config()).sources))
    splits = ["train", "validation", "test", *["train"] * len(names)]
    rows = [f"{split},{name}" for split, name in zip(splits, names, strict=False)]
    (tmp_path / "x.csv").write_text("\n".join(["split,filename", *rows]))
    flags = [f"--examples_path={records}", f"--split_file={tmp_path / 'x.csv'}"]
    assert judge.main([*flags, f"--model={folder}", "--num_samples=20"]) == 0
    assert load_judge(folder / "assets.extra" / "judge.npz").temperatures.tolist() == [0.5, 1.0]
    assert judge.main([*flags, "--model=lofi_chords"]) == 2
    assert "--model makes no beats" in capsys.readouterr().err
