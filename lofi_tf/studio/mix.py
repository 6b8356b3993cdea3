"""The numbers by which the page sounds as a preset of `lofi_render` does."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lofi_tf.errors import unknown_name
from lofi_tf.rendering.settings import DEFAULT_PRESET, level_of, load_preset, preset_names
from lofi_tf.rendering.track_events import ROLES

_WHERE_NONE = {"gain_db": 0.0, "pan": 0.0, "width": 0.0, "room_db": None, "duck_db": 0.0}


def mix_of(preset: str | Path = DEFAULT_PRESET) -> dict[str, Any]:
    """Returns the settings of a preset by name, those of parts by each role.

    What is off is None; so is the level of a part that sends nothing into the room.

    Raises:
        LofiError: no such preset.
    """
    settings = load_preset(preset)
    found = {}
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if isinstance(value, Mapping):
            levels = {role: level_of(value, role, role) for role in ROLES}
            none = _WHERE_NONE[field.name]
            value = {role: none if level is None else level for role, level in levels.items()}
        found[field.name] = value
    return found


def checked_preset(name: str) -> str:
    """Returns the name of a preset that comes along; a path is none.

    Raises:
        LofiError: another name.
    """
    if name not in preset_names():
        raise unknown_name("preset", name, preset_names())
    return name
