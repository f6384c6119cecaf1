export type { ErrorBody } from './error-body.ts';
export { errorBody, errorEvent, errorHeaders, rawErrorAnswer, toAppError } from './error-body.ts';
export type { ErrorHelp } from './error-help.ts';
export { errorHelp } from './error-help.ts';
export type { ErrorRow } from './error-table.ts';
export { errorTable } from './error-table.ts';
export type { AcceptedJson, CommandJson } from './http/commands.ts';
export {
  acceptedSchema,
  commandListSchema,
  commandSchema,
  idempotencyKey,
  listCommandsQuery,
} from './http/commands.ts';
export { errorSchema } from './http/error.ts';
export { clusterName, hfModelId, projectName, uuid } from './http/fields.ts';
export type { RegisterModelBody } from './http/model-request.ts';
export {
  listModelsQuery,
  registerModelBody,
  scaleModelBody,
  sleepModelBody,
  specFromBody,
  unregisterModelBody,
  unregisterModelQuery,
  wakeModelBody,
} from './http/model-request.ts';
export type { JobJson, ModelJson } from './http/model-response.ts';
export { jobSchema, modelListSchema, modelSchema } from './http/model-response.ts';
export type { ProjectDetailsJson, ProjectJson } from './http/projects.ts';
export {
  activateProjectBody,
  projectDetailsSchema,
  projectListSchema,
  projectSchema,
} from './http/projects.ts';
export type { HealthJson, QueuesJson } from './http/service.ts';
export { API_VERSION, healthSchema, queueSchema, queuesSchema } from './http/service.ts';
export type { OpenApiDocument } from './openapi/document.ts';
export { buildOpenApiDocument, endpoints } from './openapi/document.ts';
export type { Endpoint, EndpointAnswer, Tag } from './openapi/endpoint.ts';
export { errorsOf } from './openapi/endpoint.ts';
export { commandParams, modelParams, projectParams } from './openapi/parameters.ts';
export type { InputPlace } from './parse-input.ts';
export { parseInput } from './parse-input.ts';
