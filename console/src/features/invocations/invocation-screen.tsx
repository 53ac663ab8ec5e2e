import { SkeletonRows } from '../../shared/ui/skeleton-rows.tsx';

export default function InvocationScreen({ id }: { id: string }) {
  return <SkeletonRows label={`Invocation ${id}`} />;
}
