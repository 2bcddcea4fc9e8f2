-- The statutory reports that were made, as JSON that SQL never looks into.
ALTER TABLE matter ADD COLUMN reports TEXT;
-- Why it was closed while one was not made, and who closed it.
ALTER TABLE matter ADD COLUMN owing_reason TEXT;
ALTER TABLE matter ADD COLUMN owing_by UUID REFERENCES person (id);
