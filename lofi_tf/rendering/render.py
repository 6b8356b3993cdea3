"""A piece to an audio file: played, mixed, sent through the chain, brought to its loudness.

Three passes over the music, each with one stretch of it in memory; between them the samples lie in
temporary files beside the output. The first mixes; the second sends the mix, brought to
`NOMINAL_LUFS`, through the chain, so that tape and noise depend on nothing but the preset; the
third brings it to its loudness and limits it.
"""

import contextlib
import math
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import soundfile

from lofi_tf.audio.loudness import Meter
from lofi_tf.errors import LofiError, LofiWarning, unknown_name
from lofi_tf.files import atomic_write, check_writable
from lofi_tf.music.files import KINDS, is_music_file, read_music
from lofi_tf.rendering import effects
from lofi_tf.rendering.drum_kit import Kit
from lofi_tf.rendering.limiter import Limiter, TruePeaks
from lofi_tf.rendering.mixing import Mixer, stem_paths
from lofi_tf.rendering.plugins import Plugin
from lofi_tf.rendering.settings import DEFAULT_PRESET, EVERY_PART, RenderSettings, load_preset
from lofi_tf.rendering.soundfont import SoundFont, default_soundfont
from lofi_tf.rendering.track_events import ROLES, TrackEvents, track_events
from lofi_tf.rendering.vinyl import Vinyl

BLOCK_SIZE = 32768  # samples of each channel that are in memory at a time
NOMINAL_LUFS = -18.0  # of what goes through the chain
FORMATS = {".wav": ("WAV", "PCM_24"), ".flac": ("FLAC", "PCM_24"), ".ogg": ("OGG", "VORBIS")}
_NEAR_LU, _TOLD_LU, _MOST_TRIES, _MOST_EXTRA_DB = 0.05, 0.5, 5, 6.0


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
        soundfont: an .sf2 or .sf3 file; General MIDI of the pretty_midi package if not given.
        drum_kit: a folder of drum hits that take the place of the SoundFont's.
        stems_dir: a folder for each part as a WAV file, as it enters the mix, and the room's; their
            sum is what the chain receives, before it is brought to its level.
        plugins: effects at the end of the chain, of `lofi_tf.rendering.plugins`.
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
    parts = track_events(sequence_of(music), settings.sample_rate)
    _check_names(values or {}, parts)
    font = SoundFont(soundfont or default_soundfont())
    kit = Kit(drum_kit, settings.sample_rate, seed) if drum_kit else None
    added = [Plugin(text, settings.sample_rate) for text in plugins]
    mixer = Mixer(parts, settings, font, kit)
    stems = stem_paths(stems_dir, mixer.stem_names) if stems_dir else []
    if output.absolute() in [stem.absolute() for stem in stems]:
        raise LofiError(f"a stem would overwrite the track; give another folder or name: {output}")
    with _beside(output) as mixed, _beside(output) as made:
        mix = _summed(mixer.blocks(block_size), stems, settings.sample_rate)
        if progress:
            mix = _told(mix, parts, settings.sample_rate, progress)
        loudness = _keep(mixed, mix, settings.sample_rate)
        gain_db = NOMINAL_LUFS - loudness if math.isfinite(loudness) else 0.0
        chain = [effects.Gain(gain_db), *chain_of(settings, seed), *added]
        loudness = _keep(
            made, effects.run(chain, _blocks_of(mixed, block_size)), settings.sample_rate
        )
        return _finish(made, output, settings, loudness, block_size, tuple(stems))


def write_audio(path: Path, samples: np.ndarray, sample_rate: int) -> None:
    """Writes samples [n, channels] as a file of one of `FORMATS`, by its ending.

    Raises:
        LofiError: another ending, or a place that cannot be written to.
    """
    check_output(path)
    kind, subtype = FORMATS[path.suffix.lower()]
    with atomic_write(path) as file:
        soundfile.write(file, samples, sample_rate, subtype, format=kind)


def chain_of(settings: RenderSettings, seed: int) -> list[effects.Effect]:
    """Returns the effects that settings ask for, in order; those that are off are left out."""
    rate, chain = settings.sample_rate, []
    if settings.saturation_db is not None:
        chain.append(effects.Saturation(settings.saturation_db))
    if settings.wow_percent or settings.flutter_percent:
        wow, flutter = settings.wow_percent, settings.flutter_percent
        sways = wow, settings.wow_hz, flutter, settings.flutter_hz
        chain.append(effects.WowAndFlutter(*sways, rate, seed))
    if settings.sample_hold_hz is not None and settings.sample_hold_hz < rate:
        chain.append(effects.SampleHold(settings.sample_hold_hz, rate))
    if settings.bit_depth is not None:
        chain.append(effects.BitDepth(settings.bit_depth))
    if settings.hiss_db is not None or settings.crackles_per_second:
        noise = settings.hiss_db, settings.crackles_per_second, settings.crackle_db
        chain.append(Vinyl(*noise, rate, seed))
    if settings.highpass_hz is not None:
        chain.append(effects.Filter("highpass", settings.highpass_hz, rate))
    if settings.lowpass_hz is not None:
        chain.append(effects.Filter("lowpass", settings.lowpass_hz, rate))
    return chain


