"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const piece = JSON.parse(byId("piece").textContent);
  const sound = byId("sound"), roll = byId("roll"), wave = byId("wave");
  const shown = piece.tracks.map(() => true), JUMP = 5;
  const colour = (n) => `hsl(${(210 + n * 137) % 360} 60% 50%)`;
  const all = piece.tracks.flatMap((track) => track.notes.map((note) => note[2]));
  const low = all.reduce((a, b) => Math.min(a, b), 127) - 1, high = all.reduce((a, b) => Math.max(a, b), 0) + 1;

  function add(parent, kind, text) {
    const made = document.createElement(kind);
    made.append(text);
    byId(parent).append(made);
    return made;
  }

  function sized(canvas) {
    const scale = window.devicePixelRatio || 1;
    canvas.width = canvas.clientWidth * scale;
    canvas.height = canvas.clientHeight * scale;
    return [canvas.getContext("2d"), canvas.width, canvas.height, scale];
  }

  function draw() {
    drawRoll();
    drawWave();
  }

  function drawRoll() {
    const [pen, width, height, scale] = sized(roll), x = width / piece.end, y = height / (high + 1 - low);
    pen.fillStyle = "#8888";
    for (const [, start] of piece.sections) pen.fillRect(start * x, 0, scale, height);
    piece.tracks.forEach((track, n) => {
      if (!shown[n]) return;
      pen.fillStyle = colour(n);
      for (const [start, end, pitch] of track.notes)
        pen.fillRect(start * x, height - (pitch - low + 1) * y, Math.max((end - start) * x, scale), y);
    });
    drawCursor(pen, x, height, scale);
  }

  function drawWave() {
    const [pen, width, height, scale] = sized(wave), x = width / piece.end, half = height / 2;
    const column = piece.wave.seconds * x;
    pen.fillStyle = "#888";
    piece.wave.low.forEach((least, n) => {
      const top = half - (piece.wave.high[n] / 100) * half;
      pen.fillRect(n * column, top, Math.max(column, 1), Math.max(half - (least / 100) * half - top, 1));
    });
    drawCursor(pen, x, height, scale);
  }

  function drawCursor(pen, x, height, scale) {
    pen.fillStyle = getComputedStyle(roll).color;
    pen.fillRect(Math.min(sound.currentTime, piece.end) * x - scale, 0, 2 * scale, height);
  }

  function run() {
    draw();
    if (!sound.paused) requestAnimationFrame(run);
  }

  function goTo(seconds) {
    sound.currentTime = Math.min(Math.max(seconds, 0), piece.end);
  }

  function typed(event) {
    if (event.target !== document.body && event.target !== roll) return;
    if (event.key === "ArrowLeft") goTo(sound.currentTime - JUMP);
    else if (event.key === "ArrowRight") goTo(sound.currentTime + JUMP);
    else if (event.key === "Home") goTo(0);
    else if (event.key === " ") {
      if (sound.paused) sound.play();
      else sound.pause();
    } else return;
    event.preventDefault();
  }

  for (const [name, start] of piece.sections)
    add("sections", "button", name).addEventListener("click", () => goTo(start));
  piece.tracks.forEach((track, n) => {
    const label = add("tracks", "label", " " + track.name), box = document.createElement("input");
    box.type = "checkbox";
    box.checked = true;
    label.style.color = colour(n);
    label.prepend(box);
    box.addEventListener("change", () => { shown[n] = box.checked; draw(); });
  });
  for (const canvas of [roll, wave])
    canvas.addEventListener("click", (event) => goTo((event.offsetX / canvas.clientWidth) * piece.end));
  sound.addEventListener("play", run);
  sound.addEventListener("seeked", draw);
  document.addEventListener("keydown", typed);
  window.addEventListener("resize", draw);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  draw();
})();
