"""Effects of other makers in the chain: VST3 plugins, and those of pedalboard by name.

They need Spotify's pedalboard, which is under the GPL (version 3) and does not come along.
"""

import inspect
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lofi_tf.errors import LofiError, unknown_name

CHUNK = 8192  # samples that a plugin is given at a time
PROBED = 24  # chunks of silence in which it shows by how much it is late
SPARE = 8  # samples by which what it gives may come and go
_NO_EFFECTS = ("Chain", "Mix", "Pedalboard", "Convolution", "IIRFilter")  # made of other things
_TEXT = re.compile(r"(?P<name>.+?)(?::(?P<values>\w+=[^,=]*(?:,\w+=[^,=]*)*))?")


class Plugin:
    """An effect that pedalboard runs, in the same chunks whatever the stretches.

    It is a .vst3 file, or the name of an effect of pedalboard such as `Reverb`; then, if any, a
    colon and its parameters: `Reverb:room_size=0.7,wet_level=0.2`.

    Raises:
        LofiError: pedalboard is not installed, or does not know the plugin, a parameter or a value.
    """

    def __init__(self, text: str, sample_rate: int):
        self._rate, self._plugins = sample_rate, [_opened(text)]
        try:
            given = self._probed()
        except ValueError:  # it has one channel: one for each
            self._plugins.append(_opened(text))
            given = self._probed_twice(text)
        self.latency = CHUNK + (PROBED * CHUNK - given) + SPARE
        self._waiting = np.zeros([2, 0], np.float32)
        self._ready = np.zeros([2, self.latency], np.float32)

    def process(self, block: np.ndarray) -> np.ndarray:
        """Returns the next samples [2, n] for the next samples [2, n]."""
        count = block.shape[1]
        waiting = np.concatenate([self._waiting, block.astype(np.float32)], axis=1)
        whole = waiting.shape[1] // CHUNK * CHUNK
        made = [self._run(waiting[:, at : at + CHUNK]) for at in range(0, whole, CHUNK)]
        self._waiting = waiting[:, whole:]
        ready = np.concatenate([self._ready, *made], axis=1)
        self._ready = ready[:, count:]
        return ready[:, :count].astype(np.float64)

    def _probed(self) -> int:
        """Returns how many samples of silence come back; then all is as if nothing had been."""
        silence = np.zeros([2, CHUNK], np.float32)
        given = sum(self._run(silence).shape[1] for _ in range(PROBED))
        for plugin in self._plugins:
            plugin.reset()
        return given

    def _probed_twice(self, text: str) -> int:
        try:
            return self._probed()
        except ValueError as error:
            raise LofiError(f"{text} takes neither stereo nor a single channel") from error

    def _run(self, chunk: np.ndarray) -> np.ndarray:
        channels = np.split(np.ascontiguousarray(chunk), len(self._plugins))
        made = [
            plugin.process(channel, self._rate, buffer_size=CHUNK, reset=False)
            for plugin, channel in zip(self._plugins, channels, strict=True)
        ]
        return np.concatenate(made)


def check_plugins(texts: Sequence[str]) -> None:
    """Refuses plugins that could not be opened, by the first of them."""
    for text in texts:
        _opened(text)


def _opened(text: str) -> Any:
    """Returns a plugin with its parameters set."""
    match = _TEXT.fullmatch(text)
    if not match:
        raise LofiError(f"a plugin is NAME or NAME:PARAMETER=VALUE,... Received: {text!r}")
    name, plugin = match["name"], _plugin(match["name"])
    for pair in filter(None, (match["values"] or "").split(",")):
        key, _, value = pair.partition("=")
        _set(plugin, name, key, value)
    return plugin


def _plugin(name: str) -> Any:
    """Returns a plugin with its parameters as its maker set them."""
    try:
        import pedalboard
    except ImportError as error:
        raise LofiError(
            f"--plugin needs pedalboard: pip install 'lofi_tf[plugins]'. Received: {name}"
        ) from error
    if name.lower().endswith(".vst3"):
        if not Path(name).exists():
            raise LofiError(f"there is no such plugin: {name}")
        try:
            plugin = pedalboard.load_plugin(name)
        except (ImportError, ValueError, RuntimeError) as error:
            why = str(error).splitlines()[-1].strip()
            raise LofiError(f"{name} cannot be opened as a VST3 plugin: {why}") from error
        if not plugin.is_effect:
            raise LofiError(f"{name} is an instrument. Allowed: plugins that are effects")
        return plugin
    known = {
        found: kind
        for found, kind in vars(pedalboard).items()
        if inspect.isclass(kind)
        and issubclass(kind, pedalboard.Plugin)
        and not inspect.isabstract(kind)
        and found not in _NO_EFFECTS
        and not re.search("Plugin|^_", found)
    }
    if name not in known:
        raise unknown_name("plugin", name, known)
    return known[name]()


def _set(plugin: Any, plugin_name: str, name: str, value: str) -> None:
    """Sets a parameter by its text."""
    known = getattr(plugin, "parameters", None)  # of VST3 plugins
    if known is None:
        known = [key for key, kind in vars(type(plugin)).items() if isinstance(kind, property)]
    if name not in known:
        raise unknown_name(f"parameter of {plugin_name}", name, known)
    try:
        setattr(plugin, name, _parsed(plugin, value))
    except (TypeError, ValueError, AttributeError, RuntimeError) as error:
        now = f"It is {getattr(plugin, name)}"
        if isinstance(known, dict) and isinstance(known[name].range[0], float):
            now = "Allowed: {:g} to {:g}. ".format(*known[name].range[:2]) + now
        raise LofiError(f"{plugin_name} does not take {name}={value}. {now}") from error


def _parsed(plugin: Any, value: str) -> Any:
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    try:
        return float(value)
    except ValueError:
        return getattr(type(plugin), value, value)  # such as the mode of a ladder filter
