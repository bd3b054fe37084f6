CREATE TYPE "public"."call_status" AS ENUM('ANNOUNCED', 'ONGOING', 'ENDED', 'ANALYZED');--> statement-breakpoint
CREATE TYPE "public"."inbox_outcome" AS ENUM('APPLIED', 'IGNORED', 'FAILED');--> statement-breakpoint
CREATE TYPE "public"."integration_provider" AS ENUM('RETELL', 'CALCOM');--> statement-breakpoint
CREATE TABLE "call_functions" (
	"organization_id" uuid NOT NULL,
	"integration_id" uuid NOT NULL,
	"provider_call_id" text NOT NULL,
	"key" text NOT NULL,
	"function" text NOT NULL,
	"arguments" jsonb NOT NULL,
	"started_at" timestamptz DEFAULT clock_timestamp() NOT NULL,
	"finished_at" timestamptz,
	"answer" jsonb,
	"appointment_id" uuid,
	CONSTRAINT "call_functions_pkey" PRIMARY KEY("organization_id","integration_id","provider_call_id","key")
);
--> statement-breakpoint
CREATE TABLE "calls" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"integration_id" uuid NOT NULL,
	"provider_call_id" text,
	"status" "call_status" NOT NULL,
	"agent_id" text,
	"direction" text,
	"from_number" text,
	"to_number" text,
	"customer_id" uuid,
	"started_at" timestamptz,
	"ended_at" timestamptz,
	"duration_ms" bigint,
	"disconnection_reason" text,
	"transcript" text,
	"transcript_items" jsonb,
	"recording_url" text,
	"metadata" jsonb,
	"dynamic_variables" jsonb,
	"analysis" jsonb,
	"transfers" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"details" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"created_at" timestamptz DEFAULT clock_timestamp() NOT NULL,
	"updated_at" timestamptz DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "calls_pkey" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "inbox" (
	"organization_id" uuid NOT NULL,
	"integration_id" uuid NOT NULL,
	"key" text NOT NULL,
	"event" text NOT NULL,
	"outcome" "inbox_outcome" NOT NULL,
	"error" text,
	"result" jsonb,
	"body" text NOT NULL,
	"deliveries" integer DEFAULT 1 NOT NULL,
	"received_at" timestamptz DEFAULT clock_timestamp() NOT NULL,
	"last_received_at" timestamptz DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "inbox_pkey" PRIMARY KEY("organization_id","integration_id","key")
);
--> statement-breakpoint
CREATE TABLE "integrations" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"provider" "integration_provider" NOT NULL,
	"location_id" uuid NOT NULL,
	"active" boolean DEFAULT true NOT NULL,
	"settings" jsonb NOT NULL,
	"secrets" jsonb NOT NULL,
	"version" integer NOT NULL,
	"created_at" timestamptz DEFAULT now() NOT NULL,
	"updated_at" timestamptz DEFAULT now() NOT NULL,
	CONSTRAINT "integrations_pkey" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
ALTER TABLE "call_functions" ADD CONSTRAINT "call_functions_integration_fkey" FOREIGN KEY ("organization_id","integration_id") REFERENCES "public"."integrations"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "calls" ADD CONSTRAINT "calls_integration_fkey" FOREIGN KEY ("organization_id","integration_id") REFERENCES "public"."integrations"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "inbox" ADD CONSTRAINT "inbox_integration_fkey" FOREIGN KEY ("organization_id","integration_id") REFERENCES "public"."integrations"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "integrations" ADD CONSTRAINT "integrations_organization_fkey" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("organization_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "integrations" ADD CONSTRAINT "integrations_location_fkey" FOREIGN KEY ("organization_id","location_id") REFERENCES "public"."locations"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "call_functions_age_idx" ON "call_functions" USING btree ("started_at");--> statement-breakpoint
CREATE UNIQUE INDEX "calls_one_per_provider_id" ON "calls" USING btree ("organization_id","integration_id","provider_call_id") WHERE provider_call_id is not null;--> statement-breakpoint
CREATE INDEX "calls_age_idx" ON "calls" USING btree ("organization_id","created_at");--> statement-breakpoint
CREATE INDEX "inbox_age_idx" ON "inbox" USING btree ("received_at");--> statement-breakpoint
CREATE INDEX "inbox_failed_idx" ON "inbox" USING btree ("organization_id","integration_id","received_at") WHERE outcome = 'FAILED';--> statement-breakpoint
CREATE UNIQUE INDEX "integrations_one_per_provider_and_location" ON "integrations" USING btree ("organization_id","provider","location_id");--> statement-breakpoint
CREATE UNIQUE INDEX "integrations_id_key" ON "integrations" USING btree ("id");--> statement-breakpoint
select slotwire_protect(name::regclass) from unnest(array['integrations', 'inbox', 'calls', 'call_functions']) as name;
