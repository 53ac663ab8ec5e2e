import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { NONCE_PLACEHOLDER } from '../src/http/console/built-console.ts';

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  html: { cspNonce: NONCE_PLACEHOLDER },
  build: {
    assetsDir: 'console',
    // A font inlined as data: would be refused by font-src 'self'.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2023',
    reportCompressedSize: false,
    // What is loaded first has a budget of its own: test/console/bundle.test.ts.
    chunkSizeWarningLimit: 2_000,
    // On a busy machine it would call the build slow at the person who starts the server.
    rolldownOptions: { checks: { pluginTimings: false } },
  },
});
