"""ABC against the standard (https://abcnotation.com/wiki/abc:standard:v2.1), and note_seq."""

import warnings

import pytest

from lofi_tf.music.abc_tunebook import read_abc
from lofi_tf.music.files import read_music
from lofi_tf.music.sequence_proto import NoteSequence


def tune(music: str, *fields: str):
    """The one tune of a key C in 4/4 and quarters, or other fields, at 60 to the minute."""
    header = {"M": "4/4", "L": "1/4", "Q": "1/4=60"} | {f[0]: f[2:] for f in fields}
    key = header.pop("K", "C")
    lines = ["X:1", *(f"{name}:{text}" for name, text in header.items()), f"K:{key}", music, ""]
    (found,), problems = read_abc("\n".join(lines).encode())
    assert not problems
    return found


def notes(sequence):
    """Pitch, start and length in seconds of all notes."""
    return [
        (n.pitch, round(n.start_time, 6), round(n.end_time - n.start_time, 6))
        for n in sequence.notes
    ]


def pitches(sequence):
    return [note.pitch for note in sequence.notes]


THIRD = round(1 / 3, 6)
MUSIC = {
    # Lengths, rests, broken rhythm.
    "C2 D/ E// F3/2 G/4": [
        (60, 0, 2),
        (62, 2, 0.5),
        (64, 2.5, 0.25),
        (65, 2.75, 1.5),
        (67, 4.25, 0.25),
    ],
    "C z D x/ E": [(60, 0, 1), (62, 2, 1), (64, 3.5, 1)],
    "Z2 | C": [(60, 8, 1)],
    "A>B c<d": [(69, 0, 1.5), (71, 1.5, 0.5), (72, 2, 0.5), (74, 2.5, 1.5)],
    "A>>B": [(69, 0, 1.75), (71, 1.75, 0.25)],
    "z>C D>z": [(60, 1.5, 0.5), (62, 2, 1.5)],
    "A `> .B": [(69, 0, 1.5), (71, 1.5, 0.5)],
    # Tuplets.
    "(3CDE F": [(60, 0, 0.666667), (62, 0.666667, 0.666667), (64, 1.333333, 0.666667), (65, 2, 1)],
    "(2CD (4CDEF": [
        *[(60, 0, 1.5), (62, 1.5, 1.5)],
        *[(60, 3, 0.75), (62, 3.75, 0.75), (64, 4.5, 0.75), (65, 5.25, 0.75)],
    ],
    "(3:2:2C2D E": [(60, 0, 1.333333), (62, 1.333333, 0.666667), (64, 2, 1)],
    "((3C/z/E/) F": [(60, 0, THIRD), (64, 0.666667, THIRD), (65, 1, 1)],
    # Chords, ties, slurs.
    "[CEG]2 c": [(60, 0, 2), (64, 0, 2), (67, 0, 2), (72, 2, 1)],
    "[C2E2]/ c": [(60, 0, 1), (64, 0, 1), (72, 1, 1)],
    "|[CE]D": [(60, 0, 1), (64, 0, 1), (62, 1, 1)],
    "C-C (D-|D E)": [(60, 0, 2), (62, 2, 2), (64, 4, 1)],
    "[CE]-[CF]": [(60, 0, 2), (64, 0, 1), (65, 1, 1)],
    "^F-|F F": [(66, 0, 2), (65, 2, 1)],
    "C-D": [(60, 0, 1), (62, 1, 1)],
    # What has no notes of its own.
    "{gab}C {/d}D ~E .F vG HA TB": [(60 + p, i, 1) for i, p in enumerate((0, 2, 4, 5, 7, 9, 11))],
    '!trill!C +fermata+D !f!E "^slow"F "Am"G': [
        (60 + p, i, 1) for i, p in enumerate((0, 2, 4, 5, 7))
    ],
    "C`D y E $ F % G": [(60, 0, 1), (62, 1, 1), (64, 2, 1), (65, 3, 1)],
    "C D\\\nE F": [(60, 0, 1), (62, 1, 1), (64, 2, 1), (65, 3, 1)],
    "C D\nw:la la\n%%MIDI program 5\nW:la\nE F": [(60, 0, 1), (62, 1, 1), (64, 2, 1), (65, 3, 1)],
    # Octaves, accidentals to the end of the bar, in all octaves.
    "C,, c'' ": [(36, 0, 1), (96, 1, 1)],
    "^F f =F | F _B ^^C __D": [
        (66, 0, 1),
        (78, 1, 1),
        (65, 2, 1),
        (65, 3, 1),
        (70, 4, 1),
        (62, 5, 1),
        (60, 6, 1),
    ],
    # Fields within.
    "F [K:G] F [L:1/8] F [M:3/4] Z C": [(65, 0, 1), (66, 1, 1), (66, 2, 0.5), (60, 5.5, 0.5)],
    "C [Q:1/4=120] D": [(60, 0, 1), (62, 1, 0.5)],
    "C D & E | F": [(60, 0, 1), (62, 1, 1), (64, 0, 1), (65, 2, 1)],
    "A:|": [(69, 0, 1)],
}


