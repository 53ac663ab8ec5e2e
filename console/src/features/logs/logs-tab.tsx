import type { ColdframeFunction } from '../../shared/api/types.ts';
import { SkeletonRows } from '../../shared/ui/skeleton-rows.tsx';

export default function LogsTab({ fn }: { fn: ColdframeFunction }) {
  return <SkeletonRows label={`LogsTab of ${fn.name}`} />;
}
