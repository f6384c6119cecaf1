import type { CommandId, ProjectName, ServiceId } from '@wakefield/domain';

export function projectPath(project: ProjectName): string {
  return `/p/${encodeURIComponent(project)}`;
}

/** Slashes of a model id stay: both forms are understood, and this one can be read. */
export function modelPath(project: ProjectName, hfModelId: string): string {
  return `${projectPath(project)}/models/${hfModelId.split('/').map(encodeURIComponent).join('/')}`;
}

export function commandPath(project: ProjectName, id: CommandId): string {
  return `${projectPath(project)}/commands/${id}`;
}

export function servicePath(id: ServiceId): string {
  return `/api/v1/services/${id}`;
}