@pytest.mark.parametrize("music", MUSIC)
def test_music_code(music):
    assert notes(tune(music)) == MUSIC[music]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_encodings_and_line_ends(ending, encoding):
    text = ending.join(["X:3", "T:Café", "M:4/4", "L:1/4", "K:C", "C D|", ""])
    (sequence,), _ = read_abc(text.encode(encoding))
    assert (pitches(sequence), sequence.sequence_metadata.title) == ([60, 62], "Café")


KEYS = {  # the scale from C, and tonic and mode where there are any
    "G": ([60, 62, 64, 66, 67, 69, 71], (7, "MAJOR")),
    "Am": ([60, 62, 64, 65, 67, 69, 71], (9, "MINOR")),
    "E minor": ([60, 62, 64, 66, 67, 69, 71], (4, "MINOR")),
    "Ddor": ([60, 62, 64, 65, 67, 69, 71], (2, "DORIAN")),
    "A Mixolydian": ([61, 62, 64, 66, 67, 69, 71], (9, "MIXOLYDIAN")),
    "Eb": ([60, 62, 63, 65, 67, 68, 70], (3, "MAJOR")),
    "F#phr": ([61, 62, 64, 66, 67, 69, 71], (6, "PHRYGIAN")),
    "Flyd": ([60, 62, 64, 65, 67, 69, 71], (5, "LYDIAN")),
    "Bloc": ([60, 62, 64, 65, 67, 69, 71], (11, "LOCRIAN")),
    "D =c ^g": ([60, 62, 64, 66, 68, 69, 71], (2, "MAJOR")),
    "D exp _b": ([60, 62, 64, 65, 67, 69, 70], (2, "MAJOR")),
    "G clef=bass": ([60, 62, 64, 66, 67, 69, 71], (7, "MAJOR")),
    "A bass": ([61, 62, 64, 66, 68, 69, 71], (9, "MAJOR")),
    "HP": ([61, 62, 64, 66, 67, 69, 71], None),
    "none": ([60, 62, 64, 65, 67, 69, 71], None),
    "": ([60, 62, 64, 65, 67, 69, 71], None),
}


@pytest.mark.parametrize("key", KEYS)
def test_keys(key):
    sequence = tune("CDEFGAB", f"K:{key}")
    modes = NoteSequence.KeySignature.Mode
    found = [(k.key, modes.Name(k.mode)) for k in sequence.key_signatures]
    scale, signature = KEYS[key]
    assert pitches(sequence) == scale
    assert found == ([signature] if signature else [])


@pytest.mark.parametrize(
    ("tempo", "unit", "qpm"),
    [
        *[("120", "1/8", 60), ("C=100", "1/4", 100), ("C3=40", "1/8", 60), ("1/4=90", "1/8", 90)],
        *[("3/8=50", "1/8", 75), ('"Fast" 1/2=70', "1/8", 140), ('1/4=80 "Slow"', "1/8", 80)],
        *[
            ("1/4 3/8 1/4 3/8=40", "1/8", 200),
            ("1/4 = 92.5", "1/8", 92.5),
            ("Allegro", "1/8", None),
        ],
    ],
)
def test_tempi(tempo, unit, qpm):
    tempos = tune("C", f"Q:{tempo}", f"L:{unit}").tempos
    assert [t.qpm for t in tempos] == ([] if qpm is None else [qpm])


@pytest.mark.parametrize(
    ("metre", "expected", "unit"),
    [
        *[("C", (4, 4), 0.5), ("C|", (2, 2), 0.5), ("2/4", (2, 4), 0.25), ("6/8", (6, 8), 0.5)],
        *[("2+3/8", (5, 8), 0.25), ("(2+2+3)/8", (7, 8), 0.5), ("none", None, 0.5)],
    ],
)
def test_metres_and_the_unit_length_they_mean(metre, expected, unit):
    text = f"X:1\nM:{metre}\nQ:1/4=60\nK:C\nC\n"
    (sequence,), _ = read_abc(text.encode())
    found = [(m.numerator, m.denominator) for m in sequence.time_signatures]
    assert found == ([expected] if expected else [])
    assert notes(sequence) == [(60, 0, unit)]


def test_annotations_are_chords_where_they_name_some():
    sequence = tune('"Am7"C "^up"D "D/F#"E "Fine"F "3"G "G"A')
    chord = NoteSequence.TextAnnotation.CHORD_SYMBOL
    found = [(a.text, a.annotation_type == chord, a.time) for a in sequence.text_annotations]
    assert found == [
        *[("Am7", True, 0), ("^up", False, 1), ("D/F#", True, 2)],
        *[("Fine", False, 3), ("3", False, 4), ("G", True, 5)],
    ]


