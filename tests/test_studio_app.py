"""The API as it is told, and what it does with what is none of its."""

import concurrent.futures
import http.client
import io
import json
import re
import threading
import wave
import zipfile

import numpy as np
import pytest

from lofi_tf.rendering.render import render
from lofi_tf.studio.jobs import MOST_WAITING
from lofi_tf.studio.problems import Refused
from lofi_tf.studio.safety import Guard
from tests.midi_builder import midi, off, on, track
from tests.studio_server import BEAT, client  # noqa: F401 - a fixture

TUNES = "X:1\nT:One\nM:4/4\nL:1/4\nK:C\nC D E F|\n\nX:2\nT:Two\nM:4/4\nL:1/4\nK:G\nG A B c|\n"
DEEP = b"[" * 100_000 + b"]" * 100_000


def sound(seconds=0.5, rate=8000):
    """A WAV file."""
    samples = (np.sin(np.arange(int(seconds * rate)) * 0.1) * 16000).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, rate, 0, "NONE", ""))
        writer.writeframes(samples.tobytes())
    return file.getvalue()


def test_every_address_is_described_and_answers_as_told(client):  # noqa: F811
    told = client.call("GET", "/api/openapi.json").json
    assert told["openapi"].startswith("3.1")
    tools = {tool["name"] for tool in client.call("GET", "/api/tools").json}
    assert {f"/api/tools/{name}" for name in tools} <= set(told["paths"])
    page = "".join(path for path in told["paths"])
    for part in (
        "events",
        "undo",
        "redo",
        "map",
        "mix",
        "soundfont/{kind}/{program}",
        "render",
        "stems",
        "file",
    ):
        assert part in page


def test_answers_keep_browsers_to_the_page(client):  # noqa: F811
    for path in ("/", "/api/session", "/nothing"):
        headers = client.call("GET", path).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "unsafe-inline" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
    assert client.call("GET", "/").headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "user@127.0.0.1", "[::1", "a:b:c"]
)
def test_other_names_of_this_machine_are_not_answered(client, host):  # noqa: F811
    answer = client.call("GET", "/api/session", Host=host)
    assert answer.status == 403 and "is not answered" in answer.error


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1", "[::1]:80"])
def test_own_names_are_answered(client, host):  # noqa: F811
    assert client.call("GET", "/api/session", Host=host).status == 200


def test_a_server_for_a_network_answers_to_numbers_and_its_own_name():
    guard = Guard(None, "0.0.0.0")
    assert guard.is_ours("192.168.1.7:8765") and guard.is_ours("localhost")
    assert not guard.is_ours("evil.example")
    assert Guard(None, "studio.local").is_ours("studio.local:8765")


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:1", "https://localhost", "x"]
)
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/api/undo"), ("PATCH", "/api/session"), ("DELETE", "/api/clips/c1")],
)
def test_pages_of_other_sites_change_nothing(client, origin, method, path):  # noqa: F811
    before = client.session
    answer = client.call(method, path, {"qpm": 99.0}, Origin=origin)
    assert answer.status == 403 and "another site asks" in answer.error
    assert client.session == before


def test_pages_of_other_sites_start_no_work(client):  # noqa: F811
    answer = client.call("GET", "/api/session", Sec_Fetch_Site="cross-site")
    assert answer.status == 403
    own = f"http://127.0.0.1:{client.port}"
    assert client.call("PATCH", "/api/session", {"qpm": 84.0}, Origin=own).status == 200


def test_bodies_are_bounded_before_they_are_read(client):  # noqa: F811
    answer = client.call("PUT", "/api/clips/c1/notes", b"{}", Content_Length=str(10**12))
    assert answer.status == 413 and "MiB" in answer.error
    connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=60)
    pieces = (b" " * 2**20 for _ in range(40))
    try:
        connection.request("PATCH", "/api/session", pieces, encode_chunked=True)
        status = connection.getresponse().status
    except BrokenPipeError:  # it has answered and hung up
        status = 413
    assert status == 413


