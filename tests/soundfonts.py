"""Small SoundFonts for tests, built from their parts."""

import struct

import numpy as np

from lofi_tf.music.sequence_proto import NoteSequence

OPERATORS = {
    "attenuation": 48, "pan": 17, "mode": 54, "root": 58, "decay": 36, "sustain": 37, "release": 38,
    "attack": 34, "fc": 8, "fine": 52, "coarse": 51, "exclusive": 57, "mod_env_to_pitch": 7,
    "vib_to_pitch": 6, "vib_hz": 24, "mod_env_to_fc": 11, "mod_decay": 28, "mod_release": 30,
    "lfo_to_fc": 10, "lfo_hz": 22,
}  # fmt: skip


def chunk(name, data):
    return name.encode() + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def listed(kind, *chunks):
    return chunk("LIST", kind.encode() + b"".join(chunks))


def zone(sample, keys=(0, 127), velocities=(0, 127), **generators):
    """Returns the generators of a zone of an instrument."""
    rows = [struct.pack("<HBB", 43, *keys), struct.pack("<HBB", 44, *velocities)]
    rows += [struct.pack("<Hh", OPERATORS[name], value) for name, value in generators.items()]
    return [*rows, struct.pack("<HH", 53, sample)]


def soundfont(samples, zones, preset=(), bank=0, program=0):
    """Returns the bytes of a SoundFont with one preset of one instrument.

    Args:
        samples: of (data float [n], rate, key, loop start, loop end), or with bytes of an Ogg
            Vorbis file for data.
        zones: of `zone`.
        preset: generators of the preset's zone, of (name, value).
    """
    body, heads = b"", b""
    for number, (data, rate, key, low, high) in enumerate(samples):
        packed = isinstance(data, bytes)
        words = data if packed else np.rint(np.clip(data, -1, 1) * 32767).astype("<i2").tobytes()
        unit = 1 if packed else 2
        start, end = len(body) // unit, (len(body) + len(words)) // unit
        loop = (low, high) if packed else (start + low, start + high)
        name, kind = f"s{number}".encode(), 0x11 if packed else 1
        heads += struct.pack("<20s5IBbHH", name, start, end, *loop, rate, key, 0, 0, kind)
        body += words + b"\0" * 92
    heads += struct.pack("<20s5IBbHH", b"EOS", *[0] * 9)
    added = [struct.pack("<Hh", OPERATORS[name], value) for name, value in preset]
    outer = [[*added, struct.pack("<HH", 41, 0)]]
    phdr = struct.pack("<20sHHHIII", b"p", program, bank, 0, 0, 0, 0)
    phdr += struct.pack("<20sHHHIII", b"EOP", 0, 0, 1, 0, 0, 0)
    inst = struct.pack("<20sH", b"i", 0) + struct.pack("<20sH", b"EOI", len(zones))
    tables = [("phdr", phdr), *bags("p", outer), ("inst", inst), *bags("i", zones), ("shdr", heads)]
    pdta = listed("pdta", *(chunk(name, data) for name, data in tables))
    info = listed("INFO", chunk("ifil", struct.pack("<HH", 2, 4)))
    return chunk("RIFF", b"sfbk" + info + listed("sdta", chunk("smpl", body)) + pdta)


def bags(side, zones):
    """Returns the tables of zones."""
    places = np.cumsum([0, *map(len, zones)]).tolist()
    bag = b"".join(struct.pack("<HH", place, 0) for place in places)
    rows = b"".join(row for part in zones for row in part) + bytes(4)
    return [(f"{side}bag", bag), (f"{side}mod", bytes(10)), (f"{side}gen", rows)]


def sine(hz=440.0, rate=44100, seconds=1.0):
    """Returns a sine and the loop that holds as many whole periods as fit, for `soundfont`."""
    data = 0.5 * np.sin(2 * np.pi * hz * np.arange(int(rate * seconds)) / rate)
    period = rate / hz
    high = round(int((len(data) - 100) / period) * period)
    return data, rate, 69, 0, high


def piece(notes, drums=False, controls=(), bends=()):
    """Returns a NoteSequence of one part, of (pitch, velocity, start, end) in seconds.

    Controls are (number, time, value), bends (time, value).
    """
    sequence = NoteSequence()
    add_part(sequence, notes, is_drum=drums)
    for number, time, value in controls:
        sequence.control_changes.add(control_number=number, time=time, control_value=value)
    for time, value in bends:
        sequence.pitch_bends.add(time=time, bend=value)
    return sequence


def add_part(sequence, notes, name="", instrument=0, program=0, is_drum=False):
    """Adds a part of (pitch, velocity, start, end) in seconds to a NoteSequence."""
    for pitch, velocity, start, end in notes:
        sequence.notes.add(
            pitch=pitch,
            velocity=velocity,
            start_time=start,
            end_time=end,
            instrument=instrument,
            program=program,
            is_drum=is_drum,
        )
    if name:
        sequence.instrument_infos.add(instrument=instrument, name=name)
    sequence.total_time = max(note.end_time for note in sequence.notes)
