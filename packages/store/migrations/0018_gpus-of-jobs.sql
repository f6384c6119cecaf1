ALTER TABLE "jobs" ADD COLUMN "gpu_count" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
-- What their model or service asks for now is the best that is known of jobs that are there already.
UPDATE "jobs" SET "gpu_count" = "models"."gpu_count" FROM "models" WHERE "models"."id" = "jobs"."model_id";--> statement-breakpoint
UPDATE "jobs" SET "gpu_count" = "services"."gpu_count" FROM "services" WHERE "services"."id" = "jobs"."service_id";
