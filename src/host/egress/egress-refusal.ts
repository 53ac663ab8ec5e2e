import { SandboxError } from '../../contract/sandbox-error.ts';

/** The error when sandboxes of this kind cannot be linked on this host: `network_unenforceable`, with what mends it. */
export class EgressRefusal extends SandboxError {
  readonly why: { detail: string; fix: string };

  constructor(why: { detail: string; fix: string }) {
    super('network_unenforceable', why.detail);
    this.name = 'EgressRefusal';
    this.why = why;
  }
}
