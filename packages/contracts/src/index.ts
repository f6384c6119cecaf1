export type { ErrorBody } from './error-body.ts';
export { errorBody, errorEvent, errorHeaders, toAppError } from './error-body.ts';
export type { ErrorRow } from './error-table.ts';
export { errorTable } from './error-table.ts';
