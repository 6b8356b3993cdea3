import time

import pytest

from lofi_tf.errors import NotConvertible
from lofi_tf.music.scores import read_musicxml
from lofi_tf.music.sequence_proto import NoteSequence

FOUR = "<time><beats>4</beats><beat-type>4</beat-type></time>"


def note(pitch: str = "C4", quarters: int = 1, more: str = "") -> str:
    """A note such as C4, Bb3 or F#5."""
    alter = {"b": -1, "#": 1}.get(pitch[1:-1], 0)
    return (
        f"<note>{more}<pitch><step>{pitch[0]}</step><alter>{alter}</alter>"
        f"<octave>{pitch[-1]}</octave></pitch><duration>{quarters}</duration><voice>1</voice></note>"
    )


def attributes(inside: str = "", fifths: int = 0, metre: str = FOUR) -> str:
    key = f"<key><fifths>{fifths}</fifths></key>"
    return f"<attributes><divisions>1</divisions>{key}{metre}{inside}</attributes>"


def score(*parts: list[str], listed: str = "", prolog: str = "", encoding="utf-8") -> bytes:
    """Parts of measures."""
    names = [f"P{number}" for number in range(len(parts))]
    heads = "".join(
        f'<score-part id="{name}"><part-name>é</part-name>{listed}</score-part>' for name in names
    )
    bodies = "".join(
        f'<part id="{name}">{"".join(f"<measure>{inside}</measure>" for inside in part)}</part>'
        for name, part in zip(names, parts, strict=True)
    )
    text = f"<score-partwise><part-list>{heads}</part-list>{bodies}</score-partwise>"
    return (f'<?xml version="1.0" encoding="{encoding}"?>{prolog}' + text).encode(encoding)


def read(*parts: list[str], as_played: bool = True, **settings: str) -> NoteSequence:
    return read_musicxml(score(*parts, **settings), 10**6, as_played)


def notes(sequence: NoteSequence) -> list[tuple]:
    """Pitch and beats of all notes; all are at 120 quarters a minute."""
    return [(n.pitch, n.start_time * 2, (n.end_time - n.start_time) * 2) for n in sequence.notes]


WHOLE = [note(pitch) for pitch in ("C4", "D4", "E4", "F4")]
DRUM = (
    "<note><unpitched><display-step>{}</display-step><display-octave>{}</display-octave>"
    "</unpitched><duration>1</duration>{}<voice>1</voice></note>"
)


def test_divisions_of_zero_say_nothing():
    none = "<attributes><divisions>0</divisions></attributes>"
    found = read([attributes() + "".join(WHOLE), none + note("G4", 4)])
    assert notes(found)[-1] == (67, 4, 4)
    assert notes(read([none + note("G4", 4)])) == [(67, 0, 4)]


@pytest.mark.parametrize("as_played", [False, True])
def test_drums_have_the_pitch_that_the_score_gives_or_that_of_their_line(as_played):
    listed = (
        '<midi-instrument id="cowbell"><midi-channel>10</midi-channel>'
        "<midi-program>1</midi-program><midi-unpitched>57</midi-unpitched></midi-instrument>"
    )
    measure = attributes() + DRUM.format("E", 5, '<instrument id="cowbell"/>')
    measure += DRUM.format("F", 4, "") + DRUM.format("C", 5, "") + DRUM.format("G", 5, "")
    sequence = read([measure], listed=listed, as_played=as_played)
    assert [(n.pitch, n.is_drum) for n in sequence.notes] == [
        *[(56, True), (36, True), (38, True), (42, True)]
    ]


HARMONY = (
    "<harmony><root><root-step>{}</root-step><root-alter>{}</root-alter></root>"
    "<kind>{}</kind><bass><bass-step>{}</bass-step></bass></harmony>"
)
B_FLAT = "<transpose><diatonic>-1</diatonic><chromatic>-2</chromatic></transpose>"


