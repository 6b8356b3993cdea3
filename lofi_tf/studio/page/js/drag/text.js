// What a file that is dragged out of the page is told as. No DOM.

const TYPES = { mid: "audio/midi", wav: "audio/wav" };

/** What Chromium's file drag reads: type, name and address, parted by colons. */
export function downloadText(name, ending, address) {
  const plain = name.replace(/[\\/:*?"<>|\p{Cc}]/gu, "_").replace(/^[ .]+|[ .]+$/g, "") || "clip";
  return `${TYPES[ending]}:${plain}.${ending}:${address}`;
}
