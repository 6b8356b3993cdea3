"""A whole track by the shipped models: its plan, its parts, its files."""

import dataclasses
import math

import pytest
import soundfile

from lofi_tf.cli.compose import main
from lofi_tf.composing.colours import is_tonic
from lofi_tf.composing.compose import compose
from lofi_tf.composing.instrument_models import Players
from lofi_tf.composing.plan import PARTS, load_plan, plan_of
from lofi_tf.composing.planning import PlanOptions, make_plan, reseeded
from lofi_tf.music.chord_qualities import NUM_QUALITIES
from lofi_tf.music.midi import read_midi
from lofi_tf.music.midi_markers import read_markers, sections_of
from tests.track_counts import bars_of, held_clashes, rootless, strong_share

SECTIONS = (
    ("intro", 4), ("verse", 8), ("hook", 8), ("break", 4), ("hook", 8), ("outro", 4)
)  # fmt: skip


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


def changed(plan, **changes):
    """The plan with changes to its two hooks, bars 13 to 20 and 25 to 32."""
    sections = [
        dataclasses.replace(section, **changes) if section.name == "hook" else section
        for section in plan.sections
    ]
    return dataclasses.replace(plan, sections=tuple(sections))


PLAIN = {"turn": False, "fill": False, "crash": False, "drops": {}, "energy": 0.5}


@pytest.fixture(scope="module")
def hooks(plan, players):
    """A track whose hooks are the same phrases."""
    phrases = ("call", "answer", "call up 2", "answer varied")
    return compose(changed(plan, melody=phrases, **PLAIN), players)


def test_notes_on_strong_beats_are_chord_tones_and_none_is_held_beside_one(track, hooks):
    for each in (track, hooks):
        assert strong_share(each) == 1.0
        assert not held_clashes(each)


def test_chords_have_their_roots_or_the_bass_has_them(track, hooks):
    assert not rootless(track) and not rootless(hooks)


@pytest.mark.parametrize("part", PARTS)
def test_a_hook_comes_back_note_for_note(hooks, part):
    first, again = (bars_of(hooks.notes[part], bar, 8) for bar in (12, 24))
    if part == "chords":  # their voices go on from those before
        first, again = ([{step for step, _ in bar} for bar in bars] for bars in (first, again))
    assert first == again and all(first[:2])


def test_a_variation_begins_as_its_motif_does(plan, hooks):
    phrases = bars_of(hooks.notes["melody"], 12, 8)
    assert phrases[6] == phrases[2] != phrases[4]
    assert phrases[7] != phrases[3]
    assert {step for step, _ in phrases[4]} == {step for step, _ in phrases[0]}


def test_a_pickup_is_before_its_phrase_where_that_is_played(plan, players):
    phrases = ("pickup call", "rest")
    found = []
    for drops in ({}, {"melody": ((0, 2),)}):
        sections = [
            dataclasses.replace(section, **(PLAIN | {"drops": drops}), melody=phrases)
            if section.name == "hook"
            else dataclasses.replace(section, parts=("drums", "bass", "chords"), drops={})
            for section in plan.sections
        ]
        track = compose(dataclasses.replace(plan, sections=tuple(sections)), players)
        found.append(bars_of(track.notes["melody"], 10, 4))
    (before, first), (none, dropped) = (bars[1:3] for bars in found)
    assert (before or min(step for step, _ in first) > 0) and not none and not dropped


def test_a_melody_may_rest_throughout(plan, players):
    sections = [dataclasses.replace(plan.sections[2], bars=4, melody=("rest",))]
    track = compose(dataclasses.replace(plan, sections=tuple(sections)), players)
    assert not track.notes["melody"] and track.notes["bass"]


def test_drums_are_a_loop_of_two_bars(hooks):
    bars = bars_of(hooks.notes["drums"], 12, 8)
    assert bars[0] == bars[2] == bars[4] == bars[6] and bars[1] == bars[3] == bars[5]


