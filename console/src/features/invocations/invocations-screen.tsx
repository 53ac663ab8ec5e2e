import { PageHeader } from '../../shared/page/page-header.tsx';
import { InvocationList } from './list/invocation-list.tsx';

export default function InvocationsScreen() {
  return (
    <>
      <PageHeader title="Invocations" />
      <InvocationList functionName={null} />
    </>
  );
}
