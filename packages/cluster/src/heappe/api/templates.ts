import { z } from 'zod';
import type { Wire } from '../wire.ts';
import { type CommandTemplate, commandTemplate } from './wire-types.ts';

/** What a command template of ours has to be. */
export interface TemplateSpec {
  readonly Name: string;
  readonly Description: string;
  readonly ExtendedAllocationCommand: string;
  readonly ExecutableFile: string;
  readonly PreparationScript: string;
  readonly ClusterNodeTypeId: number;
}

/** Command templates of a project; all need the role Manager (ManagementController.cs). */
export interface TemplateApi {
  /** The project's own and those of no project, deleted ones not. */
  list(projectId: number, signal: AbortSignal): Promise<readonly CommandTemplate[]>;
  /** Makes one with these parameters, each to be given a value by jobs. Never the same twice: names are not unique. */
  create(
    projectId: number,
    spec: TemplateSpec,
    parameters: readonly string[],
    signal: AbortSignal,
  ): Promise<CommandTemplate>;
  /** Writes everything but the parameters, and enables it. */
  update(templateId: number, spec: TemplateSpec, signal: AbortSignal): Promise<void>;
  /** HEAppE keeps it, and shows it to nobody any more. */
  remove(templateId: number, signal: AbortSignal): Promise<void>;
  addParameter(templateId: number, identifier: string, signal: AbortSignal): Promise<void>;
  removeParameter(parameterId: number, signal: AbortSignal): Promise<void>;
}

export function createTemplateApi(wire: Wire): TemplateApi {
  const path = 'Management/CommandTemplate';
  const parameterPath = 'Management/CommandTemplateParameter';
  return {
    async list(projectId, signal) {
      const call = {
        method: 'GET',
        path: 'Management/CommandTemplates',
        query: { ProjectId: projectId },
      } as const;
      return await wire.json(call, z.array(commandTemplate), signal);
    },
    async create(projectId, spec, parameters, signal) {
      const TemplateParameters = parameters.map((Identifier) => ({
        Identifier,
        Query: '',
        Description: '',
      }));
      const body = { ...spec, ProjectId: projectId, TemplateParameters };
      return await wire.json({ method: 'POST', path, body }, commandTemplate, signal);
    },
    async update(templateId, spec, signal) {
      const body = { ...spec, Id: templateId, IsEnabled: true };
      await wire.json({ method: 'PUT', path, body }, z.unknown(), signal);
    },
    async remove(templateId, signal) {
      const body = { CommandTemplateId: templateId };
      const call = { method: 'DELETE', path: 'Management/RemoveCommandTemplate', body } as const;
      await wire.json(call, z.unknown(), signal);
    },
    async addParameter(templateId, identifier, signal) {
      const body = {
        Identifier: identifier,
        Query: '',
        Description: '',
        CommandTemplateId: templateId,
      };
      await wire.json({ method: 'POST', path: parameterPath, body }, z.unknown(), signal);
    },
    async removeParameter(parameterId, signal) {
      await wire.json(
        { method: 'DELETE', path: parameterPath, body: { Id: parameterId } },
        z.unknown(),
        signal,
      );
    },
  };
}
