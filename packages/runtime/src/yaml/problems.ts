import type { z } from 'zod';
import { nearestWord } from '../nearest-word.ts';
import { knownKeys, schemaAt, valueAt } from './schema-at.ts';

/** One thing that is wrong: where, and what may stand there instead. */
export interface Problem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

type Issue = z.core.$ZodIssue;

/** What is wrong with `data`, each thing at its own place and in words for a person; empty when nothing is. */
export function problemsOf(schema: z.ZodType, data: unknown, issues: readonly Issue[]): Problem[] {
  return issues.flatMap((issue) => ofIssue(schema, data, issue));
}

function ofIssue(schema: z.ZodType, data: unknown, issue: Issue): readonly Problem[] {
  const { path } = issue;
  if (issue.code !== 'unrecognized_keys')
    return [{ path, message: words(issue, valueAt(data, path)) }];
  // They come as one issue at their parent.
  const known = knownKeys(schemaAt(schema, data, path));
  return issue.keys.map((key) => ({ path: [...path, key], message: unknownKey(key, known) }));
}

function unknownKey(key: string, known: readonly string[]): string {
  const meant = nearest(key, known);
  if (meant !== null) return `unknown key; did you mean ${meant}?`;
  return known.length === 0 ? 'unknown key' : `unknown key; there are ${known.join(', ')}`;
}

function words(issue: Issue, value: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      return mustBe(kinds[issue.expected] ?? issue.expected, value);
    case 'invalid_value':
      return mustBe(`one of ${issue.values.join(', ')}`, value) + meant(value, issue.values);
    case 'invalid_union':
      return ofUnion(issue, value);
    case 'invalid_key':
      return issue.issues.map(({ message }) => message).join('; ');
    case 'too_small':
      return mustBe(bound(issue.origin, 'at least', issue.minimum), value);
    case 'too_big':
      return mustBe(bound(issue.origin, 'at most', issue.maximum), value);
    default:
      return `${issue.message}${scalar(value)}`;
  }
}

/** Of objects the kinds that there are; of values what is wrong within their type, else the types. */
function ofUnion(issue: z.core.$ZodIssueInvalidUnion, value: unknown): string {
  if ('options' in issue) {
    const { options = [] } = issue;
    return mustBe(`one of ${options.join(', ')}`, value) + meant(value, options);
  }
  if (issue.message !== 'Invalid input') return `${issue.message}${scalar(value)}`;
  const ofItsType = issue.errors.find((inner) =>
    inner.every(({ code }) => code !== 'invalid_type'),
  );
  if (ofItsType?.[0] !== undefined) return words(ofItsType[0], value);
  const types = issue.errors.flatMap(([inner]) =>
    inner?.code === 'invalid_type' ? [kinds[inner.expected] ?? inner.expected] : [],
  );
  return mustBe([...new Set(types)].join(' or '), value);
}

const kinds: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'text',
  boolean: 'true or false',
  object: 'a mapping (key: value)',
  record: 'a mapping (key: value)',
  array: 'a list (- value)',
};

function bound(origin: string, side: string, limit: number | bigint): string {
  if (origin === 'string') return `text of ${side} ${limit} characters`;
  return origin === 'array' ? `a list of ${side} ${limit}` : `${side} ${limit}`;
}

function mustBe(what: string, value: unknown): string {
  return value === undefined
    ? `is missing: it must be ${what}`
    : `must be ${what}${notThis(value)}`;
}

/** The user's own value, short; of lists and mappings just what they are. */
function notThis(value: unknown): string {
  if (value === null) return ', not nothing';
  if (typeof value === 'object') return Array.isArray(value) ? ', not a list' : ', not a mapping';
  return scalar(value);
}

function scalar(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return `, not ${value}`;
  if (typeof value !== 'string') return '';
  return `, not the text ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)}`;
}

function meant(value: unknown, allowed: readonly unknown[]): string {
  const near = typeof value === 'string' ? nearest(value, allowed.map(String)) : null;
  return near === null ? '' : `; did you mean ${near}?`;
}

/** What a mistyped word most likely means; null when it looks like none of them, or like one of a letter or two. */
function nearest(word: string, candidates: readonly string[]): string | null {
  const near = nearestWord(word, candidates);
  return near !== null && near.length > 2 ? near : null;
}
