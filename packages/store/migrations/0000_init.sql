CREATE SEQUENCE "public"."lease_tokens" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1;--> statement-breakpoint
CREATE TABLE "clusters" (
	"name" text PRIMARY KEY NOT NULL,
	"reachable" boolean NOT NULL,
	"observed_at" timestamp (3) with time zone,
	"error" text,
	"next_look_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "commands" (
	"id" uuid PRIMARY KEY NOT NULL,
	"project" text NOT NULL,
	"body" jsonb NOT NULL,
	"body_hash" text NOT NULL,
	"by" text NOT NULL,
	"idempotency_key" text,
	"trace_id" text NOT NULL,
	"accepted_at" timestamp (3) with time zone NOT NULL,
	"outcome" jsonb,
	"finished_at" timestamp (3) with time zone,
	"model_id" uuid
);
--> statement-breakpoint
CREATE TABLE "jobs" (
	"id" uuid PRIMARY KEY NOT NULL,
	"model_id" uuid NOT NULL,
	"project" text NOT NULL,
	"cluster" text NOT NULL,
	"seq" integer NOT NULL,
	"name" text NOT NULL,
	"revision" integer NOT NULL,
	"phase" text NOT NULL,
	"outcome" text,
	"reason" text,
	"successor_of" uuid,
	"walltime_seconds" integer NOT NULL,
	"cluster_job_id" text,
	"node" text,
	"address_host" text,
	"address_port" integer,
	"capacity" integer,
	"intended_at" timestamp (3) with time zone NOT NULL,
	"submitted_at" timestamp (3) with time zone,
	"started_at" timestamp (3) with time zone,
	"ends_at" timestamp (3) with time zone,
	"ready_at" timestamp (3) with time zone,
	"drain_until" timestamp (3) with time zone,
	"end_asked_at" timestamp (3) with time zone,
	"cancelled_at" timestamp (3) with time zone,
	"ended_at" timestamp (3) with time zone,
	"engine_key" text NOT NULL,
	CONSTRAINT "jobs_phase" CHECK ("jobs"."phase" in ('intended', 'queued', 'starting', 'ready', 'draining', 'ended')),
	CONSTRAINT "jobs_address" CHECK (("jobs"."address_host" is null) = ("jobs"."address_port" is null)),
	CONSTRAINT "jobs_ended_at" CHECK ("jobs"."phase" <> 'ended' or "jobs"."ended_at" is not null)
);
--> statement-breakpoint
CREATE TABLE "leases" (
	"key" text PRIMARY KEY NOT NULL,
	"holder" text NOT NULL,
	"token" bigint NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "models" (
	"id" uuid PRIMARY KEY NOT NULL,
	"project" text NOT NULL,
	"hf_model_id" text NOT NULL,
	"cluster" text NOT NULL,
	"engine" text NOT NULL,
	"gpu_count" integer NOT NULL,
	"walltime_seconds" integer NOT NULL,
	"walltime_ratio" double precision NOT NULL,
	"idle_timeout_seconds" integer NOT NULL,
	"autoscale" boolean NOT NULL,
	"is_refreshing" boolean NOT NULL,
	"spec_cluster" text,
	"max_replicas" integer NOT NULL,
	"engine_args" jsonb NOT NULL,
	"resources" jsonb NOT NULL,
	"revision" integer NOT NULL,
	"generation" integer NOT NULL,
	"registered" boolean NOT NULL,
	"stop_requested" boolean NOT NULL,
	"idle" boolean NOT NULL,
	"replicas" integer NOT NULL,
	"replicas_changed_at" timestamp (3) with time zone,
	"last_wakeup_at" timestamp (3) with time zone,
	"last_request_at" timestamp (3) with time zone,
	"trace_id" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	"state" text DEFAULT 'not_loaded' NOT NULL,
	"reason" text,
	"because" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"next_look_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "project_clusters" (
	"project" text NOT NULL,
	"cluster" text NOT NULL,
	"position" integer NOT NULL,
	CONSTRAINT "project_clusters_pkey" PRIMARY KEY("project","cluster"),
	CONSTRAINT "project_clusters_position" UNIQUE("project","position")
);
--> statement-breakpoint
CREATE TABLE "projects" (
	"name" text PRIMARY KEY NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "route_revision" (
	"single" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"revision" bigint NOT NULL,
	CONSTRAINT "route_revision_single" CHECK ("route_revision"."single")
);
--> statement-breakpoint
ALTER TABLE "jobs" ADD CONSTRAINT "jobs_model_id_models_id_fk" FOREIGN KEY ("model_id") REFERENCES "public"."models"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "models" ADD CONSTRAINT "models_project_projects_name_fk" FOREIGN KEY ("project") REFERENCES "public"."projects"("name") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "project_clusters" ADD CONSTRAINT "project_clusters_project_projects_name_fk" FOREIGN KEY ("project") REFERENCES "public"."projects"("name") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "commands_idempotency_key" ON "commands" USING btree ("by","idempotency_key") WHERE "commands"."idempotency_key" is not null;--> statement-breakpoint
CREATE INDEX "commands_unfinished" ON "commands" USING btree ("accepted_at") WHERE "commands"."finished_at" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "jobs_model_seq" ON "jobs" USING btree ("model_id","seq");--> statement-breakpoint
CREATE UNIQUE INDEX "jobs_name" ON "jobs" USING btree ("name");--> statement-breakpoint
CREATE INDEX "jobs_live_by_cluster" ON "jobs" USING btree ("cluster") WHERE "jobs"."phase" <> 'ended';--> statement-breakpoint
CREATE INDEX "jobs_live_by_model" ON "jobs" USING btree ("model_id") WHERE "jobs"."phase" <> 'ended';--> statement-breakpoint
CREATE UNIQUE INDEX "models_project_hf_model_id" ON "models" USING btree ("project","hf_model_id");--> statement-breakpoint
CREATE INDEX "models_due" ON "models" USING btree ("next_look_at") WHERE "models"."next_look_at" is not null;--> statement-breakpoint
CREATE INDEX "models_unregistered" ON "models" USING btree ("id") WHERE not "models"."registered";--> statement-breakpoint
INSERT INTO "route_revision" ("revision") VALUES (1);