def bodies():
    """Bodies that are no requests of ours."""
    strange = [
        b"", b"{", b"\xff\xfe", b"NaN", b"null", b"[]", b'"x"', b"3", DEEP, b'{"a":' * 5000,
        b'{"options": {"temperature": NaN}}', b'{"options": {"temperature": 1e999}}',
        b'{"options": {"num_outputs": ' + b"9" * 5000 + b"}}", b'{"seed": -1}', b'{"seed": 1.5}',
        b'{"seed": "1"}', b'{"seed": true}', b'{"inputs": "c1"}', b'{"inputs": [null]}',
        b'{"inputs": [{"clip": "../../etc/passwd"}]}', b'{"inputs": [{"clip": "c1\\u0000"}]}',
        b'{"options": {"style": "\\ud800"}}', b'{"options": {"style": "\\u0000"}}',
        b'{"options": {"style": ["funk"]}}', b'{"options": {"num_outputs": 1e1}}',
        b'{"inputs":[{"notes":{"qpm":90,"beats":4,"tracks":[{"notes":[[0,1,128,1]]}]}}]}',
        b'{"inputs": [{"notes": {"qpm": 1, "beats": 4, "tracks": []}}]}',
        b'{"inputs": [{"notes": {"qpm": 90, "beats": 1e300, "tracks": []}}]}',
        b'{"name": "\\u0007"}', b'{"starred": "yes"}', b'{"qpm": "fast"}', b'{"key": "H"}',
        b'{"preset": "../x"}', b'{"arrangement": {"lanes": {"drums": [[-1, "c1"]]}}}',
        b'{"arrangement": {"lanes": {"piano": []}}}', b'{"points": [], "weights": []}',
        b'{"points": [1], "weights": [0]}', b'{"points": [999999], "weights": [1]}',
    ]  # fmt: skip
    return [pytest.param(body, id=str(number)) for number, body in enumerate(strange)]


@pytest.mark.parametrize("body", bodies())
def test_what_is_no_request_is_told_so_in_one_line(client, body):  # noqa: F811
    asked = [
        ("POST", "/api/tools/generate"), ("POST", "/api/tools/humanize"),
        ("PATCH", "/api/session"), ("PATCH", "/api/clips/c1"), ("PUT", "/api/clips/c1/notes"),
        ("POST", "/api/map/groove_4bar/mix"), ("POST", "/api/clips?name=x.json"),
    ]  # fmt: skip
    for method, path in asked:
        answer = client.call(method, path, body, Content_Type="application/json")
        if answer.status in (200, 202) and body in (b'{"qpm": "fast"}', b"{}"):
            continue
        assert "\n" not in answer.error and "Traceback" not in answer.error


@pytest.mark.parametrize(
    "path",
    [
        "/api/clips/c0/notes", "/api/clips/..%2f..%2fetc/file", "/api/clips/c1/file?version=0",
        "/api/clips/c1/file?version=x", "/api/clips/c1/render?preset=../x", "/api/jobs/j0",
        "/api/clips/c1/render?format=exe", "/api/jobs/j1?wait=nan", "/api/jobs/j1?wait=1e9",
        "/api/map?model=..", "/api/map?model=%00", "/api/map/groove_4bar/-1/notes",
        "/api/map/groove_4bar/999/notes", "/api/mix?preset=%2e%2e%2fx", "/api/tools/nothing",
        "/page/../studio.py", "/page/%2e%2e/studio.py", "/page/..%2fstudio.py", "/page//etc/passwd",
        "/page/%00", "/etc/passwd", "/%ff", "/api/clips/%F0%9F%8E%B8/notes",
    ],
)  # fmt: skip
def test_what_is_not_there_is_told_so(client, path):  # noqa: F811
    assert client.call("GET", path).error


