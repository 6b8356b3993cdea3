"""Small MIDI files from tuples, byte by byte, for tests."""

import struct

END = (0, b"\xff\x2f\x00")


def varint(value: int) -> bytes:
    data = [value & 127]
    while value := value >> 7:
        data.append(value & 127 | 128)
    return bytes(reversed(data))


def track(*events: tuple[int, bytes], end=True) -> bytes:
    """A track chunk of (delta ticks, event bytes)."""
    body = b"".join(varint(delta) + data for delta, data in [*events, *([END] if end else [])])
    return struct.pack(">4sL", b"MTrk", len(body)) + body


def midi(*tracks: bytes, division: int = 480, kind: int = 1) -> bytes:
    return struct.pack(">4sLhhh", b"MThd", 6, kind, len(tracks), division) + b"".join(tracks)


def on(pitch: int, velocity: int = 90, channel: int = 0) -> bytes:
    return bytes([0x90 | channel, pitch, velocity])


def off(pitch: int, channel: int = 0) -> bytes:
    return bytes([0x80 | channel, pitch, 64])


def control(number: int, value: int, channel: int = 0) -> bytes:
    return bytes([0xB0 | channel, number, value])


def bend(value: int, channel: int = 0) -> bytes:
    return bytes([0xE0 | channel, value + 8192 & 127, value + 8192 >> 7])


def program(number: int, channel: int = 0) -> bytes:
    return bytes([0xC0 | channel, number])


def meta(kind: int, payload: bytes) -> bytes:
    return bytes([0xFF, kind]) + varint(len(payload)) + payload


def tempo(microseconds: int) -> bytes:
    return meta(0x51, microseconds.to_bytes(3, "big"))
