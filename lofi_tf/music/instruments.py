"""General MIDI's melodic instruments: names, programs and the range that each plays in."""

from typing import NamedTuple

from lofi_tf.errors import LofiError, unknown_name

NUM_PROGRAMS = 128
ANY_RANGE = (36, 84)  # of instruments without one of their own


class Instrument(NamedTuple):
    """An instrument.

    Attributes:
        name: such as `alto_sax`.
        program: General MIDI's, from 0.
        low, high: MIDI pitches that it plays, both included.
    """

    name: str
    program: int
    low: int
    high: int


# Sounding ranges as orchestration handbooks give them, of the instruments of common use.
_RANGES = {
    0: (21, 108), 4: (28, 103), 6: (29, 89), 10: (60, 96), 11: (53, 89), 12: (45, 96),
    13: (65, 108), 19: (36, 96), 24: (40, 83), 25: (40, 84), 26: (40, 86), 27: (40, 86),
    32: (28, 67), 33: (28, 67), 34: (28, 67), 40: (55, 103), 41: (48, 91), 42: (36, 76),
    43: (28, 67), 46: (24, 103), 52: (48, 79), 56: (52, 82), 57: (40, 72), 58: (28, 58),
    60: (34, 77), 64: (56, 87), 65: (49, 80), 66: (44, 75), 67: (36, 69), 68: (58, 91),
    69: (52, 81), 70: (34, 75), 71: (50, 94), 72: (74, 108), 73: (60, 96), 74: (60, 93),
}  # fmt: skip

# Short names, beside General MIDI's own.
_SHORT = {
    "piano": 0, "electric_piano": 4, "organ": 19, "acoustic_guitar": 25, "electric_guitar": 27,
    "bass": 33, "electric_bass": 33, "strings": 48, "voice": 52, "horn": 60, "soprano_sax": 64,
    "alto_sax": 65, "tenor_sax": 66, "baritone_sax": 67,
}  # fmt: skip


def instrument(name: str) -> Instrument:
    """Returns the instrument of a name or of a program's number.

    Args:
        name: General MIDI's, such as `Acoustic Grand Piano`, in any case and with `_` for what is
            no letter; a short one, such as `piano`; or a program such as `73`.

    Raises:
        LofiError: no such instrument.
    """
    if name.isdigit():
        if int(name) >= NUM_PROGRAMS:
            raise LofiError(f"a program is 0 to {NUM_PROGRAMS - 1}. Received: {name}")
        return _of_program(int(name), _names()[int(name)])
    known = {found: program for program, found in enumerate(_names())} | _SHORT
    key = _plain(name)
    if key not in known:
        raise unknown_name("instrument", name, known)
    return _of_program(known[key], key)


def _of_program(program: int, name: str) -> Instrument:
    return Instrument(name, program, *_RANGES.get(program, ANY_RANGE))


def _names() -> list[str]:
    import pretty_midi

    return [_plain(pretty_midi.program_to_instrument_name(n)) for n in range(NUM_PROGRAMS)]


def _plain(name: str) -> str:
    words = "".join(letter if letter.isalnum() else " " for letter in name.lower()).split()
    return "_".join(words)
