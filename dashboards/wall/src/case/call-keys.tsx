/** The five results of a call by hand, one key each (FIELD F14): the duty PC has a desk telephone, not a dialler. */
import { useSignal } from '@preact/signals';
import { t } from '#wall/i18n/text.ts';
import { type CallResult, callResults } from '#wall/state/actions.ts';

export function CallKeys({ onResult, part }: { onResult(result: CallResult): void; part: string }) {
  const chosen = useSignal<CallResult | null>(null);
  return (
    <fieldset class="call-keys" aria-label={t('case.result')} data-test={`calls-${part}`}>
      {callResults.map((result) => (
        <button key={result} type="button" class={`call-key${result === 'reached' ? ' reached' : ''}`} aria-pressed={chosen.value === result} data-result={result}
          onClick={() => { chosen.value = result; onResult(result); }}>{t(`call.${result}`)}</button>
      ))}
    </fieldset>
  );
}
