import type { ColdframeFunction } from '../../shared/api/types.ts';
import { SkeletonRows } from '../../shared/ui/skeleton-rows.tsx';

export default function InvocationsTab({ fn }: { fn: ColdframeFunction }) {
  return <SkeletonRows label={`InvocationsTab of ${fn.name}`} />;
}
