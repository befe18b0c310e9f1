/** What the scripts here use of k6, which brings its own modules and runs TypeScript by itself. */
declare const __ENV: Readonly<Record<string, string | undefined>>;
declare const __VU: number;
declare module 'k6' {
  export function check<T>(value: T, checks: Record<string, (value: T) => boolean>): boolean;
}
declare module 'k6/http' {
  export type Response = { status: number; json(selector?: string): unknown };
  const http: { get(url: string, options?: { headers?: Record<string, string>; tags?: Record<string, string> }): Response };
  export default http;
}
declare module 'k6/metrics' {
  export class Trend { constructor(name: string, isTime?: boolean); add(value: number): void; }
  export class Counter { constructor(name: string); add(value: number): void; }
}
declare module 'k6/websockets' {
  export class WebSocket {
    constructor(url: string, protocols: string | null, options: { headers: Record<string, string> });
    onopen: () => void; onmessage: (event: { data: string }) => void; onclose: () => void; onerror: (event: { error: string }) => void;
    send(text: string): void; close(): void;
  }
}