@pytest.fixture(scope="module")
def moved(plan, players, hooks):
    """The same with its hooks a minor third higher, each with a crash."""
    phrases = hooks.plan.sections[2].melody
    return compose(changed(plan, melody=phrases, **(PLAIN | {"crash": True, "shift": 3})), players)


def test_a_section_begins_with_a_crash_where_the_plan_says_so(hooks, moved):
    for each, expected in ((hooks, []), (moved, [12, 24])):
        crashes = [round(note.start / 16) for note in each.notes["drums"] if note.pitch == 49]
        assert [bar for bar in crashes if bar in (12, 24)] == expected


def test_a_shift_moves_the_notes_and_chords_of_its_section(hooks, moved):
    for part in ("bass", "chords", "melody"):
        for bar in (13, 25):  # from the second bar on: what leads to the first is before it
            before, after = (bars_of(each.notes[part], bar, 5) for each in (hooks, moved))
            assert [{(step, pitch + 3) for step, pitch in row} for row in before] == after
    roots = [
        [c.chord // NUM_QUALITIES for c in each.chords if 192 <= c.start < 320]
        for each in (hooks, moved)
    ]
    assert [(root + 3) % 12 for root in roots[0]] == roots[1]


def test_a_track_begins_and_ends_on_its_tonic(track, hooks):
    for each in (track, hooks):
        assert is_tonic(each.chords[0].chord, "minor") and is_tonic(each.chords[-1].chord, "minor")


def test_parts_play_in_their_sections(track):
    """As the plan lists them; a pickup is in the bar before."""
    bar = 0
    for section in track.plan.sections:
        for part in PARTS:
            bars = bars_of(track.notes[part], bar, section.bars)
            assert any(bars if part in section.parts else bars[:-1]) == (part in section.parts)
            for first, last in section.drops.get(part, ()):
                assert not any(bars[math.ceil(first) : int(last) - 1])
        bar += section.bars


def test_drums_keep_their_backbeat_and_the_bass_its_roots(hooks):
    """Snares on beats two and four."""
    snares = [note.start for note in hooks.notes["drums"] if note.pitch == 38]
    for beat in range(12 * 16 + 4, 20 * 16, 8):
        assert min(abs(start - beat) for start in snares) < 1.5
    for chord in (chord for chord in hooks.chords if 192 <= chord.start < 320):
        firsts = [n.pitch % 12 for n in hooks.notes["bass"] if abs(n.start - chord.start) < 0.6]
        assert chord.chord // NUM_QUALITIES in firsts


def test_a_plan_from_before_there_were_motifs_plays(plan, players):
    values = plan.to_dict() | {"schema_version": 1}
    for name in ("form", "colour"):
        del values[name]
    for section in values["sections"]:
        for name in ("melody", "rise", "crash", "turn", "pedal", "shift"):
            del section[name]
    old = compose(plan_of(values, "old"), players)
    assert all(len(old.notes[part]) > 20 for part in PARTS)
    assert old.piece.total_time == pytest.approx(38 * 3)


@pytest.mark.slow
@pytest.mark.parametrize("minutes", [5, 30])
def test_a_long_track_does_not_come_round_as_a_whole(players, minutes):
    track = compose(make_plan(5, PlanOptions(minutes=minutes)), players)
    assert abs(track.piece.total_time / 60 - minutes) < 0.4
    bars = bars_of(track.notes["melody"], 0, track.plan.num_bars)
    size = len(bars) // 2
    for later in range(size // 2, size):
        same = sum(
            one == other != frozenset() for one, other in zip(bars, bars[later:], strict=False)
        )
        assert same < 0.5 * size


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
    assert starts == [
        ("intro", 0), ("verse", 12), ("hook", 36), ("break", 60), ("hook", 72), ("outro", 96)
    ]  # fmt: skip
    last = [n for n in piece.notes if not n.is_drum and n.start_time > 107.9]
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
