/**
 * The wall's build: Preact by the built-in Oxc compiler (no Babel, no plugin), for kernels as old as Chrome 94, which
 * stand on county PCs. Nothing is inlined and nothing comes from elsewhere, so the page runs under `default-src 'self'`.
 */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

export default defineConfig({
  root: dirname(fileURLToPath(import.meta.url)),
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: 'dist', emptyOutDir: true, target: 'chrome94', cssTarget: 'chrome94',
    assetsInlineLimit: 0, modulePreload: { polyfill: false }, reportCompressedSize: false,
  },
  worker: { format: 'es' },
});
