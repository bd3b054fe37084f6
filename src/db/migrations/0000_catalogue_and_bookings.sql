CREATE EXTENSION IF NOT EXISTS btree_gist;--> statement-breakpoint
CREATE TYPE "public"."appointment_event_kind" AS ENUM('BOOKED', 'RESCHEDULED', 'CANCELLED', 'COMPLETED', 'NO_SHOW', 'NOTES_CHANGED');--> statement-breakpoint
CREATE TYPE "public"."appointment_status" AS ENUM('CONFIRMED', 'CANCELLED', 'COMPLETED', 'NO_SHOW');--> statement-breakpoint
CREATE TYPE "public"."origin" AS ENUM('API', 'STAFF', 'VOICE_AGENT', 'CALENDAR');--> statement-breakpoint
CREATE TYPE "public"."hold_status" AS ENUM('ACTIVE', 'BOOKED', 'RELEASED', 'EXPIRED');--> statement-breakpoint
CREATE TYPE "public"."api_key_kind" AS ENUM('PUBLISHABLE', 'SECRET');--> statement-breakpoint
CREATE TYPE "public"."policy_scope" AS ENUM('ORGANIZATION', 'LOCATION', 'SERVICE', 'RESOURCE');--> statement-breakpoint
CREATE TYPE "public"."resource_kind" AS ENUM('STAFF', 'ROOM', 'EQUIPMENT');--> statement-breakpoint
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
CREATE TABLE "busy_intervals" (
	"organization_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"resource_id" uuid NOT NULL,
	"during" "tstzrange" NOT NULL,
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
	"segment_position" smallint NOT NULL,
	"group_position" smallint NOT NULL,
	"hold_id" uuid,
	"appointment_id" uuid,
	"active" boolean DEFAULT true NOT NULL,
	"expires_at" timestamptz,
	CONSTRAINT "claims_pkey" PRIMARY KEY("organization_id","id"),
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
	"customer_id" uuid,
	"created_at" timestamptz DEFAULT now() NOT NULL,
	CONSTRAINT "holds_pkey" PRIMARY KEY("organization_id","id")
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
ALTER TABLE "appointment_events" ADD CONSTRAINT "appointment_events_appointment_fkey" FOREIGN KEY ("organization_id","appointment_id") REFERENCES "public"."appointments"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "appointments" ADD CONSTRAINT "appointments_service_fkey" FOREIGN KEY ("organization_id","service_id") REFERENCES "public"."services"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "appointments" ADD CONSTRAINT "appointments_customer_fkey" FOREIGN KEY ("organization_id","customer_id") REFERENCES "public"."customers"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "busy_intervals" ADD CONSTRAINT "busy_intervals_resource_fkey" FOREIGN KEY ("organization_id","resource_id") REFERENCES "public"."resources"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "claims" ADD CONSTRAINT "claims_resource_fkey" FOREIGN KEY ("organization_id","resource_id") REFERENCES "public"."resources"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "customers" ADD CONSTRAINT "customers_organization_fkey" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("organization_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "holds" ADD CONSTRAINT "holds_service_fkey" FOREIGN KEY ("organization_id","service_id") REFERENCES "public"."services"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
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
CREATE INDEX "appointment_events_xid_idx" ON "appointment_events" USING btree ("xid");--> statement-breakpoint
CREATE UNIQUE INDEX "appointments_one_per_hold" ON "appointments" USING btree ("organization_id","hold_id") WHERE hold_id is not null;--> statement-breakpoint
CREATE INDEX "appointments_start_idx" ON "appointments" USING btree ("organization_id","starts_at","id");--> statement-breakpoint
CREATE INDEX "appointments_customer_idx" ON "appointments" USING btree ("organization_id","customer_id","starts_at","id");--> statement-breakpoint
CREATE INDEX "availability_changes_xid_idx" ON "availability_changes" USING btree ("xid");--> statement-breakpoint
CREATE UNIQUE INDEX "busy_intervals_external_key" ON "busy_intervals" USING btree ("organization_id","source","external_id","resource_id");--> statement-breakpoint
CREATE INDEX "busy_intervals_range_idx" ON "busy_intervals" USING gist ("organization_id","resource_id","during");--> statement-breakpoint
CREATE UNIQUE INDEX "claims_one_per_start" ON "claims" USING btree ("organization_id","resource_id",lower(during)) WHERE active;--> statement-breakpoint
CREATE INDEX "claims_hold_idx" ON "claims" USING btree ("organization_id","hold_id") WHERE active and hold_id is not null;--> statement-breakpoint
CREATE INDEX "claims_appointment_idx" ON "claims" USING btree ("organization_id","appointment_id") WHERE active and appointment_id is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "customers_one_per_phone" ON "customers" USING btree ("organization_id","phone") WHERE phone is not null;--> statement-breakpoint
CREATE INDEX "customers_name_idx" ON "customers" USING btree ("organization_id","name","id");--> statement-breakpoint
CREATE UNIQUE INDEX "holds_one_per_session_and_slot" ON "holds" USING btree ("organization_id","caller","session_key","service_id","starts_at") WHERE status = 'ACTIVE' and session_key is not null;--> statement-breakpoint
CREATE INDEX "holds_expiry_idx" ON "holds" USING btree ("expires_at") WHERE status = 'ACTIVE';--> statement-breakpoint
CREATE INDEX "holds_session_idx" ON "holds" USING btree ("organization_id","caller","session_key") WHERE status = 'ACTIVE';--> statement-breakpoint
CREATE UNIQUE INDEX "api_keys_hash_key" ON "api_keys" USING btree ("hash");--> statement-breakpoint
CREATE INDEX "idempotency_keys_age_idx" ON "idempotency_keys" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "resources_location_idx" ON "resources" USING btree ("organization_id","location_id");--> statement-breakpoint
CREATE INDEX "time_off_resource_idx" ON "time_off" USING btree ("organization_id","resource_id");--> statement-breakpoint
CREATE INDEX "segment_candidates_resource_idx" ON "segment_candidates" USING btree ("organization_id","resource_id");--> statement-breakpoint
CREATE INDEX "services_location_idx" ON "services" USING btree ("organization_id","location_id");