def sequence_of(music: Any) -> Any:
    """Returns the NoteSequence of a file, or the one that was given.

    Raises:
        LofiError: a file that is no music, or cannot be read.
    """
    if not isinstance(music, str | Path):
        return music
    if not is_music_file(music):
        endings = ", ".join(KINDS)
        raise LofiError(f"no music file by its ending. Allowed: {endings}. Received: {music}")
    if not Path(music).is_file():
        raise LofiError(f"there is no such file: {music}")
    return read_music(music)


def check_output(output: Path, others: tuple[str, ...] = ()) -> None:
    """Refuses a name that neither audio files nor `others` end in, and an unwritable place."""
    if output.suffix.lower() not in (*FORMATS, *others):
        allowed = ", ".join((*FORMATS, *others))
        raise LofiError(f"the file to write must end in {allowed}. Received: {str(output)!r}")
    check_writable(output)


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


@contextlib.contextmanager
def _beside(output: Path) -> Iterator[BinaryIO]:
    """Opens a temporary file in the folder of the output, which it makes."""
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=output.parent) as file:
        yield file


def _keep(file: BinaryIO, blocks: Iterable[np.ndarray], sample_rate: int) -> float:
    """Writes blocks into a temporary file; returns their loudness in LUFS."""
    meter = Meter(sample_rate)
    for block in blocks:
        samples = np.ascontiguousarray(block.T, np.float32)
        meter.add(samples)
        file.write(samples)
    return meter.level()


def _blocks_of(file: BinaryIO, size: int) -> Iterator[np.ndarray]:
    """Yields what lies in a temporary file, float64 [2, n]."""
    file.seek(0)
    while data := file.read(8 * size):
        yield np.frombuffer(data, np.float32).reshape(-1, 2).T.astype(np.float64)


def _summed(
    blocks: Iterable[list[np.ndarray]], stems: list[Path], sample_rate: int
) -> Iterator[np.ndarray]:
    """Yields the sum of stems, and writes each into its file if there are any."""
    with contextlib.ExitStack() as stack:
        files = []
        for path in stems:
            file = stack.enter_context(atomic_write(path))
            sound = soundfile.SoundFile(file, "w", sample_rate, 2, "FLOAT", format="WAV")
            files.append(stack.enter_context(sound))
        for block in blocks:
            for file, stem in zip(files, block, strict=False):
                file.write(stem.T.astype(np.float32))
            yield sum(block[1:], start=block[0])


def _told(
    blocks: Iterable[np.ndarray],
    parts: list[TrackEvents],
    sample_rate: int,
    progress: Callable[[int, int], None],
) -> Iterator[np.ndarray]:
    """Yields blocks and tells of them."""
    count, last = 0, max(int(part.offs.max()) for part in parts)
    for block in blocks:
        count += block.shape[1]
        progress(min(count, last) // sample_rate, -(-last // sample_rate))
        yield block


def _finish(
    made: BinaryIO,
    output: Path,
    settings: RenderSettings,
    loudness: float,
    block_size: int,
    stems: tuple[Path, ...],
) -> Measured:
    """Writes the file at its loudness; once more where limiting has taken some of it."""
    gain_db = settings.loudness_lufs - loudness if math.isfinite(loudness) else 0.0
    most_db = gain_db + _MOST_EXTRA_DB
    with atomic_write(output) as file:
        for _ in range(_MOST_TRIES):
            file.seek(0)
            file.truncate()
            chain = [effects.Gain(gain_db), Limiter(settings.ceiling_db, settings.sample_rate)]
            blocks = effects.run(chain, _blocks_of(made, block_size))
            measured = _write(file, output.suffix.lower(), blocks, settings.sample_rate)
            missing = settings.loudness_lufs - measured.loudness_lufs
            if not math.isfinite(missing) or abs(missing) < _NEAR_LU or gain_db >= most_db:
                break
            gain_db = min(gain_db + missing, most_db)
    if missing > _TOLD_LU:
        warnings.warn(
            f"the ceiling of {settings.ceiling_db:g} dBTP leaves no more than "
            f"{measured.loudness_lufs:.1f} LUFS. Asked for: {settings.loudness_lufs:g}",
            LofiWarning,
            stacklevel=3,
        )
    return measured._replace(stems=stems)


def _write(file: BinaryIO, ending: str, blocks: Iterable[np.ndarray], sample_rate: int) -> Measured:
    """Writes the samples of an audio file and measures them."""
    kind, subtype = FORMATS[ending]
    meter, peaks, highest, count = Meter(sample_rate), TruePeaks(), 0.0, 0
    with soundfile.SoundFile(file, "w", sample_rate, 2, subtype, format=kind) as sound:
        for block in blocks:
            samples = block.T
            sound.write(np.ascontiguousarray(samples))
            meter.add(samples)
            highest = max(highest, float(peaks.process(block, highest).max()))
            count += len(samples)
    highest = max(highest, float(peaks.process(np.zeros([2, peaks.latency]), highest).max()))
    peak_db = 20 * math.log10(highest) if highest else -math.inf
    return Measured(meter.level(), peak_db, count / sample_rate, ())
