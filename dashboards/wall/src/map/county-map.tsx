/** The county's picture: the map where it can be drawn without delaying the list, the tiles everywhere else. The alarms never wait for either. */
import type { ComponentChildren } from 'preact';
import { t } from '#wall/i18n/text.ts';
import { late } from '#wall/shell/late.tsx';
import { chooseMap, mapPossible, mapShown, mapTrouble } from '#wall/state/map.ts';

const Mosaic = late<{ still: boolean; children?: ComponentChildren }>(async () => (await import('./map.tsx')).Mosaic);
const GeoMap = late<{ screen: boolean }>(async () => (await import('./geo-map.tsx')).GeoMap);

export function CountyMap({ screen = false }: { screen?: boolean }) {
  if (mapShown.value) return <GeoMap screen={screen} />;
  return <Mosaic still={screen}>
    {mapTrouble.value !== null && <span class="warn" role="status" data-test="map-trouble">{t(`map.${mapTrouble.value}`)}</span>}
    {!screen && mapPossible.value && <button type="button" class="tool" data-test="to-map" onClick={() => chooseMap('map')}>{t('act.map')}</button>}
  </Mosaic>;
}
