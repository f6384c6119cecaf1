CREATE TABLE "usage_hours" (
	"project" text NOT NULL,
	"hour" timestamp (3) with time zone NOT NULL,
	"model" text NOT NULL,
	"principal" text NOT NULL,
	"requests" bigint NOT NULL,
	"ok" bigint NOT NULL,
	"client_errors" bigint NOT NULL,
	"server_errors" bigint NOT NULL,
	"left_early" bigint NOT NULL,
	"lost" bigint NOT NULL,
	"cut" bigint NOT NULL,
	"estimated" bigint NOT NULL,
	"prompt_tokens" bigint NOT NULL,
	"completion_tokens" bigint NOT NULL,
	"cached_tokens" bigint NOT NULL,
	"estimated_tokens" bigint NOT NULL,
	"duration_ms" bigint NOT NULL,
	"first_byte_ms" bigint NOT NULL,
	"first_bytes" bigint NOT NULL,
	"held_ms" bigint NOT NULL,
	CONSTRAINT "usage_hours_pkey" PRIMARY KEY("project","hour","model","principal")
);
--> statement-breakpoint
CREATE TABLE "usage_records" (
	"id" uuid PRIMARY KEY NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"project" text NOT NULL,
	"model" text,
	"principal" text,
	"operation" text NOT NULL,
	"status" smallint NOT NULL,
	"outcome" text NOT NULL,
	"streamed" boolean NOT NULL,
	"estimated" boolean NOT NULL,
	"prompt_tokens" integer NOT NULL,
	"completion_tokens" integer NOT NULL,
	"cached_tokens" integer NOT NULL,
	"duration_ms" integer NOT NULL,
	"first_byte_ms" integer,
	"held_ms" integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX "usage_hours_hour" ON "usage_hours" USING btree ("hour");--> statement-breakpoint
CREATE INDEX "usage_records_at" ON "usage_records" USING btree ("at");