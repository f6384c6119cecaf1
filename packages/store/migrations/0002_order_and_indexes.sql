DROP INDEX "commands_by_project";--> statement-breakpoint
ALTER TABLE "commands" ADD COLUMN "seq" bigserial NOT NULL;--> statement-breakpoint
UPDATE "commands" SET "seq" = "ordered"."n" FROM (SELECT "id", row_number() OVER (ORDER BY "accepted_at", "id") AS "n" FROM "commands") AS "ordered" WHERE "commands"."id" = "ordered"."id";--> statement-breakpoint
ALTER TABLE "models" ADD COLUMN "due_count" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX "commands_finished" ON "commands" USING btree ("finished_at") WHERE "commands"."finished_at" is not null;--> statement-breakpoint
CREATE INDEX "jobs_ended" ON "jobs" USING btree ("ended_at") WHERE "jobs"."phase" = 'ended';--> statement-breakpoint
CREATE INDEX "jobs_ended_by_model" ON "jobs" USING btree ("model_id","seq") WHERE "jobs"."phase" = 'ended';--> statement-breakpoint
CREATE INDEX "commands_by_project" ON "commands" USING btree ("project","seq");