@pytest.mark.parametrize("path", ["/api/session", "/api/clips", "/", "/page/index.html"])
def test_other_methods_are_told_which_there_are(client, path):  # noqa: F811
    assert client.call("TRACE", path).error
    assert client.call("PUT", path, {}).error


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("x.mid", b""), ("x.mid", b"MThd"), ("x.mid", b"\x00" * 1000), ("x.wav", b"RIFF"),
        ("x.wav", b"nothing"), ("x.mp3", b"ID3" + bytes(50)), ("x.flac", b"fLaC" + bytes(9)),
        ("x.ogg", b"OggS" + bytes(9)), ("x.xml", b"<a>"), ("x.mxl", b"PK\x03\x04" + bytes(20)),
        ("x.abc", b"\xff" * 50), ("x.exe", b"MZ"), ("../../x", b"x"), ("\x00.mid", b"x"),
        ("x.aiff", b"FORM" + bytes(20)), ("x.mid", sound()), ("x.xml", b"<!ENTITY a 'b'><a/>"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_read_are_told_by_name(client, name, body):  # noqa: F811
    from urllib.parse import quote

    before = len(client.session["clips"])
    answer = client.call("POST", f"/api/clips?name={quote(name)}", body)
    assert str(client.studio.session.folder.path) not in answer.error
    assert name in answer.error or not name.startswith("x.")
    assert len(client.session["clips"]) == before


def test_files_become_clips_and_stay_as_they_were(client):  # noqa: F811
    tune = midi(track((0, on(60)), (480, off(60)), (0, on(64)), (1440, off(64))))
    heard = sound()
    for name, body, ending in (("a song.mid", tune, ".mid"), ("a sound.wav", heard, ".wav")):
        (clip,) = client.call("POST", f"/api/clips?name={name.replace(' ', '+')}", body).json[
            "clips"
        ]
        assert clip["name"] == name[:-4] and clip["tool"] is None
        file = client.call("GET", f"/api/clips/{clip['id']}/file")
        assert file.body == body
        assert f'filename="{name[:-4]}{ending}"' in file.headers["content-disposition"]
    assert clip["kind"] == "sound" and max(clip["peaks"]) == pytest.approx(16000 / 32768, abs=1e-3)


def test_tunes_of_an_abc_file_become_a_clip_each(client):  # noqa: F811
    clips = client.call("POST", "/api/clips?name=tunes.abc", TUNES.encode()).json["clips"]
    assert [(clip["name"], clip["key"]) for clip in clips] == [("One", "C"), ("Two", "G")]


def test_an_edit_is_a_new_version_and_the_old_one_stays(client):  # noqa: F811
    clip = client.add()
    path = f"/api/clips/{clip['id']}"
    notes = client.call("GET", f"{path}/notes").json
    notes["tracks"][0]["notes"].append([1.5, 0.25, 38, 90])
    old = client.file(clip)
    edited = client.call("PUT", f"{path}/notes", notes).json
    assert edited["version"] == 2
    assert client.call("GET", f"{path}/file?version=1").body == old
    assert client.call("GET", f"{path}/file").body == client.file(edited) != old
    assert client.call("GET", f"{path}/file?version=3").status == 404
    client.call("POST", "/api/undo")
    assert client.call("GET", f"{path}/file").body == old
    notes["tracks"][0]["notes"].append([2.5, 0.25, 38, 90])
    assert client.call("PUT", f"{path}/notes", notes).json["version"] == 3  # never a file twice


def test_a_name_that_is_no_file_is_one_where_it_is_saved(client):  # noqa: F811
    clip = client.add()
    client.call("PATCH", f"/api/clips/{clip['id']}", {"name": 'a/b"c🎸', "starred": True})
    told = client.call("GET", f"/api/clips/{clip['id']}/file").headers["content-disposition"]
    assert re.search(r'filename="a_b_c_\.mid"', told) and "%F0%9F%8E%B8" in told


def test_a_loop_is_rendered_as_the_command_renders_it(client, tmp_path):  # noqa: F811
    clip = client.add({**BEAT, "beats": 8.0, "tracks": [_first_bars(BEAT["tracks"][0])]})
    source = client.studio.session.folder.path / clip["file"]
    render(source, tmp_path / "x.wav", "vinyl", loop=True)
    path = f"/api/clips/{clip['id']}"
    answer = client.call("GET", f"{path}/render?preset=vinyl")
    assert answer.body == (tmp_path / "x.wav").read_bytes()
    assert client.call("GET", f"{path}/render?preset=vinyl").body == answer.body
    with zipfile.ZipFile(io.BytesIO(client.call("GET", f"{path}/stems").body)) as archive:
        assert [name.partition("-")[2] for name in archive.namelist()] == ["Drums.wav", "room.wav"]
    (heard,) = client.call("POST", "/api/clips?name=a.wav", sound()).json["clips"]
    assert "is a sound already" in client.call("GET", f"/api/clips/{heard['id']}/render").error


def _first_bars(one):
    return {**one, "notes": [note for note in one["notes"] if note[0] < 8]}


def test_two_hundred_requests_at_once_are_all_answered(client):  # noqa: F811
    notes = client.add({**BEAT, "tracks": []})

    def ask(number):
        if number % 2:
            return client.call("POST", "/api/tools/humanize", {"inputs": [{"clip": "c999"}]}).status
        return client.call("GET", f"/api/clips/{notes['id']}/notes").status

    with concurrent.futures.ThreadPoolExecutor(200) as pool:
        found = sorted(pool.map(ask, range(200)))
    assert found == [200] * 100 + [404] * 100


def test_more_than_may_wait_are_told_to_come_again(client):  # noqa: F811
    go, jobs = threading.Event(), []

    def work(job):
        go.wait(20)
        return []

    try:
        with pytest.raises(Refused):
            for _ in range(MOST_WAITING + 2):
                jobs.append(client.studio.jobs.submit("compose", work, is_slow=True))
        answer = client.call("POST", "/api/tools/compose", {})
        assert answer.status == 429 and f"{MOST_WAITING} jobs wait already" in answer.error
        assert int(answer.headers["retry-after"]) > 0
        assert client.run("generate")  # what is quick does not wait for what is slow
        assert client.call("DELETE", f"/api/jobs/{jobs[-1].id}").json["state"] == "stopped"
    finally:
        go.set()
    assert client.call("GET", f"/api/jobs/{jobs[-2].id}?wait=20").json["state"] == "done"


def test_what_happens_is_told_to_those_who_listen(client):  # noqa: F811
    connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=20)
    connection.request("GET", "/api/events")
    stream = connection.getresponse()
    assert stream.headers["content-type"].startswith("text/event-stream")
    stream.readline()
    client.run("generate")
    told = {}
    while "session" not in told or told.get("job", {}).get("state") != "done":
        line = stream.readline().decode()
        if line.startswith("event: "):
            told[line[7:].strip()] = json.loads(stream.readline()[6:])
    assert told["session"]["clips"] == client.session["clips"]
    connection.close()


def test_a_map_has_music_at_its_points_and_between(client, monkeypatch):  # noqa: F811
    monkeypatch.setattr("lofi_tf.studio.latent_map.POINTS", 30)
    found = client.call("GET", "/api/map?model=lofi_chords").json
    assert len(found["points"]) == 30 and all(0 <= p["x"] <= 1 for p in found["points"])
    point = client.call("GET", "/api/map/lofi_chords/3/notes").json
    mix = {"points": [3, 4], "weights": [1.0, 0.0]}
    assert client.call("POST", "/api/map/lofi_chords/mix", mix).json == point
    mix["weights"] = [1.0, 1.0]
    assert client.call("POST", "/api/map/lofi_chords/mix", mix).json["beats"] == point["beats"]
