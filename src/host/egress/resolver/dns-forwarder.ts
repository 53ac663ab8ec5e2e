import { randomInt } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket as TcpSocket } from 'node:net';
import type { EgressAllow } from '../../../domain/egress-allow.ts';
import type { Log } from '../../../domain/log.ts';
import { hostResolvers } from '../host-network.ts';
import { AskerShares } from './asker-shares.ts';
import { type DnsQuestion, emptyAnswer, isIpv6Question, isRebound, RCODE, readQuestion } from './dns-message.ts';

/** One resolver of the host may take this long before the next is asked. */
const UPSTREAM_DEADLINE_MS = 2_000;
const UPSTREAMS_MAX = 2;
/** Questions being answered at once, each with a socket. Beyond it a question is dropped, and whoever asked asks again. */
const PENDING_MAX = 256;
/** Of one sandbox: more than an honest one has with 16 calls at once, and a quarter of what there is. */
export const PENDING_EACH_MAX = 64;
const PORT = 53;
/** TCP connections at once. Each has deadlines, so that nobody holds them. */
const CONNECTIONS_MAX = 64;
export const CONNECTIONS_EACH_MAX = 16;
/** From the connection to its whole question, however it dribbles in: an honest asker sends it at once. */
const QUESTION_DEADLINE_MS = 2_000;
/** From there until the answer has been taken. */
const ANSWER_DEADLINE_MS = 5_000;
const MESSAGE_MAX_BYTES = 65_535;
const QUESTION_MAX_BYTES = 512;

export interface DnsForwarderOptions {
  address: string;
  port?: number;
  allow: readonly EgressAllow[];
  log: Log;
  /**
   * The host's resolvers. They are asked for at every question, since they change with the network. Only tests give
   * others.
   */
  upstreams?: () => { address: string; port: number }[];
}

/**
 * The resolver of sandboxes with egress. It hands their questions to the host's own resolvers and refuses answers with
 * addresses that egress refuses. Nothing is cached. Every question is hostile input: its size is bounded, it is read
 * before it is passed on, it gets a random id and port of ours, and it has a deadline. A question for IPv6 gets an
 * empty answer, since there is no IPv6. Places are shared by the sandboxes’
 * addresses, which the rules let nobody forge.
 */
export class DnsForwarder {
  readonly #options: DnsForwarderOptions;
  readonly #udp: Socket = createSocket('udp4');
  readonly #tcp: Server = createServer((socket) => this.#serve(socket));
  readonly #questions = new AskerShares({ totalMax: PENDING_MAX, eachMax: PENDING_EACH_MAX });
  readonly #connections = new AskerShares({ totalMax: CONNECTIONS_MAX, eachMax: CONNECTIONS_EACH_MAX });

  constructor(options: DnsForwarderOptions) {
    this.#options = options;
    this.#udp.on('message', (message, from) => void this.#onDatagram(message, from));
    this.#udp.on('error', (error) => options.log.warn({ err: error }, 'the resolver for egress'));
    this.#tcp.on('error', (error) => options.log.warn({ err: error }, 'the resolver for egress'));
  }

