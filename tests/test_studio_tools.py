"""Each tool makes the files that the command line makes of the same seed and options."""

import numpy as np
import pytest
import soundfile

from lofi_tf.cli import compose as compose_command
from lofi_tf.cli import generate as generate_command
from lofi_tf.studio.tools_new import with_third
from tests.studio_server import BEAT, client  # noqa: F401 - a fixture

LINE = {
    "qpm": 100.0,
    "beats": 16.0,
    "beats_per_bar": 4.0,
    "tracks": [
        {
            "name": "Melody",
            "part": "melody",
            "program": 0,
            "is_drum": False,
            "notes": [
                [float(b), 1.0, p, 90] for b, p in enumerate([60, 62, 64, 65, 67, 65, 64, 62] * 2)
            ],
        }
    ],
}


def generated(folder, *flags):
    """The files of `lofi_generate`, in their order."""
    assert generate_command.main([*flags, f"--output_dir={folder}", "--log=ERROR"]) == 0
    return [path.read_bytes() for path in sorted(folder.glob("*.mid"))]


@pytest.fixture(scope="module")
def clips(client):  # noqa: F811
    """Paths and clips of music to begin with."""
    folder = client.studio.session.folder.path
    found = {"beat": client.add(BEAT), "line": client.add(LINE)}
    return {name: (clip["id"], str(folder / clip["file"])) for name, clip in found.items()}


@pytest.mark.parametrize(
    ("tool", "options", "flags"),
    [
        ("generate", {}, ["--num_outputs=1", "--qpm=84"]),
        (
            "generate",
            {"num_outputs": 2, "style": "hiphop", "density": 9.0, "qpm": 91.0, "temperature": 0.7},
            ["--num_outputs=2", "--style=hiphop", "--density=9", "--qpm=91", "--temperature=0.7"],
        ),
        (
            "generate",
            {"best_of": 3, "length_bars": 8},
            ["--num_outputs=1", "--best_of=3", "--length_bars=8", "--qpm=84"],
        ),
        ("chords", {}, ["--model=lofi_chords", "--num_outputs=1", "--qpm=84"]),
        (
            "bass",
            {"chords": "Am7 F C G"},
            ["--model=bass_2bar_chords", "--chords=Am7 F C G", "--num_outputs=1", "--qpm=84"],
        ),
        ("melody", {}, ["--model=cat-mel_2bar_small", "--num_outputs=1", "--qpm=84"]),
        (
            "melody",
            {"chords": "C Am", "length_bars": 4},
            [
                *("--model=cat-mel_2bar_med_chords", "--chords=C Am", "--length_bars=4"),
                *("--num_outputs=1", "--qpm=84"),
            ],
        ),
    ],
)
def test_new_music_is_the_command_lines(client, tmp_path, tool, options, flags):  # noqa: F811
    made = [client.file(clip) for clip in client.run(tool, seed=3, **options)]
    assert made == generated(tmp_path, "--seed=3", *flags)


@pytest.mark.parametrize(
    ("tool", "of", "options", "flags"),
    [
        ("continue", "beat", {"length_bars": 4}, ["--mode=continue", "--length_bars=4"]),
        ("continue", "line", {}, ["--mode=continue", "--model=cat-mel_2bar_small"]),
        ("humanize", "beat", {"amount": 0.5}, ["--mode=humanize", "--amount=0.5"]),
        ("drumify", "beat", {}, ["--mode=tap2drum"]),
        ("vary", "beat", {"amount": 0.2}, ["--mode=vary", "--amount=0.2"]),
        (
            "vary",
            "beat",
            {"attributes": "density=+1,velocity=-0.5"},
            ["--mode=vary", "--attribute=density=+1,velocity=-0.5"],
        ),
        ("infill", "beat", {"bars": "3-4"}, ["--mode=infill", "--bars=3-4"]),
        ("infill", "beat", {"drums": "snare"}, ["--mode=infill", "--drums=snare"]),
        ("add_hihats", "beat", {}, ["--mode=add_hihats"]),
    ],
)
def test_changed_music_is_the_command_lines(
    client,  # noqa: F811
    clips,
    tmp_path,
    tool,
    of,
    options,
    flags,
):
    clip, path = clips[of]
    if tool == "vary":
        flags = [*flags, "--model=groove_4bar"]
        options = {**options, "num_outputs": 1}
    made = [client.file(found) for found in client.run(tool, clip, seed=5, **options)]
    command = [f"--input_midi={path}", "--seed=5", "--num_outputs=1", *flags]
    assert made == generated(tmp_path, *command)


