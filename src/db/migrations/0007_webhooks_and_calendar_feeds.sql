CREATE TYPE "public"."webhook_delivery_status" AS ENUM('PENDING', 'DELIVERED', 'FAILED');--> statement-breakpoint
CREATE TYPE "public"."webhook_disabled_reason" AS ENUM('BY_HAND', 'GONE', 'FAILING');--> statement-breakpoint
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
ALTER TABLE "calendar_feeds" ADD CONSTRAINT "calendar_feeds_resource_fkey" FOREIGN KEY ("organization_id","resource_id") REFERENCES "public"."resources"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "calendar_feeds" ADD CONSTRAINT "calendar_feeds_appointment_fkey" FOREIGN KEY ("organization_id","appointment_id") REFERENCES "public"."appointments"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_endpoint_fkey" FOREIGN KEY ("organization_id","endpoint_id") REFERENCES "public"."webhook_endpoints"("organization_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_endpoints" ADD CONSTRAINT "webhook_endpoints_organization_fkey" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("organization_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "calendar_feeds_token_key" ON "calendar_feeds" USING btree ("token_hash");--> statement-breakpoint
CREATE INDEX "calendar_feeds_appointment_idx" ON "calendar_feeds" USING btree ("organization_id","appointment_id");--> statement-breakpoint
CREATE UNIQUE INDEX "webhook_deliveries_one_per_event" ON "webhook_deliveries" USING btree ("organization_id","endpoint_id","appointment_id","version");--> statement-breakpoint
CREATE INDEX "webhook_deliveries_due_idx" ON "webhook_deliveries" USING btree ("next_attempt_at") WHERE status = 'PENDING';--> statement-breakpoint
CREATE INDEX "webhook_deliveries_age_idx" ON "webhook_deliveries" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "claims_left_idx" ON "claims" USING btree ("organization_id","resource_id","starts_at") WHERE not active and appointment_id is not null;--> statement-breakpoint
select slotwire_protect(name::regclass) from unnest(array['webhook_endpoints', 'webhook_deliveries', 'calendar_feeds']) as name;
--> statement-breakpoint
-- P11: whoever writes an event of an appointment, through whatever door, owes a delivery to each endpoint that asked for its
-- kind, and a job to send it, in the same transaction. A trigger rather than one more statement: the booking path has no
-- round trip for it, and no writer can forget it. The ids are UUIDv7, as everywhere.
create function slotwire_owe_deliveries() returns trigger language plpgsql as $$
declare
  delivery record;
begin
  if not exists (
    select from webhook_endpoints w join added e on w.organization_id = e.organization_id where w.disabled_reason is null
  ) then
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
    returning organization_id, id
  loop
    perform slotwire_enqueue_job(
      'send-webhook', json_build_object('organizationId', delivery.organization_id, 'deliveryId', delivery.id),
      'webhook:' || delivery.id);
  end loop;
  return null;
end $$;
--> statement-breakpoint
create trigger appointment_events_notify after insert on appointment_events
  referencing new table as added for each statement execute function slotwire_owe_deliveries();
