import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { createQueryClient } from '../shared/api/query-client.ts';
import { queryKeys } from '../shared/api/query-keys.ts';
import { pageNonce } from '../shared/csp/page-nonce.ts';
import { onLiveRefused } from '../shared/live/live-source.ts';
import { ErrorBoundary } from '../shared/page/error-boundary.tsx';
import { Gate } from './gate.tsx';
import { colorSchemeManager, cssVariables, theme } from './theme.ts';

/** A refusal anywhere means that the session has ended: the gate then asks for it anew, and is told why. */
const queryClient = createQueryClient(() => {
  const session = queryClient.getQueryState(queryKeys.session);
  if (session?.status === 'success') void queryClient.resetQueries({ queryKey: queryKeys.session });
});
onLiveRefused(() => void queryClient.invalidateQueries({ queryKey: queryKeys.session }));

export function App() {
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      defaultColorScheme="auto"
      colorSchemeManager={colorSchemeManager}
      getStyleNonce={() => pageNonce}
    >
      <QueryClientProvider client={queryClient}>
        <ErrorBoundary>
          <Gate />
        </ErrorBoundary>
      </QueryClientProvider>
    </MantineProvider>
  );
}
