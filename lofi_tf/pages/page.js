"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const piece = JSON.parse(byId("piece").textContent);
  const sound = byId("sound"), roll = byId("roll");
  const shown = piece.tracks.map(() => true);
  const colour = (n) => `hsl(${(n * 137) % 360} 60% 50%)`;

  function add(parent, kind, text) {
    const made = document.createElement(kind);
    made.append(text);
    byId(parent).append(made);
    return made;
  }

  function draw() {
    const scale = window.devicePixelRatio || 1;
    roll.width = roll.clientWidth * scale;
    roll.height = roll.clientHeight * scale;
    const pen = roll.getContext("2d"), x = roll.width / piece.end;
    const pitches = piece.tracks.flatMap((track) => track.notes.map((note) => note[2]));
    const low = pitches.reduce((a, b) => Math.min(a, b), 127) - 1;
    const y = roll.height / (pitches.reduce((a, b) => Math.max(a, b), 0) + 2 - low);
    pen.fillStyle = "#8888";
    for (const [, start] of piece.sections) pen.fillRect(start * x, 0, scale, roll.height);
    piece.tracks.forEach((track, n) => {
      if (!shown[n]) return;
      pen.fillStyle = colour(n);
      for (const [start, end, pitch] of track.notes)
        pen.fillRect(start * x, roll.height - (pitch - low + 1) * y, Math.max((end - start) * x, scale), y);
    });
    pen.fillStyle = "#e33";
    pen.fillRect(sound.currentTime * x, 0, 2 * scale, roll.height);
  }

  function run() {
    draw();
    if (!sound.paused) requestAnimationFrame(run);
  }

  for (const [name, start] of piece.sections)
    add("sections", "button", name).addEventListener("click", () => { sound.currentTime = start; });
  piece.tracks.forEach((track, n) => {
    const label = add("tracks", "label", " " + track.name), box = document.createElement("input");
    box.type = "checkbox";
    box.checked = true;
    label.style.color = colour(n);
    label.prepend(box);
    box.addEventListener("change", () => { shown[n] = box.checked; draw(); });
  });
  roll.addEventListener("click", (event) => {
    sound.currentTime = (event.offsetX / roll.clientWidth) * piece.end;
  });
  sound.addEventListener("play", run);
  sound.addEventListener("seeked", draw);
  window.addEventListener("resize", draw);
  draw();
})();
