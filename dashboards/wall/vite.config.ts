/**
 * The wall's build: Preact by the built-in Oxc compiler (no Babel, no plugin), for kernels as old as Chrome 94, which
 * stand on county PCs. Nothing is inlined and nothing comes from elsewhere, so the page runs under `default-src 'self'`.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const root = dirname(fileURLToPath(import.meta.url));

export default defineConfig({
  root,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: 'dist', emptyOutDir: true, target: 'chrome94', cssTarget: 'chrome94',
    assetsInlineLimit: 0, modulePreload: { polyfill: false }, reportCompressedSize: false,
    // Two pages: the wall, and the installer's on a telephone.
    rolldownOptions: { input: { index: join(root, 'index.html'), install: join(root, 'install.html') } },
  },
  worker: { format: 'es' },
});
