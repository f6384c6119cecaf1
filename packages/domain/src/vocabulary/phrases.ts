import type { ProjectName } from './ids.ts';

/** Sentences that more than one process says: a caller hears the same thing in the same words at every door. */
export const phrases = {
  noProject: (project: ProjectName) => `There is no project "${project}".`,
  noModel: (project: ProjectName, hfModelId: string) =>
    `There is no model "${hfModelId}" in project "${project}".`,
  noService: (id: string) => `There is no service "${id}".`,
  keyMissing: 'A key is needed: send it as "Authorization: Bearer <key>".',
  keyInvalid: 'The key is not valid. Send it as "Authorization: Bearer <key>".',
} as const;