def played(sequence) -> str:
    """The letters of whole notes in the order in which sections are played."""
    starts = [a.time for a in sequence.section_annotations]
    letters = {60: "C", 62: "D", 64: "E", 65: "F", 67: "G", 69: "A", 71: "B"}
    sections = [""] * len(starts)
    for note in sequence.notes:
        sections[sum(start <= note.start_time for start in starts) - 1] += letters[note.pitch]
    groups = sequence.section_groups
    return "".join(sections[g.sections[0].section_id] * g.num_times for g in groups)


@pytest.mark.parametrize(
    ("music", "expected"),
    [
        *[("|:C D:|", "CDCD"), ("C D:|", "CDCD"), ("C:|:D:|E|]", "CCDDE"), ("C::D:|", "CCDD")],
        *[("C||D:|", "CDD"), ("|::C::|D|]", "CCCD"), ("C D|:|", "CD"), ("C|]", "C")],
        *[("|:C|1D:|2E|]", "CDCE"), ("C [1 D :| [2 E ||", "CDCE"), ("C|[1D:|\n[2E||F:|", "CDCEFF")],
        *[("|:C|1,3D:|2E:|F|]", "CDCECDF"), ("|:C|1D:|2E:|:F:|", "CDCEFF")],
        *[("C|1D|2E||", "CDCE"), ("C:[|]:|", "CC"), ("P:A\nC||\nP:B\nD||", "CD")],
    ],
)
def test_repeats_and_endings(music, expected):
    assert played(tune(music)) == expected


def test_parts_are_played_in_their_order():
    text = "X:1\nP:A2BA\nL:1/4\nK:C\nP:A\nC:|\nP:B\nD||\n"
    (sequence,), _ = read_abc(text.encode())
    assert played(sequence) == "CCCCDCC"


def test_voices_are_instruments():
    text = 'X:1\nM:4/4\nL:1/4\nV:1 name="Lead"\nV:2 octave=-1\nK:G\nV:1\nF G|\n[V:2] F2|\nV:1\nA|\n'
    (sequence,), _ = read_abc(text.encode())
    found = [(n.instrument, n.pitch, n.start_time) for n in sequence.notes]
    assert found == [(0, 66, 0), (0, 67, 0.5), (1, 54, 0), (0, 69, 1)]
    assert [(i.instrument, i.name) for i in sequence.instrument_infos] == [(0, "Lead")]


def test_tunes_without_a_number_or_empty_lines_between_are_read():
    text = "% collection\nM:3/4\n\nX:1\nK:C\nC\nX:2\nK:C\nD\n\nsome words\n\nT:x\nK:C\nE\n"
    sequences, problems = read_abc(text.encode())
    assert [(s.reference_number, pitches(s)) for s in sequences] == [
        (1, [60]),
        (2, [62]),
        (0, [64]),
    ]
    assert [s.time_signatures[0].numerator for s in sequences] == [3, 3, 3]
    assert not problems


MAGENTAS = {
    "plain": "X:12\nT:One\nT:Two\nC:Me\nM:6/8\nL:1/8\nQ:3/8=110\nK:Edor\nABc d2e|f>g a<b c'|]",
    "repeats": 'X:1\nM:2/4\nK:Gm\n|:"Gm"A2 _B/^c/ d:|\n|:A3/2 B// c4|A:|d||e|]',
    "fields": "X:2\nL:1/4\nM:C|\nK:D\nA[K:Am]c[M:3/4][L:1/16]d\nQ:1/4=200\nT:part\n(e'f,)-|^g ||",
    "no_marks": "X:3\nM:none\nQ:160\nK:A mix exp ^c\nTA3 .B~c|\n",
    "no_music": "X:4\nM:3/8\nQ:1/4=100\nK:Bb\n",
}


@pytest.mark.parametrize("name", MAGENTAS)
def test_what_note_seq_reads_is_read_alike(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from note_seq import abc_parser
    theirs, errors = abc_parser.parse_abc_tunebook(MAGENTAS[name])
    assert not errors
    (ours,), problems = read_abc(MAGENTAS[name].encode())
    assert not problems
    assert str(ours) == str(next(iter(theirs.values())))


@pytest.mark.parametrize(
    ("music", "expected"),
    [("|:C|1D:|2E|]", [60, 62, 60, 64]), ("C D", [60, 62]), ("C:|D", [60, 60, 62])],
)
def test_read_music_plays_what_is_repeated(music, expected, tmp_path):
    path = tmp_path / "a.abc"
    path.write_text(f"X:1\nL:1/4\nQ:1/4=60\nK:C\n{music}\n")
    sequence = read_music(path)
    assert pitches(sequence) == expected
    assert [n.start_time for n in sequence.notes] == list(range(len(expected)))
    assert sequence.total_time == len(expected)
