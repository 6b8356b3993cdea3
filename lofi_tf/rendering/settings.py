"""What a render does to the music: one flat set of values, and presets of them as YAML."""

import dataclasses
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lofi_tf.config import configs_dir
from lofi_tf.errors import LofiError, naming, unknown_name
from lofi_tf.files import read_yaml
from lofi_tf.settings import TYPE_WORDS

DEFAULT_PRESET = "tape"
EVERY_PART = "all"
OFF = "off"

Levels = Mapping[str, float]  # by name of a track, by role, or by `EVERY_PART`


def _value(default: Any, low: float, high: float, help: str, optional: bool = False) -> Any:
    """Returns a field with its range; `optional` ones may be None, which is off."""
    about = {"low": low, "high": high, "help": help, "optional": optional}
    if isinstance(default, dict):
        return dataclasses.field(default_factory=lambda: dict(default), metadata=about)
    return dataclasses.field(default=default, metadata=about)


@dataclasses.dataclass(frozen=True)
class RenderSettings:
    """All values of a render; each field's metadata has its range and what it is.

    Raises:
        LofiError: a value of another type or out of its range.
    """

    gain_db: Levels = _value({}, -60, 24, "level of parts, dB, such as drums:-2,bass:1")
    pan: Levels = _value({}, -1, 1, "place of parts, -1 left to 1 right")
    width: Levels = _value({}, 0, 1, "how far parts spread to both sides")
    mono_below_hz: float | None = _value(None, 20, 1000, "what is below stays in the middle", True)
    room_db: Levels = _value({}, -60, 12, "what parts send into the room, dB; nothing if not given")
    duck_db: Levels = _value({}, 0, 60, "how far parts give way to the kick, dB")
    duck_release_seconds: float = _value(0.25, 0.01, 2, "in which they come back")
    room_seconds: float = _value(0.7, 0.05, 10, "the room's decay by 60 dB")
    room_damping_hz: float = _value(4000.0, 100, 20000, "above which it decays faster")
    saturation_db: float | None = _value(None, -24, 36, "drive into the tape, dB", True)
    wow_percent: float = _value(0.0, 0, 3, "slow deviation of the speed, percent")
    wow_hz: float = _value(0.6, 0.1, 4, "how often it sways")
    flutter_percent: float = _value(0.0, 0, 3, "fast deviation of the speed, percent")
    flutter_hz: float = _value(7.0, 4, 30, "how often it sways")
    sample_hold_hz: int | None = _value(None, 500, 192000, "lower sample rate, held", True)
    bit_depth: float | None = _value(None, 2, 24, "bits of a sample", True)
    hiss_db: float | None = _value(None, -120, 0, "RMS of noise, dB", True)
    crackles_per_second: float = _value(0.0, 0, 1000, "clicks of vinyl, on average")
    crackle_db: float = _value(-36.0, -120, 0, "peak of a middling click, dB")
    highpass_hz: float | None = _value(None, 10, 20000, "what is below goes", True)
    lowpass_hz: float | None = _value(None, 100, 20000, "what is above goes", True)
    loudness_lufs: float = _value(-16.0, -60, -5, "loudness of the whole, ITU-R BS.1770")
    ceiling_db: float = _value(-1.0, -20, 0, "true peak that nothing exceeds, dBTP")
    sample_rate: int = _value(44100, 8000, 192000, "of the file, Hz")

    def __post_init__(self):
        for field in dataclasses.fields(self):
            checked = _checked(field, getattr(self, field.name))
            object.__setattr__(self, field.name, checked)

    def replace(self, values: Mapping[str, Any]) -> "RenderSettings":
        """Returns settings with other values; levels of parts are added to those that are there.

        Raises:
            LofiError: a name that there is not, or a value out of its range.
        """
        fields = {field.name: field for field in dataclasses.fields(self)}
        new = {}
        for name, value in values.items():
            if name not in fields:
                raise unknown_name("setting", str(name), fields)
            old = getattr(self, name)
            maps = isinstance(old, Mapping) and isinstance(value, Mapping)
            new[name] = {**old, **value} if maps else value
        return dataclasses.replace(self, **new)


def level_of(levels: Levels, name: str, role: str) -> float | None:
    """Returns the value for a part: by its name, else its role, else of all; None without any."""
    for key in (name.lower(), role, EVERY_PART):
        if key in levels:
            return levels[key]
    return None


def presets_dir() -> Path:
    """Returns the folder of the shipped presets."""
    return configs_dir() / "render"


def preset_names() -> list[str]:
    """Returns the names of the shipped presets, sorted."""
    return sorted(path.stem for path in presets_dir().glob("*.yaml"))


def load_preset(name_or_path: str | Path) -> RenderSettings:
    """Returns the settings of a shipped preset or of a YAML file of the same form.

    Raises:
        LofiError: no such preset, or one with a value that does not fit.
    """
    path = Path(name_or_path)
    if path.is_dir() and str(name_or_path) not in preset_names():
        raise LofiError(f"a preset is a name or a YAML file, {name_or_path} a folder")
    if path.suffix.lower() not in (".yaml", ".yml"):
        path = presets_dir() / f"{name_or_path}.yaml"
        if not path.is_file():
            raise unknown_name("preset", str(name_or_path), preset_names())
    values = read_yaml(path)
    if not isinstance(values or {}, Mapping):
        raise LofiError(f"a preset is a mapping of settings. Received: {path}")
    with naming(path):
        return RenderSettings().replace(values or {})


def parse_levels(text: str) -> dict[str, float]:
    """Returns the values of a text such as `drums:-2,bass:1`; refuses other texts."""
    found = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, colon, value = item.rpartition(":")
        try:
            found[name.strip().lower()] = float(value)
        except ValueError:
            colon = ""
        if not colon or not name.strip():
            raise LofiError(
                "levels of parts are names with numbers, such as drums:-2,bass:1. "
                f"Received: {text!r}"
            )
    return found


def _checked(field: dataclasses.Field, value: Any) -> Any:
    """Returns a value in its type."""
    about = field.metadata
    if field.default is dataclasses.MISSING:
        if not isinstance(value, Mapping):
            raise LofiError(f"{field.name} must be names with numbers. Received: {value!r:.80}")
        return {str(key).lower(): _number(field, item) for key, item in value.items()}
    # YAML 1.1 reads the word off as false.
    if about["optional"] and (value is None or value is False or value == OFF):
        return None
    return _number(field, value)


def _number(field: dataclasses.Field, value: Any) -> float | int:
    low, high = field.metadata["low"], field.metadata["high"]
    whole = "int" in str(field.type)
    allowed = f"{low:g} to {high:g}" + (", or off" if field.metadata["optional"] else "")
    kinds = (int,) if whole else (int, float)
    fits = type(value) in kinds and math.isfinite(value) and low <= value <= high
    if not fits:
        word = TYPE_WORDS[int if whole else float]
        raise LofiError(f"{field.name} must be {word}, {allowed}. Received: {value!r:.80}")
    return value if whole else float(value)
