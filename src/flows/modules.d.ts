/** Both come without types; what host.ts uses of them is typed there. */
declare module 'node-red';
declare module 'express';
