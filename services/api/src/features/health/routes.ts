import { API_VERSION, type HealthJson } from '@wakefield/contracts';
import type { Binder } from '../../http/bind.ts';

/** Says that the process answers, whatever the stores do. */
export function healthRoutes({ bind }: Binder, version: string): void {
  bind('health', (_req, res) => {
    const body: HealthJson = { status: 'OK', version, api_version: API_VERSION };
    res.json(body);
  });
}
