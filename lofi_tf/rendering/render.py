"""A piece to an audio file: played, mixed, sent through the chain, brought to its loudness.

Three passes over the music, each with one stretch of it in memory; between them the samples lie in
temporary files beside the output. The first mixes; the second sends the mix, brought to
`NOMINAL_LUFS`, through the chain, so that tape and noise depend on nothing but the preset; the
third brings it to its loudness and limits it. A track ends with its last bar, or when its last
sound is no longer heard; a loop with its last bar: what rings on is heard at its beginning.
"""

import dataclasses
import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from lofi_tf.audio.loudness import Meter
from lofi_tf.audio.wav import About
from lofi_tf.errors import LofiError, LofiWarning, unknown_name
from lofi_tf.files import atomic_write, check_file
from lofi_tf.music.bar_lines import whole_bars
from lofi_tf.music.files import KINDS, is_music_file, read_music
from lofi_tf.rendering import effects, looping
from lofi_tf.rendering.chain import chain_of
from lofi_tf.rendering.drum_kit import Kit
from lofi_tf.rendering.limiter import Limiter, TruePeaks
from lofi_tf.rendering.mixing import Mixer
from lofi_tf.rendering.plugins import Plugin
from lofi_tf.rendering.settings import DEFAULT_PRESET, EVERY_PART, RenderSettings, load_preset
from lofi_tf.rendering.sound_files import (
    Stems,
    about_of,
    check_output,
    check_seconds,
    open_sound,
    stem_paths,
)
from lofi_tf.rendering.soundfont import SoundFont, default_soundfont
from lofi_tf.rendering.takes import beside, blocks_of, heard_in, keep, size_of
from lofi_tf.rendering.track_events import ROLES, TrackEvents, track_events

BLOCK_SIZE = 32768  # samples of each channel that are in memory at a time
NOMINAL_LUFS = -18.0  # of what goes through the chain
HEARD_DB = -60.0  # below the peak: what is softer at the end is no longer heard
_NEAR_LU, _TOLD_LU, _MOST_TRIES, _MOST_EXTRA_DB = 0.05, 0.5, 5, 6.0
_LEAST_YIELD = 0.1


class Measured(NamedTuple):
    """What was written, as measured on its samples.

    Attributes:
        loudness_lufs: integrated, ITU-R BS.1770-4; -inf for silence.
        true_peak_db: dBTP, four times oversampled.
        seconds: how long.
        stems: files of single parts.
    """

    loudness_lufs: float
    true_peak_db: float
    seconds: float
    stems: tuple[Path, ...]


def render(
    music: Any,
    output_path: str | Path,
    preset: str | Path | RenderSettings = DEFAULT_PRESET,
    seed: int = 0,
    *,
    values: Mapping[str, Any] | None = None,
    soundfont: str | Path | None = None,
    drum_kit: str | Path | None = None,
    stems_dir: str | Path | None = None,
    plugins: Sequence[str] = (),
    loop: bool = False,
    block_size: int = BLOCK_SIZE,
    progress: Callable[[int, int], None] | None = None,
) -> Measured:
    """Writes a piece as an audio file; the same arguments give the same samples.

    Args:
        music: a NoteSequence, unquantized, or the path of a MIDI, MusicXML or ABC file.
        output_path: a .wav or .flac (24 bits) or .ogg (Vorbis) file, which appears only when whole.
        preset: name of a preset, a YAML file, or settings.
        seed: of noise, of the phases of wow and flutter, and of hits of a drum kit.
        values: settings by name, in place of the preset's.
        soundfont: an .sf2 or .sf3 file; `default_soundfont` if not given.
        drum_kit: a folder of drum hits that take the place of the SoundFont's.
        stems_dir: a folder for each part as a WAV file, as it enters the mix, and the room's; their
            sum is what the chain receives, before it is brought to its level.
        plugins: effects at the end of the chain, of `lofi_tf.rendering.plugins`.
        loop: whether the file is to come round: as long as its bars, to the sample, with what rings
            on heard at its beginning.
        block_size: samples in memory at a time; the result does not depend on it.
        progress: is called with the seconds that are mixed and about how many there are.

    Returns:
        What was written.

    Raises:
        LofiError: music without notes, an unknown ending or preset, files that cannot be read or
            written.
    """
    settings = preset if isinstance(preset, RenderSettings) else load_preset(preset)
    settings = settings.replace(values or {})
    output = Path(output_path)
    check_output(output)
    _check_whole("block_size", block_size, 1)
    _check_whole("seed", seed, 0)
    font = SoundFont(soundfont or default_soundfont())
    kit = Kit(drum_kit, settings.sample_rate, seed) if drum_kit else None
    sequence, rate = sequence_of(music), settings.sample_rate
    piece = whole_bars(sequence)
    check_seconds(max(piece.seconds, sequence.total_time), rate, output, bool(stems_dir))
    length = round(piece.seconds * rate)
    parts = track_events(sequence, rate, length if loop else None)
    _check_names(values or {}, parts)
    added = [Plugin(text, rate) for text in plugins]
    about = about_of(sequence, piece, loop, music)
    track = _Track(settings, seed, added, length, loop, block_size)
    mixer = track.mixer(parts, font, kit)
    _tell_missing(parts, font, kit)
    paths = stem_paths(stems_dir, mixer.stem_names) if stems_dir else []
    if output.absolute() in [path.absolute() for path in paths]:
        raise LofiError(f"a stem would overwrite the track; give another folder or name: {output}")
    with beside(output) as mixed, beside(output) as made:
        with Stems(paths, mixer.stem_names, rate, about) as stems:
            mix = stems.summed(track.mix(mixer))
            loudness = keep(mixed, _told(mix, length, rate, progress) if progress else mix, rate)
            track = track.ended(mixed)
            stems.resize(track.length)
        chain = [effects.Gain(gain_to(NOMINAL_LUFS, loudness)), *track.chain(), *added]
        loudness = keep(made, track.through(chain, mixed), rate)
        return _finish(made, output, track, loudness, about)._replace(stems=tuple(paths))