def test_transfer_and_interpolate_are_the_command_lines(client, clips, tmp_path):  # noqa: F811
    (one, path), other = clips["beat"], client.run("generate", seed=8)[0]
    second = str(client.studio.session.folder.path / other["file"])
    inputs = [f"--input_midi_1={path}", f"--input_midi_2={second}", "--seed=5"]
    for tool, options, flags in (
        ("transfer", {"amount": 0.8}, ["--mode=groove_transfer", "--amount=0.8"]),
        ("interpolate", {"num_outputs": 3}, ["--mode=interpolate", "--num_outputs=3"]),
    ):
        made = [client.file(c) for c in client.run(tool, one, other["id"], seed=5, **options)]
        assert made == generated(tmp_path / tool, *inputs, *flags)


def test_what_follows_a_sound_is_the_command_lines(client, tmp_path):  # noqa: F811
    soundfile.write(tmp_path / "a.wav", np.sin(np.arange(16000) * 0.1) * 0.5, 16000)
    body = (tmp_path / "a.wav").read_bytes()
    (clip,) = client.call("POST", "/api/clips?name=a.wav", body).json["clips"]
    (made,) = client.run("continue_sound", clip["id"], seed=2, seconds=0.5)
    flags = ["--mode=continue", f"--input_audio={tmp_path / 'a.wav'}", "--seconds=0.5", "--seed=2"]
    folder = tmp_path / "made"
    command = [*flags, "--num_outputs=1", f"--output_dir={folder}", "--log=ERROR"]
    assert generate_command.main(command) == 0
    assert client.file(made) == next(folder.glob("*.wav")).read_bytes()
    assert made["kind"] == "sound" and made["seconds"] == pytest.approx(1.5)


@pytest.mark.slow
def test_a_track_and_what_is_drawn_anew_of_it_are_the_command_lines(client, tmp_path):  # noqa: F811
    (track,) = client.run("compose", seed=4, minutes=0.25, mood="calm")
    first, flags = tmp_path / "a.mid", ["--seed=4", "--minutes=0.25", "--mood=calm", "--log=ERROR"]
    assert compose_command.main([f"--output={first}", *flags]) == 0
    assert client.file(track) == first.read_bytes()
    heard = tmp_path / "a.wav"
    assert compose_command.main([f"--output={heard}", *flags]) == 0
    rendered = client.call("GET", f"/api/clips/{track['id']}/render")
    assert rendered.body == heard.read_bytes()
    plan = client.studio.session.folder.path / "plans" / f"{int(track['id'][1:]):04d}.yaml"
    assert plan.read_bytes() == first.with_suffix(".yaml").read_bytes()
    assert track["has_plan"] and track["sections"] and track["chords"]

    (other,) = client.run("compose", track["id"], seed=9, reseed="melody")
    again, flags = tmp_path / "b.mid", [f"--plan={plan}", "--reseed=melody", "--seed=9"]
    assert compose_command.main([f"--output={again}", *flags, "--log=ERROR"]) == 0
    assert client.file(other) == again.read_bytes() != first.read_bytes()


def test_notes_that_are_sent_are_drumified_as_their_file_is(client, clips):  # noqa: F811
    (of_notes,), (of_clip,) = client.run("drumify", BEAT), client.run("drumify", clips["beat"][0])
    assert client.file(of_notes) == client.file(of_clip)


def test_a_clip_tells_how_it_was_made(client, clips):  # noqa: F811
    (made,) = client.run("vary", clips["line"][0], seed=7, amount=0.1, num_outputs=1)
    told = {name: made[name] for name in ("tool", "model", "seed", "options", "made_from", "part")}
    assert told == {
        "tool": "vary",
        "model": "cat-mel_2bar_small",
        "seed": 7,
        "options": {"amount": 0.1, "num_outputs": 1},
        "made_from": [clips["line"][0]],
        "part": "melody",
    }


def test_the_track_of_a_clip_has_its_part(client):  # noqa: F811
    (bass,) = client.run("bass", chords="Am7 F")
    notes = client.call("GET", f"/api/clips/{bass['id']}/notes").json
    assert bass["part"] == notes["tracks"][0]["part"] == "bass"


def test_without_a_seed_one_is_drawn_and_told(client):  # noqa: F811
    one, other = (client.run("generate", seed=None)[0] for _ in range(2))
    assert one["seed"] != other["seed"]
    (again,) = client.run("generate", seed=one["seed"])
    assert client.file(again) == client.file(one)


