/**
 * A HEAppE for development and tests. It is not HEAppE, and says so when it starts: its own code, which answers as the
 * sources of HEAppE at https://github.com/It4innovations/HEAppE (tags V5.0.0 to V6.3.2) say HEAppE would.
 *
 * Faithful:
 * - the wire: paths without regard to case, PascalCase, numbers for enums, quoted strings, base64 files, dates without a
 *   zone where they come from the database, byte limits (413 without a body), `problem+json` for what does not bind,
 *   lower-case problem bodies with HEAppE's statuses and titles, 404 for rules, 502 (5.0: 500) for a wrong password
 * - people: session codes that slide, API keys, tokens in each of the three modes, roles and what they contain
 * - templates: names that are not unique, `Contains` instead of a comparison of parameters, an answer without the command
 *   line, projects that are hidden without a template, a list that is kept for 150 minutes
 * - jobs: both levels of rules, `Regex.Escape`, the very words for sbatch, states that are stored and brought up to date by
 *   a poll, cancelled and purged ones that are Failed, one purged job or one silence of slurmctld that makes all jobs of the
 *   account Failed, a cancel of a created job that is answered and not saved, dry runs in the cluster's own time
 * - tunnels: one per task and person (before 6.2.2: errors for a second), 100 at most, 10 s and 200 or nothing for GET and POST,
 *   streams that are always 200 with errors as lines, before and in the middle; the engine's request ends with the caller's
 * - versions: what is in versions.ts
 * - jobs really run, as processes of this machine (own session, walltime enforced, TERM then KILL) or by sbatch on a SLURM
 *
 * Not faithful:
 * - there is no ssh to the cluster: commands and files go through this machine's shell and file system, so both must be on
 *   the machine that the jobs run on; tunnels are entries of a table, and bytes go straight to the node
 * - all jobs run as who started the server; a cluster account is a name, a home directory and an SFTP login
 * - node names are resolved with scontrol or by being 127.0.0.1, not with dig and host
 * - SFTP keys open all jobs' directories, and do not expire after a day
 * - Health is made anew each time; HEAppE keeps it for 10 s
 * - a tunnel dies when it is told to; HEAppE's also die in use, with an ssh connection that ran no command for 30 minutes
 * - slow streams are never cut; before 6.2.4 Kestrel's least rate cuts them
 * - complaints of rules are alike, not always the same words; localisation, swagger, CORS and rate limits (other than as a
 *   fault) are left out
 * - the poll goes on whatever is set up. HEAppE's is off, and its list stale, with certificates for ssh (left out here), from
 *   6.1.0 to 6.2.1 with introspection: there only CurrentInfoForJob moves a state
 * - left out: whatever the driver does not ask for, so most of Management (projects, clusters, scripts) and all of
 *   JobReporting and DataStagingAPI; generic templates and what is made from them; several tasks that depend on one another
 *   (each is submitted, none waits), extra long jobs, job arrays as such, CopyJobDataToTemp and back, OpenStack, digital
 *   signatures, SSH keys of projects, sub-projects, accounting, backups, events, everything newer than 6.3.2
 *
 * Clearly not HEAppE's: the control (`HeappeServer.control`, and HTTP on a port of its own) that makes things go wrong.
 */
export type { HeappeControl } from './faults/control.ts';
export type { FaultRule, FaultSwitches } from './faults/faults.ts';
export type { HeappeServerOptions } from './options.ts';
export type { BearerSettings, TokenPerson } from './people/bearer.ts';
export type { SchedulerSettings } from './scheduler/settings.ts';
export type { HeappeServer } from './server.ts';
export { startHeappeServer } from './server.ts';
export type { HeappeVersion } from './versions.ts';
export { heappeVersions } from './versions.ts';
export type { Seed } from './world/seed.ts';
export { defaultSeed } from './world/seed.ts';
