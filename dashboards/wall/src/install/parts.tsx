/** Small parts of the installer's page: cards, fields, the camera, a box to sign in. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { base64, readCode, readPhoto } from './pictures.ts';
import { w } from './words.ts';

export function Card({ title, mark, test, children }: { title: string; mark?: string | null | undefined; test: string; children: ComponentChildren }) {
  return <section class={`card${mark ? ' good' : ''}`} data-test={test}><h2>{title}{mark ? <span class="mark">✓ {mark}</span> : null}</h2>{children}</section>;
}
export function Choice<T extends string>({ label, name, value, options, onChange }: { label: string; name: string; value: T | ''; options: readonly (readonly [T, string])[]; onChange(value: T): void }) {
  return <fieldset><legend>{label}</legend>{options.map(([key, text]) => <label key={key} class={`pick${value === key ? ' on' : ''}`}><input type="radio" name={name} value={key} checked={value === key} onChange={() => onChange(key)} />{text}</label>)}</fieldset>;
}
type FieldProps = { label: string; name: string; value: string; hint?: string; secret?: boolean; decimal?: boolean; autocomplete?: string; maxLength?: number; onInput(text: string): void };
export function Field({ label, name, value, hint = '', secret = false, decimal = false, autocomplete = 'off', maxLength = 500, onInput }: FieldProps) {
  // A password is typed as such; the types of the tag know either kind, not both.
  const type = (secret ? 'password' : 'text') as 'text';
  return <label class="field">{label}<input type={type} name={name} value={value} placeholder={hint} inputMode={decimal ? 'decimal' : 'text'} autocomplete={autocomplete} maxLength={maxLength} onInput={(event) => onInput(event.currentTarget.value)} /></label>;
}
export const Press = ({ children, test, onClick, kind = '', disabled = false }: { children: ComponentChildren; test: string; onClick(): void; kind?: string; disabled?: boolean }) => <button type="button" class={kind} data-test={test} disabled={disabled} onClick={onClick}>{children}</button>;

/** A picture from the camera or the album. */
export function PictureButton({ label, test, onFile }: { label: string; test: string; onFile(file: File): void }) {
  return (
    <label class="button" data-test={test}>{label}
      <input class="hidden" type="file" accept="image/*" capture="environment" onChange={(event) => { const box = event.currentTarget; const file = box.files?.[0]; if (file) onFile(file); box.value = ''; }} />
    </label>
  );
}

/** The camera, four looks a second, else a photo; typing stands beside it. */
export function Scanner({ onText }: { onText(text: string): void }) {
  const running = useSignal(false);
  const trouble = useSignal<string | null>(null);
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    if (!running.value) return;
    let over = false;
    let stream: MediaStream | null = null;
    const canvas = document.createElement('canvas');
    const watch = async (): Promise<void> => {
      try {
        stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' }, audio: false });
        const box = video.current;
        if (over || box === null) { for (const track of stream.getTracks()) track.stop(); return; }
        box.srcObject = stream;
        await box.play();
        while (!over) {
          const scale = Math.min(1, 800 / Math.max(1, box.videoWidth, box.videoHeight));
          canvas.width = Math.max(1, Math.round(box.videoWidth * scale));
          canvas.height = Math.max(1, Math.round(box.videoHeight * scale));
          canvas.getContext('2d', { willReadFrequently: true })?.drawImage(box, 0, 0, canvas.width, canvas.height);
          const text = await readCode(canvas);
          if (text !== null && !over) { running.value = false; onText(text); return; }
          await new Promise((resolve) => { setTimeout(resolve, 250); });
        }
      } catch { if (!over) { running.value = false; trouble.value = w().noCamera; } }
    };
    void watch();
    return () => { over = true; for (const track of stream?.getTracks() ?? []) track.stop(); };
  }, [running.value]);
  const photo = async (file: File): Promise<void> => {
    const text = await readPhoto(file).catch(() => null);
    trouble.value = text === null ? w().unread : null;
    if (text !== null) onText(text);
  };
  return (
    <div class="stack">
      {running.value && <video ref={video} muted playsInline />}
      <div class="pair">
        {navigator.mediaDevices !== undefined && <Press test="scan" onClick={() => { trouble.value = null; running.value = !running.value; }}>{running.value ? w().scanStop : w().scan}</Press>}
        <PictureButton label={w().scanPhoto} test="scan-photo" onFile={(file) => void photo(file)} />
      </div>
      {trouble.value && <p class="trouble" role="alert">{trouble.value}</p>}
    </div>
  );
}

/** A box to sign in with a finger; `onSign` gets base64 PNG, or null while it is empty. */
export function SignBox({ onSign }: { onSign(png: string | null): void }) {
  const box = useRef<HTMLCanvasElement>(null);
  const pen = useRef<{ x: number; y: number } | null>(null);
  const clear = (): void => {
    const context = box.current?.getContext('2d');
    if (!context || !box.current) return;
    context.fillStyle = '#fff';
    context.fillRect(0, 0, box.current.width, box.current.height);
    onSign(null);
  };
  useEffect(clear, []);
  const at = (event: PointerEvent): { x: number; y: number } => {
    const canvas = box.current;
    const rect = canvas?.getBoundingClientRect();
    return canvas && rect ? { x: ((event.clientX - rect.left) / rect.width) * canvas.width, y: ((event.clientY - rect.top) / rect.height) * canvas.height } : { x: 0, y: 0 };
  };
  const move = (event: PointerEvent): void => {
    const context = box.current?.getContext('2d');
    if (pen.current === null || !context) return;
    const to = at(event);
    context.strokeStyle = '#111';
    context.lineWidth = 5;
    context.lineCap = 'round';
    context.beginPath();
    context.moveTo(pen.current.x, pen.current.y);
    context.lineTo(to.x, to.y);
    context.stroke();
    pen.current = to;
  };
  return (
    <div class="stack">
      <canvas ref={box} class="sign" width={640} height={260} role="img" aria-label={w().signHere} data-test="sign-box" onPointerDown={(event) => { event.currentTarget.setPointerCapture(event.pointerId); pen.current = at(event); move(event); }} onPointerMove={move}
        onPointerUp={() => { if (pen.current !== null && box.current) onSign(base64(box.current, 'image/png')); pen.current = null; }} />
      <p class="dim">{w().signHere} <button type="button" class="small" onClick={clear}>{w().clear}</button></p>
    </div>
  );
}
