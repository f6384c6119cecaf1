import type { Route } from '@wakefield/domain';

/** A model as `GET /v1/models` tells it (OpenAI's fields), asleep ones too. */
export interface ModelCard {
  readonly id: string;
  readonly object: 'model';
  /** Seconds since the epoch. */
  readonly created: number;
  /** The project it is registered in. */
  readonly owned_by: string;
}

export function modelCard(route: Route): ModelCard {
  return {
    id: route.hfModelId,
    object: 'model',
    created: Math.floor(route.createdAt / 1000),
    owned_by: route.project,
  };
}

export function modelList(routes: readonly Route[]): {
  readonly object: 'list';
  readonly data: readonly ModelCard[];
} {
  return { object: 'list', data: routes.map(modelCard) };
}
