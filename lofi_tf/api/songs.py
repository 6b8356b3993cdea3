"""Songs: files of which a model changes a part, and all else stays."""

import secrets
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lofi_tf import generation
from lofi_tf.api.music import music_of
from lofi_tf.api.sequence import SequenceModel
from lofi_tf.errors import LofiError, LofiWarning, check_range
from lofi_tf.generation.loops import for_a_song
from lofi_tf.generation.song_changes import MODES
from lofi_tf.generation.song_stretches import longest_stretch
from lofi_tf.music import files, song
from lofi_tf.music.midi import read_midi
from lofi_tf.music.sequence_proto import NoteSequence
from lofi_tf.music.song_parts import Part, parts_of
from lofi_tf.settings import Tempo, checked

_WISHES = ("bars", "length_bars", "chords")  # in bars of the song


class Song:
    """A file of music of which nothing is lost; `lofi_tf.read_song` opens one.

    Args:
        file: what it holds.

    Attributes:
        file: as given.

    Example:
        >>> lofi_tf.read_song("beat.mid")
        <Song 1 without a name (drums, 8 notes)>
    """

    def __init__(self, file: song.Song):
        self.file = file

    @property
    def parts(self) -> list[Part]:
        """Who plays in it: parts with `number`, `name`, `program`, `is_drum` and `notes`."""
        return parts_of(self.file)

    @property
    def piece(self) -> NoteSequence:
        """Its notes, as `read_midi` gives them; `show`, `listen` and `render` take the song too."""
        return read_midi(self.file.to_bytes())

    def changed(
        self,
        verb: Callable[..., Any],
        *,
        track: str | int | None = None,
        seed: int | None = None,
        qpm: float | None = None,
        **options: Any,
    ) -> Any:
        """Returns the song with a part that a model has changed; every other event stays.

        Args:
            verb: a method of a model: `humanize`, `add_hihats`, `vary`, `infill`, `continue_`,
                `tap2drum`, `groove_transfer` or `reconstruct`.
            track: name or number of the part; None is the drums, or the part that fits best.
            seed: of what is drawn.
            qpm: the tempo that the song is to begin with; later ones change alike.
            options: of the method. Bars are the song's; of `groove_transfer`, `feel` is given here.

        Returns:
            A song, or a list of them where the method returns one.

        Raises:
            LofiError: no such method or track, or nothing that the model takes, and why.

        Example:
            >>> song = lofi_tf.read_song("beat.mid")
            >>> other = song.changed(model.infill, bars="3-4", num_outputs=2, seed=1)
            >>> len(other), other[0].parts[0].is_drum
            (2, True)
            >>> other[0].write("other.mid")
        """
        model, name = getattr(verb, "__self__", None), getattr(verb, "__name__", "")
        if not isinstance(model, SequenceModel) or name not in MODES:
            allowed = ", ".join(MODES)
            raise LofiError(
                f"a song is changed by a method of a model of notes, such as model.humanize. "
                f"Allowed: {allowed}. Received: {verb!r}"
            )
        checked("qpm", qpm, Tempo | None)
        seed = secrets.randbelow(2**31) if seed is None else seed
        check_range("seed", seed, 0)
        file = self.file if qpm is None else self.file.at_tempo(qpm)
        wishes = {one: options.pop(one) for one in _WISHES if options.get(one) is not None}
        before = [_feel(model, options.pop("feel"))] if "feel" in options else []
        several = False

        def change(piece: NoteSequence, number: int, **given: Any) -> list[NoteSequence]:
            nonlocal several
            how = generation.how_of_stretch(generation.GenerationConfig(seed=seed), number)
            with for_a_song():
                made = verb(*before, piece, seed=how.seed, **options, **given)
            several = isinstance(made, list)
            return made if isinstance(made, list) else [made]

        found = generation.change_song(model.backend, name, file, change, track=track, **wishes)
        for line in found.told:
            warnings.warn(line, LofiWarning, stacklevel=2)
        songs = [Song(one) for one in found.songs]
        return songs if several else songs[0]

    def write(self, path: str | Path) -> None:
        """Writes it as a MIDI file: of one that is read and not changed, the same bytes."""
        self.file.write(path)

    def __repr__(self) -> str:
        return f"<Song {', '.join(part.title for part in self.parts) or 'without notes'}>"


def read_song(path: str | Path) -> Song:
    """Returns a file as a song, of which a part can be changed and all else stays.

    It is a MIDI file, or a score (MusicXML, ABC), which becomes one.

    Raises:
        LofiError: the file, and why it cannot be read.

    Example:
        >>> song = lofi_tf.read_song("beat.mid")
        >>> humanizer = lofi_tf.load_model("groove_humanize")
        >>> played = song.changed(humanizer.humanize, track="drums", seed=1)
        >>> played.write("played.mid")
    """
    return Song(files.read_song(path))


def _feel(model: SequenceModel, feel: Any) -> NoteSequence:
    """Returns the beat whose feel is taken; of a song the longest stretch that is taken."""
    if isinstance(feel, str | Path):
        feel = read_song(feel)
    if isinstance(feel, Song):
        return longest_stretch(model.backend, "groove_transfer", feel.file)
    return music_of(feel)
