import { type Asking, benchKey, readyModel } from '../wire.ts';

/** As Wakefield is asked; to those that look at nothing it is the same. */
export const plainAsking: Asking = {
  path: '/p/demo/openai/v1/chat/completions',
  headers: [],
  model: readyModel,
  key: benchKey,
};
