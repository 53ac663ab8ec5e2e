import { Link } from 'wouter';
import { EmptyState } from '../shared/page/empty-state.tsx';

export function NotFoundScreen() {
  return (
    <EmptyState title="No such page">
      This address leads nowhere. <Link href="/">All functions</Link> is a good place to start again.
    </EmptyState>
  );
}
