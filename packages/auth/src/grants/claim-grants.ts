import type { Grant, Role } from '@wakefield/domain';
import type { ClaimRule } from '../config/schema.ts';
import { type Claims, claimAt, isObject } from './claim-at.ts';

/** More of one claim is not looked at: tokens have a bound, and so has the work for one. */
const mostValues = 2000;
const longestValue = 256;

/** What the claims of a token grant by one rule. Values that do not fit the rule grant nothing. */
export type ClaimGrants = (claims: Claims) => readonly Grant[];

/** Prepares a rule of auth.yaml. */
export function createClaimGrants(rule: ClaimRule): ClaimGrants {
  const read = reader(rule);
  const project = (name: string) => (rule.lowerCase ? name.toLowerCase() : name);
  return (claims) => {
    const value = claimAt(claims, rule.claim);
    if (value === undefined) return [];
    return read(value).map((grant) => ({ ...grant, project: project(grant.project) }));
  };
}

function reader(rule: ClaimRule): (value: unknown) => readonly Grant[] {
  const ofText = textReader(rule);
  const roleOf = roleReader(rule.roles);
  const { fields } = rule;
  if (fields !== undefined) {
    return (value) =>
      listed(value)
        .filter(isObject)
        .flatMap((one) => {
          const words = fields.role === undefined ? [null] : wordsOf(claimAt(one, fields.role));
          const projects = wordsOf(claimAt(one, fields.project));
          return projects.flatMap((text) => ofText(text, words.map(roleOf)));
        });
  }
  if (rule.entries) {
    return (value) =>
      Object.entries(isObject(value) ? value : {})
        .slice(0, mostValues)
        .flatMap(([text, words]) => ofText(text, wordsOf(words).map(roleOf)));
  }
  return (value) => wordsOf(value).flatMap((text) => ofText(text, [null]));
}

/** What one text grants; `given` are the roles that stand beside it, null where it is not said there. */
function textReader(rule: ClaimRule) {
  const pattern = patternOf(rule.pattern ?? '{project}', Object.keys(rule.roles ?? {}));
  const roleOf = roleReader(rule.roles);
  return (text: string, given: readonly (Role | null)[]): readonly Grant[] => {
    if (text.length > longestValue) return [];
    const found = pattern.exec(text);
    if (found === null) return [];
    const project = rule.project ?? found.groups?.project;
    if (project === undefined) return [];
    const written = found.groups?.role;
    return given.flatMap((beside) => {
      const role = rule.role ?? beside ?? (written === undefined ? null : roleOf(written));
      return role === null ? [] : [{ project, role }];
    });
  };
}

function roleReader(roles: ClaimRule['roles']) {
  return (word: string | null): Role | null =>
    word !== null && roles !== undefined && Object.hasOwn(roles, word)
      ? (roles[word] ?? null)
      : null;
}

/** The whole text has to fit: `{project}` is a name of a project, `{role}` one of the words that are known. */
function patternOf(pattern: string, words: readonly string[]): RegExp {
  const choices = words.toSorted((one, other) => other.length - one.length).map(escaped);
  const source = pattern
    .split(/(\{project\}|\{role\})/)
    .map((part) => {
      if (part === '{project}') return '(?<project>[A-Za-z0-9][A-Za-z0-9_.-]{0,63})';
      return part === '{role}' ? `(?<role>${choices.join('|')})` : escaped(part);
    })
    .join('');
  return new RegExp(`^${source}$`);
}

/** A text is the words in it, as `scope` is written; texts in a list are whole. */
function wordsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return value.split(/\s+/).filter(Boolean).slice(0, mostValues);
  return listed(value).filter((one) => typeof one === 'string');
}

function listed(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value.slice(0, mostValues) : [];
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
