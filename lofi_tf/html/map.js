"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const map = JSON.parse(byId("mapdata").textContent);
  const plane = byId("plane"), roll = byId("notes"), length = map.quarters * map.ticks;
  const music = map.music.map(mapMath.notesOf), points = [...Array(map.points).keys()];
  const letter = (n) => String.fromCharCode(65 + n), EDGE = 0.06, TICK_MS = 50;
  const state = { index: 0, mode: "points", list: null, mix: null, under: null };
  let context = null, synth = null, timer = null, began = 0, from = 0, done = 0, pace = 1;

  const qpm = () => Math.min(Math.max(Number(byId("qpm").value) || map.qpm, 40), 240);
  const ticksNow = () => from + (context.currentTime - began) / pace;

  // Plays pieces in turn; what plays already goes on at the same place in the bar.
  function play(list) {
    context = context || new (window.AudioContext || window.webkitAudioContext)();
    context.resume();
    synth = synth || synthOf(context);
    document.querySelectorAll("audio").forEach((sound) => sound.pause());
    const goesOn = state.list && state.list.length === 1 && list.length === 1;
    from = goesOn ? ticksNow() % length : 0;
    if (state.list) synth.stop();
    pace = 60 / qpm() / map.ticks;
    began = context.currentTime + (goesOn ? 0 : 0.06);
    done = from;
    state.list = list;
    clearInterval(timer);
    timer = setInterval(schedule, TICK_MS);
    schedule();
    requestAnimationFrame(follow);
  }

  function stop() {
    clearInterval(timer);
    if (state.list) synth.stop();
    state.list = null;
    draw();
  }

  function schedule() {
    const last = byId("loop").checked ? Infinity : length * state.list.length;
    const ahead = document.hidden ? 1.5 : 0.25;
    const to = Math.min(ticksNow() + ahead / pace, last);
    for (const note of mapMath.due(state.list.map((n) => music[n]), length, done, to))
      synth.play(note, began + (note.at - from) * pace, note.length * pace);
    done = Math.max(done, to);
    if (ticksNow() >= last) stop();
  }

  function follow() {
    if (!state.list) return;
    const turn = Math.floor(Math.max(ticksNow(), 0) / length) % state.list.length;
    if (state.list.length > 1 && state.index !== state.list[turn]) {
      state.index = state.list[turn];
      byId("step").value = turn;
      tell();
    }
    draw();
    requestAnimationFrame(follow);
  }

  function choose(index, mix = null) {
    const sounds = state.list && state.list.length === 1 && state.index === index;
    state.index = index;
    state.mix = mix;
    tell();
    if (!sounds) play([index]);
  }

  // What is told of a piece in words, and its neighbours as buttons.
  function tell() {
    const at = map.landmarks.indexOf(state.index), isPoint = state.index < map.points;
    const words = [];
    if (state.mix) {
      const corners = map.triangles[state.mix.triangle];
      const shares = state.mix.shares.map((share, n) => [share, letter(corners[n])]).filter(([share]) => share > 0);
      words.push("mix of " + shares.map(([share, name]) => `${Math.round(share * 100)} % ${name}`).join(", "));
    } else if (state.mode === "walk") {
      words.push(`step ${byId("step").value} of ${map.steps + 1}`);
    } else words.push(`point ${state.index + 1}` + (at < 0 ? "" : `, landmark ${letter(at)}`));
    if (!music[state.index].length) words.push("no notes");
    if (isPoint)
      for (const [name, values] of Object.entries(map.colours))
        if (values[state.index] !== null) words.push(`${name} ${values[state.index]}`);
    byId("told").textContent = words.join("; ");
    byId("near").replaceChildren(...(isPoint ? ["Neighbours: "] : []));
    if (isPoint)
      map.near[state.index].forEach((other, n) => {
        const button = document.createElement("button");
        button.append(String(n + 1));
        button.addEventListener("click", () => choose(other));
        byId("near").append(button);
      });
  }

  function walkTo(step) {
    byId("step").value = step;
    choose(mapMath.walkIndex(map, Number(byId("from").value), Number(byId("to").value), Number(step)));
  }

  const walkNow = () => [...Array(map.steps + 2).keys()].map((step) =>
    mapMath.walkIndex(map, Number(byId("from").value), Number(byId("to").value), step));

  function sized(canvas) {
    const scale = window.devicePixelRatio || 1;
    canvas.width = canvas.clientWidth * scale;
    canvas.height = canvas.clientHeight * scale;
    const pen = canvas.getContext("2d");
    pen.scale(scale, scale);
    return [pen, canvas.clientWidth, canvas.clientHeight];
  }

  function draw() {
    drawPlane();
    drawNotes();
    byId("play").textContent = state.list ? "stop" : "play";
  }

  function drawPlane() {
    const [pen, width, height] = sized(plane), ink = getComputedStyle(plane).color;
    const side = (n) => [
      (EDGE + (1 - 2 * EDGE) * map.xy[n][0] / 1000) * width,
      (1 - EDGE - (1 - 2 * EDGE) * map.xy[n][1] / 1000) * height,
    ];
    const line = (all, closed) => {
      pen.beginPath();
      all.forEach((n) => pen.lineTo(...side(n)));
      if (closed) pen.closePath();
      pen.stroke();
    };
    const dot = (n, size) => {
      pen.beginPath();
      pen.arc(...side(n), size, 0, 2 * Math.PI);
      pen.fill();
    };
    pen.strokeStyle = "#8886";
    if (state.mode === "mix")
      map.triangles.forEach((corners) => line(corners.map((n) => map.landmarks[n]), true));
    const values = map.colours[byId("colour").value] || [], known = values.filter((v) => v !== null);
    const low = known.reduce((a, b) => Math.min(a, b), Infinity), high = known.reduce((a, b) => Math.max(a, b), -Infinity);
    byId("least").textContent = known.length ? low : "";
    byId("most").textContent = known.length ? high : "";
    for (const n of points) {
      const value = values[n] === undefined ? null : values[n];
      pen.fillStyle = mapMath.colourAt(value === null ? null : (value - low) / (high - low));
      if (music[n].length) dot(n, 4);
    }
    pen.strokeStyle = pen.fillStyle = ink;
    if (state.mode === "walk") {
      line(walkNow());
      walkNow().forEach((n) => dot(n, 2.5));
    }
    for (const n of [state.under, state.index])
      if (n !== null && n < map.points && state.mode === "points")
        map.near[n].forEach((other) => line([n, other]));
    pen.font = "bold 13px system-ui, sans-serif";
    map.landmarks.forEach((n, k) => {
      pen.beginPath();
      pen.arc(...side(n), 6, 0, 2 * Math.PI);
      pen.stroke();
      pen.fillText(letter(k), side(n)[0] + 8, side(n)[1] - 5);
    });
    pen.font = "12px system-ui, sans-serif";
    pen.fillText(map.axes[0] ? map.axes[0] + " →" : "", 6, height - 5);
    pen.save();
    pen.rotate(Math.PI / 2);
    pen.textAlign = "left";
    pen.fillText(map.axes[1] ? "← " + map.axes[1] : "", 6, -5);
    pen.restore();
    pen.lineWidth = 3;
    pen.strokeStyle = "#e33";
    pen.beginPath();
    pen.arc(...side(state.index), 8, 0, 2 * Math.PI);
    pen.stroke();
  }

  function drawNotes() {
    const [pen, width, height] = sized(roll), notes = music[state.index];
    const lines = [...new Set(notes.map((note) => note.kind * 128 + note.pitch))].sort((a, b) => a - b);
    const drums = notes.every((note) => note.kind === 1);
    const low = notes.reduce((a, note) => Math.min(a, note.pitch), 127), high = notes.reduce((a, note) => Math.max(a, note.pitch), 0);
    const rows = drums ? lines.length : high - low + 1, x = width / length, y = height / Math.max(rows, 4);
    pen.fillStyle = "#8885";
    for (let bar = map.bar * map.ticks; bar < length; bar += map.bar * map.ticks) pen.fillRect(bar * x, 0, 1, height);
    for (const note of notes) {
      const row = drums ? lines.indexOf(128 + note.pitch) : note.pitch - low;
      pen.fillStyle = `hsl(${[210, 30, 150][note.kind]} 70% 50% / ${0.3 + (0.7 * note.velocity) / 127})`;
      pen.fillRect(note.start * x, height - (row + 1) * y, Math.max((note.length || 9) * x, 2), Math.max(y - 1, 1));
    }
    if (!state.list) return;
    pen.fillStyle = "#e33";
    pen.fillRect((Math.max(ticksNow(), 0) % length) * x, 0, 2, height);
  }

  const placeOf = (event) => [
    ((event.offsetX / plane.clientWidth - EDGE) / (1 - 2 * EDGE)) * 1000,
    ((1 - EDGE - event.offsetY / plane.clientHeight) / (1 - 2 * EDGE)) * 1000,
  ];

  function pressed(event) {
    const place = placeOf(event);
    if (state.mode === "points") choose(mapMath.nearest(map, place, points));
    else if (state.mode === "mix") {
      const mix = mapMath.mixAt(map, place);
      if (mix) choose(mix.index, mix);
    } else {
      const end = map.landmarks.indexOf(mapMath.nearest(map, place, map.landmarks));
      byId("from").value = byId("to").value;
      byId("to").value = end;
      walkTo(map.steps + 1);
    }
  }

  function moved(event) {
    if (state.mode === "mix" && event.buttons) return pressed(event);
    if (state.mode !== "points") return;
    state.under = mapMath.nearest(map, placeOf(event), points);
    if (!state.list) draw();
  }

  function typed(event) {
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    if (event.key === " ") byId("play").click();
    else if (ways[event.key] && state.mode === "points" && state.index < map.points)
      choose(mapMath.towards(map, state.index, ways[event.key]));
    else if (ways[event.key] && state.mode === "walk")
      walkTo(Math.min(Math.max(Number(byId("step").value) + ways[event.key][0], 0), map.steps + 1));
    else return;
    event.preventDefault();
  }

  function save() {
    const link = document.createElement("a");
    const bytes = mapMath.midiOf(music[state.index], map.ticks, qpm());
    link.href = URL.createObjectURL(new Blob([bytes], { type: "audio/midi" }));
    link.download = `${map.model}-${state.index + 1}.mid`;
    link.click();
    URL.revokeObjectURL(link.href);
  }

  function options(id, names) {
    names.forEach((name, n) => byId(id).add(new Option(name, id === "colour" ? name : n)));
  }

  options("colour", Object.keys(map.colours));
  options("from", map.landmarks.map((_, n) => letter(n)));
  options("to", map.landmarks.map((_, n) => letter(n)));
  byId("to").value = 1;
  byId("step").max = map.steps + 1;
  byId("qpm").value = Math.round(map.qpm);
  document.querySelectorAll("input[name=mode]").forEach((radio) =>
    radio.addEventListener("change", () => {
      state.mode = radio.value;
      state.mix = null;
      byId("walking").hidden = state.mode !== "walk";
      plane.style.touchAction = state.mode === "mix" ? "none" : "";
      if (state.mode === "points" && state.index >= map.points) state.index = 0;
      draw();
    }));
  byId("colour").addEventListener("change", draw);
  for (const id of ["from", "to"]) byId(id).addEventListener("change", () => walkTo(0));
  byId("step").addEventListener("input", () => walkTo(byId("step").value));
  byId("whole").addEventListener("click", () => {
    const walk = walkNow();
    stop();
    state.index = walk[0];
    byId("step").value = 0;
    tell();
    play(walk);
  });
  byId("play").addEventListener("click", () => (state.list ? stop() : play([state.index])));
  byId("save").addEventListener("click", save);
  byId("qpm").addEventListener("change", () => { if (state.list) play(state.list); });
  plane.addEventListener("pointerdown", pressed);
  plane.addEventListener("pointermove", moved);
  plane.addEventListener("pointerleave", () => { state.under = null; if (!state.list) draw(); });
  plane.addEventListener("keydown", typed);
  document.querySelectorAll("audio").forEach((sound) => sound.addEventListener("play", stop));
  window.addEventListener("resize", draw);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  tell();
  draw();
})();
