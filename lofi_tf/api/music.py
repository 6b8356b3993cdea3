"""Music files to NoteSequences and back."""

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from lofi_tf.errors import LofiError
from lofi_tf.generation.loops import from_zero
from lofi_tf.music import midi
from lofi_tf.music.files import KINDS, MIDI, read_music
from lofi_tf.music.sequence_proto import NoteSequence

if TYPE_CHECKING:  # a track's module imports the models
    from lofi_tf.composing.compose import Track

Music: TypeAlias = NoteSequence | str | Path


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
    """Writes music as a MIDI file; if notes are ahead of the first beat, all begins later.

    Raises:
        LofiError: a file that cannot be written.

    Example:
        >>> lofi_tf.write_midi(beat, "copy.mid")
        >>> len(lofi_tf.read_midi("copy.mid").notes) == len(beat.notes)
        True
    """
    copy = NoteSequence()
    copy.CopyFrom(music)
    from_zero(copy)
    midi.write_midi(copy, path)


def music_of(music: "Music | Track") -> NoteSequence:
    """Returns music as it was given, that of a file, or the notes of a track."""
    return read_music(music) if isinstance(music, str | Path) else getattr(music, "piece", music)
