/** What the bundler resolves and TypeScript cannot see: style sheets, and the address of a worker. */
declare module '*.css';
declare module '*?worker&url' {
  const url: string;
  export default url;
}
