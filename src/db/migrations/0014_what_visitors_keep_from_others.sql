CREATE TABLE "visitor_bookings" (
	"organization_id" uuid NOT NULL,
	"phone_hash" text NOT NULL,
	"booked_at" timestamptz NOT NULL,
	"appointment_id" uuid NOT NULL,
	CONSTRAINT "visitor_bookings_pkey" PRIMARY KEY("organization_id","phone_hash","booked_at","appointment_id")
);
--> statement-breakpoint
DROP INDEX "holds_one_per_session_and_slot";--> statement-breakpoint
DROP INDEX "holds_session_idx";--> statement-breakpoint
ALTER TABLE "holds" ADD COLUMN "network" text DEFAULT '' NOT NULL;--> statement-breakpoint
CREATE INDEX "visitor_bookings_age_idx" ON "visitor_bookings" USING btree ("booked_at");--> statement-breakpoint
CREATE INDEX "holds_network_idx" ON "holds" USING btree ("organization_id","network","expires_at") WHERE status = 'ACTIVE' and network <> '';--> statement-breakpoint
CREATE UNIQUE INDEX "holds_one_per_session_and_slot" ON "holds" USING btree ("organization_id","caller","network","session_key","service_id","starts_at") WHERE status = 'ACTIVE' and session_key is not null;--> statement-breakpoint
CREATE INDEX "holds_session_idx" ON "holds" USING btree ("organization_id","caller","session_key","expires_at") WHERE status = 'ACTIVE';
--> statement-breakpoint
select slotwire_protect('visitor_bookings'::regclass);
