// Filters of second order for [left, right], in place.

// A direct form II transposed section of coefficients [b0, b1, b2, a1, a2].
export class Section {
  constructor(coefficients) {
    this._coefficients = coefficients;
    this._memory = [new Float64Array(2), new Float64Array(2)];
  }

  clear() {
    for (const memory of this._memory) memory.fill(0);
  }

  process(sound, count) {
    const [b0, b1, b2, a1, a2] = this._coefficients;
    for (let channel = 0; channel < 2; channel++) {
      const samples = sound[channel], memory = this._memory[channel];
      let [one, two] = memory;
      for (let i = 0; i < count; i++) {
        const came = samples[i], gone = b0 * came + one;
        one = b1 * came - a1 * gone + two;
        two = b2 * came - a2 * gone;
        samples[i] = gone;
      }
      memory[0] = Math.abs(one) < 1e-20 ? 0 : one;
      memory[1] = Math.abs(two) < 1e-20 ? 0 : two;
    }
  }
}

// A Butterworth filter of 12 dB an octave, "lowpass" or "highpass"; its corner is at -3 dB.
export function butterworth(kind, cornerHz, sampleRate) {
  const k = Math.tan((Math.PI * Math.min(cornerHz, 0.49 * sampleRate)) / sampleRate);
  const [norm, poles] = polesOf(k, Math.SQRT1_2);
  const gain = kind === "lowpass" ? (k * k) / norm : 1 / norm;
  return new Section([gain, kind === "lowpass" ? 2 * gain : -2 * gain, gain, ...poles]);
}

// A band-pass of 6 dB an octave on each side.
export function bandpass(lowHz, highHz, sampleRate) {
  const [low, high] = [lowHz, Math.min(highHz, 0.45 * sampleRate)].map((hz) =>
    Math.tan((Math.PI * hz) / sampleRate),
  );
  const width = high - low, centre = low * high, norm = 1 + width + centre;
  return new Section([width / norm, 0, -width / norm, (2 * (centre - 1)) / norm, (1 - width + centre) / norm]);
}

// The two filters of ITU-R BS.1770, as in lofi_tf/audio/loudness.py.
export function kWeighting(sampleRate) {
  const k = Math.tan((Math.PI * Math.min(1681.974450955533, 0.49 * sampleRate)) / sampleRate);
  const q = 0.7071752369554196, high = 10 ** (3.999843853973347 / 20);
  const band = high ** 0.4996667741545416;
  const [norm, poles] = polesOf(k, q);
  const shelf = [high + (band * k) / q + k * k, 2 * (k * k - high), high - (band * k) / q + k * k];
  const low = Math.tan((Math.PI * 38.13547087602444) / sampleRate);
  const [, lowPoles] = polesOf(low, 0.5003270373238773);
  return [
    new Section([...shelf.map((value) => value / norm), ...poles]),
    new Section([1, -2, 1, ...lowPoles]),
  ];
}

function polesOf(k, q) {
  const norm = 1 + k / q + k * k;
  return [norm, [(2 * (k * k - 1)) / norm, (1 - k / q + k * k) / norm]];
}
