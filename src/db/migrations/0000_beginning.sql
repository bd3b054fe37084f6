-- The beginning: everything up to the first release. From here on migrations only add (see ARCHITECTURE.md).
-- First what drizzle-kit writes from src/db/tables, then what it does not know: constraints, roles, functions, triggers.
CREATE EXTENSION IF NOT EXISTS btree_gist;
--> statement-breakpoint
CREATE TYPE "public"."appointment_event_kind" AS ENUM('BOOKED', 'RESCHEDULED', 'CANCELLED', 'COMPLETED', 'NO_SHOW', 'NOTES_CHANGED');--> statement-breakpoint
CREATE TYPE "public"."appointment_status" AS ENUM('CONFIRMED', 'CANCELLED', 'COMPLETED', 'NO_SHOW');--> statement-breakpoint
CREATE TYPE "public"."origin" AS ENUM('API', 'STAFF', 'VOICE_AGENT', 'CALENDAR');--> statement-breakpoint
CREATE TYPE "public"."call_status" AS ENUM('ANNOUNCED', 'ONGOING', 'ENDED', 'ANALYZED');--> statement-breakpoint
CREATE TYPE "public"."conflict_kind" AS ENUM('TAKEN_THERE', 'FOREIGN_ANSWER', 'OTHER_TIME', 'ENDED_THERE', 'OVERLAP');--> statement-breakpoint
CREATE TYPE "public"."remote_state" AS ENUM('REQUESTED', 'ACCEPTED', 'ENDED');--> statement-breakpoint
CREATE TYPE "public"."sync_status" AS ENUM('PENDING', 'SYNCED', 'FAILED');--> statement-breakpoint
CREATE TYPE "public"."hold_status" AS ENUM('ACTIVE', 'BOOKED', 'RELEASED', 'EXPIRED');--> statement-breakpoint
CREATE TYPE "public"."inbox_outcome" AS ENUM('APPLIED', 'IGNORED', 'FAILED');--> statement-breakpoint
CREATE TYPE "public"."integration_provider" AS ENUM('RETELL', 'CALCOM');--> statement-breakpoint
CREATE TYPE "public"."api_key_kind" AS ENUM('PUBLISHABLE', 'SECRET');--> statement-breakpoint
CREATE TYPE "public"."policy_scope" AS ENUM('ORGANIZATION', 'LOCATION', 'SERVICE', 'RESOURCE');--> statement-breakpoint
CREATE TYPE "public"."resource_kind" AS ENUM('STAFF', 'ROOM', 'EQUIPMENT');--> statement-breakpoint
CREATE TYPE "public"."webhook_delivery_status" AS ENUM('PENDING', 'DELIVERED', 'FAILED');--> statement-breakpoint
CREATE TYPE "public"."webhook_disabled_reason" AS ENUM('BY_HAND', 'GONE', 'FAILING', 'DELETED');--> statement-breakpoint
CREATE TABLE "appointment_events" (
	"organization_id" uuid NOT NULL,
	"appointment_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"kind" "appointment_event_kind" NOT NULL,
	"at" timestamptz DEFAULT clock_timestamp() NOT NULL,
	"actor" text NOT NULL,
	"origin" "origin" NOT NULL,
	"previous_starts_at" timestamptz,
	"starts_at" timestamptz,
	"reason" text,
	"policy_version" integer,
	"policy_scope_id" uuid,
	"policy_overridden" boolean DEFAULT false NOT NULL,
	"xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	CONSTRAINT "appointment_events_pkey" PRIMARY KEY("organization_id","appointment_id","version")
);
--> statement-breakpoint
CREATE TABLE "appointments" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"status" "appointment_status" NOT NULL,
	"version" integer NOT NULL,
	"service_id" uuid NOT NULL,
	"customer_id" uuid NOT NULL,
	"guest" jsonb,
	"starts_at" timestamptz NOT NULL,
	"ends_at" timestamptz NOT NULL,
	"segments" jsonb NOT NULL,
	"notes" text,
	"origin" "origin" NOT NULL,
	"hold_id" uuid,
	"reschedule_count" integer DEFAULT 0 NOT NULL,
	"created_at" timestamptz DEFAULT now() NOT NULL,
	"updated_at" timestamptz DEFAULT now() NOT NULL,
	CONSTRAINT "appointments_pkey" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "availability_changes" (
	"organization_id" uuid NOT NULL,
	"subject_id" uuid NOT NULL,
	"day" date NOT NULL,
	"version" integer NOT NULL,
	"xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	"at" timestamptz DEFAULT clock_timestamp() NOT NULL,
	"delta" jsonb NOT NULL,
	CONSTRAINT "availability_changes_pkey" PRIMARY KEY("organization_id","subject_id","day","version")
);
--> statement-breakpoint
CREATE TABLE "resource_days" (
	"organization_id" uuid NOT NULL,
	"subject_id" uuid NOT NULL,
	"day" date NOT NULL,
	"version" integer NOT NULL,
	CONSTRAINT "resource_days_pkey" PRIMARY KEY("organization_id","subject_id","day")
);
--> statement-breakpoint
CREATE TABLE "calendar_feeds" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"token_hash" text NOT NULL,
	"resource_id" uuid,
	"appointment_id" uuid,
	"shows_customers" boolean NOT NULL,
	"created_at" timestamptz DEFAULT now() NOT NULL,
	"revoked_at" timestamptz,
	CONSTRAINT "calendar_feeds_pkey" PRIMARY KEY("organization_id","id"),
	CONSTRAINT "calendar_feeds_subject_check" CHECK (num_nonnulls(resource_id, appointment_id) = 1)
);
--> statement-breakpoint
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
CREATE TABLE "busy_intervals" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"resource_id" uuid NOT NULL,
	"during" "tstzrange" NOT NULL,
	"starts_at" timestamptz GENERATED ALWAYS AS (lower(during)) STORED NOT NULL,
	"ends_at" timestamptz GENERATED ALWAYS AS (upper(during)) STORED NOT NULL,
	"source" text NOT NULL,
	"external_id" text NOT NULL,
	"created_at" timestamptz DEFAULT now() NOT NULL,
	CONSTRAINT "busy_intervals_pkey" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "claims" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"resource_id" uuid NOT NULL,
	"during" "tstzrange" NOT NULL,
	"starts_at" timestamptz GENERATED ALWAYS AS (lower(during)) STORED NOT NULL,
	"ends_at" timestamptz GENERATED ALWAYS AS (upper(during)) STORED NOT NULL,
	"segment_position" smallint NOT NULL,
	"group_position" smallint NOT NULL,
	"hold_id" uuid,
	"appointment_id" uuid,
	"active" boolean DEFAULT true NOT NULL,
	"archived" boolean DEFAULT false NOT NULL,
	"expires_at" timestamptz,
	CONSTRAINT "claims_pkey" PRIMARY KEY("organization_id","id"),
	CONSTRAINT "claims_length_check" CHECK (upper(during) - lower(during) <= interval '4 days'),
	CONSTRAINT "claims_owner_check" CHECK (hold_id is not null or appointment_id is not null),
	CONSTRAINT "claims_expiry_check" CHECK (appointment_id is null or expires_at is null)
);
--> statement-breakpoint
CREATE TABLE "customers" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"name" text NOT NULL,
	"phone" text,
	"email" text,
	"created_at" timestamptz DEFAULT now() NOT NULL,
	CONSTRAINT "customers_pkey" PRIMARY KEY("organization_id","id")
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
CREATE TABLE "holds" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"status" "hold_status" NOT NULL,
	"service_id" uuid NOT NULL,
	"starts_at" timestamptz NOT NULL,
	"ends_at" timestamptz NOT NULL,
	"segments" jsonb NOT NULL,
	"expires_at" timestamptz NOT NULL,
	"extendable_until" timestamptz NOT NULL,
	"session_key" text,
	"caller" text NOT NULL,
	"network" text DEFAULT '' NOT NULL,
	"customer_id" uuid,
	"created_at" timestamptz DEFAULT now() NOT NULL,
	CONSTRAINT "holds_pkey" PRIMARY KEY("organization_id","id")
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
CREATE TABLE "job_workers" (
	"worker_id" text PRIMARY KEY NOT NULL,
	"seen_at" timestamptz NOT NULL
);
--> statement-breakpoint
CREATE TABLE "api_keys" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"kind" "api_key_kind" NOT NULL,
	"hash" text NOT NULL,
	"created_at" timestamptz DEFAULT now() NOT NULL,
	"revoked_at" timestamptz,
	CONSTRAINT "api_keys_pkey" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"organization_id" uuid NOT NULL,
	"caller" text NOT NULL,
	"key" text NOT NULL,
	"request_hash" text NOT NULL,
	"result" jsonb NOT NULL,
	"created_at" timestamptz DEFAULT now() NOT NULL,
	CONSTRAINT "idempotency_keys_pkey" PRIMARY KEY("organization_id","caller","key")
);
--> statement-breakpoint
CREATE TABLE "locations" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"name" text NOT NULL,
	"time_zone" text NOT NULL,
	"country" text NOT NULL,
	"created_at" timestamptz DEFAULT now() NOT NULL,
	CONSTRAINT "locations_pkey" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "organizations" (
	"organization_id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"token_secret" text NOT NULL,
	"created_at" timestamptz DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "policies" (
	"organization_id" uuid NOT NULL,
	"scope_id" uuid NOT NULL,
	"scope" "policy_scope" NOT NULL,
	"version" integer NOT NULL,
	"cancel_notice_minutes" integer NOT NULL,
	"reschedule_notice_minutes" integer NOT NULL,
	"max_reschedules" integer,
	"created_at" timestamptz DEFAULT now() NOT NULL,
	CONSTRAINT "policies_pkey" PRIMARY KEY("organization_id","scope_id","version"),
	CONSTRAINT "policies_notice_check" CHECK (cancel_notice_minutes >= 0 and reschedule_notice_minutes >= 0)
);
--> statement-breakpoint
CREATE TABLE "date_overrides" (
	"organization_id" uuid NOT NULL,
	"resource_id" uuid NOT NULL,
	"date" date NOT NULL,
	"hours" jsonb NOT NULL,
	"reason" text,
	CONSTRAINT "date_overrides_pkey" PRIMARY KEY("organization_id","resource_id","date")
);
--> statement-breakpoint
CREATE TABLE "resources" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"location_id" uuid NOT NULL,
	"kind" "resource_kind" NOT NULL,
	"name" text NOT NULL,
	"active" boolean DEFAULT true NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamptz DEFAULT now() NOT NULL,
	CONSTRAINT "resources_pkey" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "time_off" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"resource_id" uuid NOT NULL,
	"during" "tstzrange" NOT NULL,
	"starts_at" timestamptz GENERATED ALWAYS AS (lower(during)) STORED NOT NULL,
	"ends_at" timestamptz GENERATED ALWAYS AS (upper(during)) STORED NOT NULL,
	"reason" text,
	"created_at" timestamptz DEFAULT now() NOT NULL,
	CONSTRAINT "time_off_pkey" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "weekly_hours" (
	"organization_id" uuid NOT NULL,
	"resource_id" uuid NOT NULL,
	"position" smallint NOT NULL,
	"weekday" smallint NOT NULL,
	"opens_at_minute" smallint NOT NULL,
	"closes_at_minute" smallint NOT NULL,
	CONSTRAINT "weekly_hours_pkey" PRIMARY KEY("organization_id","resource_id","position"),
	CONSTRAINT "weekly_hours_weekday_check" CHECK (weekday between 1 and 7),
	CONSTRAINT "weekly_hours_range_check" CHECK (opens_at_minute between 0 and 1439 and closes_at_minute between 0 and 1440)
);
--> statement-breakpoint
CREATE TABLE "segment_candidates" (
	"organization_id" uuid NOT NULL,
	"service_id" uuid NOT NULL,
	"segment_position" smallint NOT NULL,
	"group_position" smallint NOT NULL,
	"position" smallint NOT NULL,
	"kind" "resource_kind" NOT NULL,
	"resource_id" uuid NOT NULL,
	CONSTRAINT "segment_candidates_pkey" PRIMARY KEY("organization_id","service_id","segment_position","group_position","position")
);
--> statement-breakpoint
CREATE TABLE "service_segments" (
	"organization_id" uuid NOT NULL,
	"service_id" uuid NOT NULL,
	"position" smallint NOT NULL,
	"name" text NOT NULL,
	"duration_minutes" integer NOT NULL,
	"buffer_before_minutes" integer NOT NULL,
	"buffer_after_minutes" integer NOT NULL,
	"same_staff_as_previous" boolean NOT NULL,
	CONSTRAINT "service_segments_pkey" PRIMARY KEY("organization_id","service_id","position"),
	CONSTRAINT "service_segments_duration_check" CHECK (duration_minutes > 0),
	CONSTRAINT "service_segments_buffer_check" CHECK (buffer_before_minutes >= 0 and buffer_after_minutes >= 0)
);
--> statement-breakpoint
CREATE TABLE "services" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"location_id" uuid NOT NULL,
	"name" text NOT NULL,
	"active" boolean DEFAULT true NOT NULL,
	"slot_interval_minutes" integer NOT NULL,
	"minimum_notice_minutes" integer NOT NULL,
	"booking_horizon_days" integer NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamptz DEFAULT now() NOT NULL,
	CONSTRAINT "services_pkey" PRIMARY KEY("organization_id","id"),
	CONSTRAINT "services_interval_check" CHECK (slot_interval_minutes between 1 and 1440)
);
--> statement-breakpoint
CREATE TABLE "visitor_bookings" (
	"organization_id" uuid NOT NULL,
	"phone_hash" text NOT NULL,
	"booked_at" timestamptz NOT NULL,
	"appointment_id" uuid NOT NULL,
	CONSTRAINT "visitor_bookings_pkey" PRIMARY KEY("organization_id","phone_hash","booked_at","appointment_id")
);
--> statement-breakpoint
CREATE TABLE "webhook_deliveries" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"endpoint_id" uuid NOT NULL,
	"appointment_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"kind" "appointment_event_kind" NOT NULL,
	"occurred_at" timestamptz NOT NULL,
	"snapshot" jsonb NOT NULL,
	"status" "webhook_delivery_status" NOT NULL,
	"attempts" smallint NOT NULL,
	"next_attempt_at" timestamptz,
	"last_attempt_at" timestamptz,
	"response_status" smallint,
	"error" text,
	"delivered_at" timestamptz,
	"created_at" timestamptz DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "webhook_deliveries_pkey" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "webhook_endpoints" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"url" text NOT NULL,
	"description" text,
	"kinds" "appointment_event_kind"[] NOT NULL,
	"secret" text NOT NULL,
	"previous_secret" text,
	"previous_secret_expires_at" timestamptz,
	"version" integer NOT NULL,
	"disabled_reason" "webhook_disabled_reason",
	"disabled_at" timestamptz,
	"failing_since" timestamptz,
	"paused_until" timestamptz,
	"created_at" timestamptz DEFAULT now() NOT NULL,
	"updated_at" timestamptz DEFAULT now() NOT NULL,
	CONSTRAINT "webhook_endpoints_pkey" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
