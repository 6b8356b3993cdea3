// The server's HTTP API (docs/studio_api.md): each call answers with what the server said, or throws an
// Error whose message is the server's one line.

const listeners = { session: new Set(), job: new Set(), connection: new Set() };

async function request(method, path, body) {
  const isFile = body instanceof Blob;
  const options = { method, body: body === undefined || isFile ? body : JSON.stringify(body) };
  if (body !== undefined && !isFile) options.headers = { "Content-Type": "application/json" };
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Error("The studio does not answer. Is lofi_studio still running?");
  }
  if (!response.ok) throw new Error(await errorLine(response));
  return response;
}

async function errorLine(response) {
  const answer = await response.json().catch(() => ({}));
  return answer.error ?? `The studio answered ${response.status} ${response.statusText}`;
}

const ask = async (method, path, body) => (await request(method, path, body)).json();
const clipPath = (clip) => `/api/clips/${encodeURIComponent(clip.id ?? clip)}`;

let saving = Promise.resolve(); // the edit on its way: what undoes it is asked for after its answer

function tell(event, data) {
  for (const listener of listeners[event]) listener(data);
}

async function whenDone(job) {
  while (job.state === "waiting" || job.state === "running") {
    tell("job", job);
    job = await ask("GET", `/api/jobs/${job.id}?wait=20`);
  }
  tell("job", job);
  if (job.state === "done") return job;
  const error = new Error(job.error ?? "Stopped");
  error.isStop = job.state === "stopped";
  throw error;
}

function listen() {
  const events = new EventSource("/api/events");
  events.addEventListener("session", (event) => tell("session", JSON.parse(event.data)));
  events.addEventListener("job", (event) => tell("job", JSON.parse(event.data)));
  events.addEventListener("open", () => tell("connection", true));
  events.addEventListener("error", () => tell("connection", false));
  addEventListener("pagehide", () => events.close());
}

/** Ends with what a call changed being told to all who listen. */
async function session(method, path, body) {
  const answer = await ask(method, path, body);
  tell("session", answer);
  return answer;
}

export const api = {
  listen,
  /** Calls f(data) at each "session" (a Session), "job" (a Job) or "connection" (a boolean). */
  on(event, f) {
    listeners[event].add(f);
    return () => listeners[event].delete(f);
  },
  session: () => session("GET", "/api/session"),
  patchSession: (settings) => session("PATCH", "/api/session", settings),
  undo: () => saving.then(() => session("POST", "/api/undo")),
  redo: () => saving.then(() => session("POST", "/api/redo")),
  tools: () => ask("GET", "/api/tools"),
  models: () => ask("GET", "/api/models"),
  jobs: () => ask("GET", "/api/jobs"),
  /** Runs a tool. Args: inputs, clips, their ids or {notes}; options by field; seed or null. */
  async run(tool, { inputs = [], options = {}, seed = null } = {}) {
    const sent = inputs.map((input) => {
      if (typeof input === "string") return { clip: input };
      return input.id ? { clip: input.id } : input;
    });
    const answer = await ask("POST", `/api/tools/${tool}`, { inputs: sent, options, seed });
    return whenDone(answer.job);
  },
  stopJob: (id) => ask("DELETE", `/api/jobs/${id}`),
  notes: (clip) => ask("GET", `${clipPath(clip)}/notes`),
  saveNotes(clip, notes) {
    const answer = ask("PUT", `${clipPath(clip)}/notes`, notes);
    saving = answer.catch(() => null);
    return answer;
  },
  changeClip: (clip, values) => ask("PATCH", clipPath(clip), values),
  deleteClip: (clip) => ask("DELETE", clipPath(clip)),
  /** Adds a file, or notes as a clip of their own; answers with the clips. */
  upload: async (file) => (await ask("POST", `/api/clips?name=${encodeURIComponent(file.name)}`, file)).clips,
  async addNotes(name, notes, madeFrom = []) {
    const from = madeFrom.length ? `&made_from=${madeFrom.join()}` : "";
    return (await ask("POST", `/api/clips?name=${encodeURIComponent(name)}${from}`, notes)).clips;
  },
  fileUrl: (clip) => `${clipPath(clip)}/file?version=${clip.version}`,
  stemsUrl: (clip) => `${clipPath(clip)}/stems`,
  renderUrl: (clip, preset) =>
    `${clipPath(clip)}/render?preset=${encodeURIComponent(preset)}&format=wav`,
  bytes: async (url) => (await request("GET", url)).arrayBuffer(),
  map: (model) => ask("GET", `/api/map?model=${encodeURIComponent(model)}`),
  mapNotes: (model, point) => ask("GET", `/api/map/${encodeURIComponent(model)}/${point}/notes`),
  mapMix: (model, points, weights) =>
    ask("POST", `/api/map/${encodeURIComponent(model)}/mix`, { points, weights }),
  mix: (preset) => ask("GET", `/api/mix?preset=${encodeURIComponent(preset)}`),
};
