"""The scripts of the pages, run by node: the map's arithmetic, and pages in a stand-in browser."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

import lofi_tf.html
from lofi_tf.music.midi import read_midi

pytestmark = pytest.mark.skipif(not shutil.which("node"), reason="needs node")
PAGES = Path(lofi_tf.html.__file__).parent
STANDIN = Path(__file__).with_name("page_standin.js")
KICK, SNARE, C4 = [36 + 128, 100], [38 + 128, 90], [60, 80]


def small_map():
    """A square of four landmarks with two triangles; piece n has n + 1 kicks."""
    triangles, pairs, steps = [[0, 1, 2], [1, 2, 3]], 6, 3
    count = 5 + pairs * steps + len(triangles)
    return {
        "model": "m", "qpm": 120, "ticks": 96, "quarters": 4, "bar": 4, "points": 5,
        "axes": ["louder", "denser"],
        "xy": [[0, 0], [1000, 0], [0, 1000], [1000, 1000], [500, 400]] + [[500, 500]] * (count - 5),
        "colours": {"velocity": [1, 2, None, 4, 5]},
        "near": [[1, 4]] * 5, "landmarks": [0, 1, 2, 3], "steps": steps,
        "triangles": triangles, "shares": [[0.5, 0.25, 0.25]],
        "music": [[0, 0, *KICK] + [24, 0, *SNARE] * n for n in range(count)],
    }  # fmt: skip


def ask(expression: str, given=None):
    """Returns what a JavaScript expression of `m` (the map's arithmetic) and `x` is."""
    path = json.dumps(str(PAGES / "map_math.js"))
    code = f"const m = require({path}), x = {json.dumps(given)};"
    code += f"console.log(JSON.stringify({expression}))"
    done = subprocess.run(["node", "-e", code], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def act(tmp_path, scripts, data, steps):
    """Returns what was played and told after each step."""
    paths = [str(PAGES / name) for name in scripts]
    data = {name: json.dumps(value) for name, value in data.items()}
    (tmp_path / "asked.json").write_text(
        json.dumps({"scripts": paths, "data": data, "steps": steps})
    )
    command = ["node", str(STANDIN), str(tmp_path / "asked.json")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def act_on_map(tmp_path, steps):
    scripts = ["map_math.js", "synth.js", "map.js"]
    return act(tmp_path, scripts, {"mapdata": small_map()}, steps)


def at(x, y):
    """Returns where on a canvas of 500 x 400 a place of the map, 0 to 1000, lies."""
    return {"offsetX": 500 * (0.06 + 0.88 * x / 1000), "offsetY": 400 * (0.94 - 0.88 * y / 1000)}


def test_notes_are_told_by_gaps():
    notes = ask("m.notesOf(x)", [10, 0, *KICK, 5, 48, *C4, 0, 24, 40 + 256, 70])
    assert [note["start"] for note in notes] == [10, 15, 15]
    assert [note["kind"] for note in notes] == [1, 0, 2]
    assert [note["pitch"] for note in notes] == [36, 60, 40]
    assert notes[1] == {"start": 15, "length": 48, "pitch": 60, "kind": 0, "velocity": 80}


def test_a_walk_back_is_the_walk_turned_round():
    steps = "[0, 1, 2, 3, 4].map((n) => m.walkIndex(x, %d, %d, n))"
    there = ask(steps % (1, 3), small_map())
    assert there[0] == 1 and there[-1] == 3
    assert ask(steps % (3, 1), small_map()) == there[::-1]
    pairs = "[0, 1, 2, 3].flatMap((a) => [0, 1, 2, 3].filter((b) => b > a).flatMap((b) => "
    every = ask(pairs + "[1, 2, 3].map((n) => m.walkIndex(x, a, b, n))))", small_map())
    assert every == list(range(5, 5 + 18))  # in the order of the pairs, each once


@pytest.mark.parametrize(
    ("place", "index"),
    [
        ([0, 0], 0),  # a corner
        ([480, 10], 6),  # the middle of the walk from 0 to 1
        ([270, 260], 23),  # half the first corner, a quarter of the others: the first mix
        ([990, 500], 18),  # the middle of the walk from 1 to 3
        ([-50, 500], None),
    ],
)
def test_the_nearest_mix_is_found(place, index):
    found = ask("m.mixAt(x[0], x[1])", [small_map(), place])
    assert (found and found["index"]) == index


def test_arrows_go_to_points_in_their_direction():
    ways = "[[1, 0], [0, 1], [-1, 0], [0, -1]].map((way) => m.towards(x, 4, way))"
    right, up, left, down = ask(ways, small_map())
    assert (right, left) == (1, 0) and up in (2, 3)
    assert down == 4  # both corners below lie further aside than down
    assert ask("m.towards(x, 0, [-1, 0])", small_map()) == 0


def test_pieces_follow_each_other_without_a_gap_or_a_note_twice():
    pieces = [[{"start": 0}, {"start": 90}], [{"start": 50}]]
    parts = ask("[[0, 60], [60, 100], [100, 260], [260, 400]].map((s) => m.due(x, 100, ...s))",
                pieces)  # fmt: skip
    assert [[note["at"] for note in part] for part in parts] == [[0], [90], [150, 200], [290, 350]]


def test_colours_go_from_dark_to_light():
    assert ask("[0, 1, 0.5, null].map(m.colourAt)") == [
        "rgb(68 1 84)", "rgb(253 231 37)", "rgb(33 145 140)", "#8888",
    ]  # fmt: skip


def test_a_saved_midi_file_reads_as_the_music():
    flat = [0, 0, *KICK, 96, 48, *C4, 0, 200, 40 + 256, 70, 4000, 96, 62, 1]
    data = ask("[...m.midiOf(m.notesOf(x), 96, 90)]", flat)
    piece = read_midi(bytes(data))
    tick = 60 / 90 / 96
    assert piece.tempos[0].qpm == pytest.approx(90, abs=1e-3)
    found = sorted((n.start_time, n.pitch, n.velocity, n.is_drum, n.program) for n in piece.notes)
    wanted = [(0, 36, 100, True, 0), (96, 40, 70, False, 33), (96, 60, 80, False, 4),
              (4096, 62, 1, False, 4)]  # fmt: skip
    assert [note[1:] for note in found] == [note[1:] for note in wanted]
    assert [n[0] for n in found] == pytest.approx([n[0] * tick for n in wanted], abs=1e-3)
    (low,) = [note for note in piece.notes if note.pitch == 40]
    assert low.end_time - low.start_time == pytest.approx(200 * tick, abs=1e-3)


def test_a_click_plays_the_point_again_and_again_in_its_tempo(tmp_path):
    click, bar, stop = act_on_map(
        tmp_path,
        [
            ["plane", "pointerdown", at(1000, 0)],
            ["", "wait", 3.8],
            ["plane", "keydown", {"key": " "}],
        ],
    )
    assert "point 2, landmark B" in click["told"] and "velocity 2" in click["told"]
    assert click["near"] == 3  # a word and two buttons
    notes = click["played"] + bar["played"]
    assert [note[1] for note in notes] == [36, 38] * 2
    assert notes[1][3] - notes[0][3] == pytest.approx(0.125)
    assert notes[2][3] - notes[0][3] == pytest.approx(2.0)
    assert bar["play"] == "stop" and stop["play"] == "play"


def test_a_walk_plays_from_landmark_to_landmark(tmp_path):
    steps = [
        ["mode-walk", "change", {}],
        ["loop", "set", {"checked": False}],
        ["from", "set", {"value": "1"}],
        ["to", "set", {"value": "0"}],
        ["whole", "click", {}],
        ["", "wait", 11],
    ]
    *_, begun, walked = act_on_map(tmp_path, steps)
    notes = begun["played"] + walked["played"]
    kicks = [note[3] for note in notes if note[1] == 36]
    assert [b - a for a, b in zip(kicks, kicks[1:], strict=False)] == pytest.approx([2.0] * 4)
    # Pieces 1, 7, 6, 5, 0 have as many snares, but for those after their bar.
    assert sum(note[1] == 38 for note in notes) == 1 + 7 + 6 + 5 + 0
    assert walked["play"] == "play" and walked["step"] == 4


def test_a_mix_says_its_shares(tmp_path):
    steps = [["mode-mix", "change", {}], ["plane", "pointerdown", at(270, 260)]]
    assert act_on_map(tmp_path, steps)[1]["told"].startswith("mix of 50 % A, 25 % B, 25 % C")


def test_a_point_without_notes_says_so(tmp_path):
    data = small_map()
    data["music"][1] = []
    scripts = ["map_math.js", "synth.js", "map.js"]
    steps = [["plane", "pointerdown", at(1000, 0)], ["", "wait", 1.0]]
    click, rest = act(tmp_path, scripts, {"mapdata": data}, steps)
    assert "landmark B; no notes" in click["told"]
    assert click["played"] + rest["played"] == []


def test_every_drum_has_a_sound(tmp_path):
    data = small_map()
    data["music"][0] = [value for pitch in range(27, 88) for value in (1, 0, 128 + pitch, 90)]
    scripts = ["map_math.js", "synth.js", "map.js"]
    steps = [["plane", "pointerdown", at(0, 0)], ["", "wait", 1.0]]
    click, rest = act(tmp_path, scripts, {"mapdata": data}, steps)
    assert [note[1] for note in click["played"] + rest["played"]] == list(range(27, 88))


def test_keys_move_through_a_piece_and_stay_within_it(tmp_path):
    piece = {
        "end": 12, "sections": [["verse", 4, 12]], "wave": {"seconds": 6, "low": [-9], "high": [9]},
        "tracks": [{"name": "a", "notes": [[0, 1, 60]]}],
    }  # fmt: skip
    keys = ["ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft", "Home", " "]
    steps = [["roll", "set", {}]] + [["document", "keydown", {"key": key}] for key in keys]
    # The target of a key is the page's body where nothing has the focus.
    found = act(tmp_path, ["page.js"], {"piece": piece}, steps)
    assert [step["at"] for step in found[1:]] == [5, 10, 12, 7, 0, 0]
    assert not found[-1]["paused"]
