/** Town and village out of the caller's own regions: a town's user sees their villages only, a village's user nothing to choose. */
import { showRegion } from '#core/region.ts';
import { t } from '#wall/i18n/text.ts';
import { regions } from '#wall/state/county.ts';

/** `value` is a region code or ''. `any` names what '' means; without it '' is only shown until something is chosen. */
export function RegionPicker({ value, onChange, any, id, disabled = false, invalid = false }: { value: string; onChange(code: string): void; any?: string; id?: string; disabled?: boolean; invalid?: boolean }) {
  const all = regions.value ?? [];
  const county = all.find((r) => r.level === 'county');
  const towns = all.filter((r) => r.level === 'town');
  const town = towns.find((r) => r.code.slice(0, 9) === value.slice(0, 9) && value !== county?.code)?.code ?? '';
  const villages = all.filter((r) => r.level === 'village' && (towns.length === 0 || r.code.slice(0, 9) === town.slice(0, 9)));
  const village = villages.some((r) => r.code === value) ? value : '';
  const isCounty = value !== '' && value === county?.code;
  return (
    <span class="region-picker" data-test="region">
      {towns.length > 0 && <label>{t('files.town')}
        <select id={id} name="town" value={isCounty ? value : town} disabled={disabled} aria-invalid={invalid} onChange={(event) => onChange(event.currentTarget.value)}>
          <option value="">{any ?? t('files.choose')}</option>
          {county && any === undefined && <option value={county.code}>{t('files.wholeCounty')}</option>}
          {towns.map((r) => <option key={r.code} value={r.code}>{showRegion(r.name)}</option>)}
        </select></label>}
      <label>{t('files.village')}
        <select name="village" value={village} disabled={disabled || (towns.length > 0 && town === '')} aria-invalid={invalid} onChange={(event) => onChange(event.currentTarget.value || town)}>
          <option value="">{towns.length === 0 ? (any ?? t('files.choose')) : town === '' ? '–' : t('files.wholeTown')}</option>
          {villages.map((r) => <option key={r.code} value={r.code}>{showRegion(r.name)}</option>)}
        </select></label>
    </span>
  );
}