@pytest.mark.parametrize(
    ("transpose", "shift", "chord", "key"),
    [
        (B_FLAT, -2, "Am7/Bb", 0),
        ("<transpose><chromatic>-9</chromatic></transpose>", -9, "Dm7/Eb", 5),  # E flat saxophone
        ("<transpose><chromatic>-7</chromatic></transpose>", -7, "Em7/F", 7),  # horn in F
        ("<transpose><chromatic>3</chromatic></transpose>", 3, "Dm7/Eb", 5),
        (
            "<transpose><chromatic>0</chromatic><octave-change>-1</octave-change></transpose>",
            -12,
            "Bm7/C",
            2,
        ),
    ],
)
def test_transposing_instruments_sound(transpose, shift, chord, key):
    measure = attributes(transpose, fifths=2) + HARMONY.format("B", 0, "minor-seventh", "C")
    sequence = read([measure + "".join(WHOLE)])
    assert [n.pitch for n in sequence.notes] == [p + shift for p in (60, 62, 64, 65)]
    assert [a.text for a in sequence.text_annotations] == [chord]
    assert [k.key for k in sequence.key_signatures] == [key]


def test_transposed_chords_are_in_records_too():
    measure = attributes(B_FLAT) + HARMONY.format("D", 0, "dominant", "F")
    sequence = read([measure + "".join(WHOLE)], as_played=False)
    assert [a.text for a in sequence.text_annotations] == ["C7/Eb"]
    assert sequence.notes[0].pitch == 58


@pytest.mark.parametrize("as_played", [False, True])
def test_unknown_chords_and_odd_metres_cost_nothing_else(as_played):
    metre = "<time><beats>3+2</beats><beat-type>4</beat-type></time>"
    measure = attributes(metre=metre) + HARMONY.format("C", 0, "Neapolitan", "C")
    sequence = read([measure + note("C4", 2) + note("D4", 3)], as_played=as_played)
    assert [n.pitch for n in sequence.notes] == [60, 62]
    assert not sequence.text_annotations
    assert sequence.time_signatures[0].numerator == 5


def test_grace_notes_are_left_out():
    graces = note("B3", 0, "<grace/>").replace("<duration>0</duration>", "")
    sequence = read([attributes() + "".join(WHOLE[:2]) + graces + "".join(WHOLE[2:])])
    assert notes(sequence) == [(60, 0, 1), (62, 1, 1), (64, 2, 1), (65, 3, 1)]


def test_c_flat_and_b_sharp_are_where_they_sound():
    sequence = read([attributes() + note("Cb4") + note("B#3") + note("C4", 2)])
    assert [n.pitch for n in sequence.notes] == [59, 60, 60]


def test_keys_are_minor_where_they_are():
    minor = attributes(fifths=-3).replace("</fifths>", "</fifths><mode>minor</mode>")
    (key,) = read([minor + "".join(WHOLE)]).key_signatures
    assert (key.key, key.mode) == (0, key.MINOR)


def metronome(unit: str, rate: str) -> str:
    mark = f"<metronome>{unit}<per-minute>{rate}</per-minute></metronome>"
    return f"<direction><direction-type>{mark}</direction-type></direction>"


@pytest.mark.parametrize(
    ("mark", "qpm"),
    [
        (metronome("<beat-unit>quarter</beat-unit>", "90"), 90),
        (metronome("<beat-unit>quarter</beat-unit><beat-unit-dot/>", "60"), 90),
        (metronome("<beat-unit>half</beat-unit>", "50.5"), 101),
        (metronome("<beat-unit>eighth</beat-unit>", "fast"), 120),
        ('<sound tempo="77"/>', 77),
        ('<direction><sound tempo="66"/></direction>', 66),
    ],
)
def test_tempi(mark, qpm):
    sequence = read([attributes() + mark + "".join(WHOLE)])
    assert [t.qpm for t in sequence.tempos] == [qpm]
    assert sequence.notes[-1].end_time == pytest.approx(4 * 60 / qpm)


