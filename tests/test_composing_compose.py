"""A whole track by the shipped models: its plan, its parts, its files."""

import dataclasses

import pytest
import soundfile

from lofi_tf.cli.compose import main
from lofi_tf.composing.compose import compose
from lofi_tf.composing.instrument_models import Players
from lofi_tf.composing.plan import PARTS, load_plan
from lofi_tf.composing.planning import PlanOptions, make_plan, reseeded
from lofi_tf.music.midi import read_midi
from lofi_tf.music.midi_markers import read_markers, sections_of
from tests.track_counts import most_repeats, strong_share

SECTIONS = (("intro", 4), ("verse", 8), ("hook", 8), ("break", 4), ("outro", 4))


@pytest.fixture(scope="module")
def players():
    return Players()


@pytest.fixture(scope="module")
def plan():
    wishes = PlanOptions(mood="warm", key="Gm", qpm=80.0, swing=0.6, sections=SECTIONS)
    return make_plan(7, wishes)


@pytest.fixture(scope="module")
def track(plan, players):
    return compose(plan, players)


@pytest.fixture(scope="module")
def midi(track, tmp_path_factory):
    path = tmp_path_factory.mktemp("track") / "track.mid"
    track.write(path)
    return path


def bars_with(track, part):
    """The bars in which a part begins notes, those that come a little early in their own bar."""
    return {int((note.start + 0.5) // 16) for note in track.notes[part]}


def test_notes_on_strong_beats_are_chord_tones(track):
    assert strong_share(track) == 1.0


def test_no_four_bars_come_more_than_twice(track):
    assert max(most_repeats(track).values()) <= 2


def test_parts_play_in_their_sections(track):
    """As the plan lists them, whatever they drop within."""
    bar = 0
    for section in track.plan.sections:
        for part in PARTS:
            inside = bars_with(track, part) & set(range(bar, bar + section.bars))
            assert bool(inside) == (part in section.parts)
        bar += section.bars
    assert bars_with(track, "chords") >= set(range(0, 28, 4))


def test_drums_keep_their_backbeat_and_the_bass_its_roots(track):
    """Snares on beats two and four, but in the fill that ends a section."""
    snares = [note.start for note in track.notes["drums"] if note.pitch == 38]
    for beat in range(4 * 16 + 4, 11 * 16, 8):
        assert min(abs(start - beat) for start in snares) < 1.5
    chords = [chord for chord in track.chords if 128 <= chord.start < 192]
    for chord in chords:
        firsts = [n.pitch % 12 for n in track.notes["bass"] if abs(n.start - chord.start) < 1.5]
        assert chord.chord // 24 in firsts


@pytest.mark.parametrize(
    ("seed", "minutes"), [(137, 2), pytest.param(5, 30, marks=pytest.mark.slow)]
)
def test_no_four_bars_come_more_than_twice_however_long_it_is(players, seed, minutes):
    track = compose(make_plan(seed, PlanOptions(minutes=minutes)), players)
    assert max(most_repeats(track).values()) <= 2
    assert abs(track.piece.total_time / 60 - minutes) < 0.4


def test_the_file_names_its_tracks_and_sections_in_key_and_tempo(track, midi):
    piece = read_midi(midi.read_bytes())
    assert [info.name for info in piece.instrument_infos] == list(PARTS)
    programs = {n.instrument: n.program for n in piece.notes if not n.is_drum}
    parts = track.plan.parts
    assert programs == {
        number: parts[name].program for number, name in enumerate(PARTS) if name != "drums"
    }
    assert piece.tempos[0].qpm == pytest.approx(80.0, abs=1e-3)
    assert (piece.key_signatures[0].key, piece.key_signatures[0].mode) == (7, 1)
    sections = sections_of(read_markers(midi.read_bytes()), piece.total_time)
    starts = [(name, round(start, 2)) for name, start, _ in sections]
    assert starts == [("intro", 0), ("verse", 12), ("hook", 36), ("break", 60), ("outro", 72)]
    last = [n for n in piece.notes if not n.is_drum and n.start_time > 83.9]
    assert {n.pitch % 12 for n in last} <= {7, 10, 2, 5, 9}  # Gm9


def test_a_plan_is_the_same_bytes_again(track, plan, players, tmp_path, midi):
    compose(plan, players).write(tmp_path / "again.mid")
    assert (tmp_path / "again.mid").read_bytes() == midi.read_bytes()


def test_a_key_moves_pitches_and_nothing_else(track, plan, players):
    other = compose(dataclasses.replace(plan, key="Am"), players)
    assert other.notes == track.notes
    moved = [o.pitch - n.pitch for o, n in zip(other.piece.notes, track.piece.notes, strict=True)]
    assert {shift % 12 for shift in moved} == {0, 2}  # drums, and all else


def test_kept_parts_stay_note_for_note(track, plan, players):
    other = compose(reseeded(plan, 3, ["drums", "melody"], ["bass", "chords"]), players)
    same = {part for part in PARTS if other.notes[part] == track.notes[part]}
    assert same == {"bass", "chords"}


def test_a_command_writes_sound_notes_plan_and_page(tmp_path, capsys):
    flags = ["--seed=5", "--sections=verse:2,outro:2", "--qpm=160", "--preset=clean"]
    flags += [f"--stems_dir={tmp_path / 'stems'}", f"--html={tmp_path / 'a.html'}"]
    flags += ["--map_model=cat-mel_2bar_small", "--map_points=30"]
    assert main([f"--output={tmp_path / 'a.ogg'}", *flags]) == 0
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith(f"Wrote {tmp_path / 'a.ogg'}: ") and "--seed=5" in said
    assert soundfile.info(tmp_path / "a.ogg").duration > 8
    stems = sorted(path.stem for path in (tmp_path / "stems").iterdir())
    assert stems[: len(PARTS)] == [f"{n:02d}-{part}" for n, part in enumerate(PARTS, 1)]
    assert load_plan(tmp_path / "a.yaml").seed == 5
    assert main([f"--plan={tmp_path / 'a.yaml'}", f"--output={tmp_path / 'b.mid'}"]) == 0
    assert (tmp_path / "a.mid").read_bytes() == (tmp_path / "b.mid").read_bytes()
    assert (
        main([f"--plan={tmp_path / 'a.yaml'}", "--reseed=bass", f"--output={tmp_path / 'a.mid'}"])
        == 2
    )
    assert "would take the place of" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--output=a.mp3"], "must end in .wav, .flac, .ogg, .mid, .midi. Received: 'a.mp3'"),
        (["--reseed=melody"], "give its --plan"),
        (["--sections=chorus:4"], "unknown section"),
        (["--sections=verse:x"], "bars must be 1 or more, such as verse:8. Received: 'verse:x'"),
        (["--preset=tapee"], "Did you mean 'tape'?"),
        (["--plan=nowhere.yaml"], "cannot read nowhere.yaml"),
        (["--plan=nowhere.yaml", "--mood=calm"], "--mood is of a new plan"),
        (["--plan=nowhere.yaml", "--seed=1"], "say which by --reseed"),
        (["--seed=-1"], "--seed must be 0 or more. Received: -1"),
        (["--output=a.mid", "--stems_dir=s"], "--stems_dir is of sound"),
        (["--output=A.MID", "--stems_dir=s"], "--stems_dir is of sound"),
        (["--output=a.mid", "--plugin=Reverb"], "--plugin is of sound"),
        (["--plugin=Revreb"], "unknown plugin. Did you mean 'Reverb'?"),
        (["--output=a.mid", "--html=a.html"], "--html has the sound"),
        (["--map_model=groovae_4bar"], "--map_model is for the page"),
        (["--png=a.jpg"], "--png is a file that ends in .png. Received: 'a.jpg'"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(
    tmp_path, monkeypatch, capsys, flags, message
):
    monkeypatch.chdir(tmp_path)
    assert main(flags) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert not list(tmp_path.iterdir())