def test_the_session_gives_the_tempo_where_nobody_does(client):  # noqa: F811
    client.call("PATCH", "/api/session", {"qpm": 77.0})
    (beat,) = client.run("generate")
    client.call("PATCH", "/api/session", {"qpm": 84.0})
    assert (beat["qpm"], beat["options"]["qpm"]) == (77.0, 77.0)


@pytest.mark.slow
def test_the_session_gives_the_key_of_tracks(client):  # noqa: F811
    client.call("PATCH", "/api/session", {"key": "Dm"})
    (track,) = client.run("compose", minutes=0.25)
    client.call("PATCH", "/api/session", {"key": ""})
    assert track["options"]["key"] == track["key"] == "Dm"


@pytest.mark.parametrize(
    ("tool", "inputs", "options", "words"),
    [
        ("generate", [], {"temperature": 9}, "options.temperature should be less than or equal to"),
        ("generate", [], {"style": "polka"}, "unknown style"),
        ("generate", [], {"model": "lofi_chords"}, "model must be one of"),
        ("generate", [], {"tempo": 90}, "options.tempo is no such name here"),
        ("generate", [{"notes": BEAT}], {}, "generate takes 0 clips"),
        ("humanize", [], {}, "humanize takes 1 clips"),
        ("humanize", [{}], {}, "a clip or notes, one of the two"),
        ("humanize", [{"clip": "c999999"}], {}, "there is no such clip"),
        ("infill", [{"notes": BEAT}], {}, "say what to draw anew"),
        ("infill", [{"notes": BEAT}], {"drums": "gong"}, "gong"),
        ("bass", [], {}, "give chords"),
        ("bass", [], {"chords": "H7"}, "H7"),
        ("compose", [], {"keep": "drums"}, "give its clip"),
        ("compose", [{"notes": BEAT}], {"keep": "drums"}, "has no plan"),
        ("compose", [], {"preset": "../../etc"}, "unknown preset"),
    ],
)
def test_what_a_tool_cannot_do_is_told_before_it_waits(client, tool, inputs, options, words):  # noqa: F811
    asked = {"inputs": inputs, "options": options, "seed": 1}
    assert words in client.call("POST", f"/api/tools/{tool}", asked).error


def test_what_fails_later_is_told_in_the_job(client, clips):  # noqa: F811
    asked = {"inputs": [{"clip": clips["line"][0]}], "options": {}, "seed": 1}
    job = client.call("POST", "/api/tools/humanize", asked).json["job"]
    job = client.call("GET", f"/api/jobs/{job['id']}?wait=60").json
    assert job["state"] == "failed" and "it has no drums" in job["error"]
    assert "--" not in job["error"] and job["clips"] == []


def test_tools_tell_their_options(client):  # noqa: F811
    tools = {tool["name"]: tool for tool in client.call("GET", "/api/tools").json}
    fields = {field["name"]: field for field in tools["generate"]["fields"]}
    assert (fields["temperature"]["least"], fields["temperature"]["most"]) == (0, 2)
    kinds = {name: fields[name]["type"] for name in ("qpm", "num_outputs", "model")}
    assert kinds == {"qpm": "number", "num_outputs": "integer", "model": "choice"}
    bass = {field["name"]: field["type"] for field in tools["bass"]["fields"]}
    assert bass["chords"] == "text"
    assert fields["style"]["type"] == "choice" and len(fields["style"]["choices"]) > 5
    assert tools["transfer"]["inputs"]["names"] == ["Feel of", "Hits of"]
    assert {"compose"} <= {tool["name"] for tool in tools.values() if tool["is_slow"]}
    assert all(f["title"] and f["hint"] for tool in tools.values() for f in tool["fields"])


@pytest.mark.parametrize(
    ("figure", "key", "known"),
    [
        ("Csus2", "C", "C"),
        ("Dsus4", "C", "Dm"),
        ("E7sus", "Am", "Em"),
        ("F5", "Dm", "F"),
        ("G7(b5)", None, "G"),
        ("Am7/G", "C", "Am7/G"),
        ("N.C.", "C", "N.C."),
    ],
)
def test_lines_play_over_the_triad_of_a_suspension(figure, key, known):
    assert with_third(figure, key) == known


def test_a_bass_plays_over_chords_with_a_suspension(client):  # noqa: F811
    """`chords` draws Csus2 too, which models of lines, who know triads alone, do not."""
    session = client.studio.session
    clip = client.add(LINE)["id"]
    told = {"chords": [(0.0, "Csus2")], "key": "C"}
    session.edit(clip, lambda found: found.model_copy(update=told))
    (bass,) = client.run("bass", clip, seed=3)
    assert bass["options"]["chords"] == "C:4"
