"""How a SoundFont's notes change over time: envelopes and slow oscillators, in closed form."""

from typing import NamedTuple

import numpy as np

from lofi_tf.rendering import soundfont

FULL_DB = 100.0  # what a decay or release time is for
SILENT_DB = -90.0  # below full scale: what is softer ends
_SHORTEST = 0.0012  # seconds; the specification's default attack counts as none


def seconds_of(timecents: float) -> float:
    """Returns the seconds of a time in timecents."""
    return 0.0 if timecents <= -32768 else 2.0 ** (min(timecents, 8000) / 1200)


def hertz(cents: float) -> float:
    """Returns a frequency from cents above MIDI's pitch 0."""
    return 8.175798915643707 * 2 ** (cents / 1200)


class Envelope(NamedTuple):
    """Stages of an envelope, in seconds; `sustain` is in dB for volume, 0 to 1 for modulation."""

    delay: float
    attack: float
    hold: float
    decay: float
    sustain: float
    release: float

    @property
    def rest(self) -> float:
        """When sustain begins."""
        return self.delay + self.attack + self.hold + self.decay


def volume_db(envelope: Envelope, times: np.ndarray) -> np.ndarray:
    """Returns the level in dB of a note that is held, at most 0; -inf before it begins."""
    delay, attack, hold, decay, sustain, _ = envelope
    if delay < _SHORTEST and attack < _SHORTEST:
        rise = np.ones_like(times)
        begin = 0.0
    else:
        begin = delay + attack
        rise = np.clip((times - delay) / max(attack, 1e-4), 0, 1)
    fall = -FULL_DB * np.clip((times - begin - hold) / max(decay, 1e-4), 0, None)
    with np.errstate(divide="ignore"):
        return 20 * np.log10(rise) + np.maximum(fall, sustain)


def volume(
    envelope: Envelope, times: np.ndarray, off: float, silent_db: float = SILENT_DB
) -> np.ndarray:
    """Returns the amplitude of a note that is let go at `off` seconds, 0 to 1."""
    level = volume_db(envelope, np.minimum(times, off))
    level = level - FULL_DB * np.maximum(times - off, 0) / max(envelope.release, 1e-3)
    return np.where(level > silent_db, 10 ** (level / 20), 0.0)


def seconds_heard(envelope: Envelope, off: float, silent_db: float = SILENT_DB) -> float:
    """Returns how long a note is above `silent_db` that is let go at `off` seconds."""
    _, _, _, decay, sustain, release = envelope
    if sustain <= silent_db:  # silent while it is held
        off = min(off, envelope.rest - decay + decay * -silent_db / FULL_DB)
    level = float(volume_db(envelope, np.array([off]))[0])
    left = max(0.0, level - silent_db) if np.isfinite(level) else 0.0
    return off + left / FULL_DB * max(release, 1e-3)


def modulation(envelope: Envelope, times: np.ndarray, off: float) -> np.ndarray:
    """Returns the modulation envelope, 0 to 1, of a note that is let go at `off` seconds."""
    delay, attack, hold, decay, sustain, release = envelope
    held = np.minimum(times, off)
    rise = np.clip((held - delay) / max(attack, 1e-4), 0, 1)
    fall = np.clip((held - delay - attack - hold) / max(decay, 1e-4), 0, 1)
    level = np.minimum(rise, 1 - fall * (1 - sustain))
    return np.maximum(0, level - np.maximum(times - off, 0) / max(release, 1e-3))


def triangle(times: np.ndarray, delay: float, hz: float) -> np.ndarray:
    """Returns an oscillator between -1 and 1 that rises from 0 at `delay` seconds."""
    phase = np.maximum(times - delay, 0) * hz
    return 1 - 4 * np.abs((phase + 0.25) % 1 - 0.5)


def mod_lfo(values: list[int], times: np.ndarray) -> np.ndarray:
    """Returns the modulation oscillator of a zone's values, -1 to 1."""
    delay = seconds_of(values[soundfont.MOD_LFO_DELAY])
    return triangle(times, delay, hertz(values[soundfont.MOD_LFO_FREQ]))


def vib_lfo(values: list[int], times: np.ndarray) -> np.ndarray:
    """Returns the vibrato oscillator of a zone's values, -1 to 1."""
    delay = seconds_of(values[soundfont.VIB_LFO_DELAY])
    return triangle(times, delay, hertz(values[soundfont.VIB_LFO_FREQ]))


def of_zone(values: list[int], first: int, key: int) -> Envelope:
    """Returns the volume or the modulation envelope, whose generators begin at `first`."""
    delay, attack, hold, decay, sustain, release, key_to_hold, key_to_decay = values[
        first : first + 8
    ]
    is_volume = first == soundfont.VOL_DELAY
    level = -np.clip(sustain, 0, 1440) / 10 if is_volume else 1 - np.clip(sustain, 0, 1000) / 1000
    return Envelope(
        seconds_of(delay),
        seconds_of(attack),
        seconds_of(hold + key_to_hold * (60 - key)),
        seconds_of(decay + key_to_decay * (60 - key)),
        float(level),
        seconds_of(release),
    )
