"""Random numbers by row, in numpy: those that `models.common.noise` draws in TensorFlow.

Philox 4x32-10 (Salmon et al. 2011, "Parallel Random Numbers: As Easy as 1, 2, 3") as TensorFlow's
stateless functions use it: a pair of seeds gives key and counter, four numbers of 32 bits come of
each count.
"""

import numpy as np

_KEY = (0x3EC8F720, 0x02461E29)  # by which TensorFlow mixes seeds
_MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_STEPS = (np.uint32(0x9E3779B9), np.uint32(0xBB67AE85))
_ROUNDS, _LOW = 10, np.uint64(0xFFFFFFFF)


def seeds_from(seed: int, count: int) -> np.ndarray:
    """Returns the rows' seeds, int64 [count], of a whole request's seed: seed * 2**32 + row."""
    return (np.int64(seed) << np.int64(32)) + np.arange(count, dtype=np.int64)


def row_uniform(seeds: np.ndarray, steps: int, size: int) -> np.ndarray:
    """Returns uniform numbers in [0, 1), float32 [B, steps, size], of seeds int64 [B]."""
    pairs = _pairs(seeds)
    folded = np.stack([_bits(pairs, 1)[:, 0], np.ones(len(pairs), np.uint32)], axis=1)
    return _floats(_bits(folded, steps * size)).reshape(-1, steps, size)


def row_normal(seeds: np.ndarray, size: int) -> np.ndarray:
    """Returns standard normal numbers, float32 [B, size], of seeds int64 [B].

    Two uniform numbers make two normal ones (Box and Muller 1958).
    """
    bits = _bits(_pairs(seeds), size + size % 2).reshape(len(seeds), -1, 2)
    first, second = _floats(bits[..., 0]), _floats(bits[..., 1])
    angle = (2.0 * np.pi * second.astype(np.float64)).astype(np.float32)
    radius = np.sqrt(np.float32(-2.0) * _rounded(np.log, np.maximum(first, np.float32(1e-7))))
    drawn = np.stack([_rounded(f, angle) * radius for f in (np.sin, np.cos)], axis=-1)
    return drawn.reshape(len(seeds), -1)[:, :size]


def _pairs(seeds: np.ndarray) -> np.ndarray:
    """Returns the pairs of 32 bits of whole seeds, high half, low half, uint32 [B, 2]."""
    whole = np.asarray(seeds, np.int64).view(np.uint64)
    return np.stack([whole >> np.uint64(32), whole & _LOW], axis=-1).astype(np.uint32)


def _bits(pairs: np.ndarray, count: int) -> np.ndarray:
    """Returns so many numbers, uint32 [B, count], of pairs of seeds, read as int32, [B, 2]."""
    whole = pairs.view(np.int32).astype(np.int64).view(np.uint64)  # as TensorFlow widens them
    halves = np.stack([whole & _LOW, whole >> np.uint64(32)], axis=-1).astype(np.uint32)
    mixed = _philox(halves.reshape(-1, 4), np.broadcast_to(np.uint32(_KEY), (len(pairs), 2)))
    blocks = -(-count // 4)
    counters = np.zeros([len(pairs), blocks, 4], np.uint32)
    counters[..., 0] = np.arange(blocks)
    counters[..., 2:] = mixed[:, None, 2:]
    keys = np.broadcast_to(mixed[:, None, :2], [len(pairs), blocks, 2])
    drawn = _philox(counters.reshape(-1, 4), keys.reshape(-1, 2))
    return drawn.reshape(len(pairs), -1)[:, :count]


def _philox(counters: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Returns four numbers, uint32 [N, 4], of counters [N, 4] and keys [N, 2]."""
    a, b, c, d = counters.T
    key, other = keys.T
    for _ in range(_ROUNDS):
        first, second = a * _MULTIPLIERS[0], c * _MULTIPLIERS[1]
        a, b, c, d = (
            (second >> np.uint64(32)).astype(np.uint32) ^ b ^ key,
            (second & _LOW).astype(np.uint32),
            (first >> np.uint64(32)).astype(np.uint32) ^ d ^ other,
            (first & _LOW).astype(np.uint32),
        )
        key, other = key + _STEPS[0], other + _STEPS[1]
    return np.stack([a, b, c, d], axis=-1)


def _rounded(function: np.ufunc, values: np.ndarray) -> np.ndarray:
    """Returns a function of float32 values, rounded as the C library rounds it."""
    return function(values.astype(np.float64)).astype(np.float32)


def _floats(bits: np.ndarray) -> np.ndarray:
    """Returns numbers in [0, 1), float32, by the lowest 23 bits of each."""
    return ((bits & np.uint32(0x7FFFFF)) | np.uint32(127 << 23)).view(np.float32) - np.float32(1)
