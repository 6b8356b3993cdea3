"""Files from outside as clips: music stays as it is, byte by byte; sounds become WAV files."""

import os
from collections.abc import Callable
from pathlib import Path

from lofi_tf.audio.io import ENDINGS, probe, read_blocks
from lofi_tf.audio.wav import WavWriter
from lofi_tf.errors import LofiError
from lofi_tf.files import write_file
from lofi_tf.music.files import ABC, KINDS, MIDI, convert_file
from lofi_tf.music.midi import midi_bytes
from lofi_tf.music.song import Song
from lofi_tf.studio.clips import about_song, check_size, shown
from lofi_tf.studio.keeping import keep_file
from lofi_tf.studio.session import Session
from lofi_tf.studio.shapes import Clip

MOST_TUNES = 64  # of an ABC file
MOST_SECONDS = 900.0  # of a sound
_SIGNS = {b"MThd": ".mid", b"RIFF": ".wav", b"fLaC": ".flac", b"OggS": ".ogg", b"ID3": ".mp3"}


def keep_upload(session: Session, name: str, body: bytes) -> list[Clip]:
    """Returns the clips that a file has become, of an ABC file one for each tune.

    Args:
        session: that keeps them.
        name: of the file; its ending says what it is.
        body: what it holds.

    Raises:
        LofiError: a file that cannot be read, and why.
    """
    ending = _ending(name, body)
    title = shown(Path(name.replace("\\", "/")).stem) or "Clip"
    with session.folder.beside(ending) as path:
        write_file(path, body)
        try:
            if ending in KINDS:
                makers = _music(session, title, path, body)
            else:
                makers = [_sound(session, title, path)]
            return session.add(makers)
        except LofiError as error:
            told = str(error).replace(str(path), shown(name))
            raise LofiError(told if shown(name) in told else f"{shown(name)}: {told}") from error


def _ending(name: str, body: bytes) -> str:
    """Returns how a file ends, by its name or else by its content."""
    ending = Path(name).suffix.lower()
    if ending in KINDS or ending in ENDINGS:
        return ending
    for sign, known in _SIGNS.items():
        if body.startswith(sign):
            return known
    allowed = ", ".join((*KINDS, *ENDINGS))
    raise LofiError(
        f"no music and no sound by its name. Allowed: {allowed}. Received: {name!r:.80}"
    )


def _music(session: Session, title: str, path: Path, body: bytes) -> list[Callable[[int], Clip]]:
    if KINDS[path.suffix] == MIDI:
        song = Song.of_bytes(body)
        check_size(song)
        about_song(song)
        data = body if body.startswith(b"MThd") else song.to_bytes()
        return [keep_file(session, title, "midi", ".mid", data)]
    tunes, problems = convert_file(path, "", "", as_played=True)
    if not tunes:
        raise problems[0]
    found = []
    for number, tune in enumerate(tunes[:MOST_TUNES], 1):
        data = midi_bytes(tune)
        about_song(Song.of_bytes(data))
        own = shown(tune.sequence_metadata.title) if KINDS[path.suffix] == ABC else ""
        several = f"{title} {number}" if len(tunes) > 1 else title
        found.append(keep_file(session, own or several, "score", ".mid", data))
    return found


def _sound(session: Session, title: str, path: Path) -> Callable[[int], Clip]:
    info = probe(path)
    if info.seconds > MOST_SECONDS:
        raise LofiError(
            f"a sound lasts {MOST_SECONDS:g} seconds at most. Received: {info.seconds:.0f}"
        )
    if info.channels > 2:
        raise LofiError(f"a sound has one channel or two. Received: {info.channels}")
    if path.suffix == ".wav" and info.kind == "WAV":
        for _ in read_blocks(path):  # what is damaged is told now
            pass
        return keep_file(session, title, "sound", ".wav", path)
    wave = path.with_name(f"{path.stem}.wav")
    try:
        with open(wave, "wb+") as file:
            with WavWriter(file, info.sample_rate, info.channels, "PCM_24") as writer:
                for block in read_blocks(path):
                    writer.write(block)
        os.replace(wave, path)
    finally:
        wave.unlink(missing_ok=True)
    return keep_file(session, title, "sound", ".wav", path)