def test_tempo_changes_hold_in_all_parts():
    slower = '<direction><sound tempo="60"/></direction>'
    first = [attributes() + "".join(WHOLE), "".join(WHOLE[:2]) + slower + "".join(WHOLE[2:])]
    second = [attributes() + "".join(WHOLE), "".join(WHOLE)]
    sequence = read(first, second)
    starts = [0, 0.5, 1, 1.5, 2, 2.5, 3, 4]
    assert [n.start_time for n in sequence.notes] == pytest.approx(starts * 2)


def bar(where: str, inside: str) -> str:
    return f'<barline location="{where}">{inside}</barline>'


FORWARD = bar("left", '<repeat direction="forward"/>')
BACKWARD = bar("right", '<repeat direction="backward"/>')


def ending(number: str, kind: str, repeat: str = "") -> str:
    return bar("right" if repeat else "left", f'<ending number="{number}" type="{kind}"/>{repeat}')


def whole(pitch: str) -> str:
    return note(pitch, 4)


AGAIN = '<repeat direction="backward"/>'
REPEATS = {
    "CDCD": [whole("C4"), whole("D4") + BACKWARD],
    "CDDE": [whole("C4"), FORWARD + whole("D4") + BACKWARD, whole("E4")],
    "CDCEF": [
        *[FORWARD + whole("C4"), ending("1", "start") + whole("D4") + ending("1", "stop", AGAIN)],
        ending("2", "start")
        + whole("E4")
        + bar("right", '<ending number="2" type="discontinue"/>'),
        whole("F4"),
    ],
    "CDCDCE": [
        *[whole("C4"), ending("1, 2", "start") + whole("D4") + ending("1, 2", "stop", AGAIN)],
        ending("3", "start") + whole("E4"),
    ],
    "CCC": [whole("C4") + bar("right", '<repeat direction="backward" times="3"/>')],
}


@pytest.mark.parametrize("expected", REPEATS)
def test_repeats_are_played(expected):
    first, *others = REPEATS[expected]
    sequence = read([attributes() + first, *others])
    assert "".join(" C D EF"[n.pitch - 59] for n in sequence.notes) == expected
    assert [n.start_time for n in sequence.notes] == [2 * index for index in range(len(expected))]
    assert sequence.total_time == 2 * len(expected)
    written = read([attributes() + first, *others], as_played=False)
    assert len(written.notes) == 1 + len(others)


def test_repeats_have_the_tempo_and_the_chords_of_before():
    tempo = '<direction><sound tempo="{}"/></direction>'
    chord = "<harmony><root><root-step>{}</root-step></root><kind>major</kind></harmony>"
    first = attributes() + tempo.format(120) + chord.format("C") + whole("C4")
    second = tempo.format(60) + chord.format("G") + whole("D4") + BACKWARD
    sequence = read([first, second])
    assert [(n.pitch, n.start_time) for n in sequence.notes] == [
        *[(60, 0), (62, 2), (60, 6), (62, 8)]
    ]
    assert [(t.time, t.qpm) for t in sequence.tempos] == [(0, 120), (2, 60), (6, 120), (8, 60)]
    assert [(a.time, a.text) for a in sequence.text_annotations] == [
        *[(0, "C"), (2, "G"), (6, "C"), (8, "G")]
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_encodings(encoding):
    data = score([attributes() + "".join(WHOLE)], encoding=encoding.removesuffix("-sig"))
    data = b"\xef\xbb\xbf" * encoding.endswith("-sig") + data
    assert read_musicxml(data, 10**6, True).part_infos[0].name == "é"


def bomb() -> str:
    levels = "".join(
        f'<!ENTITY {name} "{f"&{before};" * 10}">'
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    return f'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">{levels}]>'


@pytest.mark.parametrize(
    "prolog", [bomb(), '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>']
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused_at_once(prolog, encoding):
    before = time.monotonic()
    with pytest.raises(NotConvertible, match="entities") as caught:
        read([attributes() + whole("C4")], prolog=prolog, encoding=encoding)
    assert caught.value.rule == "bad_xml"
    assert time.monotonic() - before < 1
