import type { Socket } from 'node:net';

/** So many wrong keys from one network are answered at once in a minute: a person who mistypes, a build with an old key. */
const FREE_EACH = 10;
const WINDOW_MS = 60_000;
/** Later ones wait so long: whoever guesses makes one guess a second for each place below. */
const WAIT_MS = 1_000;
/** Answers that wait for one network, and in all; beyond it the connection is closed. */
const WAITING_EACH_MAX = 10;
const WAITING_MAX = 200;
/** Networks remembered; beyond it the oldest are forgotten first. */
const NETWORKS_MAX = 1_000;

interface Network {
  wrong: number;
  untilMs: number;
  waiting: number;
}

/**
 * Slows whoever guesses keys. A key is verified before anything here is asked, so a right one never waits and is never refused,
 * however many wrong ones its network sent. One for both listeners and sign-in.
 */
export class WrongKeys {
  readonly #waitMs: number;
  readonly #now: () => number;
  readonly #networks = new Map<string, Network>();
  #waiting = 0;

  constructor(waitMs: number = WAIT_MS, now: () => number = () => performance.now()) {
    this.#waitMs = waitMs;
    this.#now = now;
  }

  /** Resolves when the refusal of a wrong key may be sent. Where too many wait it closes the connection first. */
  async slow(socket: Pick<Socket, 'remoteAddress' | 'destroy'>): Promise<void> {
    const network = this.#noted(networkOf(socket.remoteAddress ?? ''));
    if (network.wrong <= FREE_EACH) return;
    if (network.waiting >= WAITING_EACH_MAX || this.#waiting >= WAITING_MAX) {
      socket.destroy();
      return;
    }
    network.waiting++;
    this.#waiting++;
    await new Promise((resolve) => setTimeout(resolve, this.#waitMs).unref());
    network.waiting--;
    this.#waiting--;
  }

  #noted(name: string): Network {
    const nowMs = this.#now();
    const known = this.#networks.get(name) ?? { wrong: 0, untilMs: 0, waiting: 0 };
    if (known.untilMs <= nowMs) known.wrong = 0;
    known.wrong++;
    known.untilMs = nowMs + WINDOW_MS;
    this.#networks.delete(name);
    this.#networks.set(name, known);
    const oldest = this.#networks.keys().next().value;
    if (this.#networks.size > NETWORKS_MAX && oldest !== undefined) this.#networks.delete(oldest);
    return known;
  }
}

/** Who counts as one: an IPv4 address, or the 64 bits of an IPv6 address that its owner cannot choose. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('%', 1)[0]!.split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - front.length - back.length);
  const groups = [...front, ...new Array<string>(zeros).fill('0'), ...back];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
