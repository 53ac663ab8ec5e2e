/** Whether news arrive: `lost` while the connection is down and tried again. */
export type LiveState = 'connecting' | 'open' | 'lost';

export interface LiveListener {
  /** One event; `name` is the server's event name, `data` its parsed JSON. */
  onEvent(name: string, data: unknown): void;
  /** News were missed (a gap, a lost connection, a hidden tab): what is shown has to be read anew. */
  onGap(): void;
  onState(state: LiveState): void;
}

const RETRY_MS = 3_000;
const sources = new Map<string, LiveSource>();

let tellRefused = (): void => {};

/** `listener` is told when the server refuses a stream, as it does once the session has ended. There is one listener. */
export function onLiveRefused(listener: () => void): void {
  tellRefused = listener;
}

/**
 * Listens to an event stream of the API; listeners of one address share one connection, because browsers allow six to a host.
 * A hidden tab holds none. Returns the way to stop.
 */
export function listenLive(path: string, eventNames: readonly string[], listener: LiveListener): () => void {
  const key = `${path} ${eventNames.join()}`;
  const source = sources.get(key) ?? new LiveSource(path, eventNames);
  sources.set(key, source);
  source.add(listener);
  return () => {
    if (source.remove(listener)) sources.delete(key);
  };
}

class LiveSource {
  readonly #path: string;
  readonly #eventNames: readonly string[];
  readonly #listeners = new Set<LiveListener>();
  #events: EventSource | null = null;
  #retry: number | null = null;
  #state: LiveState = 'connecting';
  #hasBeenOpen = false;

  constructor(path: string, eventNames: readonly string[]) {
    this.#path = path;
    this.#eventNames = eventNames;
    document.addEventListener('visibilitychange', this.#onVisibility);
    if (!document.hidden) this.#open();
  }

  add(listener: LiveListener): void {
    this.#listeners.add(listener);
    listener.onState(this.#state);
  }

  /** True when it was the last one and the connection is closed. */
  remove(listener: LiveListener): boolean {
    this.#listeners.delete(listener);
    if (this.#listeners.size > 0) return false;
    document.removeEventListener('visibilitychange', this.#onVisibility);
    this.#close();
    return true;
  }

  #open(): void {
    const events = new EventSource(this.#path);
    this.#events = events;
    events.onopen = () => {
      if (this.#hasBeenOpen) this.#gap();
      this.#hasBeenOpen = true;
      this.#enter('open');
    };
    events.onerror = () => {
      this.#enter('lost');
      // Browsers reconnect by themselves after a cut, but never after a refusal.
      if (events.readyState !== EventSource.CLOSED) return;
      this.#close();
      tellRefused();
      this.#retry = window.setTimeout(() => this.#open(), RETRY_MS);
    };
    events.addEventListener('gap', () => this.#gap());
    for (const name of this.#eventNames) {
      events.addEventListener(name, (event) => {
        const data: unknown = JSON.parse((event as MessageEvent<string>).data);
        for (const listener of this.#listeners) listener.onEvent(name, data);
      });
    }
  }

  #close(): void {
    this.#events?.close();
    this.#events = null;
    if (this.#retry !== null) window.clearTimeout(this.#retry);
    this.#retry = null;
  }

  #gap(): void {
    for (const listener of this.#listeners) listener.onGap();
  }

  #enter(state: LiveState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener.onState(state);
  }

  #onVisibility = (): void => {
    if (document.hidden) this.#close();
    else if (this.#events === null && this.#retry === null) this.#open();
  };
}
