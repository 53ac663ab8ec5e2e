import type { ColdframeFunction } from '../../shared/api/types.ts';
import { SkeletonRows } from '../../shared/ui/skeleton-rows.tsx';

export default function SettingsTab({ fn }: { fn: ColdframeFunction }) {
  return <SkeletonRows label={`SettingsTab of ${fn.name}`} />;
}
