import hashlib
import os
import zipfile

import pytest

from lofi_tf.data.storage.note_sequences import read_note_sequences, write_note_sequences
from lofi_tf.errors import LofiError, NotConvertible
from lofi_tf.music.files import MAX_FILE_BYTES, convert_file, is_music_file, sequences_from_file
from lofi_tf.music.sequence_proto import NoteSequence
from tests.magenta_records import differing_fields
from tests.paths import MUSIC, NOTES

MAGENTA = {
    sequence.filename: sequence for sequence in read_note_sequences(NOTES / "magenta.tfrecord")
}
BEAT = MUSIC / "drummer1/105_FUNK.MID"
SCORE = MUSIC / "scores/A_Bird_in_a_Gilded_Cage.mxl"


@pytest.mark.parametrize("filename", MAGENTA)
def test_sequences_from_file_equals_magentas_record(filename):
    (ours,) = sequences_from_file(MUSIC / filename, filename, "music")
    assert differing_fields(ours, MAGENTA[filename]) == []


def test_sequences_from_file_abc_gives_every_tune_an_id():
    tunes = sequences_from_file(MUSIC / "tunes.abc", "tunes.abc", "music")
    assert [tune.reference_number for tune in tunes] == [1, 2, 7]
    digest = hashlib.sha1(b"tunes.abc_7").hexdigest()
    assert tunes[2].id == f"/id/abc/music/{digest}"
    assert [note.pitch for note in tunes[0].notes[:4]] == [67, 69, 71, 72]


def test_convert_file_tells_of_tunes_that_fail(tmp_path):
    path = tmp_path / "a.abc"
    path.write_text("X:1\nK:C\nCD|\n\nX:2\nK:C\nC,,,,,,,,\n")
    converted = convert_file(path, "a.abc", "c")
    assert [tune.reference_number for tune in converted.sequences] == [1]
    assert [p.rule for p in converted.problems] == ["bad_abc"]
    assert "X:2" in str(converted.problems[0])


def test_sequences_from_file_abc_repeated_numbers_have_ids_of_their_own(tmp_path):
    path = tmp_path / "a.abc"
    path.write_text("X:1\nL:1/4\nK:C\nCD|\n\nX:1\nL:1/4\nK:C\nEF|\n\nK:G\nG4|\n")
    first, second, third = sequences_from_file(path, "a.abc", "c")
    assert first.id == f"/id/abc/c/{hashlib.sha1(b'a.abc_1').hexdigest()}"
    assert (second.reference_number, third.reference_number) == (1, 0)
    assert len({first.id, second.id, third.id}) == 3


def test_sequences_from_file_abc_header_serves_every_tune(tmp_path):
    path = tmp_path / "a.abc"
    path.write_bytes(
        "%caf\xe9\nM:3/4\nL:1/4\n\nX:1\nK:C\nCDE|\n\nX:2\nK:G\nGAB|\n".encode("latin-1")
    )
    tunes = sequences_from_file(path, "a.abc", "c")
    assert [tune.time_signatures[0].numerator for tune in tunes] == [3, 3]


def test_sequences_from_file_kar_is_midi(tmp_path):
    path = tmp_path / "song.kar"
    path.write_bytes(BEAT.read_bytes())
    (sequence,) = sequences_from_file(path, "song.kar", "songs")
    assert sequence.id == f"/id/midi/songs/{hashlib.sha1(b'song.kar').hexdigest()}"


@pytest.mark.parametrize("name", ["a.xml", "a.musicxml", "A.XML", "a.mxl"])
def test_sequences_from_file_reads_plain_musicxml(name, tmp_path):
    with zipfile.ZipFile(SCORE) as archive:
        (score,) = [n for n in archive.namelist() if not n.startswith("META-INF")]
        (tmp_path / name).write_bytes(archive.read(score))
    (sequence,) = sequences_from_file(tmp_path / name, name, "c")
    assert sequence.notes == MAGENTA["scores/A_Bird_in_a_Gilded_Cage.mxl"].notes
    assert sequence.id.startswith("/id/musicxml/c/")


def test_sequences_from_file_mxl_with_a_damaged_container_is_read(tmp_path):
    packed = MUSIC / "scores/O_sole_mio.mxl"
    with zipfile.ZipFile(packed) as archive:
        (tmp_path / "a.xml").write_bytes(archive.read("'O sole mio.xml"))
    (plain,) = sequences_from_file(tmp_path / "a.xml", "a.xml", "c")
    (sequence,) = sequences_from_file(packed, "O.mxl", "c")
    assert sequence.notes and sequence.notes == plain.notes


