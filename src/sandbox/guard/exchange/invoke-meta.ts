import type { SandboxRequest } from '../../../contract/sandbox.ts';

/**
 * Writes the meta of invoke frames. The function's ARN is the same for every call of a sandbox, so it is escaped once.
 */
export class InvokeMeta {
  #arn = '';
  #arnMeta = ',"arn":"","stream":';

  of(request: SandboxRequest): string {
    if (request.functionArn !== this.#arn) {
      this.#arn = request.functionArn;
      this.#arnMeta = `,"arn":${JSON.stringify(request.functionArn)},"stream":`;
    }
    const trace = request.traceId === null ? '' : `,"traceId":${JSON.stringify(request.traceId)}`;
    const id = JSON.stringify(request.requestId);
    return `{"id":${id}${this.#arnMeta}${request.stream !== null},"remainingMs":${request.timeoutMs}${trace}}`;
  }
}
