-- Clusters that were silent when 0006 came: their jobs would count again until two more looks have failed.
UPDATE "clusters" SET "silent_since" = coalesce("observed_at", now()), "silent_looks" = 2 WHERE NOT "reachable" AND "silent_since" IS NULL;
