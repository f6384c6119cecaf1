import type { NodeHeader } from '../api/transfers.ts';

/** HTTPHeaderExt: lengths; a header that breaks them makes HEAppE refuse the whole request. */
const longestName = 50;
const longestValue = 100;

/** What speaks of the connection or of the body's bytes: HEAppE writes its own. */
const notForNodes: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'host',
  'content-length',
  'expect',
  // Nobody on the way back would unpack it.
  'accept-encoding',
  'content-type',
]);

/**
 * Headers that reach an engine, from a raw list: those that HEAppE takes. The media type goes without parameters,
 * because .NET takes no others there; HEAppE adds the encoding. There is always one, as a GET needs it.
 */
export function nodeHeaders(raw: readonly string[]): readonly NodeHeader[] {
  const headers: NodeHeader[] = [];
  let mediaType: string | null = null;
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? '';
    const value = (raw[index + 1] ?? '').trim();
    const lower = name.toLowerCase();
    if (lower === 'content-type') mediaType = value.split(';', 1)[0]?.trim() ?? null;
    else if (!notForNodes.has(lower) && fits(name, value))
      headers.push({ Name: name, Value: value });
  }
  if (mediaType !== null && mediaTypeForm.test(mediaType) && fits('Content-Type', mediaType)) {
    return [...headers, { Name: 'Content-Type', Value: mediaType }];
  }
  return headers.length > 0 ? headers : [{ Name: 'Accept', Value: '*/*' }];
}

const mediaTypeForm = /^[\w.+-]+\/[\w.+-]+$/;
/** .NET sends no others. */
const printable = /^[\x20-\x7e]+$/;

function fits(name: string, value: string): boolean {
  return (
    name.length > 0 &&
    name.length <= longestName &&
    value.length <= longestValue &&
    printable.test(value)
  );
}

/** Whether the key, which must not be lost, is among those that fit. */
export function losesKey(authorization: string | undefined): boolean {
  return authorization !== undefined && !fits('authorization', authorization.trim());
}
