"""Music files to NoteSequences and back."""

from pathlib import Path
from typing import TypeAlias

from lofi_tf.errors import LofiError
from lofi_tf.generation.decoding import start_at_zero
from lofi_tf.music import files, midi
from lofi_tf.music.files import KINDS, MIDI
from lofi_tf.music.sequence_proto import NoteSequence

Music: TypeAlias = NoteSequence | str | Path


def read_music(path: str | Path) -> NoteSequence:
    """Returns the music of a MIDI, MusicXML or ABC file; of several tunes the first.

    Raises:
        LofiError: a file that cannot be read, and why.

    Example:
        >>> tune = lofi_tf.read_music("tune.abc")
        >>> [note.pitch for note in tune.notes][:3]
        [60, 62, 64]
    """
    return files.read_music(path)


def read_midi(path: str | Path) -> NoteSequence:
    """Returns the music of a MIDI file.

    Raises:
        LofiError: no MIDI file, or one that cannot be read, and why.

    Example:
        >>> beat = lofi_tf.read_midi("beat.mid")
        >>> beat.tempos[0].qpm
        120.0
    """
    if KINDS.get(Path(path).suffix.lower()) != MIDI:
        raise LofiError(f"no MIDI file by its ending; read_music reads others. Received: {path}")
    return read_music(path)


def write_midi(music: NoteSequence, path: str | Path) -> None:
    """Writes music as a MIDI file; notes ahead of the first beat begin with it.

    Raises:
        LofiError: a file that cannot be written.

    Example:
        >>> lofi_tf.write_midi(beat, "copy.mid")
        >>> len(lofi_tf.read_midi("copy.mid").notes) == len(beat.notes)
        True
    """
    copy = NoteSequence()
    copy.CopyFrom(music)
    start_at_zero(copy)
    midi.write_midi(copy, path)


def music_of(music: Music) -> NoteSequence:
    """Returns music as it was given, or that of a file."""
    return read_music(music) if isinstance(music, str | Path) else music
