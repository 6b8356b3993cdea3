"""Side-chain ducking: parts give way to the kick."""

import numpy as np

ATTACK_SECONDS = 0.005


class Ducking:
    """How far parts give way, by the kicks of the score; it needs no detection.

    After a kick it rises in `ATTACK_SECONDS` and falls in `release_seconds`, both as half a cosine.
    Kicks are at `times`, ascending samples of the track, with weights of 0 to 1.
    """

    def __init__(
        self, times: np.ndarray, weights: np.ndarray, release_seconds: float, sample_rate: int
    ):
        self._times, self._weights = times, weights
        self._attack = ATTACK_SECONDS * sample_rate
        self._release = release_seconds * sample_rate

    def depth(self, begin: int, count: int) -> np.ndarray:
        """Returns 0 (not at all) to 1 (wholly) at samples of the track from `begin` on."""
        depth = np.zeros(count)
        reach = self._attack + self._release
        first = int(np.searchsorted(self._times, begin - reach))
        last = int(np.searchsorted(self._times, begin + count))
        for time, weight in zip(self._times[first:last], self._weights[first:last], strict=True):
            start = max(int(time) - begin, 0)
            stop = min(count, int(time) - begin + int(reach) + 2)
            if start >= stop:
                continue
            passed = np.arange(begin + start, begin + stop) - int(time)
            rise = np.minimum(passed / self._attack, 1)
            fall = np.clip((passed - self._attack) / self._release, 0, 1)
            shape = 0.5 * (np.cos(np.pi * fall) - np.cos(np.pi * rise))
            np.maximum(depth[start:stop], weight * shape, out=depth[start:stop])
        return depth


def gain_of(depth: np.ndarray, duck_db: float) -> np.ndarray:
    """Returns the factors of a part that gives way by `duck_db` where the depth is 1."""
    return 10 ** (-duck_db / 20 * depth)
