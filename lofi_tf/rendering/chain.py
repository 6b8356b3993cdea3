"""The effects that settings ask for, in their order."""

from lofi_tf.rendering import effects
from lofi_tf.rendering.settings import RenderSettings
from lofi_tf.rendering.vinyl import Vinyl
from lofi_tf.rendering.width import MonoBelow


def chain_of(
    settings: RenderSettings, seed: int, period: int | None = None
) -> list[effects.Effect]:
    """Returns the effects that settings ask for, in order; those that are off are left out.

    In a loop of `period` samples they come round with it.
    """
    rate, chain = settings.sample_rate, []
    if settings.mono_below_hz is not None:
        chain.append(MonoBelow(settings.mono_below_hz, rate))
    if settings.saturation_db is not None:
        chain.append(effects.Saturation(settings.saturation_db))
    if settings.wow_percent or settings.flutter_percent:
        wow, flutter = settings.wow_percent, settings.flutter_percent
        sways = wow, settings.wow_hz, flutter, settings.flutter_hz
        chain.append(effects.WowAndFlutter(*sways, rate, seed, period))
    if settings.sample_hold_hz is not None and settings.sample_hold_hz < rate:
        chain.append(effects.SampleHold(settings.sample_hold_hz, rate, period))
    if settings.bit_depth is not None:
        chain.append(effects.BitDepth(settings.bit_depth))
    if settings.hiss_db is not None or settings.crackles_per_second:
        noise = settings.hiss_db, settings.crackles_per_second, settings.crackle_db
        chain.append(Vinyl(*noise, rate, seed, period))
    if settings.highpass_hz is not None:
        chain.append(effects.Filter("highpass", settings.highpass_hz, rate))
    if settings.lowpass_hz is not None:
        chain.append(effects.Filter("lowpass", settings.lowpass_hz, rate))
    return chain
