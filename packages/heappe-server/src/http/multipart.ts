import { BindingError } from './heappe-error.ts';
import type { Call } from './routes.ts';

/** The parts called `files` of a multipart body. @throws BindingError */
export async function readFiles(
  call: Call,
): Promise<readonly { readonly name: string; readonly bytes: Buffer }[]> {
  const type = call.request.headers['content-type'] ?? '';
  if (!/^multipart\/form-data/i.test(type)) {
    throw new BindingError({ files: ['The files field is required.'] });
  }
  const body = new Response(new Uint8Array(call.body), { headers: { 'content-type': type } });
  const form = await body.formData().catch(() => {
    throw new BindingError({ '': ['Failed to read the request form.'] });
  });
  const files: { name: string; bytes: Buffer }[] = [];
  for (const entry of form.getAll('files')) {
    if (typeof entry === 'string') continue;
    files.push({ name: entry.name, bytes: Buffer.from(await entry.arrayBuffer()) });
  }
  return files;
}
