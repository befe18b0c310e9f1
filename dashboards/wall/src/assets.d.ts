/** What the bundler resolves and TypeScript cannot see: style sheets. */
declare module '*.css';
