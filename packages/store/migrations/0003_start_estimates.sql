ALTER TABLE "jobs" ADD COLUMN "shape" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "jobs" ADD COLUMN "forecast_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "jobs" ADD COLUMN "expected_from" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "jobs" ADD COLUMN "expected_to" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "jobs" ADD COLUMN "expected_source" text;--> statement-breakpoint
ALTER TABLE "jobs" ADD COLUMN "node_leaving" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "models" ADD COLUMN "other_clusters" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "models" ADD COLUMN "min_replicas" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX "jobs_waited" ON "jobs" USING btree ("cluster","shape","started_at") WHERE "jobs"."started_at" is not null;--> statement-breakpoint
ALTER TABLE "jobs" ADD CONSTRAINT "jobs_expected" CHECK (num_nulls("jobs"."expected_from", "jobs"."expected_to", "jobs"."expected_source") in (0, 3));