import { randomInt } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket as TcpSocket } from 'node:net';
import type { EgressAllow } from '../../../domain/egress-allow.ts';
import type { Log } from '../../../domain/log.ts';
import { hostResolvers } from '../host-network.ts';
import { type DnsQuestion, emptyAnswer, isIpv6Question, isRebound, RCODE, readQuestion } from './dns-message.ts';

/** One resolver of the host may take this long before the next is asked. */
const UPSTREAM_DEADLINE_MS = 2_000;
const UPSTREAMS_MAX = 2;
/** Questions being answered at once. Beyond it a question is dropped, and whoever asked asks again. */
const PENDING_MAX = 256;
const PORT = 53;
/** TCP connections at once. Each has a deadline, so that nobody holds them. */
const CONNECTIONS_MAX = 64;
const CONNECTION_DEADLINE_MS = 5_000;
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
 * empty answer, since there is no IPv6.
 */
export class DnsForwarder {
  readonly #options: DnsForwarderOptions;
  readonly #udp: Socket = createSocket('udp4');
  readonly #tcp: Server = createServer((socket) => this.#serve(socket));
  readonly #connections = new Set<TcpSocket>();
  readonly #asking = new Set<Socket>();
  #pending = 0;

  constructor(options: DnsForwarderOptions) {
    this.#options = options;
    this.#udp.on('message', (message, from) => void this.#onDatagram(message, from));
    this.#udp.on('error', (error) => options.log.warn({ err: error }, 'the resolver for egress'));
    this.#tcp.on('error', (error) => options.log.warn({ err: error }, 'the resolver for egress'));
    this.#tcp.maxConnections = CONNECTIONS_MAX;
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
    for (const socket of this.#connections) socket.destroy();
    for (const socket of this.#asking) socket.close();
    this.#asking.clear();
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
    const answer = await this.#answer(message);
    // An answer that does not fit says so by its truncation bit, or the asker's own limit cuts it. The asker then tries
    // TCP.
    if (answer !== null) this.#udp.send(answer, from.port, from.address, () => {});
  }

  /** Null when the question gets no answer. */
  async #answer(message: Buffer): Promise<Buffer | null> {
    const question = message.length > QUESTION_MAX_BYTES ? null : readQuestion(message);
    if (question === null || this.#pending >= PENDING_MAX) return null;
    if (isIpv6Question(question)) return emptyAnswer(message, question, RCODE.ok);
    this.#pending++;
    try {
      const answer = await this.#askUpstreams(message, question);
      if (answer === null) return emptyAnswer(message, question, RCODE.serverFailure);
      return isRebound(answer, this.#options.allow) ? emptyAnswer(message, question, RCODE.refused) : answer;
    } finally {
      this.#pending--;
    }
  }

  async #askUpstreams(message: Buffer, question: DnsQuestion): Promise<Buffer | null> {
    const upstreams = this.#options.upstreams?.() ?? hostResolvers().map((address) => ({ address, port: PORT }));
    for (const upstream of upstreams.slice(0, UPSTREAMS_MAX)) {
      const answer = await this.#ask(upstream, message, question);
      if (answer !== null) return answer;
    }
    return null;
  }

  /**
   * Each question gets a socket of its own, and so a random port: guessing one port is not enough to forge an answer.
   */
  #ask(upstream: { address: string; port: number }, message: Buffer, question: DnsQuestion): Promise<Buffer | null> {
    const socket = createSocket('udp4');
    this.#asking.add(socket);
    const id = randomInt(0x1_0000);
    const asked = Buffer.from(message);
    asked.writeUInt16BE(id, 0);
    return new Promise((resolve) => {
      const end = (answer: Buffer | null) => {
        clearTimeout(timer);
        if (this.#asking.delete(socket)) socket.close();
        resolve(answer);
      };
      const timer = setTimeout(() => end(null), UPSTREAM_DEADLINE_MS).unref();
      socket.once('error', () => end(null));
      socket.once('close', () => end(null));
      // The socket is connected, so the kernel lets nobody else answer.
      socket.connect(upstream.port, upstream.address, () => socket.send(asked, () => {}));
      socket.on('message', (answer) => {
        if (answer.length < asked.length || answer.readUInt16BE(0) !== id) return;
        const isSameQuestion = answer.subarray(12, question.endsAt).equals(asked.subarray(12, question.endsAt));
        if (!isSameQuestion) return;
        answer.writeUInt16BE(question.id, 0);
        end(answer);
      });
    });
  }

  /** Over TCP: a length and a message. A connection carries one question, which is as small as over UDP. */
  #serve(socket: TcpSocket): void {
    this.#connections.add(socket);
    socket.setTimeout(CONNECTION_DEADLINE_MS, () => socket.destroy());
    const deadline = setTimeout(() => socket.destroy(), CONNECTION_DEADLINE_MS * 2).unref();
    let received = Buffer.alloc(0);
    let isAnswering = false;
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clearTimeout(deadline);
      this.#connections.delete(socket);
    });
    socket.on('data', async (bytes) => {
      if (isAnswering) return;
      received = Buffer.concat([received, bytes]);
      const length = received.length < 2 ? 0 : received.readUInt16BE(0);
      if (received.length > QUESTION_MAX_BYTES + 2 || length > QUESTION_MAX_BYTES) return void socket.destroy();
      if (received.length < 2 || received.length < length + 2) return;
      isAnswering = true;
      const answer = await this.#answer(received.subarray(2, length + 2));
      if (answer === null || answer.length > MESSAGE_MAX_BYTES) return void socket.destroy();
      const head = Buffer.alloc(2);
      head.writeUInt16BE(answer.length);
      socket.end(Buffer.concat([head, answer]));
    });
  }
}
