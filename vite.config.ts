import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// Every address in the build is relative, so that <base href> alone decides
// where the app lives: the server rewrites it to the path of --base-url.
// Nothing is inlined as data: or as a script, because the page is served
// with `Content-Security-Policy: default-src 'self'`.
export default defineConfig({
  root: 'web',
  base: './',
  cacheDir: '../node_modules/.vite',
  plugins: [react()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700, // kB; 180 kB on the wire, cached for ever
    modulePreload: { polyfill: false },
  },
  test: {
    environment: 'node',
    include: ['src/**/*.test.ts'],
  },
});
