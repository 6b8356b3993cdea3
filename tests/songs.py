"""Songs for the tests of tracks that songs become: a melody over chords, without bass and drums."""

from lofi_tf.music.sequence_proto import NoteSequence

CHORDS = ((60, 64, 67), (57, 60, 64), (53, 57, 60), (55, 59, 62))  # C, Am, F, G, a bar each
TUNE = ((0, 72), (1, 74), (2, 76), (3.5, 79))  # quarter of the bar, pitch
MELODY, PIANO, DRUMS = (0, 0, False), (1, 0, False), (2, 0, True)


def song(bars=16, beats=4, qpm=120.0, late=0.0, first_sung=0, metre=None, tempos=()):
    """Returns a NoteSequence of so many bars of so many quarters.

    Notes begin `late` quarters after their bar; the melody begins with bar `first_sung`; tempos are
    (quarter, qpm) after the first.
    """
    found = NoteSequence(ticks_per_quarter=480)
    changes = [(0.0, qpm), *tempos]

    def seconds(quarter):
        time = 0.0
        for (begin, speed), (end, _) in zip(changes, [*changes[1:], (1e9, 0)], strict=True):
            time += max(0.0, min(quarter, end) - begin) * 60 / speed
        return time

    for quarter, speed in changes:
        found.tempos.add(time=seconds(quarter), qpm=speed)
    numerator, denominator = metre or (beats, 4)
    found.time_signatures.add(numerator=numerator, denominator=denominator)
    for instrument, name in enumerate(("Voice", "Piano")):
        found.instrument_infos.add(instrument=instrument, name=name)

    def add(part, quarter, length, pitch, velocity):
        instrument, program, is_drum = part
        found.notes.add(
            pitch=pitch, velocity=velocity, instrument=instrument, program=program, is_drum=is_drum,
            start_time=seconds(quarter + late), end_time=seconds(quarter + late + length),
        )  # fmt: skip

    for bar in range(bars):
        for pitch in CHORDS[bar % 4]:
            add(PIANO, bar * beats, beats - 0.1, pitch, 60)
        for at, pitch in TUNE if bar >= first_sung else ():
            if at < beats:
                add(MELODY, bar * beats + at, 0.5, pitch - bar % 2, 90)
    found.total_time = max(note.end_time for note in found.notes)
    return found


def with_drums(piece):
    """Returns a song with a kick on each second."""
    instrument, program, is_drum = DRUMS
    for second in range(int(piece.total_time)):
        piece.notes.add(
            pitch=36, velocity=90, instrument=instrument, program=program, is_drum=is_drum,
            start_time=second, end_time=second + 0.1,
        )  # fmt: skip
    return piece
