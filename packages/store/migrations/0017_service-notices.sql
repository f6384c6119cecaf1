CREATE TABLE "service_notices" (
	"service_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"seq" integer NOT NULL,
	"place" bigserial NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"facts" jsonb NOT NULL,
	"tries" integer DEFAULT 0 NOT NULL,
	"next_try_at" timestamp (3) with time zone,
	"outcome" text,
	"settled_at" timestamp (3) with time zone,
	CONSTRAINT "service_notices_pkey" PRIMARY KEY("service_id","kind","seq"),
	CONSTRAINT "service_notices_settled_once" CHECK (num_nulls("service_notices"."outcome", "service_notices"."settled_at") = case when "service_notices"."next_try_at" is null then 0 else 2 end)
);
--> statement-breakpoint
CREATE INDEX "service_notices_due" ON "service_notices" USING btree ("next_try_at") WHERE "service_notices"."next_try_at" is not null;--> statement-breakpoint
CREATE INDEX "service_notices_settled" ON "service_notices" USING btree ("settled_at");