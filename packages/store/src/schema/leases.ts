import { bigint, pgSequence, pgTable } from 'drizzle-orm/pg-core';
import { moment, words } from './column-types.ts';

/** Tokens of all leases; drawn while the lease's row is locked, so they grow with every new holder. */
export const leaseTokens = pgSequence('lease_tokens');

/** Who may act on what, by the database's clock. */
export const leases = pgTable('leases', {
  key: words('key').primaryKey(),
  holder: words('holder').notNull(),
  token: bigint('token', { mode: 'number' }).notNull(),
  expiresAt: moment('expires_at').notNull(),
});
