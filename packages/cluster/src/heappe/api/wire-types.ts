import { z } from 'zod';

/*
 * Answers of HEAppE that we read, and of them the fields that we use: PascalCase, enums as numbers, unknown fields
 * ignored (ExtModels of the public sources at V6.3.2).
 */

/** 64 bits there; ids in use are far below 2^53. */
export const id = z.number().int().nonnegative();
const text = z
  .string()
  .nullish()
  .transform((value) => value ?? null);

/** Zone-less moments are UTC: they were read back from the database, which keeps no zone. */
const moment = z
  .string()
  .nullish()
  .transform((value): number | null => {
    if (value === null || value === undefined) return null;
    const at = Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(value) ? value : `${value}Z`);
    // 0001-01-01 is .NET's word for never.
    return Number.isNaN(at) || at < 0 ? null : at;
  });

/** JobState and TaskState. */
export const heappeStates = {
  configuring: 1,
  submitted: 2,
  queued: 4,
  running: 8,
  finished: 16,
  failed: 32,
  canceled: 64,
  waitingForServiceAccount: 128,
  deleted: 256,
} as const;

const taskInfo = z.object({
  Id: id,
  Name: text,
  State: z.number().int(),
  AllocatedCoreIds: z
    .array(z.string())
    .nullish()
    .transform((value) => value ?? []),
  StartTime: moment,
  EndTime: moment,
  Reason: text,
  ErrorMessage: text,
  NodeType: z.object({ Id: id }).nullish(),
});
export type TaskInfo = z.output<typeof taskInfo>;

export const jobInfo = z.object({
  Id: id,
  Name: text,
  State: z.number().int(),
  CreationTime: moment,
  SubmitTime: moment,
  StartTime: moment,
  EndTime: moment,
  Tasks: z
    .array(taskInfo)
    .nullish()
    .transform((value) => value ?? []),
});
export type JobInfo = z.output<typeof jobInfo>;

const templateParameter = z.object({
  Id: id.nullish(),
  Identifier: z.string(),
  Query: z.string().nullish(),
});

export const commandTemplate = z.object({
  Id: id,
  Name: text,
  Description: text,
  ExtendedAllocationCommand: text,
  ExecutableFile: text,
  PreparationScript: text,
  CommandParameters: text,
  IsGeneric: z.boolean().nullish(),
  IsEnabled: z.boolean().nullish(),
  ProjectId: id.nullish(),
  ClusterNodeTypeId: id.nullish(),
  TemplateParameters: z
    .array(templateParameter)
    .nullish()
    .transform((value) => value ?? []),
});
export type CommandTemplate = z.output<typeof commandTemplate>;

export const project = z.object({
  Id: id,
  Name: text,
  AccountingString: z.string(),
  EndDate: moment,
  CommandTemplates: z
    .array(z.object({ Id: id, Name: text, IsEnabled: z.boolean().nullish() }))
    .nullish()
    .transform((value) => value ?? []),
});
export type ProjectInfo = z.output<typeof project>;

export const nodeType = z.object({
  Id: id,
  Name: z.string(),
  ClusterId: id.nullish(),
  CoresPerNode: z.number().nullish(),
  NumberOfNodes: z.number().nullish(),
  /** Seconds. */
  MaxWalltime: z.number().nullish(),
  FileTransferMethodId: id.nullish(),
  ClusterNodeTypeAggregation: z.object({ AllocationType: text }).nullish(),
  Projects: z
    .array(project)
    .nullish()
    .transform((value) => value ?? []),
});
export type NodeType = z.output<typeof nodeType>;

export const cluster = z.object({
  Id: id,
  Name: z.string(),
  FileTransferMethodIds: z
    .array(id)
    .nullish()
    .transform((value) => value ?? []),
  NodeTypes: z
    .array(nodeType)
    .nullish()
    .transform((value) => value ?? []),
});
export type ClusterInfo = z.output<typeof cluster>;
