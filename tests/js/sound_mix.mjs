// What the studio's effects make of some samples, for tests in Python. Reads JSON {what, rate, ...},
// writes JSON.
import fs from "node:fs";

const SOUND = new URL("../../lofi_tf/studio/page/js/sound/", import.meta.url);
const load = (name) => import(new URL(name, SOUND));
const asked = JSON.parse(fs.readFileSync(0, "utf8"));
const BLOCK = 128;

// The samples of [left, right] after something that works in place.
function through(effect, [left, right]) {
  const out = [Float64Array.from(left), Float64Array.from(right)];
  for (let at = 0; at < left.length; at += BLOCK) {
    const count = Math.min(BLOCK, left.length - at);
    effect.process(out.map((channel) => channel.subarray(at, at + count)), count);
  }
  return out.map((channel) => [...channel]);
}

// A player that plays notes in a loop.
async function playing({ font, mix, notes, rate }) {
  const { Player } = await load("player.js"), player = new Player(rate, () => {}), bytes = fs.readFileSync(font);
  player.take({ do: "load", name: "some", bytes: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) });
  player.take({ do: "mix", mix });
  player.take({ do: "play", notes, key: "", when: "now" });
  return player;
}

const WHATS = {
  async room({ seconds, damping_hz, rate, sound }) {
    const { Room } = await load("room.js"), room = new Room(seconds, damping_hz, rate), out = sound.map((c) => new Float64Array(c.length));
    room.process(sound, out, out[0].length);
    return out.map((channel) => [...channel]);
  },
  async ducking({ kicks, release, rate, count }) {
    const { Ducking } = await load("ducking.js"), ducking = new Ducking(release, rate), out = [];
    const block = new Float32Array(BLOCK);
    for (let from = 0; from < count; from += BLOCK) {
      for (const [at, weight] of kicks) if (at >= from && at < from + BLOCK) ducking.kick(at, weight);
      ducking.depth(block, from, BLOCK);
      out.push(...block);
    }
    return out;
  },
  async filter({ kind, corner_hz, rate, sound }) {
    const { butterworth } = await load("filters.js");
    return through(butterworth(kind, corner_hz, rate), sound);
  },
  async width({ amount, rate, sound }) {
    const { Width } = await load("width.js");
    return through(new Width(amount, rate), sound);
  },
  async mono({ corner_hz, rate, sound }) {
    const { MonoBelow } = await load("width.js");
    return through(new MonoBelow(corner_hz, rate), sound);
  },
  async saturation({ drive_db, sound }) {
    const { Saturation } = await load("tape.js");
    return through(new Saturation(drive_db), sound);
  },
  async bits({ bits, sound }) {
    const { BitDepth } = await load("tape.js");
    return through(new BitDepth(bits), sound);
  },
  async limiter({ ceiling_db, rate, sound }) {
    const { Limiter } = await load("limiter.js"), limiter = new Limiter(ceiling_db, rate);
    return { latency: limiter.latency, sound: through(limiter, sound) };
  },
  async loudness({ rate, sound }) {
    const { Meter } = await load("loudness.js"), meter = new Meter(rate);
    for (let at = 0; at < sound[0].length; at += BLOCK)
      meter.add(sound.map((channel) => channel.slice(at, at + BLOCK)), Math.min(BLOCK, sound[0].length - at));
    return meter.level(Infinity);
  },
  async player({ turns, ...asked }) {
    const player = await playing(asked);
    const { samplesPerBeat, beats, latency } = player.position;
    const turn = samplesPerBeat * beats, size = Math.ceil((turns * turn + latency) / BLOCK) * BLOCK;
    const out = [new Float32Array(size), new Float32Array(size)];
    for (let at = 0; at < size; at += BLOCK) player.process(out[0].subarray(at, at + BLOCK), out[1].subarray(at, at + BLOCK), at);
    const first = Math.round((turns - 1) * turn + latency), last = Math.round(first + turn);
    return out.map((channel) => [...channel.subarray(first, last)]);
  },
  async told({ at, message, count, ...asked }) {
    const player = await playing(asked), out = new Float32Array(count), other = new Float32Array(BLOCK);
    for (let from = 0; from < count; from += BLOCK) {
      if (from <= at && at < from + BLOCK) player.take(message);
      player.process(out.subarray(from, from + BLOCK), other, from);
    }
    return [...out];
  },
};

fs.writeSync(1, JSON.stringify(await WHATS[asked.what](asked)));
