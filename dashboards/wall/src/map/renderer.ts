/** What draws here: a graphics card, the processor in its place, or nothing. On the last two the tiles are shown first: a map must never delay the list (UI 2.1). */

export type Renderer = 'hardware' | 'software' | 'none';
const slow = /SwiftShader|llvmpipe|softpipe|Basic Render|Software/i;
let known: Renderer | null = null;

/** Judged once: asking costs a context. */
export function rendererHere(): Renderer {
  known ??= look();
  return known;
}

function look(): Renderer {
  try {
    const open = (strict: boolean): WebGL2RenderingContext | null => document.createElement('canvas').getContext('webgl2', { failIfMajorPerformanceCaveat: strict });
    const gl = open(true) ?? open(false);
    if (!gl) return 'none';
    const info = gl.getExtension('WEBGL_debug_renderer_info');
    const name = String(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
    gl.getExtension('WEBGL_lose_context')?.loseContext();
    return slow.test(name) ? 'software' : 'hardware';
  } catch {
    return 'none';
  }
}
