import { expect, test } from '@jest/globals';
import { regexEscape } from './command-line.ts';

test.each([
  ['eyJ_-9', 'eyJ_-9'],
  ['a b', 'a\\ b'],
  ['meta-llama/Llama-3.1', 'meta-llama/Llama-3\\.1'],
  ['{"a":[1]}#', '\\{"a":\\[1]}\\#'],
  ['line\nend\t', 'line\\nend\\t'],
  ['a+b*c?(d)|^$\\', 'a\\+b\\*c\\?\\(d\\)\\|\\^\\$\\\\'],
])('%j becomes %j', (text, escaped) => {
  expect(regexEscape(text)).toBe(escaped);
});
