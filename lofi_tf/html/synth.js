"use strict";
// A small synthesiser: drums of noise and falling sines, an electric piano, a bass.
function synthOf(context) {
  const KITS = {
    kick: [35, 36], rim: [37], snare: [38, 40], clap: [39], closed: [42, 44], open: [46],
    tom: [41, 43, 45, 47, 48, 50], crash: [49, 52, 55, 57], ride: [51, 53, 59],
  };
  const noise = context.createBuffer(1, context.sampleRate * 2, context.sampleRate);
  noise.getChannelData(0).forEach((_, n, all) => { all[n] = Math.random() * 2 - 1; });
  const squeeze = context.createDynamicsCompressor();
  squeeze.connect(context.destination);
  let bus = opened();

  function opened() {
    const gain = context.createGain();
    gain.gain.value = 0.5;
    gain.connect(squeeze);
    return gain;
  }

  // A gain that jumps to a level and falls away within seconds.
  function falling(level, when, seconds, rise = 0.001) {
    const gain = context.createGain();
    gain.gain.setValueAtTime(0.0001, when);
    gain.gain.exponentialRampToValueAtTime(Math.max(level, 0.0002), when + rise);
    gain.gain.exponentialRampToValueAtTime(0.0001, when + rise + seconds);
    gain.connect(bus);
    return gain;
  }

  function tone(kind, hz, level, when, seconds, toHz = hz, rise = 0.001) {
    const source = context.createOscillator();
    source.type = kind;
    source.frequency.setValueAtTime(hz, when);
    source.frequency.exponentialRampToValueAtTime(toHz, when + Math.min(seconds, 0.09));
    source.connect(falling(level, when, seconds, rise));
    source.start(when);
    source.stop(when + rise + seconds + 0.02);
  }

  function hiss(kind, hz, level, when, seconds) {
    const source = context.createBufferSource(), filter = context.createBiquadFilter();
    source.buffer = noise;
    source.loop = true;
    filter.type = kind;
    filter.frequency.value = hz;
    source.connect(filter).connect(falling(level, when, seconds));
    source.start(when, Math.random());
    source.stop(when + seconds + 0.03);
  }

  function drum(pitch, level, when) {
    const name = Object.keys(KITS).find((kind) => KITS[kind].includes(pitch));
    if (name === "kick") {
      tone("sine", 130, level, when, 0.32, 48);
      hiss("lowpass", 900, level * 0.15, when, 0.02);
    } else if (name === "snare") {
      tone("triangle", 190, level * 0.5, when, 0.12, 150);
      hiss("highpass", 1400, level * 0.5, when, 0.18);
    } else if (name === "rim") {
      tone("triangle", 820, level * 0.4, when, 0.04);
    } else if (name === "clap") {
      for (const late of [0, 0.012, 0.024]) hiss("bandpass", 1300, level * 0.5, when + late, 0.12);
    } else if (name === "closed") {
      hiss("highpass", 7500, level * 0.3, when, 0.05);
    } else if (name === "open") {
      hiss("highpass", 6500, level * 0.3, when, 0.35);
    } else if (name === "tom") {
      tone("sine", 70 + (pitch - 41) * 11, level * 0.7, when, 0.3, 55 + (pitch - 41) * 9);
    } else if (name === "crash") {
      hiss("highpass", 4000, level * 0.3, when, 1.3);
    } else if (name === "ride") {
      hiss("bandpass", 8500, level * 0.25, when, 0.5);
      tone("square", 5200, level * 0.02, when, 0.3);
    } else {
      hiss("bandpass", 5000, level * 0.3, when, 0.07);
    }
  }

  function keys(note, level, when, seconds) {
    const hz = 440 * 2 ** ((note.pitch - 69) / 12), held = Math.max(seconds, 0.08) + 0.15;
    if (note.kind === 2) {
      tone("triangle", hz, level * 0.6, when, held + 0.2, hz, 0.006);
      tone("sine", hz, level * 0.5, when, held, hz, 0.006);
    } else {
      tone("sine", hz, level * 0.4, when, held + 0.4, hz, 0.004);
      tone("triangle", hz * 2, level * 0.1, when, held * 0.6, hz * 2, 0.004);
      tone("sine", hz * 4, level * 0.05, when, 0.12, hz * 4, 0.002);
    }
  }

  return {
    play(note, when, seconds) {
      const level = (note.velocity / 127) ** 1.5;
      if (note.kind === 1) drum(note.pitch, level, when);
      else keys(note, level, when, seconds);
    },
    stop() {
      const old = bus;
      old.gain.setTargetAtTime(0, context.currentTime, 0.02);
      setTimeout(() => old.disconnect(), 300);
      bus = opened();
    },
  };
}
