ALTER TABLE "clusters" ADD COLUMN "silent_since" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "clusters" ADD COLUMN "silent_looks" integer DEFAULT 0 NOT NULL;