BEAT_BYTES = BEAT.read_bytes()
BAD_FILES = {
    "empty_file": ("a.mid", b""),
    "truncated": ("a.mid", BEAT_BYTES[:9]),
    "not_midi": ("a.mid", b"hello, this is text"),
    "mislabelled": ("a.mid", b"\xef\xbb\xbf <?xml version='1.0'?><score-partwise/>"),
    "mislabelled-2": ("a.abc", BEAT_BYTES),
    "mislabelled-3": ("a.xml", BEAT_BYTES),
    "not_midi-2": ("a.mid", b"RIFF\0\0\0\0WAVE"),
    "not_musicxml": ("a.xml", b"<rss/>"),
    "bad_xml": ("a.xml", b"<score-partwise>"),
    "bad_archive": ("a.mxl", b"PK\x03\x04 and no more"),
    "bad_archive-2": ("a.mxl", SCORE.read_bytes()[20:].join([b"PK\x03\x04", b""])),
    "bad_musicxml": (
        "a.xml",
        b"<score-partwise><part id='P'><measure><note><pitch><step>C</step></pitch></note>"
        b"</measure></part></score-partwise>",
    ),
    "not_abc": ("a.abc", b"hello"),
    "not_abc-2": ("a.abc", b"X:1\0"),
    "bad_abc": ("a.abc", b"X:1\nK:C\n\\\\"),
    "unknown_ending": ("a.txt", b"hello"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_sequences_from_file_names_what_is_wrong(case, tmp_path):
    name, data = BAD_FILES[case]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(NotConvertible) as caught:
        sequences_from_file(tmp_path / name, name, "c")
    assert caught.value.rule == case.split("-")[0]


def test_sequences_from_file_huge_file_is_refused_unread(tmp_path):
    path = tmp_path / "a.mid"
    path.touch()
    os.truncate(path, MAX_FILE_BYTES + 1)
    with pytest.raises(NotConvertible, match=f"Allowed: {MAX_FILE_BYTES}") as caught:
        sequences_from_file(path, "a.mid", "c")
    assert caught.value.rule == "huge_file"


def test_sequences_from_file_zip_bomb_is_refused_packed(tmp_path):
    path = tmp_path / "a.mxl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.xml", bytes(MAX_FILE_BYTES + 1))
    assert [p.rule for p in convert_file(path, "a.mxl", "c").problems] == ["huge_file"]


@pytest.mark.parametrize("make", [lambda path: None, os.mkdir, os.mkfifo])
def test_sequences_from_file_no_regular_file_is_refused(make, tmp_path):
    make(tmp_path / "a.mid")
    assert [p.rule for p in convert_file(tmp_path / "a.mid", "a", "c").problems] == ["unreadable"]


def test_sequences_from_file_name_that_is_not_utf8_is_kept_readable(tmp_path):
    name = os.fsdecode(b"caf\xe9.mid")
    (tmp_path / name).write_bytes(BEAT_BYTES)
    assert sequences_from_file(tmp_path / name, name, "c")[0].filename == "caf\ufffd.mid"


def test_is_music_file_takes_any_case():
    assert [is_music_file(name) for name in ["a.MID", "b.Kar", "c.txt", "mid"]] == [
        True, True, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["x.tfrecord", "x.tfrecord@3"])
def test_write_note_sequences_reads_back(name, tmp_path):
    assert write_note_sequences(MAGENTA.values(), tmp_path / name) == len(MAGENTA)
    back = {sequence.filename: sequence for sequence in read_note_sequences(tmp_path / name)}
    assert back == MAGENTA


def test_read_note_sequences_of_other_records_is_an_error(tmp_path):
    from lofi_tf.data.storage.tfrecord import write_records

    write_records([b"\xff\xff"], tmp_path / "x.tfrecord")
    with pytest.raises(LofiError, match="no NoteSequences"):
        list(read_note_sequences(tmp_path / "x.tfrecord"))


def test_note_sequence_class_is_note_seqs_own():
    from note_seq.protobuf import music_pb2

    assert NoteSequence is music_pb2.NoteSequence
