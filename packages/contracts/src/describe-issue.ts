import { z } from 'zod';
import type { InputPlace } from './parse-input.ts';
import { countsSeconds, secondsExample } from './seconds.ts';

type Issue = z.core.$ZodIssue;

/** Dotted path of the field at fault as the caller wrote it, e.g. `resources.nodes`; '' for the whole value. */
export function paramOf(issue: Issue): string {
  const keys = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  return [...issue.path, ...keys].map(String).join('.');
}

/**
 * One sentence for a person: which field, what it has to be, what it was.
 * @param expected schema of the value at the issue's path, where it can be told
 */
export function describeIssue(issue: Issue, place: InputPlace, expected: unknown): string {
  const name = paramOf(issue);
  const subject = name === '' ? `The ${place}` : name;
  switch (issue.code) {
    case 'unrecognized_keys':
      return unknownField(issue, place, expected);
    case 'invalid_type':
      return issue.input === undefined
        ? `${subject} is required.`
        : `${subject} must be ${kindOf(issue, expected)}, not ${shown(issue.input)}.`;
    case 'too_small':
    case 'too_big':
      return `${subject} must ${bound(issue, expected)}${notThis(issue)}.`;
    case 'invalid_value':
      return `${subject} must be one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}, not ${shown(issue.input)}.`;
    default:
      // Formats, unions, record keys and refinements carry their own words: "must be …".
      return `${subject} ${issue.message}${notThis(issue)}.`;
  }
}

function unknownField(
  issue: z.core.$ZodIssueUnrecognizedKeys,
  place: InputPlace,
  expected: unknown,
): string {
  const knownFields = expected instanceof z.ZodObject ? Object.keys(expected.shape) : [];
  const parent = issue.path.map(String).join('.');
  const names = issue.keys
    .slice(0, 5)
    .map((key) => (parent === '' ? key : `${parent}.${key}`))
    .join(', ');
  const known =
    knownFields.length === 0 ? 'It takes no fields' : `Known: ${knownFields.join(', ')}`;
  return `Unknown field in the ${place}: ${names}. ${known}.`;
}

const kinds: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'text',
  boolean: 'true or false',
  object: 'a JSON object',
  record: 'a JSON object',
  array: 'a list',
};

function kindOf(issue: z.core.$ZodIssueInvalidType, expected: unknown): string {
  if (countsSeconds(expected)) return `a whole number of seconds (${secondsExample(issue.input)})`;
  // zod tells text from a number before it tells a whole number from another.
  const kind = expected instanceof z.ZodNumberFormat ? 'int' : issue.expected;
  return kinds[kind] ?? kind;
}

function bound(
  issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig,
  expected: unknown,
): string {
  const small = issue.code === 'too_small';
  const limit = String(small ? issue.minimum : issue.maximum);
  const side = small ? 'at least' : 'at most';
  switch (issue.origin) {
    case 'string':
      return `have ${side} ${limit} ${limit === '1' ? 'character' : 'characters'}`;
    case 'array':
    case 'set':
    case 'map':
      return `have ${side} ${limit} ${limit === '1' ? 'entry' : 'entries'}`;
    default:
      return `be ${side} ${limit}${countsSeconds(expected) ? unitOf(limit) : ''}`;
  }
}

function unitOf(limit: string): string {
  return limit === '1' ? ' second' : ' seconds';
}

function notThis(issue: Issue): string {
  return typeof issue.input === 'number' || typeof issue.input === 'string'
    ? `, not ${shown(issue.input)}`
    : '';
}

/** The caller's own value, short and by its kind. */
function shown(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return `the text ${JSON.stringify(clip(value))}`;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return Array.isArray(value) ? 'a list' : 'an object';
}

function clip(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
