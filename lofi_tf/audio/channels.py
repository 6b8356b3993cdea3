"""Channels of a recording: several to one, one to two."""

from collections.abc import Iterable, Iterator

import numpy as np

from lofi_tf.errors import NotConvertible

CANCELS = 0.01  # of the difference's power, below which the mean of two channels is no mix: -20 dB
_HEARD, _DECIDING = 1e-6, 8  # power of blocks with sound, -60 dB, and how many of them decide


def with_channels(samples: np.ndarray, channels: int) -> np.ndarray:
    """Returns samples [n, any] as [n, channels], mixed to one or two; refuses more (`channels`)."""
    if channels == 1:
        return mono(samples)
    if samples.shape[1] > 2:
        raise NotConvertible(
            "channels",
            f"more channels than stereo has. Allowed: 1, 2. Received: {samples.shape[1]}",
        )
    return np.ascontiguousarray(np.broadcast_to(samples, [len(samples), 2]), np.float32)


def blocks_with_channels(blocks: Iterable[np.ndarray], channels: int) -> Iterator[np.ndarray]:
    """Yields blocks of a recording as `with_channels` does, mixed alike from begin to end."""
    if channels == 1:
        yield from mono_blocks(blocks)
    else:
        for block in blocks:
            yield with_channels(block, channels)


def mono(samples: np.ndarray) -> np.ndarray:
    """Returns samples [n, channels] as one channel, [n, 1]: the mean of all.

    Of two channels of which one is turned over, so that the mean would all but vanish, it is half
    their difference.
    """
    return next(mono_blocks([samples]), samples)


def mono_blocks(blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Yields the blocks of a recording as one channel; its first seconds with sound say how."""
    waiting, powers, signs = [], [], None
    for block in blocks:
        if signs is None:
            waiting.append(block)
            powers += _powers(block)
            if len(powers) >= _DECIDING or block.shape[1] != 2:
                signs = _signs(powers)
                yield from (_mixed(one, signs) for one in waiting)
        else:
            yield _mixed(block, signs)
    if signs is None:
        signs = _signs(powers)
        yield from (_mixed(one, signs) for one in waiting)


def _powers(block: np.ndarray) -> list[tuple[float, float]]:
    """Returns the power of the sum and of the difference of two channels, where there is sound."""
    if block.shape[1] != 2 or not len(block):
        return []
    left, right = np.asarray(block, np.float64).T
    found = float(np.mean((left + right) ** 2)), float(np.mean((left - right) ** 2))
    return [found] if max(found) > _HEARD else []


def _signs(powers: list[tuple[float, float]]) -> np.ndarray:
    """Returns what two channels are multiplied by, or an empty array where all count alike."""
    together, apart = (sum(column) for column in zip(*powers, strict=True)) if powers else (1, 0)
    return np.array([1, -1] if together < CANCELS * apart else [], np.float32)


def _mixed(block: np.ndarray, signs: np.ndarray) -> np.ndarray:
    signed = block * signs if len(signs) and block.shape[1] == 2 else block
    return signed.mean(-1, keepdims=True, dtype=np.float32)
