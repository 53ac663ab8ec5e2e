import type { ColdframeFunction } from '../../shared/api/types.ts';
import { InvocationList } from './list/invocation-list.tsx';

export default function InvocationsTab({ fn }: { fn: ColdframeFunction }) {
  return <InvocationList functionName={fn.name} />;
}
