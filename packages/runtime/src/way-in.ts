import { z } from 'zod';

interface WaysIn {
  readonly API_LOCAL_KEY?: unknown;
  readonly WAKEFIELD_AUTH?: string | undefined;
}

/** Goes with `API_LOCAL_KEY` and `WAKEFIELD_AUTH`: without either nobody could come in. */
export const someWayIn = z.refine<WaysIn>(
  ({ API_LOCAL_KEY: key, WAKEFIELD_AUTH: file }) => key !== undefined || file !== undefined,
  { path: ['API_LOCAL_KEY'], error: 'has to be set, or WAKEFIELD_AUTH to name other ways in' },
);