@dataclasses.dataclass(frozen=True)
class _Track:
    """What is rendered, and how many samples of it: of a track that is not mixed, its bars."""

    settings: RenderSettings
    seed: int
    plugins: list[Plugin]
    length: int
    loop: bool
    block_size: int

    def mixer(self, parts: list[TrackEvents], font: SoundFont, kit: Kit | None) -> Mixer:
        """Returns what plays the parts, of a loop for as many turns as sounds ring on, and one."""
        if self.loop:
            looping.check_length(self.length, self.settings.sample_rate)
            times = self._turns_before() + 1
            parts = [looping.repeated(part, self.length, times) for part in parts]
        return Mixer(parts, self.settings, font, kit, self.length if self.loop else None)

    def mix(self, mixer: Mixer) -> Iterator[list[np.ndarray]]:
        """Yields the stems of the track, or of the last turn of a loop."""
        if not self.loop:
            return mixer.blocks(self.block_size)
        first = self._turns_before() * self.length
        return mixer.between(first, first + self.length, self.block_size)

    def ended(self, mixed: BinaryIO) -> "_Track":
        """Returns the track as long as it is: its bars, or until the mix is no longer heard."""
        if self.loop:
            return self
        # A plugin may ring on where the mix does not, and saturation lifts what is soft.
        heard = size_of(mixed) if self.plugins else heard_in(mixed, self._silent_db())
        return dataclasses.replace(self, length=max(self.length, heard))

    def chain(self) -> list[effects.Effect]:
        """Returns the effects that the settings ask for."""
        return chain_of(self.settings, self.seed, self.length if self.loop else None)

    def through(self, chain: list[effects.Effect], file: BinaryIO) -> Iterator[np.ndarray]:
        """Yields a temporary file's samples after effects; those of a loop as if it came round."""

        def blocks() -> Iterator[np.ndarray]:
            return blocks_of(file, self.block_size, self.length)

        if not self.loop:
            return effects.run(chain, blocks())
        seconds = looping.PLUGINS_SECONDS if self.plugins else looping.EFFECTS_SECONDS
        before = looping.turns(seconds, self.length, self.settings.sample_rate)
        return looping.settled(chain, blocks, self.length, before)

    def _turns_before(self) -> int:
        seconds = looping.RINGING_SECONDS + self.settings.room_seconds
        return looping.turns(seconds, self.length, self.settings.sample_rate)

    def _silent_db(self) -> float:
        return HEARD_DB - max(0.0, self.settings.saturation_db or 0.0)


def gain_to(target_lufs: float, loudness_lufs: float) -> float:
    """Returns the dB that bring a loudness to another; 0 for silence."""
    return target_lufs - loudness_lufs if math.isfinite(loudness_lufs) else 0.0


def sequence_of(music: Any) -> Any:
    """Returns the NoteSequence of a file, or the one that was given.

    Raises:
        LofiError: a file that is no music, or cannot be read.
    """
    if not isinstance(music, str | Path):
        return music
    check_music(music)
    return read_music(music)


