/** What the pages of vendors' doors share: reasons as the server says them, as keys of the dictionary; problems anywhere below a field. */
import type { Problem } from '#wall/api/client.ts';
import { FieldProblem } from './paging.tsx';

export const slug = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '');

export function AnyProblem({ problem, under }: { problem: Problem | null; under: string }) {
  return <>{(problem?.fields ?? []).filter((f) => f.field.startsWith(under)).map((f) => <FieldProblem key={f.field} problem={problem} field={f.field} />)}</>;
}
