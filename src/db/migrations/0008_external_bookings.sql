CREATE TYPE "public"."conflict_kind" AS ENUM('TAKEN_THERE', 'FOREIGN_ANSWER', 'OTHER_TIME', 'ENDED_THERE', 'OVERLAP');--> statement-breakpoint
CREATE TYPE "public"."remote_state" AS ENUM('REQUESTED', 'ACCEPTED', 'ENDED');--> statement-breakpoint
CREATE TYPE "public"."sync_status" AS ENUM('PENDING', 'SYNCED', 'FAILED');--> statement-breakpoint
CREATE TABLE "calendar_syncs" (
	"organization_id" uuid NOT NULL,
	"integration_id" uuid NOT NULL,
	"failures" integer DEFAULT 0 NOT NULL,
	"open_until" timestamptz,
	"probing_until" timestamptz,
	"paused_until" timestamptz,
	"polled_at" timestamptz,
	"poll_leased_until" timestamptz,
	"last_poll" jsonb,
	"last_error" text,
	CONSTRAINT "calendar_syncs_pkey" PRIMARY KEY("organization_id","integration_id")
);
--> statement-breakpoint
CREATE TABLE "calendar_conflicts" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"integration_id" uuid NOT NULL,
	"kind" "conflict_kind" NOT NULL,
	"appointment_id" uuid,
	"external_id" text,
	"starts_at" timestamptz NOT NULL,
	"ends_at" timestamptz NOT NULL,
	"message" text NOT NULL,
	"suggested_starts" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"detected_at" timestamptz DEFAULT clock_timestamp() NOT NULL,
	"resolved_at" timestamptz,
	CONSTRAINT "calendar_conflicts_pkey" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "external_bookings" (
	"organization_id" uuid NOT NULL,
	"integration_id" uuid NOT NULL,
	"appointment_id" uuid NOT NULL,
	"status" "sync_status" NOT NULL,
	"revision" integer NOT NULL,
	"external_id" text,
	"external_starts_at" timestamptz,
	"external_event_type_id" bigint,
	"unanswered_since" timestamptz,
	"unanswered_starts_at" timestamptz,
	"attempts" integer DEFAULT 0 NOT NULL,
	"last_synced_at" timestamptz,
	"last_error" text,
	"leased_by" text,
	"leased_until" timestamptz,
	CONSTRAINT "external_bookings_pkey" PRIMARY KEY("organization_id","integration_id","appointment_id")
);
--> statement-breakpoint
CREATE TABLE "external_ids" (
	"organization_id" uuid NOT NULL,
	"integration_id" uuid NOT NULL,
	"external_id" text NOT NULL,
	"state" "remote_state" NOT NULL,
	"appointment_id" uuid,
	"ours" boolean NOT NULL,
	"starts_at" timestamptz NOT NULL,
	"ends_at" timestamptz NOT NULL,
	"successor_id" text,
	"seen_at" timestamptz DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "external_ids_pkey" PRIMARY KEY("organization_id","integration_id","external_id")
);
--> statement-breakpoint
CREATE TABLE "job_workers" (
	"worker_id" text PRIMARY KEY NOT NULL,
	"seen_at" timestamptz NOT NULL
);
--> statement-breakpoint
ALTER TABLE "calendar_syncs" ADD CONSTRAINT "calendar_syncs_integration_fkey" FOREIGN KEY ("organization_id","integration_id") REFERENCES "public"."integrations"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "calendar_conflicts" ADD CONSTRAINT "calendar_conflicts_integration_fkey" FOREIGN KEY ("organization_id","integration_id") REFERENCES "public"."integrations"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "external_bookings" ADD CONSTRAINT "external_bookings_integration_fkey" FOREIGN KEY ("organization_id","integration_id") REFERENCES "public"."integrations"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "external_bookings" ADD CONSTRAINT "external_bookings_appointment_fkey" FOREIGN KEY ("organization_id","appointment_id") REFERENCES "public"."appointments"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "external_ids" ADD CONSTRAINT "external_ids_integration_fkey" FOREIGN KEY ("organization_id","integration_id") REFERENCES "public"."integrations"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "calendar_conflicts_one_open" ON "calendar_conflicts" USING btree ("organization_id","integration_id","kind",coalesce(appointment_id, '00000000-0000-0000-0000-000000000000'),coalesce(external_id, '')) WHERE resolved_at is null;--> statement-breakpoint
CREATE INDEX "calendar_conflicts_appointment_idx" ON "calendar_conflicts" USING btree ("organization_id","appointment_id");--> statement-breakpoint
CREATE INDEX "external_bookings_appointment_idx" ON "external_bookings" USING btree ("organization_id","appointment_id");--> statement-breakpoint
CREATE INDEX "external_bookings_unfinished_idx" ON "external_bookings" USING btree ("organization_id","integration_id") WHERE status <> 'SYNCED';--> statement-breakpoint
CREATE INDEX "external_ids_appointment_idx" ON "external_ids" USING btree ("organization_id","appointment_id");--> statement-breakpoint
CREATE INDEX "external_ids_start_idx" ON "external_ids" USING btree ("organization_id","integration_id","starts_at");--> statement-breakpoint
select slotwire_protect(name::regclass)
from unnest(array['external_bookings', 'external_ids', 'calendar_conflicts', 'calendar_syncs']) as name;
--> statement-breakpoint
-- Of no tenant: who is alive among the workers. Bookings are leased to them.
grant select on job_workers to slotwire_app, slotwire_system;
