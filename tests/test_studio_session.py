"""What is kept: changes, undone and made again, on disk after each."""

import shutil
import signal
import subprocess
import sys

import pytest
import yaml

from lofi_tf.errors import LofiError
from lofi_tf.studio.keeping import keep_file
from lofi_tf.studio.notes import song_of
from lofi_tf.studio.problems import Refused
from lofi_tf.studio.session import Session
from lofi_tf.studio.shapes import Notes
from tests.studio_server import BEAT

DATA = song_of(Notes.model_validate(BEAT)).to_bytes()


def add(session, name="beat"):
    return session.add([keep_file(session, name, "notes", ".mid", DATA)])[0]


def renamed(name):
    return lambda clip: clip.model_copy(update={"name": name})


@pytest.fixture
def session(tmp_path):
    found = Session(tmp_path / "session")
    yield found
    found.close()


def test_changes_are_undone_and_made_again_in_order(session):
    clip = add(session)
    session.edit(clip.id, renamed("other"))
    session.set(qpm=100.0)
    for _ in range(3):
        session.undo()
    with pytest.raises(Refused, match="nothing to undo"):
        session.undo()
    with pytest.raises(Refused, match="no such clip"):
        session.clip(clip.id)
    assert session.settings["qpm"] == 84.0
    for _ in range(3):
        session.redo()
    with pytest.raises(Refused, match="nothing to do again"):
        session.redo()
    assert (session.clip(clip.id).name, session.settings["qpm"]) == ("other", 100.0)


def test_a_hundred_changes_can_be_undone_after_a_restart(tmp_path):
    session = Session(tmp_path)
    clip = add(session, "0")
    for number in range(1, 111):
        session.edit(clip.id, renamed(str(number)))
    session.undo()
    session.close()
    again = Session(tmp_path)
    again.redo()
    assert again.clip(clip.id).name == "110"
    for _ in range(110):
        again.undo()
    assert again.clip(clip.id).name == "0"
    again.close()


def test_files_of_deleted_clips_are_in_the_trash_and_come_back(session):
    clip = add(session)
    folder, name = session.folder.path, clip.file.removeprefix("clips/")
    session.delete(clip.id)
    assert (folder / "trash" / name).read_bytes() == DATA
    assert not (folder / clip.file).exists()
    session.undo()
    assert (folder / clip.file).read_bytes() == DATA


def test_what_can_no_longer_be_made_again_goes_to_the_trash(session):
    clip = add(session)
    session.undo()
    other = add(session)
    assert other.id != clip.id
    assert [path.name for path in (session.folder.path / "trash").iterdir()] == [clip.file[6:]]


def test_numbers_are_never_given_twice(tmp_path):
    session = Session(tmp_path)
    first = add(session)
    session.delete(first.id)
    session.close()
    for name in ("session.yaml", "history.yaml"):
        (tmp_path / name).unlink()
    again = Session(tmp_path)
    assert add(again).id == "c2"
    again.close()


def test_the_folder_holds_plain_yaml_of_all(session):
    clip = add(session, "Bässe: 🎸 {x}, [y] # z")
    session.edit(clip.id, lambda one: one.model_copy(update={"starred": True}))
    values = yaml.safe_load((session.folder.path / "session.yaml").read_text(encoding="utf-8"))
    assert values["clips"][0]["name"] == "Bässe: 🎸 {x}, [y] # z"
    assert values["clips"][0]["starred"] is True and values["schema_version"] == 1


def test_one_studio_at_a_time_has_a_folder(session):
    with pytest.raises(LofiError, match="another lofi_studio has this session open"):
        Session(session.folder.path)


@pytest.mark.parametrize("text", ["nothing: 1\n", "schema_version: 2\n", "- 3\n", "a: [\n"])
def test_what_is_no_session_is_refused_and_stays(tmp_path, text):
    (tmp_path / "session.yaml").write_text(text)
    with pytest.raises(LofiError, match="session.yaml"):
        Session(tmp_path)
    assert (tmp_path / "session.yaml").read_text() == text


def test_clips_whose_files_are_gone_are_forgotten(tmp_path):
    session = Session(tmp_path)
    one, other = add(session), add(session)
    session.close()
    (tmp_path / one.file).unlink()
    again = Session(tmp_path)
    assert again.clip(other.id) == other
    with pytest.raises(Refused, match="no such clip"):
        again.clip(one.id)
    again.close()


def test_a_damaged_history_is_forgotten(tmp_path):
    session = Session(tmp_path)
    clip = add(session)
    session.close()
    (tmp_path / "history.yaml").write_text("done:\n- {clips: {c1: 3}}\n")
    again = Session(tmp_path)
    assert again.clip(clip.id) == clip and '"can_undo":false' in again.json()
    again.close()


KILLED = """
import sys
from lofi_tf.studio.session import Session
from tests.test_studio_session import add, renamed
session = Session(sys.argv[1])
print(add(session).id, flush=True)
number = 0
while True:
    number += 1
    session.edit("c1", renamed(str(number)))
    print(add(session).id, flush=True)
    session.delete(f"c{number + 1}")
    session.undo()
"""


def test_what_was_told_is_there_after_sigkill(tmp_path):
    worker = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    told = [worker.stdout.readline().strip() for _ in range(40)]
    worker.send_signal(signal.SIGKILL)
    told += worker.stdout.read().split()
    worker.wait()
    session = Session(tmp_path)
    for name in told[:-1]:  # of the last one the deletion may stand
        clip = session.clip(name)
        assert session.folder.file(clip.file).read_bytes() == DATA
    assert not list(tmp_path.glob("*/.*.part"))
    session.close()


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LofiError, match="cannot write to"):
        Session(tmp_path / "file" / "session")
    shutil.rmtree(tmp_path)
