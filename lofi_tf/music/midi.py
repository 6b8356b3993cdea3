"""MIDI files: bytes to NoteSequence and back."""

from lofi_tf.music.midi_reader import read_midi
from lofi_tf.music.midi_writer import midi_bytes, write_midi

__all__ = ["midi_bytes", "read_midi", "write_midi"]