def check_music(path: str | Path) -> None:
    """Refuses what is no file of music by its name, or is not there."""
    if not Path(path).is_dir() and not is_music_file(path):
        endings = ", ".join(KINDS)
        raise LofiError(f"no music file by its ending. Allowed: {endings}. Received: {path}")
    check_file(path)


def _check_whole(name: str, value: Any, least: int) -> None:
    if type(value) is not int or value < least:
        raise LofiError(f"{name} must be a whole number of at least {least}. Received: {value!r}")


def _check_names(values: Mapping[str, Any], parts: list[TrackEvents]) -> None:
    """Refuses levels of parts that there are not."""
    known = [part.name.lower() for part in parts] + [*ROLES, EVERY_PART]
    for levels in values.values():
        for name in levels if isinstance(levels, Mapping) else ():
            if str(name).lower() not in known:
                raise unknown_name("part", str(name), dict.fromkeys(known))


def _tell_missing(parts: list[TrackEvents], font: SoundFont, kit: Kit | None) -> None:
    """Warns of programs that the SoundFont lacks, of each once."""
    wanted: dict[tuple[bool, int], list[str]] = {}
    for part in parts:
        if not (kit and part.is_drum and set(part.pitches.tolist()) <= kit.pitches):
            wanted.setdefault((part.is_drum, part.program), []).append(part.name)
    for (is_drum, program), names in wanted.items():
        instead = font.instead(program, is_drum)
        if instead is not None:
            what = "drum kit" if is_drum else "program"
            warnings.warn(
                f"{Path(font.path).name} has no {what} {program}, of {', '.join(names)}. "
                f"In its place: {instead}",
                LofiWarning,
                stacklevel=3,
            )


def _told(
    blocks: Iterable[np.ndarray],
    last: int,
    sample_rate: int,
    progress: Callable[[int, int], None],
) -> Iterator[np.ndarray]:
    """Yields blocks and tells of them."""
    count = 0
    for block in blocks:
        count += block.shape[1]
        progress(min(count, last) // sample_rate, -(-last // sample_rate))
        yield block


def _finish(made: BinaryIO, output: Path, track: _Track, loudness: float, about: About) -> Measured:
    """Writes the file at its loudness; once more where limiting has taken some of it."""
    settings = track.settings
    rate, target = settings.sample_rate, settings.loudness_lufs
    gain_db = gain_to(target, loudness)
    most_db, tried = gain_db + _MOST_EXTRA_DB, []
    with atomic_write(output) as file:
        for _ in range(_MOST_TRIES):
            file.seek(0)
            file.truncate()
            chain = [effects.Gain(gain_db), Limiter(settings.ceiling_db, rate)]
            blocks = track.through(chain, made)
            if not track.loop:
                blocks = effects.run([effects.FadeOut(track.length, rate)], blocks)
            measured = _write(file, output.suffix, blocks, rate, about)
            missing = target - measured.loudness_lufs
            if not math.isfinite(missing) or abs(missing) < _NEAR_LU or gain_db >= most_db:
                break
            tried.append((gain_db, measured.loudness_lufs))
            gain_db = min(gain_db + missing / _yield_of(tried), most_db)
    if missing > _TOLD_LU:
        warnings.warn(
            f"the ceiling of {settings.ceiling_db:g} dBTP leaves no more than "
            f"{measured.loudness_lufs:.1f} LUFS. Asked for: {target:g}",
            LofiWarning,
            stacklevel=3,
        )
    return measured


def _yield_of(tried: list[tuple[float, float]]) -> float:
    """Returns the LU that the last dB of gain gave, of which the limiter takes some."""
    if len(tried) < 2:
        return 1.0
    (gain, loudness), (more, louder) = tried[-2:]
    return min(1.0, max(_LEAST_YIELD, (louder - loudness) / (more - gain)))


def _write(
    file: BinaryIO, ending: str, blocks: Iterable[np.ndarray], sample_rate: int, about: About
) -> Measured:
    """Writes the samples of an audio file and measures them."""
    meter, peaks, highest, count = Meter(sample_rate), TruePeaks(), 0.0, 0
    with open_sound(file, ending, sample_rate, about=about) as sound:
        for block in blocks:
            samples = block.T
            sound.write(np.ascontiguousarray(samples))
            meter.add(samples)
            highest = max(highest, float(peaks.process(block, highest).max()))
            count += len(samples)
    highest = max(highest, float(peaks.process(np.zeros([2, peaks.latency]), highest).max()))
    peak_db = 20 * math.log10(highest) if highest else -math.inf
    return Measured(meter.level(), peak_db, count / sample_rate, ())
