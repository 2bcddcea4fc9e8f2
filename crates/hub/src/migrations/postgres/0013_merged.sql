-- The incidents that were merged into one: its clocks count theirs, too.
CREATE INDEX matter_merged ON matter (merged_into) WHERE merged_into IS NOT NULL;
