// A proxy in a process of its own, whose idle connections end soon: it says on which port.
import { defaultSettings, startHarness } from './harness.ts';

const { door } = defaultSettings;
const { port } = await startHarness({
  door: { ...door, keepAliveTimeoutMs: 100, headersTimeoutMs: 400 },
});
console.log(port);
