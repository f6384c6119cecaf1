/** Time-bounded right to act on something; the token goes with every write made under it. */
export interface Lease {
  /** `model:<id>`, `service:<id>`, `notices:<id of a service>`, `cluster:<name>`, or `tidy`. */
  readonly key: string;
  /** Grows with every new holder; a write with an old token is refused. */
  readonly token: number;
}

export interface LeaseStore {
  /** null while somebody else holds it. Expiry is judged by the database's clock. */
  acquire(key: string, holder: string, ttlMs: number): Promise<Lease | null>;
  /** false when it was lost. */
  renew(lease: Lease, ttlMs: number): Promise<boolean>;
  release(lease: Lease): Promise<void>;
}

/** Thrown by writes whose lease was taken over meanwhile: someone else works on it, so stop quietly. */
export class LeaseLostError extends Error {
  constructor(key: string) {
    super(`the lease on ${key} was lost`);
    this.name = 'LeaseLostError';
  }
}
