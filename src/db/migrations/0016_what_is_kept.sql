ALTER TABLE "claims" ADD COLUMN "archived" boolean DEFAULT false NOT NULL;--> statement-breakpoint
CREATE INDEX "resource_days_age_idx" ON "resource_days" USING btree ("day");--> statement-breakpoint
CREATE INDEX "calls_age_idx" ON "calls" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "calls_told_idx" ON "calls" USING btree ("created_at") WHERE num_nonnulls(transcript, transcript_items, recording_url) > 0;--> statement-breakpoint
CREATE INDEX "busy_intervals_age_idx" ON "busy_intervals" USING btree ("ends_at");--> statement-breakpoint
CREATE INDEX "claims_ended_idx" ON "claims" USING btree ("expires_at") WHERE not active and appointment_id is null;--> statement-breakpoint
CREATE INDEX "calendar_conflicts_age_idx" ON "calendar_conflicts" USING btree ("resolved_at");--> statement-breakpoint
CREATE INDEX "holds_age_idx" ON "holds" USING btree ("expires_at") WHERE status <> 'ACTIVE';
--> statement-breakpoint
-- What is long past is left out: the index stays as large as what is to come. Nothing can be booked there any more.
alter table claims drop constraint claims_no_overlap;
--> statement-breakpoint
alter table claims add constraint claims_no_overlap
  exclude using gist (organization_id with =, resource_id with =, during with &&) where (active and not archived);
