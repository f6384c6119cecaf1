CREATE TABLE "project_activations" (
	"project" text NOT NULL,
	"cluster" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"steps" jsonb NOT NULL,
	CONSTRAINT "project_activations_pkey" PRIMARY KEY("project","cluster")
);
