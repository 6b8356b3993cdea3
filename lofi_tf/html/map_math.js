"use strict";
// The map without screen or sound: places, walks, mixes, notes.
const mapMath = (() => {
  const VIRIDIS = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];
  const DRUM_TICKS = 12;

  // The notes of a piece, which is four whole numbers a note.
  function notesOf(flat) {
    const notes = [];
    let start = 0;
    for (let n = 0; n < flat.length; n += 4) {
      start += flat[n];
      notes.push({
        start, length: flat[n + 1], pitch: flat[n + 2] % 128,
        kind: Math.floor(flat[n + 2] / 128), velocity: flat[n + 3],
      });
    }
    return notes;
  }

  // Where in map.music a step of the walk from landmark a to b is; step 0 is a itself.
  function walkIndex(map, a, b, step) {
    if (step <= 0 || a === b) return map.landmarks[a];
    if (step > map.steps) return map.landmarks[b];
    if (a > b) return walkIndex(map, b, a, map.steps + 1 - step);
    const pair = (a * (2 * map.landmarks.length - a - 1)) / 2 + b - a - 1;
    return map.points + pair * map.steps + step - 1;
  }

  // The shares of three corners at a place: they sum to 1, none is below 0 inside.
  function sharesAt(place, [a, b, c]) {
    const area = (p, q, r) => (q[0] - p[0]) * (r[1] - p[1]) - (r[0] - p[0]) * (q[1] - p[1]);
    const whole = area(a, b, c);
    return whole ? [area(place, b, c) / whole, area(a, place, c) / whole, area(a, b, place) / whole] : null;
  }

  // All that is decoded in a triangle: its corners, the walks along its sides, its mixes.
  function mixesOf(map, number) {
    const corners = map.triangles[number], pairs = map.landmarks.length * (map.landmarks.length - 1) / 2;
    const first = map.points + pairs * map.steps + number * map.shares.length;
    const found = map.shares.map((shares, n) => ({ shares, index: first + n }));
    for (const [a, b] of [[0, 1], [0, 2], [1, 2]])
      for (let step = 0; step <= map.steps + 1; step++) {
        const shares = [0, 0, 0], share = step / (map.steps + 1);
        shares[a] = 1 - share;
        shares[b] = share;
        found.push({ shares, index: walkIndex(map, corners[a], corners[b], step) });
      }
    return found;
  }

  // The mix that is nearest to a place, or null outside of all triangles.
  function mixAt(map, place) {
    for (let number = 0; number < map.triangles.length; number++) {
      const corners = map.triangles[number].map((n) => map.xy[map.landmarks[n]]);
      const shares = sharesAt(place, corners);
      if (!shares || Math.min(...shares) < -1e-9) continue;
      const away = (mix) => mix.shares.reduce((sum, share, n) => sum + (share - shares[n]) ** 2, 0);
      const best = mixesOf(map, number).reduce((one, other) => (away(other) < away(one) ? other : one));
      return { ...best, triangle: number };
    }
    return null;
  }

  // Which of the given pieces is nearest to a place.
  function nearest(map, place, among) {
    const away = (n) => (map.xy[n][0] - place[0]) ** 2 + (map.xy[n][1] - place[1]) ** 2;
    return among.reduce((one, other) => (away(other) < away(one) ? other : one));
  }

  // The nearest point that lies in a direction, within 45 degrees; the point itself if none does.
  function towards(map, from, [dx, dy]) {
    const [x, y] = map.xy[from];
    const there = [...Array(map.points).keys()].filter((n) => {
      const along = (map.xy[n][0] - x) * dx + (map.xy[n][1] - y) * dy;
      return along > 0 && along >= Math.abs((map.xy[n][0] - x) * dy - (map.xy[n][1] - y) * dx);
    });
    return there.length ? nearest(map, [x, y], there) : from;
  }

  // The notes that begin from one tick to another, where pieces of equal length follow each other.
  function due(pieces, length, from, to) {
    const found = [];
    for (let turn = Math.floor(from / length); turn * length < to; turn++)
      for (const note of pieces[turn % pieces.length]) {
        const at = turn * length + note.start;
        if (note.start < length && at >= from && at < to) found.push({ ...note, at });
      }
    return found;
  }

  // A colour for a share from 0 to 1, dark to light.
  function colourAt(share) {
    if (share === null) return "#8888";
    const at = Math.min(Math.max(share, 0), 1) * (VIRIDIS.length - 1), n = Math.min(Math.floor(at), VIRIDIS.length - 2);
    return `rgb(${VIRIDIS[n].map((v, k) => Math.round(v + (at - n) * (VIRIDIS[n + 1][k] - v))).join(" ")})`;
  }

  const bytesOf = (value, count) => [...Array(count).keys()].map((n) => (value >> (8 * (count - 1 - n))) & 255);
  const lengthOf = (value) => (value < 128 ? [value] : [...lengthOf(value >> 7).map((b) => b | 128), value & 127]);

  // The bytes of a MIDI file of a piece.
  function midiOf(notes, ticks, qpm) {
    const channels = [0, 9, 1], events = [];
    for (const note of notes) {
      const channel = channels[note.kind];
      events.push([note.start, 1, [0x90 | channel, note.pitch, Math.max(1, note.velocity)]]);
      events.push([note.start + (note.length || DRUM_TICKS), 0, [0x80 | channel, note.pitch, 0]]);
    }
    events.sort((one, other) => one[0] - other[0] || one[1] - other[1]);
    const track = [0, 0xff, 0x51, 3, ...bytesOf(Math.round(6e7 / qpm), 3), 0, 0xc0, 4, 0, 0xc1, 33];
    let now = 0;
    for (const [at, , bytes] of events) {
      track.push(...lengthOf(at - now), ...bytes);
      now = at;
    }
    track.push(0, 0xff, 0x2f, 0);
    const text = (word) => [...word].map((letter) => letter.charCodeAt(0));
    return new Uint8Array([
      ...text("MThd"), ...bytesOf(6, 4), 0, 0, 0, 1, ...bytesOf(ticks, 2),
      ...text("MTrk"), ...bytesOf(track.length, 4), ...track,
    ]);
  }

  return { notesOf, walkIndex, sharesAt, mixesOf, mixAt, nearest, towards, due, colourAt, midiOf };
})();
if (typeof module === "object") module.exports = mapMath;
