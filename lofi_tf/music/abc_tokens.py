"""The music code of ABC, a symbol at a time."""

import re
from collections.abc import Iterator
from fractions import Fraction

_LENGTH = r"(?P<{0}times>\d*)(?P<{0}slashes>/*)(?P<{0}parts>\d*)"
_ENDINGS = r"\d+(?:[,\-.]+\d+)*[.,]?"

# In the order in which they are tried; a name of a symbol -> its pattern.
_PATTERNS = {
    "note": r"(?P<sign>\^\^?|__?|=)?(?P<letter>[A-Ga-g])(?P<octaves>[',]*)" + _LENGTH.format(""),
    "rest": r"[zx]" + _LENGTH.format("rest_"),
    "rest_bars": r"[ZX](?P<bars>\d*)",
    "spacer": r"y\d*",
    "field": r"\[(?P<name>[A-Za-z]):\s*(?P<text>[^\]]*)\]",
    "chord": r"\[(?=[^\]|:\d]*[A-Ga-gzx])(?P<inside>(?:\"[^\"]*\"|[^\]|\"])*)\]"
    + _LENGTH.format("chord_"),
    "bar": r"(?P<before>:*)(?P<lines>(?:\|:\|(?!:)|\||\]|\[(?=\s*(?:\||\d|\])))+)"
    r"(?P<after>(?::+(?![:|\]]))?)(?:\s*\[?(?P<endings>" + _ENDINGS + r"))?",
    "colons": r":+",
    "annotation": r"\"(?P<words>[^\"]*)\"",
    "decoration": r"!(?P<dynamics>[^!\s|:]*)!|\+[^+\s|:]+\+",
    "grace": r"\{[^}]*\}",
    "tuplet": r"\((?P<p>\d)(?::(?P<q>\d*))?(?::(?P<r>\d*))?",
    "broken": r"<+|>+",
    "tie": r"-",
    "overlay": r"&+",
    "ignored": r"[\s`()~.*;?@#$/!+,'\d\"{}=^_\[\\H-WYh-w]",
}
_SYMBOL = re.compile("|".join(f"(?P<{name}>{text})" for name, text in _PATTERNS.items()))


def symbols_of(line: str) -> Iterator[tuple[str, re.Match]]:
    """Yields name and match of each symbol of a line that means something for its notes."""
    for found in _SYMBOL.finditer(line):
        if found.lastgroup not in ("ignored", "spacer", "grace"):
            yield str(found.lastgroup), found


def length_of(found: re.Match, prefix: str = "") -> Fraction:
    """Returns by what the length after a note, a rest or a chord multiplies the unit length."""
    times, slashes, parts = (found[prefix + name] for name in ("times", "slashes", "parts"))
    if not slashes:
        return Fraction(int(times or 1))
    divisor = int(parts) if parts else 2 ** len(slashes)
    return Fraction(int(times or 1), divisor or 1)
