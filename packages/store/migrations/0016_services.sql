CREATE TABLE "services" (
	"id" uuid PRIMARY KEY NOT NULL,
	"project" text NOT NULL,
	"cluster" text NOT NULL,
	"recipe" text NOT NULL,
	"gpu_count" integer NOT NULL,
	"spec" jsonb NOT NULL,
	"cluster_job_id" text,
	"stop_requested" boolean NOT NULL,
	"generation" integer NOT NULL,
	"created_by" text NOT NULL,
	"trace_id" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	"state" text DEFAULT 'pending' NOT NULL,
	"reason" text,
	"because" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"next_look_at" timestamp (3) with time zone,
	"due_count" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "services_state" CHECK ("services"."state" in ('pending', 'building', 'starting', 'running', 'stopping', 'stopped', 'completed', 'failed'))
);
--> statement-breakpoint
ALTER TABLE "jobs" ALTER COLUMN "model_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "clusters" ADD COLUMN "bounds" jsonb;--> statement-breakpoint
ALTER TABLE "commands" ADD COLUMN "service_id" uuid;--> statement-breakpoint
ALTER TABLE "jobs" ADD COLUMN "service_id" uuid;--> statement-breakpoint
ALTER TABLE "jobs" ADD COLUMN "building" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "services" ADD CONSTRAINT "services_project_projects_name_fk" FOREIGN KEY ("project") REFERENCES "public"."projects"("name") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "services_by_project" ON "services" USING btree ("project","created_at","id");--> statement-breakpoint
CREATE INDEX "services_by_cluster_job_id" ON "services" USING btree ("cluster_job_id");--> statement-breakpoint
CREATE INDEX "services_due" ON "services" USING btree ("next_look_at") WHERE "services"."next_look_at" is not null;--> statement-breakpoint
ALTER TABLE "jobs" ADD CONSTRAINT "jobs_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "jobs_service_seq" ON "jobs" USING btree ("service_id","seq");--> statement-breakpoint
CREATE INDEX "jobs_by_cluster_job_id" ON "jobs" USING btree ("cluster_job_id") WHERE "jobs"."service_id" is not null;--> statement-breakpoint
ALTER TABLE "jobs" ADD CONSTRAINT "jobs_owner" CHECK (num_nonnulls("jobs"."model_id", "jobs"."service_id") = 1);