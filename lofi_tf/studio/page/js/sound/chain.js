// The effects that a preset asks for, in the order of lofi_tf/rendering/chain.py.

import { butterworth } from "./filters.js";
import { BitDepth, Saturation, SampleHold, WowAndFlutter } from "./tape.js";
import { Vinyl } from "./vinyl.js";
import { MonoBelow } from "./width.js";

// Returns the effects of a mix; the noise of a record, if any, says so by `isNoise`.
export function chainOf(mix, sampleRate) {
  const chain = [];
  if (mix.mono_below_hz !== null) chain.push(new MonoBelow(mix.mono_below_hz, sampleRate));
  if (mix.saturation_db !== null) chain.push(new Saturation(mix.saturation_db));
  if (mix.wow_percent || mix.flutter_percent) {
    const sways = [mix.wow_percent, mix.wow_hz, mix.flutter_percent, mix.flutter_hz];
    chain.push(new WowAndFlutter(...sways, sampleRate));
  }
  if (mix.sample_hold_hz !== null && mix.sample_hold_hz < sampleRate)
    chain.push(new SampleHold(mix.sample_hold_hz, sampleRate));
  if (mix.bit_depth !== null) chain.push(new BitDepth(mix.bit_depth));
  if (mix.hiss_db !== null || mix.crackles_per_second) {
    const noise = new Vinyl(mix.hiss_db, mix.crackles_per_second, mix.crackle_db, sampleRate);
    chain.push(Object.assign(noise, { isNoise: true }));
  }
  if (mix.highpass_hz !== null) chain.push(butterworth("highpass", mix.highpass_hz, sampleRate));
  if (mix.lowpass_hz !== null) chain.push(butterworth("lowpass", mix.lowpass_hz, sampleRate));
  return chain;
}
