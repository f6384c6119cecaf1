ALTER TABLE "usage_records" ADD COLUMN "service" uuid;--> statement-breakpoint
ALTER TABLE "usage_records" ADD COLUMN "bytes_up" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "usage_records" ADD COLUMN "bytes_down" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "usage_hours" ADD COLUMN "services" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "usage_hours" ADD COLUMN "bytes_up" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "usage_hours" ADD COLUMN "bytes_down" bigint DEFAULT 0 NOT NULL;