  /**
   * Resolves when it answers on both protocols, with the port. That is the given port, or a free one when 0 was given.
   */
  async listen(): Promise<number> {
    const { address, port = PORT } = this.#options;
    this.#udp.bind({ address, port, exclusive: true });
    await once(this.#udp, 'listening');
    const bound = this.#udp.address().port;
    this.#tcp.listen({ host: address, port: bound, exclusive: true });
    await once(this.#tcp, 'listening');
    this.#udp.unref();
    this.#tcp.unref();
    return bound;
  }

  async close(): Promise<void> {
    this.#connections.dropAll();
    this.#questions.dropAll();
    await new Promise<void>((resolve) => this.#tcp.close(() => resolve()));
    await new Promise<void>((resolve) => {
      try {
        this.#udp.close(() => resolve());
      } catch {
        // The socket was never bound.
        resolve();
      }
    });
  }

  async #onDatagram(message: Buffer, from: RemoteInfo): Promise<void> {
    const answer = await this.#answer(message, from.address);
    // An answer that does not fit says so by its truncation bit, or the asker's own limit cuts it. The asker then tries
    // TCP.
    if (answer !== null) this.#udp.send(answer, from.port, from.address, () => {});
  }

  /** Null when the question gets no answer. */
  async #answer(message: Buffer, asker: string): Promise<Buffer | null> {
    const question = message.length > QUESTION_MAX_BYTES ? null : readQuestion(message);
    if (question === null) return null;
    if (isIpv6Question(question)) return emptyAnswer(message, question, RCODE.ok);
    const dropped = new AbortController();
    const work = { drop: () => dropped.abort() };
    if (!this.#questions.admit(asker, work)) return null;
    try {
      const answer = await this.#askUpstreams(message, question, dropped.signal);
      if (dropped.signal.aborted) return null;
      if (answer === null) return emptyAnswer(message, question, RCODE.serverFailure);
      return isRebound(answer, this.#options.allow) ? emptyAnswer(message, question, RCODE.refused) : answer;
    } finally {
      this.#questions.release(asker, work);
    }
  }

  async #askUpstreams(message: Buffer, question: DnsQuestion, dropped: AbortSignal): Promise<Buffer | null> {
    const upstreams = this.#options.upstreams?.() ?? hostResolvers().map((address) => ({ address, port: PORT }));
    for (const upstream of upstreams.slice(0, UPSTREAMS_MAX)) {
      const answer = await ask(upstream, message, question, dropped);
      if (answer !== null || dropped.aborted) return answer;
    }
    return null;
  }

  /** Over TCP: a length and a message. A connection carries one question, which is as small as over UDP. */
  #serve(socket: TcpSocket): void {
    const asker = socket.remoteAddress ?? '';
    const work = { drop: () => socket.destroy() };
    socket.on('error', () => socket.destroy());
    if (!this.#connections.admit(asker, work)) return void socket.destroy();
    let deadline = setTimeout(work.drop, QUESTION_DEADLINE_MS).unref();
    let received = Buffer.alloc(0);
    let isAnswering = false;
    socket.on('close', () => {
      clearTimeout(deadline);
      this.#connections.release(asker, work);
    });
    socket.on('data', async (bytes) => {
      if (isAnswering) return;
      received = Buffer.concat([received, bytes]);
      const length = received.length < 2 ? 0 : received.readUInt16BE(0);
      if (received.length > QUESTION_MAX_BYTES + 2 || length > QUESTION_MAX_BYTES) return void socket.destroy();
      if (received.length < 2 || received.length < length + 2) return;
      isAnswering = true;
      clearTimeout(deadline);
      deadline = setTimeout(work.drop, ANSWER_DEADLINE_MS).unref();
      const answer = await this.#answer(received.subarray(2, length + 2), asker);
      if (answer === null || answer.length > MESSAGE_MAX_BYTES) return void socket.destroy();
      const head = Buffer.alloc(2);
      head.writeUInt16BE(answer.length);
      socket.end(Buffer.concat([head, answer]));
    });
  }
}

/** Each question gets a socket of its own, and so a random port: guessing one port is not enough to forge an answer. */
function ask(
  upstream: { address: string; port: number },
  message: Buffer,
  question: DnsQuestion,
  dropped: AbortSignal,
): Promise<Buffer | null> {
  const socket = createSocket('udp4');
  const id = randomInt(0x1_0000);
  const asked = Buffer.from(message);
  asked.writeUInt16BE(id, 0);
  return new Promise((resolve) => {
    let isOver = false;
    const end = (answer: Buffer | null): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      dropped.removeEventListener('abort', onDropped);
      socket.close();
      resolve(answer);
    };
    const onDropped = (): void => end(null);
    const timer = setTimeout(() => end(null), UPSTREAM_DEADLINE_MS).unref();
    dropped.addEventListener('abort', onDropped, { once: true });
    socket.once('error', () => end(null));
    // The socket is connected, so the kernel lets nobody else answer.
    socket.connect(upstream.port, upstream.address, () => {
      if (!isOver) socket.send(asked, () => {});
    });
    socket.on('message', (answer) => {
      if (answer.length < asked.length || answer.readUInt16BE(0) !== id) return;
      const isSameQuestion = answer.subarray(12, question.endsAt).equals(asked.subarray(12, question.endsAt));
      if (!isSameQuestion) return;
      answer.writeUInt16BE(question.id, 0);
      end(answer);
    });
  });
}
