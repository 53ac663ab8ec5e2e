import { Readable } from 'node:stream';
import type { FunctionView } from '../../catalog/function-view.ts';
import { ColdframeError } from '../../errors/coldframe-error.ts';
import type { HttpDeps } from '../deps.ts';
import { view } from './samples.ts';

export function fakeFunctions(): HttpDeps['functions'] {
  const byName = new Map<string, FunctionView>([['hello', view('hello')]]);
  const get = (name: string): FunctionView => {
    const found = byName.get(name);
    if (!found) throw new ColdframeError('function_not_found');
    return found;
  };
  const checked = (name: string, ifMatch: string | null | undefined): FunctionView => {
    const found = get(name);
    if (ifMatch && ifMatch !== '*' && ifMatch !== found.etag) throw new ColdframeError('function_changed');
    return found;
  };
  return {
    names: () => new Map([...byName.values()].map(({ id, name }) => [id, name])),
    list: () => ({ items: [...byName.values()], nextCursor: null }),
    get: (_workspaceId, name) => get(name),
    async create(_workspaceId, input) {
      if (byName.has(input.name)) throw new ColdframeError('function_exists');
      byName.set(input.name, view(input.name));
      return get(input.name);
    },
    update: async (_workspaceId, name, _patch, options) => checked(name, options.ifMatch),
    remove: async (_workspaceId, name, options) => {
      checked(name, options.ifMatch);
      byName.delete(name);
    },
    putCode: async (_workspaceId, name, _code, options) => checked(name, options.ifMatch),
    async getCode(_workspaceId, name) {
      get(name);
      const nothing = { binaryFiles: [], executableFiles: [], links: [] };
      return { codeSha256: 'c0de', files: { 'index.js': 'export {}' }, ...nothing };
    },
    async getCodeZip(_workspaceId, name) {
      get(name);
      return Readable.from([Buffer.from('PK')]);
    },
  };
}
