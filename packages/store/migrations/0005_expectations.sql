ALTER TABLE "jobs" ADD COLUMN "first_expected" jsonb;--> statement-breakpoint
ALTER TABLE "models" ADD COLUMN "expected_ready_from" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "models" ADD COLUMN "expected_ready_to" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "models" ADD CONSTRAINT "models_expected_ready" CHECK (("models"."expected_ready_from" is null) = ("models"."expected_ready_to" is null));