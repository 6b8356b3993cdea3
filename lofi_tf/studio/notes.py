"""Notes in beats, as a page has them, out of MIDI files and into them."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from lofi_tf.generation.song_edits import Edit, NewNote, edited_song
from lofi_tf.music.bar_lines import whole_bars
from lofi_tf.music.midi import midi_bytes
from lofi_tf.music.sequence_proto import NoteSequence
from lofi_tf.music.song import DRUM_CHANNEL, Song
from lofi_tf.music.song_metre import quarter_ticks
from lofi_tf.music.song_parts import Key, Part, parts_of
from lofi_tf.studio.clips import piece_of, role_in, shown
from lofi_tf.studio.shapes import LEAST_QPM, MOST_QPM, PARTS, Clip, Notes, Track

TICKS = 960  # of a quarter note, in files of notes that a page has sent
_SAME_QPM, _SAME_BEATS = 1e-3, 1e-3


def notes_of(song: Song, about: Mapping[str, Any]) -> Notes:
    """Returns the notes of a song; `about` is what `about_song` tells of it."""
    quarter, parts = quarter_ticks(song), parts_of(song)
    known = about["part"] if len(parts) == 1 and about["part"] in PARTS else None
    tracks = [
        Track.model_construct(
            name=shown(part.name),
            part=known or role_in(song, part),
            program=part.program,
            is_drum=part.is_drum,
            notes=[
                (n.start / quarter, (n.end - n.start) / quarter, n.pitch, n.velocity)
                for n in part.notes
            ],
        )
        for part in parts
    ]
    return Notes.model_construct(
        qpm=min(max(about["qpm"], LEAST_QPM), MOST_QPM),
        beats=about["beats"],
        beats_per_bar=about["beats_per_bar"],
        tracks=tracks,
    )


def song_of(notes: Notes) -> Song:
    """Returns notes as the song of a MIDI file."""
    return Song.of_bytes(midi_bytes(sequence_of(notes)))


def sequence_of(notes: Notes) -> Any:
    """Returns notes as a NoteSequence."""
    beat = 60 / notes.qpm
    piece = NoteSequence(ticks_per_quarter=TICKS)
    piece.tempos.add(qpm=notes.qpm)
    numerator, denominator = metre_of(notes.beats_per_bar)
    piece.time_signatures.add(numerator=numerator, denominator=denominator)
    for number, track in enumerate(notes.tracks):
        piece.instrument_infos.add(instrument=number, name=track.name or track.part.capitalize())
        for start, length, pitch, velocity in track.notes:
            piece.notes.add(
                start_time=start * beat,
                end_time=(start + length) * beat,
                pitch=pitch,
                velocity=max(1, velocity),
                instrument=number,
                program=track.program,
                is_drum=track.is_drum,
            )
    last = max((note.end_time for note in piece.notes), default=0.0)
    piece.total_time = max(notes.beats * beat, last)
    return piece


def metre_of(quarters: float) -> tuple[int, int]:
    """Returns the metre of a bar of so many quarter notes; 4/4 where there is none."""
    for denominator in (4, 8, 16):
        beats = quarters * denominator / 4
        if beats == round(beats) and 1 <= beats < 256:
            return round(beats), denominator
    return 4, 4


def with_notes(song: Song, notes: Notes, clip: Clip) -> Song:
    """Returns a song with other notes; every event of notes that stay, and all else, is as it was.

    Args:
        song: as it was.
        notes: what it is to have; tracks are told apart by their place, name and kind.
        clip: that the song is of.
    """
    quarter = quarter_ticks(song)
    edit, programs, taken = Edit(), {}, set()
    parts = parts_of(song)
    for number, track in enumerate(notes.tracks):
        part = _part_of(track, number, parts, taken)
        key = part.key if part else _free_key(song, track, taken, programs)
        taken.add(key)
        if part is None:
            programs[key] = track.program
        _change(edit, part, key, track, quarter)
    for part in parts:
        if part.key not in taken:
            edit.gone |= set(part.notes)
    changed = edited_song(song, edit, programs)
    if abs(notes.qpm - clip.qpm) > _SAME_QPM and LEAST_QPM <= clip.qpm <= MOST_QPM:
        changed = changed.at_tempo(notes.qpm)
    if abs(whole_bars(piece_of(changed)).quarters - notes.beats) > _SAME_BEATS:
        changed = changed.ending_at(round(notes.beats * quarter))
    return changed


def _change(edit: Edit, part: Part | None, key: Key, track: Track, quarter: int) -> None:
    """Adds what goes and what is new in a part."""
    wanted: Counter[tuple[int, int, int, int]] = Counter()
    for start, length, pitch, velocity in track.notes:
        begin = round(start * quarter)
        end = max(begin + 1, round((start + length) * quarter))
        wanted[begin, end, pitch, max(1, velocity)] += 1
    for note in part.notes if part else ():
        same = (note.start, max(note.start + 1, note.end), note.pitch, max(1, note.velocity))
        if wanted[same]:
            wanted[same] -= 1
        else:
            edit.gone.add(note)
    for (begin, end, pitch, velocity), count in wanted.items():
        edit.new += [NewNote(key, pitch, velocity, begin, end)] * count


def _part_of(track: Track, number: int, parts: list[Part], taken: set[Key]) -> Part | None:
    """Returns the part of a song that a track is: that at its place, else one of its name."""
    places = [*parts[number : number + 1], *parts]
    for part in places:
        alike = part.is_drum == track.is_drum and shown(part.name) == track.name
        if alike and part.key not in taken:
            return part
    return None


def _free_key(song: Song, track: Track, taken: set[Key], programs: Mapping[Key, int]) -> Key:
    """Returns track and channel of a part that is not there yet."""
    used: dict[int, set[int]] = defaultdict(set)
    for number, channel in [*taken, *(part.key for part in parts_of(song))]:
        used[channel].add(number)
    free = [channel for channel in range(16) if channel != DRUM_CHANNEL and not used[channel]]
    channel = DRUM_CHANNEL if track.is_drum else free[0] if free else 0
    if song.kind == 0:
        return 0, channel
    return max([len(song.tracks) - 1, *(number for number, _ in programs)]) + 1, channel
