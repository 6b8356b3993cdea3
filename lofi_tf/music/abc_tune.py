"""A tune in ABC to a NoteSequence, as note_seq's reader makes it where that knows all symbols.

Notes are as they are written, none of them twice: sections and groups of them say what is repeated.
Grace notes are left out, tied notes are one, and a voice is an instrument.
"""

import re
from fractions import Fraction

from lofi_tf.errors import NotConvertible
from lofi_tf.music import abc_fields as fields
from lofi_tf.music.abc_tokens import symbols_of
from lofi_tf.music.abc_voice import Voice
from lofi_tf.music.sections import Mark, add_sections
from lofi_tf.music.sequence_proto import NoteSequence
from lofi_tf.music.time_changes import TICKS_PER_QUARTER

_FIELD = re.compile(r"([A-Za-z]):\s*(.*)")
_MUSIC_LIKE_A_FIELD = re.compile(r"[A-Ga-gxz]:[|:\]\[]")
_VOICE = re.compile(r"\s*(\S+)\s*(.*)")
_VOICE_NAME = re.compile(r'\b(?:name|nm)="([^"]*)"')


class Tune:
    """The state of a reader within a tune; `sequence` is what it has found."""

    def __init__(self) -> None:
        info = NoteSequence.SourceInfo
        self.sequence = NoteSequence(ticks_per_quarter=TICKS_PER_QUARTER)
        self.sequence.source_info.source_type = info.SCORE_BASED
        self.sequence.source_info.encoding_type = info.ABC
        self.sequence.source_info.parser = info.MAGENTA_ABC
        self._voices: dict[str, Voice] = {}
        self._voice = self._first = Voice(self.sequence, 0)
        self._in_header, self._key_seen, self._is_music = True, False, False
        self._rate: fields.Rate | None = None
        self._parts = ""

    def read(self, lines: list[str]) -> NoteSequence:
        """Reads all lines of a tune, those of the file's header before them.

        Raises:
            NotConvertible: no line is music, or a pitch is none.
        """
        self._key_seen = not any(line.startswith("K:") for line in lines)
        for line in lines:
            line = re.sub(r"(?<!\\)%.*$", "", line).strip()
            found = _FIELD.match(line)
            if found and not (self._key_seen and _MUSIC_LIKE_A_FIELD.match(line)):
                self._read_field(*found.groups())
            elif line and self._key_seen and not line.startswith("+:"):
                self._end_header()
                self._read_music(line)
        if not (self._in_header or self._is_music):
            raise NotConvertible("bad_abc", f"no note or rest. Received: {lines[-1]!r}")
        self._end_header()
        end = max(voice.time for voice in self._all_voices())
        self.sequence.total_time = end
        return add_sections(self.sequence, self._first.marks, self._parts, end)

    def _read_music(self, line: str) -> None:
        for symbol, found in symbols_of(line):
            self._is_music = True
            if symbol == "field":
                self._read_field(found["name"], found["text"].strip())
            else:
                self._voice.take(symbol, found)

    def _end_header(self) -> None:
        if not self._in_header:
            return
        self._in_header = False
        for voice in self._all_voices():
            voice.unit = voice.unit or fields.usual_unit(voice.metre)
        if self._rate:
            self._set_tempo(self._rate)

    def _set_tempo(self, rate: fields.Rate) -> None:
        qpm = rate.qpm(self._voice.unit or Fraction(1, 8))
        self.sequence.tempos.add(time=self._voice.time, qpm=qpm)
        for voice in self._all_voices():
            voice.qpm = qpm

    def _all_voices(self) -> list[Voice]:
        return list(self._voices.values()) or [self._first]

    def _addressed(self) -> list[Voice]:
        """Returns the voices that a field is about: in the header all, then its own."""
        return self._all_voices() if self._in_header else [self._voice]

    def _read_field(self, name: str, text: str) -> None:
        """Takes in an information field; those that say nothing of the music are passed over."""
        if name == "K":
            self._set_key(text)
        elif name == "M":
            self._set_metre(fields.metre_of(text))
        elif name == "L":
            for voice in self._addressed():
                voice.unit = fields.unit_of(text) or voice.unit
        elif name == "Q":
            self._read_tempo(fields.rate_of(text))
        elif name == "V":
            self._set_voice(text)
        elif name == "P" and not self._key_seen:
            self._parts = text
        elif name == "P":
            self._voice.marks.append(Mark(self._voice.time, part=text.strip()[:1]))
        elif name == "X":
            number = re.match(r"\d{1,9}", text)
            self.sequence.reference_number = int(number.group()) if number else 0
        elif name == "T" and self._in_header:
            metadata = self.sequence.sequence_metadata
            metadata.title = f"{metadata.title}; {text}" if metadata.title else text
        elif name == "C":
            metadata = self.sequence.sequence_metadata
            metadata.composers.append(text)
            metadata.artist = metadata.artist or text

    def _set_key(self, text: str) -> None:
        key, self._key_seen = fields.key_of(text), True
        for voice in self._addressed():
            voice.transpose(text)
            voice.accidentals = key.accidentals
        if key.tonic is not None and self._voice is self._first:
            time = self._voice.time
            self.sequence.key_signatures.add(time=time, key=key.tonic, mode=key.mode)

    def _set_metre(self, metre: tuple[int, int] | None) -> None:
        for voice in self._addressed():
            voice.metre = metre
        if metre and self._voice is self._first:
            self.sequence.time_signatures.add(
                time=self._voice.time, numerator=metre[0], denominator=metre[1]
            )

    def _read_tempo(self, rate: fields.Rate | None) -> None:
        if rate and self._in_header:
            self._rate = rate
        elif rate:
            self._set_tempo(rate)

    def _set_voice(self, text: str) -> None:
        """Goes on with the voice that a field V: names; in the header it only tells of it."""
        found = _VOICE.match(text)
        if not found:
            return
        name, settings = found.groups()
        if name not in self._voices:
            voice = self._first.copy(len(self._voices)) if self._voices else self._first
            self._voices[name] = voice
        voice = self._voices[name]
        voice.transpose(settings)
        if title := _VOICE_NAME.search(settings):
            self.sequence.instrument_infos.add(instrument=voice.instrument, name=title.group(1))
        if not self._in_header:
            self._voice = voice