ALTER TABLE "appointment_events" ADD CONSTRAINT "appointment_events_appointment_fkey" FOREIGN KEY ("organization_id","appointment_id") REFERENCES "public"."appointments"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "appointments" ADD CONSTRAINT "appointments_service_fkey" FOREIGN KEY ("organization_id","service_id") REFERENCES "public"."services"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "appointments" ADD CONSTRAINT "appointments_customer_fkey" FOREIGN KEY ("organization_id","customer_id") REFERENCES "public"."customers"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "calendar_feeds" ADD CONSTRAINT "calendar_feeds_resource_fkey" FOREIGN KEY ("organization_id","resource_id") REFERENCES "public"."resources"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "calendar_feeds" ADD CONSTRAINT "calendar_feeds_appointment_fkey" FOREIGN KEY ("organization_id","appointment_id") REFERENCES "public"."appointments"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "calendar_syncs" ADD CONSTRAINT "calendar_syncs_integration_fkey" FOREIGN KEY ("organization_id","integration_id") REFERENCES "public"."integrations"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "call_functions" ADD CONSTRAINT "call_functions_integration_fkey" FOREIGN KEY ("organization_id","integration_id") REFERENCES "public"."integrations"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "calls" ADD CONSTRAINT "calls_integration_fkey" FOREIGN KEY ("organization_id","integration_id") REFERENCES "public"."integrations"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "busy_intervals" ADD CONSTRAINT "busy_intervals_resource_fkey" FOREIGN KEY ("organization_id","resource_id") REFERENCES "public"."resources"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "claims" ADD CONSTRAINT "claims_resource_fkey" FOREIGN KEY ("organization_id","resource_id") REFERENCES "public"."resources"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "customers" ADD CONSTRAINT "customers_organization_fkey" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("organization_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "calendar_conflicts" ADD CONSTRAINT "calendar_conflicts_integration_fkey" FOREIGN KEY ("organization_id","integration_id") REFERENCES "public"."integrations"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "external_bookings" ADD CONSTRAINT "external_bookings_integration_fkey" FOREIGN KEY ("organization_id","integration_id") REFERENCES "public"."integrations"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "external_bookings" ADD CONSTRAINT "external_bookings_appointment_fkey" FOREIGN KEY ("organization_id","appointment_id") REFERENCES "public"."appointments"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "external_ids" ADD CONSTRAINT "external_ids_integration_fkey" FOREIGN KEY ("organization_id","integration_id") REFERENCES "public"."integrations"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "holds" ADD CONSTRAINT "holds_service_fkey" FOREIGN KEY ("organization_id","service_id") REFERENCES "public"."services"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "inbox" ADD CONSTRAINT "inbox_integration_fkey" FOREIGN KEY ("organization_id","integration_id") REFERENCES "public"."integrations"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "integrations" ADD CONSTRAINT "integrations_organization_fkey" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("organization_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "integrations" ADD CONSTRAINT "integrations_location_fkey" FOREIGN KEY ("organization_id","location_id") REFERENCES "public"."locations"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_organization_fkey" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("organization_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "locations" ADD CONSTRAINT "locations_organization_fkey" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("organization_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "policies" ADD CONSTRAINT "policies_organization_fkey" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("organization_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "date_overrides" ADD CONSTRAINT "date_overrides_resource_fkey" FOREIGN KEY ("organization_id","resource_id") REFERENCES "public"."resources"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "resources" ADD CONSTRAINT "resources_location_fkey" FOREIGN KEY ("organization_id","location_id") REFERENCES "public"."locations"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "time_off" ADD CONSTRAINT "time_off_resource_fkey" FOREIGN KEY ("organization_id","resource_id") REFERENCES "public"."resources"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "weekly_hours" ADD CONSTRAINT "weekly_hours_resource_fkey" FOREIGN KEY ("organization_id","resource_id") REFERENCES "public"."resources"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "segment_candidates" ADD CONSTRAINT "segment_candidates_segment_fkey" FOREIGN KEY ("organization_id","service_id","segment_position") REFERENCES "public"."service_segments"("organization_id","service_id","position") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "segment_candidates" ADD CONSTRAINT "segment_candidates_resource_fkey" FOREIGN KEY ("organization_id","resource_id") REFERENCES "public"."resources"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_segments" ADD CONSTRAINT "service_segments_service_fkey" FOREIGN KEY ("organization_id","service_id") REFERENCES "public"."services"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "services" ADD CONSTRAINT "services_location_fkey" FOREIGN KEY ("organization_id","location_id") REFERENCES "public"."locations"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_endpoint_fkey" FOREIGN KEY ("organization_id","endpoint_id") REFERENCES "public"."webhook_endpoints"("organization_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_endpoints" ADD CONSTRAINT "webhook_endpoints_organization_fkey" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("organization_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "appointment_events_xid_idx" ON "appointment_events" USING btree ("xid");--> statement-breakpoint
CREATE INDEX "appointment_events_organization_xid_idx" ON "appointment_events" USING btree ("organization_id","xid");--> statement-breakpoint
CREATE UNIQUE INDEX "appointments_one_per_hold" ON "appointments" USING btree ("organization_id","hold_id") WHERE hold_id is not null;--> statement-breakpoint
CREATE INDEX "appointments_start_idx" ON "appointments" USING btree ("organization_id","starts_at","id");--> statement-breakpoint
CREATE INDEX "appointments_customer_idx" ON "appointments" USING btree ("organization_id","customer_id","starts_at","id");--> statement-breakpoint
CREATE INDEX "availability_changes_xid_idx" ON "availability_changes" USING btree ("xid");--> statement-breakpoint
CREATE INDEX "resource_days_age_idx" ON "resource_days" USING btree ("day");--> statement-breakpoint
CREATE UNIQUE INDEX "calendar_feeds_token_key" ON "calendar_feeds" USING btree ("token_hash");--> statement-breakpoint
CREATE INDEX "calendar_feeds_appointment_idx" ON "calendar_feeds" USING btree ("organization_id","appointment_id");--> statement-breakpoint
CREATE INDEX "call_functions_age_idx" ON "call_functions" USING btree ("started_at");--> statement-breakpoint
CREATE INDEX "calls_age_idx" ON "calls" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "calls_told_idx" ON "calls" USING btree ("created_at") WHERE num_nonnulls(transcript, transcript_items, recording_url) > 0;--> statement-breakpoint
CREATE UNIQUE INDEX "calls_one_per_provider_id" ON "calls" USING btree ("organization_id","integration_id","provider_call_id") WHERE provider_call_id is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "busy_intervals_external_key" ON "busy_intervals" USING btree ("organization_id","source","external_id","resource_id");--> statement-breakpoint
CREATE INDEX "busy_intervals_end_idx" ON "busy_intervals" USING btree ("organization_id","resource_id","ends_at");--> statement-breakpoint
CREATE INDEX "busy_intervals_age_idx" ON "busy_intervals" USING btree ("ends_at");--> statement-breakpoint
CREATE INDEX "busy_intervals_source_idx" ON "busy_intervals" USING btree ("organization_id","source","ends_at");--> statement-breakpoint
CREATE UNIQUE INDEX "claims_one_per_start" ON "claims" USING btree ("organization_id","resource_id","starts_at") WHERE active;--> statement-breakpoint
CREATE INDEX "claims_hold_idx" ON "claims" USING btree ("organization_id","hold_id") WHERE active and hold_id is not null;--> statement-breakpoint
CREATE INDEX "claims_appointment_idx" ON "claims" USING btree ("organization_id","appointment_id") WHERE appointment_id is not null;--> statement-breakpoint
CREATE INDEX "claims_left_idx" ON "claims" USING btree ("organization_id","resource_id","starts_at") WHERE not active and appointment_id is not null;--> statement-breakpoint
CREATE INDEX "claims_ended_idx" ON "claims" USING btree ("expires_at") WHERE not active and appointment_id is null;--> statement-breakpoint
CREATE INDEX "claims_expiry_idx" ON "claims" USING btree ("expires_at") WHERE active and expires_at is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "customers_one_per_phone" ON "customers" USING btree ("organization_id","phone") WHERE phone is not null;--> statement-breakpoint
CREATE INDEX "customers_name_idx" ON "customers" USING btree ("organization_id","name","id");--> statement-breakpoint
CREATE UNIQUE INDEX "calendar_conflicts_one_open" ON "calendar_conflicts" USING btree ("organization_id","integration_id","kind",coalesce(appointment_id, '00000000-0000-0000-0000-000000000000'),coalesce(external_id, '')) WHERE resolved_at is null;--> statement-breakpoint
CREATE INDEX "calendar_conflicts_age_idx" ON "calendar_conflicts" USING btree ("resolved_at");--> statement-breakpoint
CREATE INDEX "calendar_conflicts_appointment_idx" ON "calendar_conflicts" USING btree ("organization_id","appointment_id");--> statement-breakpoint
CREATE INDEX "external_bookings_appointment_idx" ON "external_bookings" USING btree ("organization_id","appointment_id");--> statement-breakpoint
CREATE INDEX "external_bookings_unfinished_idx" ON "external_bookings" USING btree ("organization_id","integration_id") WHERE status <> 'SYNCED';--> statement-breakpoint
CREATE INDEX "external_ids_appointment_idx" ON "external_ids" USING btree ("organization_id","appointment_id");--> statement-breakpoint
CREATE INDEX "external_ids_start_idx" ON "external_ids" USING btree ("organization_id","integration_id","starts_at");--> statement-breakpoint
CREATE UNIQUE INDEX "holds_one_per_session_and_slot" ON "holds" USING btree ("organization_id","caller","network","session_key","service_id","starts_at") WHERE status = 'ACTIVE' and session_key is not null;--> statement-breakpoint
CREATE INDEX "holds_age_idx" ON "holds" USING btree ("expires_at") WHERE status <> 'ACTIVE';--> statement-breakpoint
CREATE INDEX "holds_expiry_idx" ON "holds" USING btree ("expires_at") WHERE status = 'ACTIVE';--> statement-breakpoint
CREATE INDEX "holds_session_idx" ON "holds" USING btree ("organization_id","caller","session_key","expires_at") WHERE status = 'ACTIVE';--> statement-breakpoint
CREATE INDEX "holds_network_idx" ON "holds" USING btree ("organization_id","network","expires_at") WHERE status = 'ACTIVE' and network <> '';--> statement-breakpoint
CREATE INDEX "inbox_age_idx" ON "inbox" USING btree ("received_at");--> statement-breakpoint
CREATE INDEX "inbox_failed_idx" ON "inbox" USING btree ("organization_id","integration_id","received_at") WHERE outcome = 'FAILED';--> statement-breakpoint
CREATE UNIQUE INDEX "integrations_one_per_provider_and_location" ON "integrations" USING btree ("organization_id","provider","location_id");--> statement-breakpoint
CREATE UNIQUE INDEX "integrations_id_key" ON "integrations" USING btree ("id");--> statement-breakpoint
CREATE UNIQUE INDEX "api_keys_hash_key" ON "api_keys" USING btree ("hash");--> statement-breakpoint
CREATE INDEX "idempotency_keys_age_idx" ON "idempotency_keys" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "resources_location_idx" ON "resources" USING btree ("organization_id","location_id");--> statement-breakpoint
CREATE INDEX "time_off_resource_idx" ON "time_off" USING btree ("organization_id","resource_id","ends_at");--> statement-breakpoint
CREATE INDEX "segment_candidates_resource_idx" ON "segment_candidates" USING btree ("organization_id","resource_id");--> statement-breakpoint
CREATE INDEX "services_location_idx" ON "services" USING btree ("organization_id","location_id");--> statement-breakpoint
CREATE INDEX "visitor_bookings_age_idx" ON "visitor_bookings" USING btree ("booked_at");--> statement-breakpoint
CREATE UNIQUE INDEX "webhook_deliveries_one_per_event" ON "webhook_deliveries" USING btree ("organization_id","endpoint_id","appointment_id","version");--> statement-breakpoint
CREATE INDEX "webhook_deliveries_due_idx" ON "webhook_deliveries" USING btree ("next_attempt_at") WHERE status = 'PENDING';--> statement-breakpoint
CREATE INDEX "webhook_deliveries_age_idx" ON "webhook_deliveries" USING btree ("created_at");
--> statement-breakpoint
-- P1: no two active claims of a resource overlap, whatever their lengths, services or doors. An index on the start
-- alone cannot see overlaps of different lengths. The organization is in the key so that rows can be distributed by it. What is
-- long past is left out: the index stays as large as what is to come, and nothing can be booked there any more.
alter table claims add constraint claims_not_empty check (not isempty(during) and lower_inc(during) and not upper_inc(during));
--> statement-breakpoint
alter table claims add constraint claims_no_overlap
  exclude using gist (organization_id with =, resource_id with =, during with &&) where (active and not archived);
--> statement-breakpoint
-- P12: two roles that own nothing. Every transaction takes one of them: slotwire_app sees the rows of the organization
-- named in slotwire.organization_id and none without it; slotwire_system (sweeps, key look-up, workers) sees all.
do $$
begin
  if not exists (select from pg_roles where rolname = 'slotwire_app') then create role slotwire_app nologin; end if;
  if not exists (select from pg_roles where rolname = 'slotwire_system') then create role slotwire_system nologin; end if;
exception when duplicate_object or unique_violation then null; -- roles belong to the server: another database was faster
end $$;
--> statement-breakpoint
do $$
begin
  execute format('grant slotwire_app, slotwire_system to %I', current_user);
exception when others then
  if not (pg_has_role(current_user, 'slotwire_app', 'member') and pg_has_role(current_user, 'slotwire_system', 'member')) then
    raise;
  end if;
end $$;
--> statement-breakpoint
grant usage on schema public to slotwire_app, slotwire_system;
--> statement-breakpoint
-- Called by this and every later migration that makes a table.
create function slotwire_protect(target regclass) returns void language plpgsql as $$
begin
  execute format('alter table %s enable row level security', target);
  execute format('alter table %s force row level security', target);
  execute format(
    'create policy tenant on %s to slotwire_app
       using (organization_id = nullif(current_setting(''slotwire.organization_id'', true), '''')::uuid)
       with check (organization_id = nullif(current_setting(''slotwire.organization_id'', true), '''')::uuid)', target);
  execute format('create policy system on %s to slotwire_system using (true) with check (true)', target);
  execute format('grant select, insert, update, delete on %s to slotwire_app, slotwire_system', target);
end $$;
--> statement-breakpoint
select slotwire_protect(c.oid::regclass)
from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization_id'
where c.relnamespace = 'public'::regnamespace and c.relkind = 'r';
--> statement-breakpoint
-- History is append-only for everybody who is not the owner.
revoke update, delete on appointment_events from slotwire_app, slotwire_system;
--> statement-breakpoint
revoke update, delete on policies from slotwire_app, slotwire_system;
--> statement-breakpoint
revoke update on availability_changes from slotwire_app, slotwire_system;
--> statement-breakpoint
-- Histories stay append-only but for what somebody wrote into them in words: a person can be forgotten (P19).
grant update (reason) on appointment_events to slotwire_system;
--> statement-breakpoint
-- Of no tenant: who is alive among the workers. Bookings are leased to them.
grant select on job_workers to slotwire_app, slotwire_system;
--> statement-breakpoint
-- The incarnation of the change log. Unlogged on purpose: after a crash (or on a promoted standby, or in a base backup)
-- PostgreSQL empties it, and only then may it hand out again a transaction id that a snapshot has seen end. Whoever
-- finds it empty starts a new epoch, and no cursor of the old one is trusted. A clean restart keeps it.
create unlogged table change_log_epoch (
  id boolean primary key default true check (id),
  epoch uuid not null default gen_random_uuid(),
  -- Log rows of transactions below this one may have been pruned.
  pruned_below xid8 not null default '0'
);
--> statement-breakpoint
alter table change_log_epoch enable row level security;
--> statement-breakpoint
alter table change_log_epoch force row level security;
--> statement-breakpoint
create policy everybody on change_log_epoch for select to slotwire_app using (true);
--> statement-breakpoint
create policy system on change_log_epoch to slotwire_system using (true) with check (true);
--> statement-breakpoint
grant select on change_log_epoch to slotwire_app;
--> statement-breakpoint
grant select, insert, update on change_log_epoch to slotwire_system;
--> statement-breakpoint
insert into change_log_epoch default values;
--> statement-breakpoint
-- P11: outgoing work is enqueued by the transaction that makes it necessary. The tables of graphile-worker belong to the
-- role that migrates; those who book may add a job and see none. Late bound, since graphile-worker installs its own schema.
create function slotwire_enqueue_job(
  task text, payload json, job_key text, run_at timestamptz default null, max_attempts integer default 25,
  queue_name text default null
) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform graphile_worker.add_job(
    task, payload => payload, queue_name => queue_name, run_at => run_at, max_attempts => max_attempts, job_key => job_key);
end $$;
--> statement-breakpoint
revoke execute on function slotwire_enqueue_job from public;
--> statement-breakpoint
grant execute on function slotwire_enqueue_job to slotwire_app, slotwire_system;
--> statement-breakpoint
-- P11: whoever writes an event of an appointment, through whatever door, owes a delivery to each endpoint that asked for its
-- kind, and a job to send it, in the same transaction. A trigger rather than one more statement: the booking path has no
-- round trip for it, and no writer can forget it. The ids are UUIDv7, as everywhere. One message to an endpoint at a time
-- (`queue_name`): one that does not answer keeps one worker waiting and not all of them. A query over the rows that were just
-- written is planned anew each time, 0.4 ms in every booking: an endpoint is looked for first, without those rows.
create function slotwire_owe_deliveries() returns trigger language plpgsql as $$
declare
  delivery record;
begin
  if not exists (select from webhook_endpoints where disabled_reason is null) then
    return null;
  end if;
  for delivery in
    insert into webhook_deliveries (organization_id, id, endpoint_id, appointment_id, version, kind, occurred_at, snapshot,
                                    status, attempts, next_attempt_at)
    select e.organization_id,
      encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
        placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6), 52, 1), 53, 1),
        'hex')::uuid,
      w.id, e.appointment_id, e.version, e.kind, e.at,
      jsonb_build_object(
        'status', a.status, 'serviceId', a.service_id, 'serviceName', s.name, 'customerId', a.customer_id,
        'guest', coalesce(nullif(a.guest, 'null'), jsonb_build_object('name', c.name, 'phone', c.phone, 'email', c.email)),
        'startsAt', a.starts_at, 'endsAt', a.ends_at, 'previousStartsAt', e.previous_starts_at, 'segments', a.segments,
        'reason', e.reason),
      'PENDING', 0, clock_timestamp()
    from added e
    join webhook_endpoints w on w.organization_id = e.organization_id and w.disabled_reason is null and e.kind = any (w.kinds)
    join appointments a on a.organization_id = e.organization_id and a.id = e.appointment_id
    join services s on s.organization_id = a.organization_id and s.id = a.service_id
    join customers c on c.organization_id = a.organization_id and c.id = a.customer_id
    returning organization_id, id, endpoint_id
  loop
    perform slotwire_enqueue_job(
      'send-webhook', json_build_object('organizationId', delivery.organization_id, 'deliveryId', delivery.id),
      'webhook:' || delivery.id, queue_name => 'webhook:' || delivery.endpoint_id);
  end loop;
  return null;
end $$;
--> statement-breakpoint
create trigger appointment_events_notify after insert on appointment_events
  referencing new table as added for each statement execute function slotwire_owe_deliveries();
--> statement-breakpoint
-- What the gateways of one database know and nobody else: they seal with it what they say to each other over Redis.
create table bus_secret (
  id boolean primary key default true check (id),
  secret text not null default replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '')
);
--> statement-breakpoint
insert into bus_secret default values;
--> statement-breakpoint
alter table bus_secret enable row level security;
--> statement-breakpoint
alter table bus_secret force row level security;
--> statement-breakpoint
create policy system on bus_secret for select to slotwire_system using (true);
--> statement-breakpoint
grant select on bus_secret to slotwire_system;
