"""How loud a recording is: RMS, and loudness by ITU-R BS.1770-4, block by block.

The two filters of BS.1770 are given there for 48 kHz only. Here they are designed for any rate from
their analogue prototypes, with the parameters of De Man, "Evaluation of Implementations of the EBU
R128 Loudness Measurement" (AES Convention 145, 2018); at 48 kHz they are those of the standard.
"""

import dataclasses
import math
import re
from collections.abc import Iterable

import numpy as np

from lofi_tf.errors import LofiError

LUFS, RMS = "LUFS", "dB"
DEFAULT_TARGET = "-23LUFS"  # EBU R 128

_OFFSET_DB = -0.691  # BS.1770: what brings a 997 Hz sine to its level
_STEP_SECONDS = 0.1
_STEPS_A_BLOCK = 4  # blocks of 400 ms, one every 100 ms
_ABSOLUTE_GATE, _RELATIVE_GATE_DB = -70.0, -10.0
_TARGET = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*(LUFS|dB)\s*", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class Target:
    """How loud recordings shall be.

    Attributes:
        level: at most 0: LUFS, or the RMS in dB, 0 dB being that of a square wave of full scale.
        unit: `LUFS` or `dB`.
    """

    level: float
    unit: str

    def __str__(self) -> str:
        return f"{self.level:g}{self.unit}"


def parse_target(text: str) -> Target:
    """Returns the target of a text such as `-23LUFS` or `-20dB`, 0 at most; refuses other texts."""
    match = _TARGET.fullmatch(text) if isinstance(text, str) else None
    if not match or float(match[1]) > 0:
        raise LofiError(
            "a loudness is a level of at most 0 with its unit. Allowed: such as -23LUFS or -20dB. "
            f"Received: {text!r}"
        )
    unit = LUFS if match[2].upper() == LUFS else RMS
    return Target(float(match[1]), unit)


def rms_db(samples: np.ndarray) -> float:
    """Returns the RMS over all samples [n, channels] in dB, -inf for silence."""
    power = float(np.mean(np.square(samples, dtype=np.float64))) if np.size(samples) else 0.0
    return 10 * math.log10(power) if power else -math.inf


def gain_for(blocks: Iterable[np.ndarray], sample_rate: int, target: Target) -> float:
    """Returns the factor that brings a recording to a target, no sample beyond 1; 1 for silence.

    Its blocks are [n, channels].
    """
    meter = Meter(sample_rate) if target.unit == LUFS else _PowerMeter()
    peak = 0.0
    for block in blocks:
        meter.add(block)
        peak = max(peak, float(np.max(np.abs(block), initial=0.0)))
    level = meter.level()
    if not math.isfinite(level) or not peak:
        return 1.0
    return min(10 ** ((target.level - level) / 20), 1 / peak)


class Meter:
    """Integrated loudness by BS.1770-4; all channels count alike, as left and right do there."""

    def __init__(self, sample_rate: int):
        self._sections = k_weighting(sample_rate)
        self._step_size = max(1, round(_STEP_SECONDS * sample_rate))
        self._state: np.ndarray | None = None
        self._rest: np.ndarray | None = None
        self._powers: list[float] = []

    def add(self, block: np.ndarray) -> None:
        """Takes in the next samples [n, channels]."""
        from scipy.signal import sosfilt

        if self._state is None:
            self._state = np.zeros([len(self._sections), 2, block.shape[1]])
            self._rest = np.zeros([0])
        weighted, self._state = sosfilt(
            self._sections, block.astype(np.float64), axis=0, zi=self._state
        )
        power = np.concatenate([self._rest, np.square(weighted).sum(-1)])
        whole = len(power) // self._step_size
        steps = power[: whole * self._step_size].reshape(whole, self._step_size)
        self._powers += steps.mean(-1).tolist()
        self._rest = power[whole * self._step_size :]

    def level(self) -> float:
        """Returns the loudness of all so far in LUFS, -inf for silence.

        Audio of less than one block of 400 ms counts as one.
        """
        powers = np.array(self._powers)
        if len(powers) < _STEPS_A_BLOCK:
            return _lufs(self._mean_of_short())
        blocks = np.convolve(powers, np.full(_STEPS_A_BLOCK, 1 / _STEPS_A_BLOCK), "valid")
        loud = blocks[blocks > _power(_ABSOLUTE_GATE)]
        if not len(loud):
            return -math.inf
        gate = _lufs(loud.mean()) + _RELATIVE_GATE_DB
        return _lufs(loud[loud > _power(gate)].mean())

    def _mean_of_short(self) -> float:
        size = len(self._powers) * self._step_size + len(
            self._rest if self._rest is not None else []
        )
        if not size:
            return 0.0
        return (sum(self._powers) * self._step_size + self._rest.sum()) / size


class _PowerMeter:
    """RMS in dB over all samples."""

    def __init__(self):
        self._sum, self._count = 0.0, 0

    def add(self, block: np.ndarray) -> None:
        self._sum += float(np.square(block, dtype=np.float64).sum())
        self._count += block.size

    def level(self) -> float:
        return 10 * math.log10(self._sum / self._count) if self._sum else -math.inf


def k_weighting(sample_rate: int) -> np.ndarray:
    """Returns the two filters of BS.1770 as second-order sections [2, 6].

    The first, a high shelf of 4 dB, stands for the head; the second is a high-pass.
    """
    corner_hz = min(1681.974450955533, 0.49 * sample_rate)
    k, q = math.tan(math.pi * corner_hz / sample_rate), 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    a0, poles = _poles(k, q)
    shelf = [high + band * k / q + k * k, 2 * (k * k - high), high - band * k / q + k * k]
    _, low_poles = _poles(math.tan(math.pi * 38.13547087602444 / sample_rate), 0.5003270373238773)
    return np.array([[*(value / a0 for value in shelf), *poles], [1.0, -2.0, 1.0, *low_poles]])


def _poles(k: float, q: float) -> tuple[float, list[float]]:
    a0 = 1 + k / q + k * k
    return a0, [1.0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0]


def _lufs(power: float) -> float:
    return _OFFSET_DB + 10 * math.log10(power) if power > 0 else -math.inf


def _power(lufs: float) -> float:
    return 10 ** ((lufs - _OFFSET_DB) / 10)
