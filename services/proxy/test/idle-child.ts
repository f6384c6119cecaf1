// A proxy in a process of its own, whose idle connections end soon: it says on which port.
import { defaultSettings, startHarness } from './harness.ts';

const { port } = await startHarness({ door: { ...defaultSettings.door, keepAliveTimeoutMs: 100 } });
console.log(port);
