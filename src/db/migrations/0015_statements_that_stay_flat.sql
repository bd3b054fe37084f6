DROP INDEX "claims_appointment_idx";--> statement-breakpoint
DROP INDEX "time_off_resource_idx";--> statement-breakpoint
ALTER TABLE "time_off" ADD COLUMN "starts_at" timestamptz GENERATED ALWAYS AS (lower(during)) STORED NOT NULL;--> statement-breakpoint
ALTER TABLE "time_off" ADD COLUMN "ends_at" timestamptz GENERATED ALWAYS AS (upper(during)) STORED NOT NULL;--> statement-breakpoint
CREATE INDEX "busy_intervals_source_idx" ON "busy_intervals" USING btree ("organization_id","source","ends_at");--> statement-breakpoint
CREATE INDEX "claims_appointment_idx" ON "claims" USING btree ("organization_id","appointment_id") WHERE appointment_id is not null;--> statement-breakpoint
CREATE INDEX "time_off_resource_idx" ON "time_off" USING btree ("organization_id","resource_id","ends_at");