// Who wants to know of what happens.

export class Listeners {
  constructor(...names) {
    this._byName = new Map(names.map((name) => [name, new Set()]));
  }

  // Calls a function whenever something happens; returns what ends that.
  on(name, listener) {
    const listeners = this._byName.get(name);
    const names = [...this._byName.keys()].join(", ");
    if (!listeners) throw new Error(`nothing is called ${name}. Allowed: ${names}`);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  tell(name, what) {
    for (const listener of [...this._byName.get(name)]) listener(what);
  }
}
