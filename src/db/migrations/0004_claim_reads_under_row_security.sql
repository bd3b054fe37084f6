DROP INDEX "busy_intervals_range_idx";--> statement-breakpoint
DROP INDEX "claims_one_per_start";--> statement-breakpoint
ALTER TABLE "busy_intervals" ADD COLUMN "starts_at" timestamptz GENERATED ALWAYS AS (lower(during)) STORED NOT NULL;--> statement-breakpoint
ALTER TABLE "busy_intervals" ADD COLUMN "ends_at" timestamptz GENERATED ALWAYS AS (upper(during)) STORED NOT NULL;--> statement-breakpoint
ALTER TABLE "claims" ADD COLUMN "starts_at" timestamptz GENERATED ALWAYS AS (lower(during)) STORED NOT NULL;--> statement-breakpoint
ALTER TABLE "claims" ADD COLUMN "ends_at" timestamptz GENERATED ALWAYS AS (upper(during)) STORED NOT NULL;--> statement-breakpoint
CREATE INDEX "busy_intervals_end_idx" ON "busy_intervals" USING btree ("organization_id","resource_id","ends_at");--> statement-breakpoint
CREATE UNIQUE INDEX "claims_one_per_start" ON "claims" USING btree ("organization_id","resource_id","starts_at") WHERE active;--> statement-breakpoint
ALTER TABLE "claims" ADD CONSTRAINT "claims_length_check" CHECK (upper(during) - lower(during) <= interval '4 days');