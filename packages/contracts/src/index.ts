export type { ErrorBody } from './error-body.ts';
export { errorBody, errorEvent, errorHeaders, rawErrorAnswer, toAppError } from './error-body.ts';
export type { ErrorHelp } from './error-help.ts';
export { errorHelp } from './error-help.ts';
export type { ErrorRow } from './error-table.ts';
export { errorTable } from './error-table.ts';
export type { HealthJson, QueuesJson } from './http/about.ts';
export { API_VERSION } from './http/about.ts';
export type { AcceptedJson, CommandJson } from './http/commands.ts';
export {
  commandSchema,
  idempotencyKey,
  listCommandsQuery,
} from './http/commands.ts';
export { noQuery, projectName } from './http/fields.ts';
export { isFromThisSite } from './http/from-this-site.ts';
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
export { modelSchema } from './http/model-response.ts';
export type { ProjectDetailsJson, ProjectJson } from './http/projects.ts';
export { activateProjectBody } from './http/projects.ts';
export type { RecipeJson, RecipeSummaryJson } from './http/recipes.ts';
export { listRecipesQuery, recipeParams } from './http/recipes.ts';
export type { HeadRefusal, RequestHead } from './http/request-head.ts';
export { headProblem, parserRefusal } from './http/request-head.ts';
export type { LogWish, ServiceLogJson } from './http/service-logs.ts';
export { LONGEST_LOG_BYTES, logWish, serviceLogsQuery } from './http/service-logs.ts';
export { type ServiceNoticeJson, serviceNoticeSchema } from './http/service-notice.ts';
export type {
  ServiceJson,
  ServiceQuery,
  ServiceStatusJson,
  StartServiceBody,
} from './http/services.ts';
export {
  listServicesQuery,
  listVllmServicesQuery,
  serviceParams,
  serviceQuery,
  startServiceBody,
  statesOf,
} from './http/services.ts';
export type { SessionJson } from './http/session.ts';
export type { UsageGroupJson, UsageJson, UsageSpan } from './http/usage.ts';
export { usageGroupBy, usageQuery, usageSpan } from './http/usage.ts';
export type { VisitJson } from './http/visits.ts';
export { visitQuery } from './http/visits.ts';
export type { PromptAnswerJson, PromptBody } from './http/vllm.ts';
export { promptBody } from './http/vllm.ts';
export type { OpenApiDocument } from './openapi/document.ts';
export { buildOpenApiDocument, endpoints } from './openapi/document.ts';
export type { Endpoint, EndpointAnswer, Tag } from './openapi/endpoint.ts';
export { errorsOf } from './openapi/endpoint.ts';
export { commandParams, modelParams, projectParams } from './openapi/parameters.ts';
export type { InputPlace } from './parse-input.ts';
export { parseInput } from './parse-input.ts';
